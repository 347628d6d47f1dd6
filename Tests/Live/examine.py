"""Opens restored directories with the real Chroma, and asks whether each holds a state that the journals had.

usage: examine.py JOURNAL... < LINES, each a JSON list: directory, start, end
Prints a JSON list of what is wrong for each, in order. A process of its own per directory, for damage may kill it; they
are forked, because importing chromadb takes longer than the examination.
"""

import json
import os
import sqlite3
import sys

import chromadb
import numpy as np
from chromadb.config import Settings

import workload

directory, start, end = None, 0.0, 0.0
wrong = []


def attempt(what, body):
  try:
    return body()
  except BaseException as error:  # Chroma's core raises panics, which are no Exceptions
    wrong.append(f"{what}: {error!r}"[:200])


def integrity():
  connection = sqlite3.connect(f"{directory}/chroma.sqlite3")
  found = connection.execute("PRAGMA integrity_check(3)").fetchall()
  connection.close()
  if found != [("ok",)]:
    wrong.append(f"integrity_check: {found}"[:200])


def records(collection):
  got = collection.get(include=["metadatas", "documents"])
  state = {i: m["version"] for i, m in zip(got["ids"], got["metadatas"])}
  if collection.count() != len(got["ids"]):
    wrong.append(f"{collection.name}: counts {collection.count()}, gets {len(got['ids'])}")
  texts = sum(t != workload.document(i, state[i]) for i, t in zip(got["ids"], got["documents"]))
  if texts:
    wrong.append(f"{collection.name}: {texts} wrong documents")
  return state


def vectors(collection, state):
  got = collection.get(include=["embeddings"])
  expected = np.stack([workload.vector(i, state[i]) for i in got["ids"]])
  bad = int((np.abs(np.asarray(got["embeddings"], dtype="f4") - expected).max(axis=1) > 1e-4).sum())
  if bad:
    wrong.append(f"{collection.name}: {bad} wrong vectors")


def queries(collection, state):
  ids = sorted(state)
  picked = [ids[i] for i in np.random.default_rng(5).choice(len(ids), 25, replace=False)]
  found = collection.query(
    query_embeddings=[workload.vector(i, state[i]).tolist() for i in picked], n_results=5)["ids"]
  if any(i not in state for row in found for i in row):
    wrong.append(f"{collection.name}: queries find records that are not there")
  missed = sum(i not in row for i, row in zip(picked, found))
  if missed > 2:
    wrong.append(f"{collection.name}: queries miss {missed} of 25")
  text = f"record {picked[0]} version"
  if collection.get(where_document={"$contains": text + " "})["ids"] != [picked[0]]:
    wrong.append(f"{collection.name}: full text search")


def examine():
  client = chromadb.PersistentClient(path=directory, settings=Settings(anonymized_telemetry=False))
  names = [c if isinstance(c, str) else c.name for c in client.list_collections()]
  found = {}
  for name in names:
    collection = client.get_collection(name, embedding_function=None)
    found[name] = attempt(f"{name}: get", lambda: records(collection)) or {}
    attempt(f"{name}: vectors", lambda: vectors(collection, found[name]))
    attempt(f"{name}: query", lambda: queries(collection, found[name]))
  for path in sys.argv[1:]:
    journal = workload.Journal(path)
    if journal.matches(found, *journal.window(start, end)) is None:
      wrong.append("a state that never was")
  collection = client.get_collection(names[0], embedding_function=None)
  new = workload.vector("new", 1).tolist()
  collection.add(ids=["new"], embeddings=[new], documents=["x"], metadatas=[{"version": 1}])
  if "new" not in collection.query(query_embeddings=[new], n_results=3)["ids"][0]:
    wrong.append("a record written after the restore is not found")


def run_child(output):
  os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
  attempt("integrity", integrity)
  attempt("open", examine)
  os.write(output, json.dumps(wrong).encode())
  os._exit(0)


for line in sys.stdin:
  directory, start, end = json.loads(line)
  reading, writing = os.pipe()
  child = os.fork()
  if child == 0:
    run_child(writing)
  os.close(writing)
  with os.fdopen(reading) as result:
    text = result.read()
  status = os.waitpid(child, 0)[1]
  print(text or json.dumps([f"Chroma died of it: status {status}"]), flush=True)
