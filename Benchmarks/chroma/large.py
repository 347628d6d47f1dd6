#!/usr/bin/env python
"""Makes one large database with Chroma's schema, and changes a little of it.

usage: large.py make DIR [--size GIB]
       large.py change DIR [--revision R]

make: real ChromaDB makes the directory with one collection; rows are then added to `embeddings`, `embedding_metadata` and
`embeddings_queue` (each with its vector) by plain SQL until the database is that large: ChromaDB itself would take hours.
The full-text index is left out for the same reason, so the directory is for measuring, not for searching.
change: new texts for 100 documents all over the database.
"""

import argparse
import json
import sqlite3
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Tests" / "Chroma"))
from workload import Workload, create_collection, open_client  # noqa: E402

NAME, DIMENSION, BATCH = "articles", 384, 2000


def make_collection(directory):
  collection = create_collection(open_client(directory), NAME, "cosine", 1000, 100, 16)
  source = Workload(seed=1, dimension=DIMENSION, words=160)
  source.write(collection.add, (source.record(NAME, "cosine", n) for n in range(200)), 100)
  return str(collection.id)


def sentences(random):
  words = ["".join(chr(97 + c) for c in random.integers(0, 26, random.integers(2, 10))) for _ in range(6000)]
  return [" ".join(words[min(pick)] for pick in random.integers(0, len(words), (16, 2))) for _ in range(20_000)]


def make(arguments):
  # A process of its own ends Chroma's threads before the rows come.
  import multiprocessing
  with multiprocessing.get_context("spawn").Pool(1) as pool:
    collection = pool.apply(make_collection, (arguments.directory,))
  random = np.random.default_rng(3)
  pool = sentences(random)
  database = sqlite3.connect(arguments.directory / "chroma.sqlite3")
  database.execute("PRAGMA synchronous = OFF")
  database.execute("PRAGMA cache_size = -200000")
  segment, = database.execute(
    "SELECT id FROM segments WHERE collection = ? AND scope = 'METADATA'", (collection,)).fetchone()
  topic, = database.execute("SELECT topic FROM embeddings_queue LIMIT 1").fetchone()
  first, = database.execute("SELECT max(id) FROM embeddings").fetchone()
  sequence, = database.execute("SELECT max(seq_id) FROM embeddings_queue").fetchone()
  page, limit = 4096, arguments.size * (1 << 30)
  while database.execute("PRAGMA page_count").fetchone()[0] * page < limit:
    vectors = random.standard_normal((BATCH, DIMENSION), np.float32)
    picks = random.integers(0, len(pool), (BATCH, 10))
    texts = [". ".join(pool[pick] for pick in row) for row in picks]
    rows = range(first + 1, first + 1 + BATCH)
    ids = [f"{NAME}-{row:09d}" for row in rows]
    database.executemany(
      "INSERT INTO embeddings (id, segment_id, embedding_id, seq_id) VALUES (?, ?, ?, ?)",
      [(row, segment, name, sequence + k) for k, (row, name) in enumerate(zip(rows, ids), 1)])
    metadata = []
    for row, text in zip(rows, texts):
      metadata += [(row, "chroma:document", text, None), (row, "source", f"/data/{row // 12:07d}.pdf", None),
                   (row, "page", None, row % 12)]
    database.executemany(
      "INSERT INTO embedding_metadata (id, key, string_value, int_value) VALUES (?, ?, ?, ?)", metadata)
    database.executemany(
      "INSERT INTO embeddings_queue (seq_id, operation, topic, id, vector, encoding, metadata) "
      "VALUES (?, 0, ?, ?, ?, 'FLOAT32', ?)",
      [(sequence + k, topic, name, vector.tobytes(), json.dumps({"page": row % 12, "chroma:document": text[:200]}))
       for k, (row, name, vector, text) in enumerate(zip(rows, ids, vectors, texts), 1)])
    database.commit()
    first, sequence = first + BATCH, sequence + BATCH
  database.close()


def change(arguments):
  database = sqlite3.connect(arguments.directory / "chroma.sqlite3")
  last, = database.execute("SELECT max(id) FROM embeddings").fetchone()
  for k in range(100):
    row = 1 + (37 * arguments.revision + k * last // 100) % last
    database.execute(
      "UPDATE embedding_metadata SET string_value = substr(string_value, 1, 300) || ? || substr(string_value, 320) "
      "WHERE id = ? AND key = 'chroma:document'", (f"[edit {arguments.revision:4d}]", row))
  database.commit()
  database.close()


def main():
  parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument("what", choices=("make", "change"))
  parser.add_argument("directory", type=Path)
  parser.add_argument("--size", type=float, default=10.0, metavar="GIB")
  parser.add_argument("--revision", type=int, default=1)
  arguments = parser.parse_args()
  {"make": make, "change": change}[arguments.what](arguments)


if __name__ == "__main__":
  main()
