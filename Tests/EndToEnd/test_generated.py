"""Round trips over random directories: every kind of entry, changed at random, each snapshot restored bit for bit."""

import os
import socket
import unittest

import trees
from directories import Directory
from support import QUICK, Case, settle

SEEDS = range(1, 3 if QUICK else 7)
ROUNDS = 4


class Generated(Case):
  def test_round_trips(self):
    for seed in SEEDS:
      with self.subTest(seed=seed):
        self.round_trips(seed)

  def round_trips(self, seed):
    source = self.home / f"source-{seed}"
    directory = Directory(source, seed)
    directory.grow()
    taken = []
    for number in range(ROUNDS):
      if number:
        directory.change()
      before = trees.describe(source)
      summary = self.snapshot(source)
      self.assertSameTree(before, source, "the source changed")
      self.assertEqual(summary["files_skipped"], 0)
      taken.append((summary["snapshot_id"], before))
    self.assertTrue(self.check()["ok"])
    for identifier, expected in taken:
      self.assertRestores(identifier, expected)

  def test_unchanged_files_keep_their_metadata(self):
    """A second snapshot reuses what it did not read, with modes, attributes, links and holes as they were."""
    source = self.home / "source"
    Directory(source, 77).grow()
    settle()
    expected = trees.describe(source)
    self.snapshot(source)
    summary = self.snapshot(source)
    self.assertEqual(summary["files_changed"] + summary["files_new"], 0)
    self.assertEqual(summary["bytes_read"], 0)
    self.assertTrue(summary["unchanged"])
    self.assertRestores("latest", expected)

  def test_metadata_alone_changes(self):
    source = self.home / "source"
    source.mkdir()
    file = source / "file"
    file.write_bytes(b"x" * 1000)
    self.snapshot(source)
    os.chmod(file, 0o640)
    os.utime(file, ns=(10**18, 10**18))
    os.setxattr(file, "user.colour", b"blue")
    expected = trees.describe(source)
    summary = self.snapshot(source)
    self.assertFalse(summary["unchanged"])
    self.assertRestores("latest", expected)

  def test_times_outside_the_ordinary(self):
    source = self.home / "source"
    source.mkdir()
    for number, nanoseconds in enumerate((0, 1, -1, -10**18, 2**31 * 10**9 + 5, 4 * 10**18, 999_999_999)):
      path = source / str(number)
      path.write_bytes(b"t")
      os.utime(path, ns=(nanoseconds, nanoseconds))
    expected = trees.describe(source)
    self.snapshot(source)
    self.assertRestores("latest", expected)

  def test_sparse_files_stay_sparse(self):
    source = self.home / "source"
    source.mkdir()
    with open(source / "hole", "wb") as file:
      file.truncate(64 << 20)
      file.seek(32 << 20)
      file.write(b"island" * 1000)
    with open(source / "only-a-hole", "wb") as file:
      file.truncate(20 << 20)
    expected = trees.describe(source)
    summary = self.snapshot(source)
    self.assertLess(summary["bytes_stored"], 200_000)
    target = self.restore("latest")
    self.assertSameTree(expected, target)
    self.assertLess(trees.allocated(target), 2 << 20)

  def test_zeros_that_are_not_holes_cost_nothing(self):
    source = self.home / "source"
    source.mkdir()
    (source / "zeros").write_bytes(bytes(8 << 20))
    expected = trees.describe(source)
    self.snapshot(source)
    self.assertRestores("latest", expected)

  def test_empty_directory(self):
    source = self.home / "source"
    source.mkdir()
    os.chmod(source, 0o750)
    expected = trees.describe(source)
    self.snapshot(source)
    self.assertRestores("latest", expected)

  def test_other_kinds_are_skipped_and_said(self):
    source = self.home / "source"
    source.mkdir()
    (source / "kept").write_bytes(b"kept")
    os.mkfifo(source / "pipe")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.path.join(os.path.relpath(source), "socket"))
    listener.close()
    summary = self.snapshot(source, code=3)
    self.assertEqual({warning["path"] for warning in summary["warnings"]}, {"pipe", "socket"})
    self.assertEqual(summary["files_skipped"], 2)
    target = self.restore("latest")
    self.assertEqual(os.listdir(target), ["kept"])

  def test_deep_and_wide(self):
    source = self.home / "source"
    deep = source
    for _ in range(60):
      deep = deep / "deeper"
    deep.mkdir(parents=True)
    (deep / "bottom").write_bytes(b"bottom")
    wide = source / "wide"
    wide.mkdir()
    for number in range(3000):
      (wide / f"{number:05d}").write_bytes(b"%d" % number)
    expected = trees.describe(source)
    self.snapshot(source)
    self.assertRestores("latest", expected)


if __name__ == "__main__":
  unittest.main()
