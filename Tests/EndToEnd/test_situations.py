"""The situations that the old scripts' users knew by name: each is said clearly, with what to do."""

import hashlib
import json
import os
import os
import shutil
import subprocess
import sys
import unittest

import trees
from support import FIXTURES, NOBODY, PROGRAM, ROOT, Case, Program, chroma


class Situations(Case):
  def setUp(self):
    super().setUp()
    self.source = self.home / "chroma_db"
    shutil.copytree(FIXTURES / "chroma-1.5.9", self.source)

  def assertSaid(self, result, *words):
    text = result.text + result.errors
    for word in words:
      self.assertIn(word, text)
    self.assertNotIn("SnapshotError", text)

  def test_chromadb_in_use(self):
    """No obstacle to a snapshot; a restore names the process, says what to do, and changes nothing."""
    user = subprocess.Popen(
      [sys.executable, "-c", "import sys; f = open(sys.argv[1], 'rb'); print('open', flush=True); sys.stdin.read()",
       self.source / "chroma.sqlite3"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
      user.stdout.readline()
      self.call("snapshot", self.source)
      before = trees.describe(self.source)
      result = self.call("restore", "--yes", code=1)
      self.assertSaid(result, "ChromaDB in use", f"process {user.pid}", str(self.source), "Stop it first")
      self.assertEqual(self.call("restore", "--yes", "--json", code=1).summary["code"], "target_busy")
      self.assertEqual(trees.describe(self.source), before)
      self.call("snapshot", self.source, "--offline", code=1)
    finally:
      user.communicate()
    self.call("restore", "--yes")

  @unittest.skipUnless(ROOT, "only root can become another user")
  def test_permission_denied(self):
    home = self.home / "nobody"
    home.mkdir()
    shutil.copy(PROGRAM, home / "chromasnap")
    os.chown(home, NOBODY, NOBODY)
    for path in (self.home, home, home / "chromasnap", self.source):
      path.chmod(0o755)
    nobody = Program(home, home / "chromasnap", NOBODY)
    for path in self.source.rglob("*"):
      path.chmod(0o755 if path.is_dir() else 0o644)
    # May read, not write: the database can't be held still.
    result = self.call("snapshot", self.source, code=1, program=nobody)
    self.assertSaid(result, "chroma.sqlite3", "not writable", "Run it as the owner", "--offline")
    self.call("snapshot", self.source, "--offline", program=nobody)
    # May read the folder, and not the database: that is no snapshot of a folder without it.
    database = self.source / "chroma.sqlite3"
    database.chmod(0o600)
    for command in ("snapshot", "health"):
      result = self.call(command, self.source, code=1, program=nobody)
      self.assertSaid(result, str(database), "ermission denied", "owner")
    database.chmod(0o644)
    # May not even read.
    self.source.chmod(0o700)
    result = self.call("snapshot", self.source, code=1, program=nobody)
    self.assertSaid(result, str(self.source), "ermission denied", "owner")
    # May not write where it is to go.
    closed = self.home / "closed"
    closed.mkdir(mode=0o755)
    self.source.chmod(0o755)
    for arguments in (["restore", "latest", "--to", closed / "target"], ["export", "latest", closed / "out.zip"],
                      ["snapshot", self.source, "--offline", "--repo", closed / "repository"]):
      with self.subTest(command=arguments[0]):
        result = self.call(*arguments, code=1, program=nobody)
        self.assertSaid(result, str(closed), "ermission denied", "Run it as the owner, or give this user permission")
        self.assertError(nobody.run(*arguments, "--json"), 1)
    self.assertEqual(os.listdir(closed), [])

  def test_repository_is_a_file(self):
    file = self.home / "file"
    file.write_text("not a repository")
    for arguments, code in ((["list"], 10), (["check"], 10), (["snapshot", self.source], 1), (["init"], 1)):
      with self.subTest(command=arguments[0]):
        result = self.call(*arguments, "--repo", file, code=code)
        self.assertSaid(result, str(file))
        self.assertNotIn("audit", result.errors)
    self.assertEqual(file.read_text(), "not a repository")

  def test_backup_corrupted(self):
    self.snapshot(self.source)
    packs = [path for path in (self.program.repository / "packs").rglob("*") if path.is_file()]
    largest = max(packs, key=lambda path: path.stat().st_size)
    largest.chmod(0o600)
    data = bytearray(largest.read_bytes())
    data[len(data) // 2] ^= 0xFF
    largest.write_bytes(data)
    target = self.home / "target"
    result = self.call("restore", "latest", "--to", target, code=1)
    self.assertSaid(result, largest.name, "chromasnap check --read-data", "chromasnap repair")
    self.assertFalse(target.exists())
    result = self.call("check", "--read-data", code=1)
    self.assertSaid(result, "problem: ", "hurts snapshot", "take a snapshot", "chromasnap repair")
    # What it says helps: the source still has it.
    self.call("repair")
    self.assertRestores("latest", self.source)

  def test_collection_count_mismatch(self):
    """A manifest that says other counts than the directory holds; that of old ZIPs is in test_migration."""
    self.snapshot(self.source)
    manifest = next(path for path in (self.program.repository / "snapshots").rglob("*.json"))
    content = json.loads(manifest.read_bytes())
    collection = content["chroma"]["collections"][0]
    collection["records"] += 5
    forged = json.dumps(content).encode()
    name = manifest.name.removesuffix(".json")[:-64] + hashlib.sha256(forged).hexdigest() + ".json"
    manifest.unlink()
    (manifest.parent / name).write_bytes(forged)
    target = self.home / "target"
    result = self.call("restore", "latest", "--to", target, code=3)
    self.assertSaid(result, "collection count mismatch", collection["name"], f"says {collection['records']}",
                    "chromasnap health")
    self.assertEqual(trees.contents(target), trees.contents(self.source))
    self.assertSaid(self.call("drill", code=1), "collection count mismatch")

  def test_records_that_came_and_went_are_named(self):
    """Between a snapshot and now another count is normal: diff says which records."""
    self.snapshot(self.source)
    chroma("1.5.9", "change_directory.py", self.source, "--dimension", "8", "--add", "6",
           "--update", "0", "--delete", "3")
    self.snapshot(self.source)
    text = self.call("diff", "latest~1", "latest", "--records").text
    self.assertRegex(text, r"(?m)^\s*\+")
    self.assertRegex(text, r"(?m)^\s*-")


if __name__ == "__main__":
  unittest.main()
