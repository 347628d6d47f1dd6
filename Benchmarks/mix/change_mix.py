#!/usr/bin/env python3
"""Changes the directory that make_mix.py made, in place.

usage: change_mix.py DIR small|percent [--round R]         needs numpy

small: 100 rows, 100 vectors, 20 files. percent: every 100th row, vector and file. Each round changes other ones; the
same round on the same directory makes the same change.
"""

import argparse
import sqlite3
from pathlib import Path

import numpy as np

DIMENSION = 384


def spread(count, wanted, start):
  """`wanted` different numbers below count, evenly spread, from another place each round."""
  wanted = max(1, min(wanted, count))
  return [(start + index * count // wanted) % count for index in range(wanted)]


def change_database(path, wanted, round_number):
  with sqlite3.connect(path) as database:
    count, = database.execute("SELECT max(rowid) FROM documents").fetchone()
    for row in spread(count, wanted(count, 100), 7 + 131 * round_number):
      database.execute(
        "UPDATE documents SET text = substr(text, 1, 700) || '[edit ' || ? || ']' || substr(text, 709) "
        "WHERE rowid = ?", (round_number, row + 1))
  database.close()


def change_vectors(path, wanted, round_number):
  noise = np.random.default_rng([5, round_number])
  vectors = np.memmap(path, np.float32, "r+").reshape(-1, DIMENSION)
  for row in noise.choice(len(vectors), wanted(len(vectors), 100), replace=False):
    vector = noise.standard_normal(DIMENSION)
    vectors[row] = vector / np.linalg.norm(vector)
  vectors.flush()


def change_files(folder, wanted, round_number):
  files = sorted(path for path in folder.rglob("*") if path.is_file())
  for index in spread(len(files), wanted(len(files), 20), 3 + 17 * round_number):
    with open(files[index], "ab") as file:
      file.write(f"\n# edit {round_number}\n".encode())


def main():
  parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument("directory", type=Path)
  parser.add_argument("kind", choices=("small", "percent"))
  parser.add_argument("--round", type=int, default=0)
  arguments = parser.parse_args()

  def wanted(count, small):
    return max(1, min(count, small) if arguments.kind == "small" else count // 100)

  change_database(arguments.directory / "db" / "store.sqlite", wanted, arguments.round)
  change_vectors(arguments.directory / "vec" / "vectors.f32", wanted, arguments.round)
  change_files(arguments.directory / "files", wanted, arguments.round)


if __name__ == "__main__":
  main()
