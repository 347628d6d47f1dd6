"""The independent reader (Tests/Reader/read_snapshot.py), written from the documented format alone, as an oracle: what
the program stored, it restores bit for bit; what the program calls sound, it finds sound."""

import itertools
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import trees
from directories import Directory
from support import FIXTURES, QUICK, TESTS, Case

READER = TESTS / "Reader" / "read_snapshot.py"
sys.path.insert(0, str(READER.parent))
import read_snapshot  # noqa: E402


class Reader(Case):
  def read(self, *arguments):
    process = subprocess.run([sys.executable, READER, *map(str, arguments)], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, timeout=300)
    self.assertEqual(process.returncode, 0, process.stdout.decode()[-2000:])

  def assertReads(self, identifier, expected):
    target = Path(tempfile.mkdtemp(prefix="read-", dir=self.home)) / "target"
    self.read(self.program.repository, identifier, target)
    self.assertSameTree(expected, target, f"snapshot {identifier}, by the reader")
    self.discard(target)

  def test_chroma(self):
    for fixture in sorted(FIXTURES.glob("chroma-*/chroma.sqlite3")):
      with self.subTest(fixture=fixture.parent.name):
        source = self.copy(fixture.parent)
        identifier = self.snapshot(source)["snapshot_id"]
        self.assertReads(identifier, source)
    self.read("--check", self.program.repository)

  def test_generated(self):
    for seed in range(21, 22 if QUICK else 24):
      with self.subTest(seed=seed):
        source = self.home / f"source-{seed}"
        directory = Directory(source, seed)
        directory.grow()
        taken = []
        for _ in range(3):
          directory.change()
          taken.append((self.snapshot(source)["snapshot_id"], trees.describe(source)))
        for identifier, expected in taken:
          self.assertReads(identifier, expected)
    self.read("--check", self.program.repository)

  def test_what_is_changed_in_place_stays_cut_as_it_was(self):
    """Even where the change is what said where to cut: the chunks behind it say that nothing was moved."""
    source = self.home / "source"
    source.mkdir()
    data = bytearray(os.urandom(40 << 20))
    (source / "long").write_bytes(data)
    self.snapshot(source)
    cuts = self.cuts("long")
    segment = 16 << 20
    changed = [cut for cut, following in zip(cuts[::2], cuts[1::2]) if cut % segment and following % segment][:-1]
    self.assertGreater(len(changed), 30)
    for cut in changed:
      data[cut - 64:cut] = os.urandom(64)
    (source / "long").write_bytes(data)
    second = self.snapshot(source)
    self.assertEqual(self.cuts("long"), cuts)
    self.assertLess(second["bytes_stored"], 3000 * len(changed))
    self.assertReads("latest", source)

  def test_what_was_moved_is_cut_anew_where_it_was_changed_alone(self):
    source = self.home / "source"
    source.mkdir()
    data = os.urandom(12 << 20)
    (source / "long").write_bytes(data)
    self.snapshot(source)
    cuts = self.cuts("long")
    # The last bytes of a chunk, and more of them than there were.
    (source / "long").write_bytes(data[:cuts[4] - 30] + os.urandom(100) + data[cuts[4]:])
    second = self.snapshot(source)
    self.assertEqual({cut + 70 for cut in cuts[20:]}, {cut for cut in self.cuts("long") if cut > cuts[20]})
    self.assertLess(second["bytes_stored"], 8 << 20)
    self.assertReads("latest", source)

  def cuts(self, name):
    """Where the chunks of a file at the top of the newest snapshot end."""
    repository = read_snapshot.Repository(self.program.repository)
    tree = read_snapshot.Restore(repository).tree
    root = repository.manifest("latest")["tree"]
    top, = tree((root["length"], root["depth"], bytes.fromhex(root["root"])))
    content = next(entry["content"] for entry in tree(top["content"]) if entry["name"] == name.encode())
    return list(itertools.accumulate(len(chunk) for chunk in repository.content(*content)))

  def test_chains_of_patches_and_repacked_packs(self):
    source = self.home / "source"
    source.mkdir()
    (source / "data.f32").write_bytes(b"".join(bytes((n % 251, n % 7, n % 127, 0x3D)) for n in range(300_000)))
    (source / "chroma.sqlite3").write_bytes((FIXTURES / "chroma-1.5.9" / "chroma.sqlite3").read_bytes())
    for number in range(40):
      for name in ("data.f32", "chroma.sqlite3"):
        with open(source / name, "r+b") as file:
          file.seek(200_000 + 700 * number)
          file.write(b"change %d" % number)
      expected = trees.describe(source)
      # A database without its index folders, and damaged on purpose: bytes are what this is about.
      identifier = self.snapshot(source, "--no-health", code=(0, 3))["snapshot_id"]
    self.assertReads(identifier, expected)
    self.call("forget", "--keep-last", "3")
    self.call("prune", "--max-unused", "0")
    self.assertReads("latest", expected)
    self.read("--check", self.program.repository)


if __name__ == "__main__":
  unittest.main()
