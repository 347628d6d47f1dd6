#!/usr/bin/env python
"""Prints what ChromaDB answers from a directory, as sorted JSON lines to compare with those of another directory.

usage: records.py DIR [--queries N]

Every collection with its metadata and count; every record with its document, metadata and embedding (4 decimals); and
per collection the answers to nearest-neighbour queries, a metadata filter and a full-text search. Opens a throw-away
copy, because ChromaDB 1.x writes to what it opens.
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
from workload import collections, open_client

DECIMALS = 4


def rounded(values):
  return [round(float(value), DECIMALS) + 0.0 for value in values]


def vector_queries(collection, vectors, count):
  """Nearest neighbours of some stored vectors, a little moved so that no answer is a tie; 0.4 may give one too many."""
  limit = min(5, len(vectors))
  random = np.random.default_rng(3)
  picks = random.choice(len(vectors), min(count, len(vectors)), replace=False)
  for pick in np.sort(picks):
    query = np.asarray(vectors[pick], np.float64)
    query = query + 0.05 * random.standard_normal(len(query)) * np.abs(query).mean()
    answer = collection.query(
      query_embeddings=[query.tolist()], n_results=limit, include=["distances", "documents"])
    yield {"kind": "query", "number": int(pick), "ids": answer["ids"][0][:limit],
           "documents": answer["documents"][0][:limit], "distances": rounded(answer["distances"][0][:limit])}


def describe(collection, queries):
  metadata = {key: value for key, value in (collection.metadata or {}).items()}
  yield {"kind": "collection", "metadata": metadata, "count": collection.count()}
  everything = collection.get(include=["embeddings", "documents", "metadatas"])
  rows = sorted(
    zip(everything["ids"], everything["embeddings"], everything["documents"], everything["metadatas"]),
    key=lambda row: row[0])
  for identifier, vector, document, metadata in rows:
    yield {"kind": "record", "id": identifier, "document": document, "metadata": metadata,
           "embedding": rounded(vector)}
  yield from vector_queries(collection, [row[1] for row in rows], queries)
  yield {"kind": "filter", "ids": sorted(collection.get(where={"page": 3}, include=[])["ids"])}
  words = next((row[2] for row in rows if row[2]), "none").split()
  found = collection.get(where_document={"$contains": max(words, key=len)}, include=[])["ids"]
  yield {"kind": "text", "word": max(words, key=len), "ids": sorted(found)}


def main():
  parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument("directory", type=Path)
  parser.add_argument("--queries", type=int, default=10, help="nearest-neighbour queries per collection")
  arguments = parser.parse_args()
  with tempfile.TemporaryDirectory() as scratch:
    copy = Path(scratch) / "copy"
    shutil.copytree(arguments.directory, copy, symlinks=True)
    for collection in collections(open_client(copy)):
      for line in describe(collection, arguments.queries):
        print(json.dumps({"collection": collection.name} | line, sort_keys=True, ensure_ascii=False))


if __name__ == "__main__":
  main()
