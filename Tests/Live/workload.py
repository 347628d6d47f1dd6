"""What the live test writes: every value is a function of a record's id and of the operation that wrote it last, so
that an examiner can tell from the journal alone what any state must hold."""

import hashlib
import json

import numpy as np

DIMENSION = 128
SPACES = ("cosine", "l2", "ip")
WORDS = "ledger harbour violet quantum pastry orbit meadow cipher lantern gravel sonnet turbine walnut prism".split()

centres = np.random.default_rng(7).standard_normal((48, DIMENSION)).astype("f4")
offsets = np.random.default_rng(8).standard_normal((4096, DIMENSION)).astype("f4") * 0.42


def digest(*parts):
  return hashlib.blake2b("/".join(map(str, parts)).encode(), digest_size=16).digest()


def vector(record, number):
  h = digest(record, number)
  centre = centres[digest(record)[0] % len(centres)]
  v = centre + offsets[(h[0] << 4) | (h[1] & 15)] + offsets[(h[2] << 4) | (h[3] & 15)] * (1 + h[4] / 512)
  return (v / np.float32(np.sqrt(v @ v))).astype("f4")


def document(record, number):
  words = " ".join(WORDS[b % len(WORDS)] for b in digest(record, number, "text") * 3)
  return f"record {record} version {number} {words}"


def metadata(record, number):
  return {"version": number, "kind": WORDS[digest(record)[1] % 5], "even": number % 2 == 0}


def apply(state, entry):
  """Changes the collections' states (record to the number of the operation that wrote it) as an operation did."""
  records = state.setdefault(entry["collection"], {})
  for record in entry["ids"]:
    if entry["operation"] == "delete":
      records.pop(record, None)
    else:
      records[record] = entry["number"]


class Journal:
  """One writer's journal: what it began, and when each operation began and ended."""

  def __init__(self, path):
    self.entries, self.ended = [], {}
    for line in open(path):
      try:
        entry = json.loads(line)
      except ValueError:
        continue
      if "ended" in entry:
        self.ended[entry["number"]] = entry["ended"]
      else:
        self.entries.append(entry)
    self.collections = {entry["collection"] for entry in self.entries}

  def window(self, start, end):
    """How many operations a state seen between two moments has at least and at most."""
    least = sum(1 for e in self.entries if self.ended.get(e["number"], float("inf")) <= start)
    most = sum(1 for e in self.entries if e["began"] <= end)
    return least, most

  def matches(self, found, least, most):
    """The number of operations after which the state was as found; None where it never was."""
    state = {}
    for entry in self.entries[:least]:
      apply(state, entry)
    for count in range(least, most + 1):
      if count > least:
        apply(state, self.entries[count - 1])
      if all(state.get(c, {}) == found.get(c, {}) for c in self.collections):
        return count
    return None
