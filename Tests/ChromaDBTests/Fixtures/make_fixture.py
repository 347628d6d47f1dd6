"""Writes a small Chroma directory: two collections of 8 numbers per vector, more than one persist, a backlog, updates and
deletes. usage: make_fixture.py OUT"""
import random
import sys

import chromadb

old = chromadb.__version__.startswith("0.")
client = chromadb.PersistentClient(path=sys.argv[1])
rng = random.Random(1)
for name, space, threshold in (("notes", "cosine", 20), ("pictures", "l2", 1000)):
  if old:
    meta = {"hnsw:space": space, "hnsw:sync_threshold": threshold, "hnsw:batch_size": min(threshold, 10)}
    col = client.create_collection(name, metadata=meta, embedding_function=None)
  else:
    hnsw = {"space": space, "sync_threshold": threshold, "batch_size": min(threshold, 10)}
    col = client.create_collection(name, configuration={"hnsw": hnsw}, embedding_function=None)
  for start in range(0, 70, 5):
    ids = [f"{name}-{i}" for i in range(start, start + 5)]
    col.add(ids=ids, embeddings=[[rng.gauss(0, 1) for _ in range(8)] for _ in ids],
            documents=[f"the text of {i}" for i in ids], metadatas=[{"n": len(i)} for i in ids])
  col.update(ids=[f"{name}-3"], documents=["another text"], embeddings=[[0.5] * 8])
  col.delete(ids=[f"{name}-7", f"{name}-66"])
client.create_collection("empty")
