"""kill -9 at random moments of snapshot and of prune: nothing that was committed is ever lost, and work goes on."""

import os
import random
import shutil
import subprocess
import time
import unittest

import trees
from directories import Directory
from support import QUICK, ROOT, Case, Program, kill

SNAPSHOT_ROUNDS = 8 if QUICK else 20
PRUNE_ROUNDS = 6 if QUICK else 14


class Kill(Case):
  def setUp(self):
    super().setUp()
    self.dice = random.Random(4)
    self.source = self.home / "source"
    self.directory = Directory(self.source, 4)
    self.directory.grow(80)
    self.taken, self.noise = [], []

  def take(self):
    identifier = self.snapshot(self.source)["snapshot_id"]
    self.taken.append((identifier, trees.describe(self.source)))

  def seconds_for(self, *arguments):
    started = time.monotonic()
    self.call(*arguments)
    return time.monotonic() - started

  def add_noise(self, count=4):
    """Bytes that no pack holds yet, so that a snapshot has something to write."""
    for _ in range(count):
      self.noise.append(self.source / f"noise-{len(self.noise)}")
      self.noise[-1].write_bytes(self.dice.randbytes(3_000_000))
    for path in self.noise[:-8]:
      if path.is_file():
        path.unlink()

  def all_restore(self, taken, program=None):
    for identifier, expected in taken:
      self.assertRestores(identifier, expected, program=program)

  def test_snapshot_killed(self):
    self.take()
    self.directory.change()
    self.add_noise()
    duration = self.seconds_for("snapshot", self.source)
    killed = 0
    known = {entry["id"] for entry in self.snapshots()}
    for round_number in range(SNAPSHOT_ROUNDS):
      self.directory.change(5)
      self.add_noise()
      process = self.program.start("snapshot", self.source)
      time.sleep(self.dice.random() * duration)
      killed += kill(process)
      present = {entry["id"] for entry in self.snapshots()}
      self.assertLessEqual(known, present, "an older snapshot is gone")
      known = present
      self.assertTrue(self.check()["ok"], f"round {round_number}")
      if round_number % 4 == 3:
        self.take()
        known = {entry["id"] for entry in self.snapshots()}
        self.all_restore(self.taken[:1] + self.taken[-2:])
    self.assertGreater(killed, SNAPSHOT_ROUNDS // 4, "hardly a snapshot was killed before its end")
    self.all_restore(self.taken)
    self.assert_no_leftovers()

  def assert_no_leftovers(self):
    """After the last prune the repository is no larger than one that only ever saw the last state."""
    # The last state is proved as well as any before it, so none of those is kept for being better.
    self.check()
    self.call("forget", "--keep-last", "1")
    self.assertEqual(len(self.snapshots()), 1)
    self.call("prune", "--max-unused", "0")
    fresh = Program(self.home / "fresh")
    fresh.home.mkdir()
    self.snapshot(self.source, program=fresh)
    def size(program):
      return sum(path.lstat().st_size for path in program.repository.rglob("*") if path.is_file())
    self.assertLess(size(self.program), size(fresh) * 1.1 + 200_000)
    self.assertTrue(self.check()["ok"])

  def test_what_an_interrupted_snapshot_stored_is_found_again(self):
    self.take()
    (self.source / "large").write_bytes(self.dice.randbytes(150_000_000))
    process = self.program.start("snapshot", self.source)
    packs = self.program.repository / "packs"
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
      if sum(path.stat().st_size for path in packs.rglob("*") if len(path.name) == 64) > 60_000_000:
        break
      time.sleep(0.002)
    if not kill(process):
      self.skipTest("the snapshot ended before it could be killed")
    summary = self.snapshot(self.source)
    self.assertLess(summary["bytes_stored"], 120_000_000)
    self.assertTrue(self.check()["ok"])
    self.assertRestores("latest", self.source)

  def test_prune_killed(self):
    for _ in range(6):
      self.directory.change()
      self.add_noise(2)
      self.take()
    self.call("forget", "--keep-last", "2")
    kept = self.taken[-2:]
    places = ((self.program.repository, self.home / "pristine"), (self.program.cache, self.home / "pristine-cache"))
    for place, pristine in places:
      subprocess.run(["cp", "-a", place, pristine], check=True)
    duration = self.seconds_for("prune", "--max-unused", "0")
    self.all_restore(kept)

    killed = 0
    for round_number in range(PRUNE_ROUNDS):
      for place, pristine in places:
        shutil.rmtree(place)
        subprocess.run(["cp", "-a", pristine, place], check=True)
      if round_number % 3 == 0:
        shutil.rmtree(self.program.cache)
      for _ in range(self.dice.randrange(1, 3)):
        process = self.program.start("prune", "--max-unused", "0")
        time.sleep(self.dice.random() * duration * 1.1)
        killed += kill(process)
      self.assertTrue(self.check()["ok"], f"round {round_number}")
      if round_number % 5 == 0:
        self.all_restore(kept)
        self.directory.change(3)
        self.snapshot(self.source)
        self.assertRestores("latest", self.source)
      self.call("prune", "--max-unused", "0")
      self.assertTrue(self.check()["ok"], f"round {round_number}, after the prune")
      self.all_restore(kept[-1:])
    self.assertGreater(killed, PRUNE_ROUNDS // 4, "hardly a prune was killed before its end")

  def test_restore_killed(self):
    """A restore that dies leaves the target as it was, or whole: never half."""
    self.take()
    old = self.home / "target"
    self.call("restore", "latest", "--to", old)
    before = trees.describe(old)
    self.directory.change(20)
    self.add_noise(8)
    self.take()
    after = self.taken[-1][1]
    duration = self.seconds_for("restore", "latest", "--to", self.home / "other")
    for _ in range(SNAPSHOT_ROUNDS // 2):
      process = self.program.start("restore", "latest", "--to", old, "--force")
      time.sleep(self.dice.random() * duration)
      kill(process)
      self.call("list")
      found = trees.describe(old)
      self.assertTrue(found in (before, after), "neither the old state nor the new")
      before = found
    self.call("restore", "latest", "--to", old, "--force")
    self.assertSameTree(after, old)

  def test_restore_killed_in_the_swap(self):
    """Killed as soon as its journal is there: the next command finishes what it says."""
    self.kill_in_the_swap(self.home / "target", self.home)

  @unittest.skipUnless(ROOT, "only root can mount")
  def test_restore_killed_in_the_swap_of_a_mount_point(self):
    disk = self.home / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", disk], stderr=subprocess.DEVNULL).returncode != 0:
      self.skipTest("no right to mount")
    self.addCleanup(subprocess.run, ["umount", disk], check=True)
    self.kill_in_the_swap(disk, disk)

  def kill_in_the_swap(self, target, workshop):
    """`workshop` is where the journal and what is kept for undo lie."""
    def files(folder):
      return {path: data for path, data in trees.contents(folder).items() if not path.startswith(b".chromasnap-")}
    def journals():
      return [name for name in os.listdir(workshop) if name.startswith(".chromasnap-journal")]

    states = []
    for _ in range(2):
      self.take()
      states.append((self.taken[-1][0], files(self.source)))
      self.directory.change(20)
    self.call("restore", states[0][0], "--to", target)
    killed = 0
    for number in range(SNAPSHOT_ROUNDS):
      process = self.program.start("restore", states[(number + 1) % 2][0], "--to", target, "--force")
      while process.poll() is None and not journals():
        pass
      killed += kill(process)
      # A snapshot of the target finishes what was begun.
      self.snapshot(target)
      self.assertIn(files(target), [state for _, state in states], "neither the old state nor the new")
      # One that was not finished (`.new`) said nothing yet; the next takes its place.
      self.assertFalse([name for name in journals() if not name.endswith(".new")])
    for identifier, state in states:
      self.call("restore", identifier, "--to", target, "--force")
      self.assertEqual(files(target), state)
    self.call("undo", target, "--yes")
    self.assertEqual(files(target), states[0][1])
    if killed == 0:
      self.skipTest("every restore ended before it could be killed")


if __name__ == "__main__":
  unittest.main()
