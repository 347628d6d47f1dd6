"""What is sound is not called damaged, whatever was noted before, lies beside it, or is wrong with this machine."""

import os
import resource
import shutil
import sqlite3
import unittest

from support import SourceCase


class FalseAlarms(SourceCase):
  def packs(self):
    """The largest last."""
    return sorted((self.program.repository / "packs").glob("*/*"), key=lambda path: path.stat().st_size)

  def catalogue(self, statement, *values):
    (file,) = self.program.cache.glob("*/catalogue.sqlite")
    with sqlite3.connect(file) as database:
      return database.execute(statement, values).fetchall()

  def noted(self):
    """The chunks of each note about damage, by pack."""
    self.call("list")
    return self.catalogue("SELECT object FROM note WHERE kind = 'damage'")

  def chain(self):
    """Snapshots of a file that grows: all but the first are patches, each of the one before. Returns the first one's pack."""
    shutil.rmtree(self.source / "folder")
    data = os.urandom(60_000)
    for _ in range(6):
      self.write("one", data)
      self.snapshot(self.source)
      data += os.urandom(100)
    return self.packs()[-1]

  def flip(self, path, at):
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)

  def test_a_good_pack_that_is_back_ends_it_at_once(self):
    base = self.chain()
    good = base.read_bytes()
    self.flip(base, len(good) // 2)
    self.call("restore", "latest", "--to", self.home / "x", code=1)
    self.assertEqual(len(self.noted()), 1)
    base.write_bytes(good)
    self.assertTrue(self.check()["ok"])
    self.assertEqual(len(self.noted()), 0)
    self.assertRestores("latest", self.source)

  def test_what_builds_on_damage_is_not_damaged_itself(self):
    base = self.chain()
    good = base.read_bytes()
    self.flip(base, len(good) // 2)
    for _ in range(2):
      self.assertEqual(len([error for error in self.check(code=1)["errors"] if error["code"] == "damaged_chunk"]), 6)
      self.assertEqual(len(self.noted()), 1)
    base.write_bytes(good)
    self.assertTrue(self.check()["ok"])

  def strangers(self):
    """What users, editors and systems put beside objects."""
    repository = self.program.repository
    for kind in ("packs", "snapshots", "notes", "audit"):
      for path in sorted((repository / kind).glob("*/*")):
        for name in (f"._{path.name}", f"old-{path.name}", f"{path.stem} (1){path.suffix}", f"{path.name}~"):
          yield path.with_name(name)
        yield path.parent.with_name(f"{path.parent.name} copy") / path.name
    for kind in ("condemned", "tmp"):
      yield repository / kind / "._stranger"

  def test_strangers_are_nothing(self):
    self.snapshot(self.source)
    self.write("one", b"other")
    self.call("pin", self.snapshot(self.source)["snapshot_id"])
    (manifest, _) = sorted((self.program.repository / "snapshots").glob("*/*"))
    strangers = list(self.strangers())
    for number, path in enumerate(strangers):
      path.parent.mkdir(exist_ok=True)
      path.write_bytes(b"stranger" if number % 2 else manifest.read_bytes())
    for folder in ("audit/2020-01/folder", "audit/folder", "tmp/folder"):
      (self.program.repository / folder).mkdir(parents=True)
    for cache in ("cache", "cold"):
      self.program.cache = self.home / cache
      result = self.call("list")
      self.assertEqual((len(self.snapshots()), result.errors), (2, ""))
      self.assertTrue(self.check()["ok"])
      self.call("repair")
      self.call("prune")
      self.assertRestores("latest", self.source)
    for path in strangers:
      self.assertTrue(path.exists(), path)

  def test_a_damaged_copy_is_not_the_snapshot(self):
    taken = self.snapshot(self.source)["snapshot_id"]
    (manifest,) = (self.program.repository / "snapshots").glob("*/*")
    copy = manifest.with_name(f"{manifest.name[:8]}T000000.000000000Z-{taken}.json")
    copy.write_bytes(b"damaged")
    for command in ("check", "repair"):
      result = self.call(command, code=1)
      self.assertIn(f"remove the file, which is a copy of snapshots/{manifest.parent.name}/{manifest.name}",
                    result.text + result.errors)
      self.assertNotIn("chromasnap forget", result.text + result.errors)
    self.assertNotIn("hurts snapshot", self.call("check", code=1).text)
    self.call("prune")
    copy.unlink()
    self.assertTrue(self.check()["ok"])

  def test_a_wrong_bit_in_a_cached_document(self):
    for table, *command in (("snapshot", "check"), ("snapshot", "repair"), ("snapshot", "prune"),
                            ("note", "forget", "--keep-last", "9")):
      with self.subTest(table=table, command=command):
        self.write("one", os.urandom(1000))
        taken = self.snapshot(self.source)["snapshot_id"]
        self.check()
        for identifier, document in self.catalogue(f"SELECT id, document FROM {table}"):
          damaged = bytearray(document)
          damaged[document.index(b'"20') + 3] ^= 1
          self.catalogue(f"UPDATE {table} SET document = ? WHERE id = ?", bytes(damaged), identifier)
        self.assertIn("the local catalogue was damaged, and is removed", self.call(*command, code=1).errors)
        self.call(*command)
        self.assertTrue(self.check()["ok"])
        self.assertRestores(taken, self.source)

  def test_a_wrong_place_of_a_chunk_in_the_catalogue(self):
    taken = self.snapshot(self.source)["snapshot_id"]
    self.catalogue("UPDATE chunk SET checksum = checksum + 1 WHERE stored > 100000")
    self.call("restore", taken, "--to", self.home / "x", code=1)
    self.assertEqual(self.noted(), [])
    self.assertRestores(taken, self.source)
    self.assertTrue(self.check()["ok"])

  def test_values_that_do_not_fit_in_the_catalogue(self):
    for change in ("folder SET modified_ns = -1", "holding SET count = 'x'", "pack SET created = 'x'",
                   "pack SET kind = 1000", "snapshot SET document = 1"):
      with self.subTest(change=change):
        self.write("one", os.urandom(1000))
        self.call("pin", self.snapshot(self.source)["snapshot_id"])
        self.catalogue(f"UPDATE {change}")
        self.assertIn("the local catalogue was damaged, and is removed", self.call("check", code=1).errors)
        self.assertTrue(self.check()["ok"])

  def test_too_few_files_may_be_open(self):
    for number in range(20):
      self.write("one", os.urandom(1000))
      self.snapshot(self.source)
    self.call("check", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (66, 66)))
    self.assertTrue(self.check()["ok"])


if __name__ == "__main__":
  unittest.main()
