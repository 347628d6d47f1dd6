"""Directories that real ChromaDB wrote: snapshot, change, snapshot again; every snapshot restores bit for bit, and the
real ChromaDB answers from it as it did from the original."""

import unittest

import trees
from support import FIXTURES, Case, chroma, chroma_versions

ROUNDS = 4
SIZE = ["--records", "1500", "--dimension", "32", "--sync-threshold", "200"]


class ChromaVersions(Case):
  def fixture(self, version):
    original = FIXTURES / f"chroma-{version}"
    source = self.copy(original)
    before = trees.describe(source)

    summary = self.snapshot(source)
    self.assertEqual(summary["source_kind"], "chroma")
    self.assertEqual(summary["files_new"], len(trees.contents(source)))
    self.assertSameTree(before, source, "the source changed")
    target = self.restore("latest")
    self.assertSameTree(before, target)
    expected = (FIXTURES / f"chroma-{version}.expected.jsonl").read_bytes()
    self.assertEqual(chroma(version, "records.py", target, "--queries", "5"), expected)

  def life(self, version):
    source = self.home / "chroma"
    chroma(version, "make_directory.py", source, *SIZE)
    copies, first_stored = [], 0
    for revision in range(1, ROUNDS + 1):
      if revision > 1:
        chroma(version, "change_directory.py", source, "--revision", revision)
      summary = self.snapshot(source)
      copies.append((summary["snapshot_id"], self.copy(source)))
      if revision > 1:
        self.assertEqual(summary["parent"], copies[-2][0])
        self.assertLess(summary["bytes_stored"], first_stored / 2)
      else:
        first_stored = summary["bytes_stored"]

    self.assertTrue(self.check()["ok"])
    for number, (identifier, copy) in enumerate(copies):
      target = self.restore(identifier)
      self.assertSameTree(copy, target, f"snapshot {identifier}")
      if number in (0, ROUNDS - 1):
        self.assertEqual(chroma(version, "records.py", target), chroma(version, "records.py", copy))
      self.discard(target)
    self.call("forget", "--keep-last", "1", "--prune")
    self.assertEqual([entry["id"] for entry in self.snapshots()], [copies[-1][0]])
    self.assertTrue(self.check()["ok"])
    self.assertRestores("latest", copies[-1][1])


def add_tests():
  """A test per version, so that each stands in the report by name."""
  for version in chroma_versions():
    name = version.replace(".", "_")
    setattr(ChromaVersions, f"test_fixture_{name}", lambda self, version=version: self.fixture(version))
    setattr(ChromaVersions, f"test_life_{name}", lambda self, version=version: self.life(version))


add_tests()

if __name__ == "__main__":
  unittest.main()
