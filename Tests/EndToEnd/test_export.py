"""Exports: any unzip program opens them, and real ChromaDB answers from what it extracts."""

import json
import os
import subprocess
import unittest
import zipfile

import trees
from support import FIXTURES, Case, chroma

METADATA = "backup_metadata.json"


class Export(Case):
  def setUp(self):
    super().setUp()
    self.source = self.copy(FIXTURES / "chroma-1.5.9")
    self.first = self.snapshot(self.source)

  def test_an_ordinary_zip(self):
    archive = self.home / "out.zip"
    summary = self.call("export", "latest", archive, "--json").summary
    self.assertEqual(summary["bytes"], archive.stat().st_size)
    self.assertEqual(archive.stat().st_mode & 0o777, 0o600)
    subprocess.run(["unzip", "-tq", archive], check=True, stdout=subprocess.DEVNULL)
    target = self.home / "unzipped"
    with zipfile.ZipFile(archive) as opened:
      self.assertIsNone(opened.testzip())
      opened.extractall(target)
    metadata = json.loads((target / METADATA).read_text())
    self.assertEqual(metadata["backup_name"], self.first["name"])
    self.assertEqual(sum(entry["records"] for entry in metadata["collections"]), 77)
    (target / METADATA).unlink()
    self.assertEqual(trees.contents(target), trees.contents(self.source))
    expected = (FIXTURES / "chroma-1.5.9.expected.jsonl").read_bytes()
    self.assertEqual(chroma("1.5.9", "records.py", target, "--queries", "5"), expected)

  def test_the_same_snapshot_gives_the_same_bytes(self):
    for name in ("a.zip", "b.zip"):
      self.call("export", "latest", self.home / name)
    self.assertEqual((self.home / "a.zip").read_bytes(), (self.home / "b.zip").read_bytes())

  def test_nothing_is_replaced(self):
    archive = self.home / "out.zip"
    archive.write_text("mine")
    error = self.call("export", "latest", archive, "--json", code=1).summary
    self.assertEqual(error["code"], "target_exists")
    self.assertEqual(archive.read_text(), "mine")
    self.assertEqual([path.name for path in self.home.glob("out.zip*")], ["out.zip"])

  def test_its_own_metadata_are_left_out_and_that_is_said(self):
    (self.source / METADATA).write_text("mine")
    self.snapshot(self.source)
    result = self.call("export", "latest", self.home / "file.zip", "--json", code=3)
    warning, = result.summary["warnings"]
    self.assertEqual((warning["code"], warning["path"]), ("left_out", METADATA))
    (self.source / METADATA).unlink()
    (self.source / METADATA).mkdir()
    (self.source / METADATA / "below").write_text("mine")
    self.snapshot(self.source)
    self.assertIn("warning: " + METADATA, self.call("export", "latest", self.home / "folder.zip", code=3).errors)
    for name in ("file.zip", "folder.zip"):
      with zipfile.ZipFile(self.home / name) as opened:
        self.assertEqual([entry for entry in opened.namelist() if METADATA in entry], [METADATA])
        self.assertIn("snapshot_id", json.loads(opened.read(METADATA)))
    self.call("snapshot", self.source, "--zip", code=3)
    self.call("export", "--all", self.home / "all", code=3)

  def test_what_a_zip_can_not_hold(self):
    (self.source / "c:").write_bytes(b"x")
    self.snapshot(self.source)
    error = self.call("export", "latest", self.home / "out.zip", "--json", code=1).summary
    self.assertEqual(error["message"], "an entry's name starts with a drive letter (entry \"c:\")")
    self.assertIn("chromasnap restore", error["hint"])
    self.assertNotIn("Unpack", error["message"] + error["hint"])

  def test_any_name_that_a_file_may_have(self):
    folder = os.fsencode(self.home) + b"/nu\xff"
    os.mkdir(folder)
    for name in (folder + b"/x.zip", folder + b"/" + b"n" * 251 + b".zip"):
      self.call("export", "latest", name)
      with open(name, "rb") as file, zipfile.ZipFile(file) as opened:
        self.assertIsNone(opened.testzip())
    self.assertEqual(len(os.listdir(folder)), 2)

  def test_all(self):
    (self.source / "new").write_bytes(b"x" * 3_000_000)
    second = self.snapshot(self.source)
    folder = self.home / "zips"
    self.call("export", "--all", folder)
    self.assertEqual({path.name for path in folder.iterdir()}, {f"{self.first['name']}.zip", f"{second['name']}.zip"})
    with zipfile.ZipFile(folder / f"{second['name']}.zip") as opened:
      self.assertEqual(opened.read("new"), b"x" * 3_000_000)

  def test_all_of_a_source(self):
    other = self.home / "other"
    other.mkdir()
    taken = self.snapshot(other)
    folder = self.home / "zips"
    lines = self.call("export", "--all", folder, "--source", other, "--json").lines
    self.assertEqual([line["message_type"] for line in lines], ["file", "summary"])
    self.assertEqual([path.name for path in folder.iterdir()], [f"{taken['name']}.zip"])
    self.call("export", "--all", folder, "--as-of", "2026-01-01", code=64)

  def test_all_names_what_is_missing(self):
    packs = set(self.program.repository.glob("packs/*/*"))
    (self.source / "new").write_bytes(os.urandom(3_000_000))
    second = self.snapshot(self.source)
    pack = max(set(self.program.repository.glob("packs/*/*")) - packs, key=lambda path: path.stat().st_size)
    pack.chmod(0o600)
    data = bytearray(pack.read_bytes())
    data[len(data) // 2] ^= 0xFF
    pack.write_bytes(data)
    folder = self.home / "zips"
    summary = self.call("export", "--all", folder, "--json", code=3).summary
    self.assertEqual((summary["exported"], summary["failed"]), (1, 1))
    warning, = summary["warnings"]
    self.assertEqual((warning["code"], warning["path"]), ("damaged", str(folder / f"{second['name']}.zip")))
    self.assertIn("new can't be exported: ", warning["message"])
    result = self.call("export", "--all", folder, code=3)
    self.assertIn(f"{second['name']}.zip: ", result.errors)
    self.assertIn("exported 0 snapshots; 1 failed", result.text)


if __name__ == "__main__":
  unittest.main()
