"""Ways in which backups are lost, played through from outside: each must lose nothing."""

import os
import shutil
import subprocess
import unittest

import trees
from support import Case, Program


class Rules(Case):
  def setUp(self):
    super().setUp()
    self.source = self.home / "source"
    self.source.mkdir()
    (self.source / "large").write_bytes(os.urandom(6_000_000))
    self.taken = []

  def take(self):
    (self.source / "part").write_bytes(os.urandom(2_000_000))
    with open(self.source / "large", "r+b") as file:
      file.seek(len(self.taken) * 600_000)
      file.write(os.urandom(100))
    identifier = self.snapshot(self.source)["snapshot_id"]
    self.taken.append((identifier, trees.describe(self.source)))

  def copy_repository(self, target):
    subprocess.run(["cp", "-a", self.program.repository, target], check=True)

  def forgetful(self):
    """The same repository, seen without any cache."""
    program = Program(self.home)
    program.cache = self.home / "empty-cache"
    shutil.rmtree(program.cache, ignore_errors=True)
    return program

  def assert_all_restore(self, taken, program=None):
    for identifier, expected in taken:
      self.assertRestores(identifier, expected, program=program)

  def test_a_repository_put_back_to_an_earlier_state(self):
    """The catalogue knows packs and snapshots that are no longer there, and misses ones that are again."""
    for _ in range(4):
      self.take()
    earlier = self.home / "earlier"
    self.copy_repository(earlier)
    self.call("forget", "--keep-last", "1")
    self.call("prune", "--max-unused", "0")
    self.take()
    shutil.rmtree(self.program.repository)
    earlier.rename(self.program.repository)

    self.assertEqual({entry["id"] for entry in self.snapshots()}, {identifier for identifier, _ in self.taken[:4]})
    self.assert_all_restore(self.taken[:4])
    self.assertTrue(self.check()["ok"])
    # What the lost snapshot held is stored again, not taken for known.
    identifier = self.snapshot(self.source)["snapshot_id"]
    self.assertRestores(identifier, self.source, program=self.forgetful())
    self.call("forget", "--keep-last", "2")
    self.call("prune", "--max-unused", "0")
    self.assertTrue(self.check()["ok"])
    self.assertTrue(self.check(program=self.forgetful())["ok"])
    self.assert_all_restore(self.taken[3:4])

  def test_a_snapshot_right_after_the_repository_was_put_back(self):
    """As before, but the first to look is a snapshot: it must not rest on what only the catalogue remembers."""
    self.take()
    earlier = self.home / "earlier"
    self.copy_repository(earlier)
    self.take()
    shutil.rmtree(self.program.repository)
    earlier.rename(self.program.repository)
    identifier = self.snapshot(self.source)["snapshot_id"]
    self.assertRestores(identifier, self.source)
    self.assertRestores(identifier, self.source, program=self.forgetful())
    self.assertTrue(self.check(program=self.forgetful())["ok"])

  def test_a_copied_repository_goes_its_own_way(self):
    """Two repositories of one id, used in turn with one cache."""
    self.take()
    copy = Program(self.home)
    copy.repository = self.home / "copied"
    self.copy_repository(copy.repository)
    for number in range(3):
      (self.source / f"mine-{number}").write_bytes(os.urandom(500_000))
      first = self.snapshot(self.source)["snapshot_id"]
      self.assertRestores(first, self.source)
      second = self.snapshot(self.source, program=copy)["snapshot_id"]
      self.assertRestores(second, self.source, program=copy)
      self.call("forget", "--keep-last", "1", "--prune", program=copy)
    for program in (self.program, copy):
      self.assertTrue(self.check(program=program)["ok"])
      program.cache = self.home / "empty-cache"
      shutil.rmtree(program.cache, ignore_errors=True)
      self.assertTrue(self.check(program=program)["ok"])
    self.assertEqual((len(self.snapshots()), len(self.snapshots(program=copy))), (4, 1))

  def test_two_machines_on_one_repository(self):
    """Each has a cache of its own that does not hear of what the other prunes."""
    other = Program(self.home)
    other.cache = self.home / "other-cache"
    for _ in range(4):
      self.take()
      self.snapshot(self.source, program=other)
      self.call("forget", "--keep-last", "2", program=other)
      self.call("prune", "--max-unused", "0", program=other)
    for program in (self.program, other):
      self.assertTrue(self.check(program=program)["ok"])
      self.assertRestores("latest", self.source, program=program)

  def test_an_empty_source_does_not_rotate_the_real_one_out(self):
    self.take()
    shutil.rmtree(self.source)
    self.source.mkdir()
    for number in range(5):
      (self.source / "tiny").write_bytes(b"%d" % number)
      self.snapshot(self.source)
      self.call("forget", "--max-backups", "2", "--prune")
    self.assertIn(self.taken[0][0], {entry["id"] for entry in self.snapshots()})
    self.assert_all_restore(self.taken)

  def test_packs_of_an_interrupted_snapshot_are_no_base_once_pruned(self):
    """A pack that no snapshot names goes with the next prune, and nothing that came later rests on it."""
    self.take()
    (self.source / "orphaned").write_bytes(os.urandom(3_000_000))
    manifests = set((self.program.repository / "snapshots").rglob("*.json"))
    self.snapshot(self.source)
    for path in set((self.program.repository / "snapshots").rglob("*.json")) - manifests:
      path.unlink()
    self.assertEqual(len(self.snapshots()), 1)
    with open(self.source / "orphaned", "r+b") as file:
      file.seek(1_000_000)
      file.write(b"changed in place")
    identifier = self.snapshot(self.source)["snapshot_id"]
    self.call("prune", "--max-unused", "0")
    for program in (self.program, self.forgetful()):
      self.assertRestores(identifier, self.source, program=program)
      self.assertTrue(self.check(program=program)["ok"])

  def test_after_the_last_prune_the_space_is_back(self):
    for _ in range(6):
      self.take()
    self.call("forget", "--keep-last", "1")
    self.call("prune", "--max-unused", "0")
    size = sum(path.stat().st_size for path in self.program.repository.rglob("*") if path.is_file())
    self.assertLess(size, 8_000_000 * 1.02 + 100_000)
    self.assert_all_restore(self.taken[-1:])


if __name__ == "__main__":
  unittest.main()
