#!/usr/bin/env python
"""Makes a directory with real ChromaDB, and lets it live on.

usage: life.py make DIR [--records N] [--dimension D]
       life.py live DIR [--add N] [--update N] [--delete N] [--dimension D]

make: one collection (cosine) of N records with document, metadata and vector, in batches of 500, its index persisted
every 1,000 records, as Chroma does unless told otherwise.
live: opens the directory and, for each line on its input, adds, updates and deletes records, and answers with a line
when that is done; it keeps the directory open meanwhile, as an application does. The same lines make the same changes.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Tests" / "Chroma"))
from workload import Workload, create_collection, open_client  # noqa: E402

NAME, SPACE, BATCH = "articles", "cosine", 500


def workload(arguments):
  return Workload(seed=1, dimension=arguments.dimension, words=160)


def make(arguments):
  client = open_client(arguments.directory)
  collection = create_collection(client, NAME, SPACE, sync_threshold=1000, batch_size=100, neighbours=16)
  source = workload(arguments)
  source.write(collection.add, (source.record(NAME, SPACE, n) for n in range(arguments.records)), BATCH)
  print(json.dumps({"records": collection.count()}))


def live(arguments):
  collection = open_client(arguments.directory).get_collection(NAME, embedding_function=None)
  identifiers = sorted(collection.get(include=[])["ids"])
  source = workload(arguments)
  last = len(identifiers)
  print("ready", flush=True)
  for revision, _ in enumerate(sys.stdin, 1):
    random = np.random.default_rng([9, revision])
    picks = random.choice(len(identifiers), arguments.update, replace=False)
    changed = [source.record(NAME, SPACE, int(identifiers[pick].split("-")[1]), revision) for pick in picks]
    source.write(collection.update, changed, BATCH)
    added = [source.record(NAME, SPACE, last + k, revision) for k in range(arguments.add)]
    last += arguments.add
    source.write(collection.add, added, BATCH)
    doomed = {identifiers[pick] for pick in random.choice(len(identifiers), arguments.delete, replace=False)}
    if doomed:
      collection.delete(ids=sorted(doomed))
    identifiers = [i for i in identifiers if i not in doomed] + [record[0] for record in added]
    print(json.dumps({"revision": revision, "records": len(identifiers)}), flush=True)


def main():
  parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument("what", choices=("make", "live"))
  parser.add_argument("directory", type=Path)
  parser.add_argument("--records", type=int, default=50_000)
  parser.add_argument("--dimension", type=int, default=384)
  parser.add_argument("--add", type=int, default=200)
  parser.add_argument("--update", type=int, default=50)
  parser.add_argument("--delete", type=int, default=25)
  arguments = parser.parse_args()
  {"make": make, "live": live}[arguments.what](arguments)


if __name__ == "__main__":
  main()
