"""Writes to three collections as fast as it can, and journals every operation.

usage: writer.py DIRECTORY JOURNAL [--port PORT] [--initial N] [--thresholds A,B,C] [--pause SECONDS] [--writer N]
Makes JOURNAL.ready once the initial records are in; stops when JOURNAL.stop appears; prints a line of JSON then.
"""

import argparse
import json
import os
import time

import chromadb
import numpy as np
from chromadb.config import Settings

import workload

parser = argparse.ArgumentParser()
parser.add_argument("directory")
parser.add_argument("journal")
parser.add_argument("--port", type=int)
parser.add_argument("--initial", type=int, default=3000)
parser.add_argument("--thresholds", default="0,100,0")
parser.add_argument("--pause", type=float, default=0)
parser.add_argument("--writer", type=int, default=0)
options = parser.parse_args()

settings = Settings(anonymized_telemetry=False)
if options.port:
  client = chromadb.HttpClient(port=options.port, settings=settings)
else:
  client = chromadb.PersistentClient(path=options.directory, settings=settings)


def make_collection(index, threshold):
  name, space = f"collection-{options.writer}-{index}", workload.SPACES[index]
  hnsw = {"space": space}
  if threshold:
    hnsw |= {"sync_threshold": threshold, "batch_size": max(2, threshold // 2)}
  if chromadb.__version__.startswith("0."):
    named = {f"hnsw:{key}": value for key, value in hnsw.items()}
    return client.create_collection(name, metadata=named, embedding_function=None)
  return client.create_collection(name, configuration={"hnsw": hnsw}, embedding_function=None)


collections = [make_collection(i, int(t)) for i, t in enumerate(options.thresholds.split(","))]
live = {c.name: [] for c in collections}
journal = open(options.journal, "a", buffering=1)
random = np.random.default_rng(options.writer + 1)
number = next_record = 0
seconds = []


def new_ids(count):
  global next_record
  next_record += count
  return [f"r{options.writer}-{i}" for i in range(next_record - count, next_record)]


def run(operation, collection, ids):
  global number
  number += 1
  values = {}
  if operation != "delete":
    values["embeddings"] = [workload.vector(i, number).tolist() for i in ids]
    values["documents"] = [workload.document(i, number) for i in ids]
    values["metadatas"] = [workload.metadata(i, number) for i in ids]
  entry = {"number": number, "operation": operation, "collection": collection.name, "ids": ids}
  journal.write(json.dumps(entry | {"began": time.time()}) + "\n")
  start = time.monotonic()
  getattr(collection, operation)(ids=ids, **values)
  seconds.append(time.monotonic() - start)
  journal.write(json.dumps({"number": number, "ended": time.time()}) + "\n")


def pick(ids, count):
  return [ids[i] for i in random.choice(len(ids), min(count, len(ids) - 1), replace=False)]


for collection in collections:
  for start in range(0, options.initial, 300):
    ids = new_ids(min(300, options.initial - start))
    run("add", collection, ids)
    live[collection.name] += ids
open(options.journal + ".ready", "w").close()
seconds.clear()

while not os.path.exists(options.journal + ".stop"):
  collection = collections[int(random.integers(len(collections)))]
  ids, chance, count = live[collection.name], random.random(), int(random.integers(1, 41))
  if chance < (0.40 if len(ids) < options.initial + 300 else 0.18):
    fresh = new_ids(count)
    run("add", collection, fresh)
    ids += fresh
  elif chance < 0.62:
    fresh = new_ids(1) if random.random() < 0.3 else []
    run("upsert", collection, pick(ids, count) + fresh)
    ids += fresh
  elif chance < 0.75:
    run("update", collection, pick(ids, count))
  else:
    gone = pick(ids, count)
    run("delete", collection, gone)
    live[collection.name] = [i for i in ids if i not in set(gone)]
  time.sleep(options.pause)

quantiles = {q: round(float(np.quantile(seconds, q)) * 1e3, 1) for q in (0.5, 0.9, 0.99, 1.0)}
print(json.dumps({"operations": len(seconds), "milliseconds": quantiles}), flush=True)
