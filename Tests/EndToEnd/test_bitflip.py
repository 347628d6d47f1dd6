"""A flipped bit in any file of a repository: check finds it, no restore yields a wrong byte, a snapshot heals it."""

import random
import shutil
import subprocess
import unittest

import trees
from support import FIXTURES, QUICK, Case, Program, settle

ROUNDS = 2 if QUICK else 6  # for each kind of file
KINDS = ("config", "packs", "snapshots", "notes")


class BitFlip(Case):
  def setUp(self):
    super().setUp()
    self.dice = random.Random(9)
    self.source = self.copy(FIXTURES / "chroma-1.5.9")
    (self.source / "noise").write_bytes(self.dice.randbytes(400_000))
    (self.source / "words").write_bytes(b" ".join(b"word%d" % (n * n % 997) for n in range(60_000)))
    self.taken = []
    self.take()
    with open(self.source / "noise", "r+b") as file:
      file.seek(100_000)
      file.write(b"changed in place")
    with open(self.source / "chroma.sqlite3", "r+b") as file:
      file.seek(200_000)
      file.write(b"changed in place")
    (self.source / "new").write_bytes(self.dice.randbytes(50_000))
    self.take()
    self.call("pin", self.taken[0][0])
    self.pristine = self.home / "pristine"
    subprocess.run(["cp", "-a", self.program.repository, self.pristine], check=True)
    settle()

  def take(self):
    identifier = self.snapshot(self.source)["snapshot_id"]
    self.taken.append((identifier, trees.describe(self.source)))

  def files(self, kind):
    return sorted(path for path in (self.pristine / kind).rglob("*") if path.is_file())

  def flip(self, path, bit):
    """Puts the repository back as it was, but for one bit."""
    shutil.rmtree(self.program.repository)
    subprocess.run(["cp", "-a", self.pristine, self.program.repository], check=True)
    victim = self.program.repository / path.relative_to(self.pristine)
    victim.chmod(0o600)
    data = bytearray(victim.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    victim.write_bytes(data)

  def flips(self, kind):
    """Random bits of files of one kind, and the first and last byte of each file: headers and footers."""
    files = self.files(kind)
    chosen = []
    for path in files:
      size = path.stat().st_size
      chosen += [(path, self.dice.randrange(8)), (path, (size - 1) * 8 + self.dice.randrange(8))]
    chosen = self.dice.sample(chosen, min(ROUNDS, len(chosen)))
    for _ in range(ROUNDS if files else 0):
      path = self.dice.choice(files)
      chosen.append((path, self.dice.randrange(path.stat().st_size * 8)))
    return chosen

  def each_flip(self, body, kinds=KINDS):
    """Calls body once for every chosen bit, with the repository that has it flipped."""
    for kind in kinds:
      for path, bit in self.flips(kind):
        self.flip(path, bit)
        with self.subTest(file=str(path.relative_to(self.pristine)), size=path.stat().st_size, bit=bit):
          body()

  def forgetful(self):
    """The same repository seen by a machine that has no cache of it."""
    program = Program(self.home)
    program.cache = self.home / "empty-cache"
    shutil.rmtree(program.cache, ignore_errors=True)
    return program

  def assert_never_wrong(self, program):
    """Every snapshot restores as it was, or with an error and nothing in place."""
    wholes = 0
    for identifier, expected in self.taken:
      target = self.home / "out" / "target"
      shutil.rmtree(target.parent, ignore_errors=True)
      result = program.run("restore", identifier, "--to", target)
      if result.code == 0:
        self.assertSameTree(expected, target, f"wrong bytes of {identifier}")
        wholes += 1
      else:
        self.assertGreater(len(result.stderr), 0)
        self.assertFalse(target.exists(), f"exit {result.code}, and yet there is a target\n{result}")
    return wholes

  def test_check_finds_every_flip(self):
    def examine():
      for program in (self.program, self.forgetful()):
        result = program.run("check", "--read-data", "--json")
        self.assertEqual(result.code, 1, str(result))
        if result.summary["message_type"] != "error":
          self.assertFalse(result.summary["ok"])
          self.assertGreater(len(result.summary["errors"]), 0)

    self.each_flip(examine)

  def test_restore_is_never_wrong(self):
    def examine():
      for program in (self.program, self.forgetful()):
        self.assert_never_wrong(program)

    self.each_flip(examine)

  def test_next_snapshot_heals(self):
    """Once check has seen the damage, the next snapshot stores anew what it needs."""
    def examine():
      for program in (self.program, self.forgetful()):
        program.run("check", "--read-data")
        summary = self.snapshot(self.source, program=program)
        self.assertRestores(summary["snapshot_id"], self.source, program=program)
        self.assert_never_wrong(program)

    self.each_flip(examine, ("packs",))

  def test_snapshot_after_unseen_damage_is_never_wrong(self):
    """Before anybody has looked, a new snapshot may rest on a bad chunk, but never restores as something else."""
    def examine():
      (self.source / "new").write_bytes(self.dice.randbytes(50_000))
      result = self.program.run("snapshot", self.source, "--json")
      if result.code == 0:
        self.taken.append((result.summary["snapshot_id"], trees.describe(self.source)))
        self.assert_never_wrong(self.program)
        self.taken.pop()

    self.each_flip(examine, ("packs", "snapshots"))

  def test_repair_with_the_source(self):
    """The source still has it: repair stores it anew, and every snapshot that it could mend restores again."""
    def examine():
      before = {entry["id"] for entry in self.snapshots()}
      self.program.run("check", "--read-data")
      result = self.program.run("repair", "--json")
      self.assertIn(result.code, (0, 1, 3), str(result))
      after = {entry["id"] for entry in self.snapshots()}
      self.assertLessEqual(before, after, "repair deleted a snapshot")
      self.assertGreaterEqual(self.assert_never_wrong(self.program), 1)
      self.assertRestores(self.taken[-1][0], self.taken[-1][1])

    self.each_flip(examine, ("packs",))

  def test_repair_without_the_source(self):
    """What can't be saved is dropped into a new snapshot marked incomplete; the old manifest stays."""
    self.first_states()
    self.source.rename(self.home / "away")
    marked = []
    def examine():
      before = {entry["id"] for entry in self.snapshots()}
      self.program.run("check", "--read-data")
      result = self.program.run("repair", "--json")
      self.assertIn(result.code, (0, 1, 3), str(result))
      entries = self.snapshots()
      self.assertLessEqual(before, {entry["id"] for entry in entries}, "repair deleted a snapshot")
      self.assert_never_wrong(self.program)
      for entry in entries:
        if entry["id"] not in before:
          marked.append(entry["id"])
          self.assertFalse(entry["complete"])
          # Of an incomplete snapshot Chroma may miss something: exit 3 says so.
          target = self.restore(entry["id"], code=(0, 3))
          for path, data in trees.contents(target).items():
            self.assertIn(data, self.first_states().get(path, []), f"{path!r} is in no state of the source")
          self.discard(target)

    self.each_flip(examine, ("packs",))
    self.assertTrue(marked, "no repair made a snapshot of what was left")

  def first_states(self):
    """Contents of every snapshot, restored once from the pristine repository."""
    if not hasattr(self, "states"):
      program = self.forgetful()
      program.repository = self.pristine
      self.states = {}
      for identifier, _ in self.taken:
        target = self.restore(identifier, program=program)
        for path, data in trees.contents(target).items():
          self.states.setdefault(path, []).append(data)
        self.discard(target)
    return self.states


if __name__ == "__main__":
  unittest.main()
