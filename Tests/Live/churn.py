"""Makes collections, fills them and deletes them again, as fast as it can.

usage: churn.py DIRECTORY STOP     Makes STOP.ready once it is under way; stops when STOP appears.
       churn.py DIRECTORY          Opens it instead, and says as JSON what is wrong with its collections.
"""

import json
import os
import sys

import chromadb
import numpy as np
from chromadb.config import Settings

directory = sys.argv[1]
client = chromadb.PersistentClient(path=directory, settings=Settings(anonymized_telemetry=False))
random = np.random.default_rng(3)
SIZE = 120


def churn(stop):
  living, number = [], 0
  while not os.path.exists(stop):
    # Every second one is long enough for its index to be persisted.
    name = f"churn-{number}"
    collection = client.create_collection(
      name, configuration={"hnsw": {"sync_threshold": 50, "batch_size": 25}}, embedding_function=None)
    for start in range(0, SIZE if number % 2 else 20, 20):
      ids = [f"{name}-{i}" for i in range(start, start + 20)]
      collection.add(ids=ids, embeddings=random.standard_normal((20, 16)).astype("f4"), documents=ids)
    living.append(name)
    number += 1
    while len(living) > 4:
      client.delete_collection(living.pop(int(random.integers(len(living)))))
    if number == 6:
      open(stop + ".ready", "w").close()


def examine():
  wrong = []
  for found in client.list_collections():
    collection = client.get_collection(found.name, embedding_function=None)
    got = collection.get(include=["documents", "embeddings"])
    if collection.count() != len(got["ids"]):
      wrong.append(f"{found.name}: counts {collection.count()}, gets {len(got['ids'])}")
    if sorted(got["ids"]) != sorted(got["documents"]):
      wrong.append(f"{found.name}: documents of other records")
    if len(got["ids"]) % 20 or len(got["embeddings"]) != len(got["ids"]):
      wrong.append(f"{found.name}: {len(got['ids'])} records, {len(got['embeddings'])} vectors")
  print(json.dumps(wrong))


if len(sys.argv) > 2:
  churn(sys.argv[2])
else:
  examine()
