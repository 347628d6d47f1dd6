"""What the made ChromaDB directories hold: records that any version accepts, the same for the same seed.

A record is a pure function of (seed, collection, number, revision), so the program that changes a directory needs no
memory of the one that made it. Vectors are clustered by topic and unit length in the cosine collection; texts follow a
Zipf law over a made vocabulary; some records have no document, some no metadata, some ids are not ASCII.
"""

import zlib

import chromadb
import numpy as np
from chromadb.config import Settings

# name, distance, share of all records
COLLECTIONS = (("articles", "cosine", 0.55), ("notes", "l2", 0.35), ("pictures", "ip", 0.10))
TOPICS = 24
SYLLABLES = "ka lo mi ne ru sa to vi wen yor bal cre dun fei gra hol ist jun".split()


def version():
  return tuple(int(part) for part in chromadb.__version__.split(".")[:2])


def open_client(path):
  return chromadb.PersistentClient(path=str(path), settings=Settings(anonymized_telemetry=False))


def collections(client):
  """The collections of a client, by name; 0.6 lists names, the others objects."""
  names = sorted(item if isinstance(item, str) else item.name for item in client.list_collections())
  return [client.get_collection(name, embedding_function=None) for name in names]


def create_collection(client, name, space, sync_threshold, batch_size, neighbours):
  """One thread and a wide search: the index, and so every answer, is the same each time it is built."""
  if version() >= (1, 0):
    index = {"space": space, "ef_search": 100, "num_threads": 1}
    index |= {"sync_threshold": sync_threshold, "batch_size": batch_size, "max_neighbors": neighbours}
    return client.create_collection(
      name, metadata={"owner": f"team-{name}"}, configuration={"hnsw": index}, embedding_function=None)
  index = {"space": space, "search_ef": 100, "num_threads": 1}
  index |= {"sync_threshold": sync_threshold, "batch_size": batch_size, "M": neighbours}
  metadata = {f"hnsw:{key}": value for key, value in index.items()} | {"owner": f"team-{name}"}
  return client.create_collection(name, metadata=metadata, embedding_function=None)


class Workload:
  def __init__(self, seed, dimension, words=90):
    self.seed, self.dimension, self.longest = seed, dimension, words
    random = np.random.default_rng([seed, dimension])
    self.centres = random.standard_normal((TOPICS, dimension))
    self.words = ["".join(random.choice(SYLLABLES, random.integers(1, 4))) for _ in range(3000)]
    weights = 1.0 / np.arange(1, len(self.words) + 1)
    self.weights = np.cumsum(weights / weights.sum())

  def random(self, collection, number, revision):
    return np.random.default_rng([self.seed, zlib.crc32(collection.encode()), number, revision])

  def text(self, random, topic, length):
    picks = np.searchsorted(self.weights, random.random(length))
    return " ".join(self.words[(int(pick) + 97 * topic) % len(self.words)] for pick in picks).capitalize() + "."

  def record(self, collection, space, number, revision=0):
    """(id, vector, document or None, metadata or None)"""
    random = self.random(collection, number, revision)
    topic = int(random.integers(TOPICS))
    vector = self.centres[topic] + 0.5 * random.standard_normal(self.dimension)
    if space == "cosine":
      vector /= np.linalg.norm(vector)
    identifier = f"{collection}-{number:06d}" if number % 50 != 7 else f"{collection}-{number:06d}-ångström-東京"
    document = None if number % 17 == 5 else self.text(random, topic, int(random.integers(8, self.longest)))
    metadata = {
      "source": f"/data/{collection}/{number // 12:05d}.pdf", "page": number % 12, "topic": f"topic-{topic:02d}",
      "score": round(float(random.random()), 4), "reviewed": bool(random.random() < 0.3), "revision": revision,
    }
    return identifier, vector.astype(np.float32), document, None if number % 19 == 11 else metadata

  def write(self, method, records, batch):
    """Calls method (a collection's add, update or upsert) in batches, records without a document or metadata apart."""
    kinds = {}
    for record in records:
      kinds.setdefault((record[2] is None, record[3] is None), []).append(record)
    for (no_document, no_metadata), group in sorted(kinds.items()):
      for start in range(0, len(group), batch):
        part = group[start:start + batch]
        columns = {"ids": [r[0] for r in part], "embeddings": [r[1].tolist() for r in part]}
        if not no_document:
          columns["documents"] = [r[2] for r in part]
        if not no_metadata:
          columns["metadatas"] = [r[3] for r in part]
        method(**columns)
