#!/usr/bin/env python
"""Changes a ChromaDB directory that make_directory.py wrote: adds, updates and deletes records in every collection.

usage: change_directory.py DIR [--revision R] [--add N] [--update N] [--delete N] [--drop COLLECTION] [--dimension D]
                               [--seed S] [--words W]

The numbers are totals, shared over the collections as make_directory.py shares its records (at least one each where
not 0). The same revision makes the same change; --dimension, --seed and --words must be those the directory was made
with.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from workload import COLLECTIONS, Workload, chromadb, collections, open_client


def number_of(identifier):
  return int(identifier.split("-")[1])


def change(collection, space, share, workload, arguments):
  """Returns how many records were added, updated and deleted."""
  random = workload.random(collection.name, 0, arguments.revision)
  identifiers = sorted(collection.get(include=[])["ids"])
  amounts = [max(1, round(total * share)) if total else 0
             for total in (arguments.add, arguments.update, arguments.delete)]
  add, update, delete = amounts[0], min(amounts[1], len(identifiers)), min(amounts[2], len(identifiers) - 1)

  picks = random.choice(len(identifiers), update, replace=False)
  updated = [workload.record(collection.name, space, number_of(identifiers[pick]), arguments.revision)
             for pick in picks]
  workload.write(collection.update, updated, 50)

  first = max(number_of(identifier) for identifier in identifiers) + 1
  workload.write(
    collection.add,
    [workload.record(collection.name, space, first + k, arguments.revision) for k in range(add)], 50)

  doomed = [identifiers[pick] for pick in np.sort(random.choice(len(identifiers), delete, replace=False))]
  for start in range(0, len(doomed), 50):
    collection.delete(ids=doomed[start:start + 50])
  return add, update, delete


def main():
  parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument("directory", type=Path)
  parser.add_argument("--revision", type=int, default=1)
  parser.add_argument("--add", type=int, default=40)
  parser.add_argument("--update", type=int, default=30)
  parser.add_argument("--delete", type=int, default=20)
  parser.add_argument("--drop", metavar="COLLECTION", help="delete this collection first")
  parser.add_argument("--dimension", type=int, default=32)
  parser.add_argument("--seed", type=int, default=1)
  parser.add_argument("--words", type=int, default=90)
  arguments = parser.parse_args()
  if not (arguments.directory / "chroma.sqlite3").is_file():
    parser.error(f"{arguments.directory} holds no chroma.sqlite3")

  client = open_client(arguments.directory)
  if arguments.drop:
    client.delete_collection(arguments.drop)
  workload = Workload(arguments.seed, arguments.dimension, arguments.words)
  spaces = {name: (space, share) for name, space, share in COLLECTIONS}
  done = {c.name: change(c, *spaces[c.name], workload, arguments) for c in collections(client)}
  print(json.dumps({"chromadb": chromadb.__version__, "added_updated_deleted": done}))


if __name__ == "__main__":
  main()
