#!/usr/bin/env python
"""Writes a ChromaDB directory with the version of the Python environment that runs this.

usage: make_directory.py OUT [--records N] [--dimension D] [--seed S] [--sync-threshold T] [--batch B] [--neighbours M]
                         [--words W]

Three collections (cosine, l2, inner product) share the records 55:35:10. An index is persisted whenever a collection
has taken T more records; with the numbers as they are by default every large collection ends with persisted HNSW files
and a backlog in SQLite's queue, and the small one has a backlog only. Ends idle: nothing has the directory open.
"""

import argparse
import json
from pathlib import Path

from workload import COLLECTIONS, Workload, chromadb, create_collection, open_client


def main():
  parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument("out", type=Path)
  parser.add_argument("--records", type=int, default=1500)
  parser.add_argument("--dimension", type=int, default=32)
  parser.add_argument("--seed", type=int, default=1)
  parser.add_argument("--sync-threshold", type=int, default=200)
  parser.add_argument("--batch", type=int, default=50, help="records per call")
  parser.add_argument("--neighbours", type=int, default=16)
  parser.add_argument("--words", type=int, default=90, help="words in the longest document")
  arguments = parser.parse_args()
  if arguments.out.exists() and any(arguments.out.iterdir()):
    parser.error(f"{arguments.out} is not empty")
  arguments.out.mkdir(parents=True, exist_ok=True)

  client = open_client(arguments.out)
  workload = Workload(arguments.seed, arguments.dimension, arguments.words)
  counts = {}
  for name, space, share in COLLECTIONS:
    batch_size = max(2, min(100, arguments.sync_threshold // 2))
    collection = create_collection(
      client, name, space, arguments.sync_threshold, batch_size, arguments.neighbours)
    count = max(1, round(arguments.records * share))
    workload.write(
      collection.add, (workload.record(name, space, number) for number in range(count)), arguments.batch)
    counts[name] = collection.count()
  print(json.dumps({"chromadb": chromadb.__version__, "records": counts}))


if __name__ == "__main__":
  main()
