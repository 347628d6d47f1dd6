"""What the program creates is private; what it may not read or write is said."""

import os
import shutil
import sqlite3
import stat
import subprocess
import unittest

from support import FIXTURES, NOBODY, PROGRAM, ROOT, Case, Program


class Rights(Case):
  def setUp(self):
    super().setUp()
    self.source = self.home / "source"
    self.source.mkdir()
    (self.source / "file").write_bytes(os.urandom(300_000))

  def test_everything_is_private(self):
    old = os.umask(0)
    try:
      self.snapshot(self.source)
      self.call("pin", "latest")
      self.call("check", "--read-data")
      self.call("forget", "--keep-last", "1", "--prune")
    finally:
      os.umask(old)
    for place in (self.program.repository, self.program.cache):
      for path in (place, *place.rglob("*")):
        mode = stat.S_IMODE(path.lstat().st_mode)
        self.assertEqual(mode & 0o077, 0, f"{path} has mode {mode:o}")

  def test_restored_files_are_never_more_open_than_the_originals(self):
    (self.source / "file").chmod(0o600)
    self.source.chmod(0o700)
    old = os.umask(0)
    try:
      self.snapshot(self.source)
      self.assertRestores("latest", self.source)
    finally:
      os.umask(old)

  def as_nobody(self):
    """The program, run by a user who is not root, with a home of its own."""
    home = self.home / "nobody"
    home.mkdir()
    shutil.copy(PROGRAM, home / "chromasnap")
    for path in (self.home, home, home / "chromasnap"):
      path.chmod(0o755)
    os.chown(home, NOBODY, NOBODY)
    return Program(home, home / "chromasnap", NOBODY)

  @unittest.skipUnless(ROOT, "only root can become another user")
  def test_unreadable(self):
    program = self.as_nobody()
    self.source.chmod(0o755)
    (self.source / "file").chmod(0o644)
    (self.source / "secret").write_bytes(b"secret")
    (self.source / "secret").chmod(0o600)
    (self.source / "closed").mkdir()
    (self.source / "closed" / "inside").write_bytes(b"inside")
    (self.source / "closed").chmod(0o700)
    summary = self.snapshot(self.source, code=3, program=program)
    self.assertEqual({warning["path"] for warning in summary["warnings"]}, {"secret", "closed"})
    self.assertGreater(summary["files_skipped"], 0)
    result = self.call("snapshot", self.source, code=3, program=program)
    self.assertIn("secret", result.errors)
    target = program.home / "target"
    self.call("restore", "latest", "--to", target, program=program)
    self.assertEqual((target / "file").read_bytes(), (self.source / "file").read_bytes())
    self.assertFalse((target / "secret").exists())

    self.source.chmod(0o700)
    self.assertError(program.run("snapshot", self.source, "--json"), 1)
    self.assertEqual(len(self.snapshots(program=program)), 2)

  def chroma_of_nobody(self):
    directory = self.home / "chroma"
    shutil.copytree(FIXTURES / "chroma-1.5.9", directory)
    return directory

  def give_away(self, directory):
    subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", directory], check=True)

  @unittest.skipUnless(ROOT, "only root can become another user")
  def test_offline_a_log_counts_though_not_all_processes_can_be_seen(self):
    program, directory = self.as_nobody(), self.chroma_of_nobody()
    database = sqlite3.connect(directory / "chroma.sqlite3", isolation_level=None)
    database.execute("PRAGMA journal_mode=wal")
    database.execute("CREATE TABLE more(x)")
    left = self.home / "left"
    shutil.copytree(directory, left, ignore=shutil.ignore_patterns("*-shm"))
    database.close()
    self.give_away(left)
    summary = self.snapshot(left, "--offline", program=program)
    self.assertIn("recovered_log", [warning["code"] for warning in summary["warnings"]])
    target = program.home / "target"
    self.call("restore", summary["snapshot_id"], "--to", target, program=program)
    with sqlite3.connect(target / "chroma.sqlite3") as restored:
      self.assertEqual(restored.execute("SELECT count(*) FROM more").fetchone(), (0,))
    restored.close()

  @unittest.skipUnless(ROOT, "only root can become another user")
  def test_a_folder_that_can_not_be_read_is_left_out(self):
    program, directory = self.as_nobody(), self.chroma_of_nobody()
    self.give_away(directory)
    (directory / "lost+found").mkdir(0o700)
    for arguments in ((), ("--offline",)):
      summary = self.snapshot(directory, *arguments, code=3, program=program)
      self.assertIn("lost+found", [warning["path"] for warning in summary["warnings"]])

  @unittest.skipUnless(ROOT, "only root can become another user")
  def test_what_can_not_be_noted_takes_no_snapshot_back(self):
    program, directory = self.as_nobody(), self.chroma_of_nobody()
    self.give_away(directory)
    self.snapshot(directory, program=program)
    for folder in (program.repository / "notes").rglob("*"):
      if folder.is_dir():
        folder.chmod(0o500)
    (program.repository / "notes").chmod(0o500)
    (directory / "more").write_bytes(b"more")
    summary = self.snapshot(directory, program=program)
    self.assertEqual((summary["health"], len(self.snapshots(program=program))), ("good", 2))
    self.assertIn("unexamined", [warning["code"] for warning in summary["warnings"]])
    header = next(directory.glob("*/index_metadata.pickle")).parent / "header.bin"
    header.write_bytes(b"garbage")
    os.utime(header.parent / "index_metadata.pickle")
    result = self.call("auto", directory, "--max-backups", "1", "--json", code=3, program=program)
    self.assertEqual(result.summary["health"], "damaged")

  @unittest.skipUnless(ROOT, "only root can become another user")
  def test_no_right_to_write(self):
    program = self.as_nobody()
    self.source.chmod(0o755)
    (self.source / "file").chmod(0o644)
    closed = self.home / "closed"
    closed.mkdir(0o755)
    self.assertError(program.run("snapshot", self.source, "--json", "--repo", closed / "repository"), 1)
    self.snapshot(self.source, program=program)
    self.assertError(program.run("restore", "latest", "--to", closed / "target", "--json"), 1)
    self.assertEqual(os.listdir(closed), [])
    subprocess.run(["chown", "-R", "0:0", program.repository], check=True)
    subprocess.run(["chmod", "-R", "a+rX", program.repository], check=True)
    self.assertIn("Permission denied", program.run("auto", self.source).errors)
    (cache,) = program.cache.iterdir()
    (cache / "catalogue.sqlite").unlink()
    subprocess.run(["chown", "-R", "0:0", cache], check=True)
    cache.chmod(0o755)
    result = program.run("list", "--json")
    self.assertError(result, 1)
    self.assertEqual(result.summary["code"], "no_permission")
    shutil.rmtree(cache)
    self.assertEqual(program.run("list", "--json").code, 0)


if __name__ == "__main__":
  unittest.main()
