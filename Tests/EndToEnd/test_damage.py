"""Random damage to a repository's objects: doing what the program advises ends it, and nothing is restored wrong."""

import random
import re
import shutil
import unittest

import trees
from support import QUICK, Case

SEEDS = range(1, 13 if QUICK else 101)
ROUNDS = 4


class Damage(Case):
  def test_advice_has_an_end(self):
    for seed in SEEDS:
      with self.subTest(seed=seed):
        chance = random.Random(seed)
        folder = self.home / str(seed)
        self.source, self.program.repository, self.program.cache = folder / "source", folder / "r", folder / "cache"
        taken = self.take(chance)
        # What a config said is told by the cache, or by manifests.
        kinds = chance.choice((("config", "packs", "notes", "audit"), ("snapshots", "packs", "notes", "audit")))
        for _ in range(chance.choice((1, 1, 2, 3))):
          self.damage(chance, chance.choice(kinds))
        if chance.random() < 0.5:
          self.program.cache = folder / "cold"
        if chance.random() < 0.4:
          shutil.rmtree(self.source)
        self.do_what_is_advised()
        for entry in self.snapshots():
          if entry["id"] in taken:
            self.assertRestores(entry["id"], taken[entry["id"]])
        shutil.rmtree(folder)

  def take(self, chance):
    """Takes some snapshots; returns what each should restore."""
    (self.source / "folder").mkdir(parents=True)
    taken = {}
    for number in range(chance.choice((1, 3))):
      for name in ("a", "b", "folder/c", "folder/d"):
        if number == 0 or chance.random() < 0.4:
          (self.source / name).write_bytes(chance.randbytes(chance.choice((10, 5000, 90_000, 400_000))))
      taken[self.snapshot(self.source)["snapshot_id"]] = trees.describe(self.source)
    if chance.random() < 0.5:
      self.call("pin", "latest")
      self.call("unpin", "latest")
    return taken

  def damage(self, chance, kind):
    objects = sorted(path for path in (self.program.repository / kind).rglob("*") if path.is_file())
    if not objects:
      return
    path = chance.choice(objects)
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    how = chance.choice(("gone", "flipped", "bytes", "cut", "longer"))
    if how == "gone":
      path.unlink()
      return
    if how == "flipped" and data:
      data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    if how == "bytes" and data:
      for _ in range(5):
        data[chance.randrange(len(data))] = chance.randrange(256)
    if how == "cut":
      data = data[:-chance.choice((1, 5, 30, 1000))]
    if how == "longer":
      data += chance.randbytes(chance.choice((1, 50, 5000)))
    path.write_bytes(data)

  def do_what_is_advised(self):
    said = ""
    for _ in range(ROUNDS):
      checked = self.program.run("check", "--read-data")
      if checked.code == 0:
        return
      repaired = self.program.run("repair")
      said = str(checked) + str(repaired)
      if "`chromasnap init`" in said:
        self.program.run("init")
      for ids in re.findall("`chromasnap forget ([0-9a-f ]+)`", said):
        for identifier in ids.split():
          self.program.run("forget", identifier)
      self.program.run("prune")
    self.fail("there is no end to it:\n" + said)


if __name__ == "__main__":
  unittest.main()
