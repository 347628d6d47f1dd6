#!/usr/bin/env python3
"""Makes the directory that the benchmarks snapshot: what a ChromaDB directory and its surroundings hold, to scale.

usage: make_mix.py OUT [--size GIB] [--seed S]         needs numpy

Of 1 GiB: a SQLite database of texts in pieces of 1,500 characters with id, JSON metadata and an index (52 %); unit
vectors of 384 floats (34 %); their 32 neighbours each (3 %); 8,000 small text files (the rest). Texts are manual pages,
documentation and Python sources of this machine, so sizes vary a little from machine to machine; where they run out,
lines are dealt out anew. The same seed on the same machine makes the same bytes.
"""

import argparse
import gzip
import json
import random
import sqlite3
import sys
import uuid
from pathlib import Path

import numpy as np

GIB = 1 << 30
DIMENSION, NEIGHBOURS, PIECE = 384, 32, 1500
BLOCK = 20_000  # vectors whose true neighbours are searched among each other


def text_files():
  """Readable files of this machine, in an order that does not depend on the file system."""
  roots = [("/usr/share/man", "*.gz"), ("/usr/share/doc", "*"), ("/usr/include", "*.h")]
  roots += [(str(Path(prefix) / "lib"), "*.py") for prefix in {sys.prefix, sys.base_prefix, "/usr"}]
  found = {path.resolve() for root, pattern in roots for path in Path(root).rglob(pattern) if path.is_file()}
  return sorted(found)


def read_text(path):
  """A file's text; None where it is no text."""
  try:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
  except (OSError, EOFError, ValueError):
    return None
  return None if b"\0" in data[:1000] else data[:200_000].decode("utf-8", "ignore")


def pieces(paths, dice):
  """(source, number, text), without end or repetition: once the files are used up, their lines are dealt anew."""
  seen, lines = set(), []
  for path in paths:
    text = read_text(path) or ""
    for start in range(0, len(text), PIECE):
      piece = text[start:start + PIECE]
      if len(piece) < 60 or piece in seen:
        continue
      seen.add(piece)
      lines.extend(line for line in piece.split("\n")[:4] if line.strip())
      yield str(path), start // PIECE, piece
  seen.clear()
  number = 0
  while lines:
    number += 1
    yield "dealt", number, "\n".join(dice.choices(lines, k=32))[:PIECE]


def make_database(path, size, paths, dice):
  with sqlite3.connect(path) as database:
    database.execute("PRAGMA journal_mode=off")
    database.execute("PRAGMA synchronous=off")
    database.execute("CREATE TABLE documents(id TEXT PRIMARY KEY, collection INTEGER, text TEXT, metadata TEXT, "
                     "created REAL)")
    pages = int(size * 0.985 / 4096)  # the index made last takes the rest
    for row, (source, number, text) in enumerate(pieces(paths, dice)):
      metadata = json.dumps({"source": source, "chunk": number, "lang": "en", "score": round(dice.random(), 4)})
      identifier = str(uuid.UUID(int=dice.getrandbits(128)))
      database.execute("INSERT INTO documents VALUES(?,?,?,?,?)",
                       (identifier, dice.randrange(4), text, metadata, 1.7e9 + dice.random() * 1e7))
      if row % 100 == 0 and database.execute("PRAGMA page_count").fetchone()[0] >= pages:
        break
    database.execute("CREATE INDEX by_collection ON documents(collection, created)")
  database.close()


def normalised(rows):
  return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def make_vectors(path, count, noise):
  """Clustered unit vectors: one block drawn around 200 centres, the others mixed from it. Returns the first block."""
  centres = noise.standard_normal((200, DIMENSION))
  first = normalised(centres[noise.integers(0, 200, BLOCK)] + 0.7 * noise.standard_normal((BLOCK, DIMENSION)))
  with open(path, "wb") as file:
    file.write(first[:count].tobytes())
    for start in range(BLOCK, count, BLOCK):
      mixed = first[noise.permutation(BLOCK)] + 0.3 * first[noise.permutation(BLOCK)]
      mixed += noise.normal(0, 0.01, first.shape)
      file.write(normalised(mixed)[:count - start].tobytes())
  return first


def make_links(path, count, first):
  """The true nearest neighbours within the first block, repeated for every block with its offset."""
  nearest = np.empty((BLOCK, NEIGHBOURS), np.uint32)
  for start in range(0, BLOCK, 2000):
    scores = first[start:start + 2000] @ first.T
    candidates = np.argpartition(-scores, NEIGHBOURS + 1, axis=1)[:, :NEIGHBOURS + 1]
    order = np.argsort(-np.take_along_axis(scores, candidates, 1), axis=1)
    nearest[start:start + 2000] = np.take_along_axis(candidates, order, 1)[:, 1:]
  with open(path, "wb") as file:
    for start in range(0, count, BLOCK):
      file.write((nearest + np.uint32(start))[:count - start].tobytes())


def make_small_files(folder, count, size, paths, dice):
  """Whole files, each at most 64 KiB, 200 to a folder, until count or size is reached."""
  candidates = [path for path in paths if path.suffix in (".py", ".h")]
  dice.shuffle(candidates)
  seen, made, written = set(), 0, 0
  for path in candidates:
    data = path.read_bytes()[:65_536]
    if not data or data in seen:
      continue
    seen.add(data)
    target = folder / f"{made // 200:03d}"
    target.mkdir(parents=True, exist_ok=True)
    (target / f"{made:05d}_{path.name}").write_bytes(data)
    made, written = made + 1, written + len(data)
    if made >= count or written >= size:
      break


def main():
  parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument("out", type=Path)
  parser.add_argument("--size", type=float, default=1.0, metavar="GIB")
  parser.add_argument("--seed", type=int, default=11)
  arguments = parser.parse_args()
  if arguments.out.exists():
    parser.error(f"{arguments.out} exists")
  size = arguments.size * GIB
  dice, noise = random.Random(arguments.seed), np.random.default_rng(arguments.seed)
  for name in ("db", "vec", "files"):
    (arguments.out / name).mkdir(parents=True)

  vectors = int(size * 0.34 / (DIMENSION * 4))
  first = make_vectors(arguments.out / "vec" / "vectors.f32", vectors, noise)
  make_links(arguments.out / "vec" / "hnsw_links.u32", vectors, first)
  paths = text_files()
  make_small_files(arguments.out / "files", int(8000 * arguments.size), size * 0.11, paths, dice)
  dice.shuffle(paths)
  make_database(arguments.out / "db" / "store.sqlite", size * 0.52, paths, dice)

  for name in ("db", "vec", "files"):
    files = [path for path in (arguments.out / name).rglob("*") if path.is_file()]
    print(f"{name}: {len(files):,} files, {sum(path.stat().st_size for path in files):,} bytes")


if __name__ == "__main__":
  main()
