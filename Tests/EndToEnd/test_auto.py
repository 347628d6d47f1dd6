"""Automatic backups as cron runs them, and the ZIPs beside snapshots."""

import fcntl
import json
import os
import shutil
import subprocess
import unittest
import zipfile

import trees
from old_backups import moment, script_backup
from support import FIXTURES, Case, SourceCase, settle

LINE = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  "


class Auto(SourceCase):
  def change(self, number):
    self.write("one", b"%d" % number)

  def names(self, *arguments):
    return [entry["name"] for entry in self.snapshots(*arguments)]

  def test_one_line_per_run(self):
    result = self.call("auto", self.source)
    self.assertRegex(result.text, LINE + rf"saved auto_backup_\d{{8}}_\d{{6}} [0-9a-f]{{8}} of {self.source}: .*\n$")
    self.assertEqual((result.text.count("\n"), result.stderr), (1, b""))
    self.assertRegex(self.names()[0], r"^auto_backup_\d{8}_\d{6}$")
    result = self.call("auto", self.source)
    self.assertRegex(result.text, LINE + r"unchanged .* since auto_backup_\d{8}_\d{6}: nothing to save; .*\n$")
    self.assertEqual(len(self.snapshots()), 1)
    self.call("auto", self.source, "--even-if-unchanged")
    self.assertEqual(len(self.snapshots()), 2)
    self.change(1)
    result = self.call("auto", self.source, "--quiet")
    self.assertEqual((result.stdout, result.stderr), (b"", b""))
    self.assertEqual(len(self.snapshots()), 3)
    self.assertEqual({tuple(entry["tags"]) for entry in self.snapshots()}, {("auto",)})

  def test_rotation_counts_its_own_only(self):
    manual = self.snapshot(self.source, "--name", "mine")["name"]
    other = self.home / "other"
    other.mkdir()
    (other / "x").write_bytes(b"x")
    self.call("auto", other, "--max-backups", "1")
    taken = []
    for number in range(5):
      self.change(number)
      self.call("auto", self.source, "--no-cleanup", "--max-backups", "1")
      taken.append(self.names("--last", "1")[0])
    self.assertEqual(len(self.snapshots()), 7)
    self.call("pin", taken[0])
    self.change(9)
    summary = self.call("auto", self.source, "--max-backups", "2", "--json").summary
    self.assertEqual(len(summary["forgotten"]), 3)
    self.assertIsNotNone(summary["prune"])
    self.assertEqual(set(self.names("--source", self.source)), {manual, taken[0], taken[4], summary["name"]})
    self.assertEqual(len(self.snapshots("--source", other)), 1)
    self.assertTrue(self.check()["ok"])
    self.assertRestores("latest", self.source)
    # A smaller number counts at once, though nothing has changed.
    summary = self.call("auto", self.source, "--max-backups", "1", "--json").summary
    self.assertEqual((summary["snapshot_id"], summary["unchanged"], len(summary["forgotten"])), (None, True, 1))
    for number in ("0", "-1", "x"):
      self.call("auto", self.source, f"--max-backups={number}", code=64)

  def test_ten_stay_by_default(self):
    for number in range(12):
      self.change(number)
      self.call("auto", self.source)
    self.assertEqual(len(self.snapshots()), 10)

  def test_imported_backups_are_not_rotated_out(self):
    old = self.home / "old"
    old.mkdir()
    database = self.copy(FIXTURES / "chroma-1.5.9")
    for day in (1, 2, 3):
      script_backup(database, old, moment(day), "auto_backup")
    self.call("import", old)
    self.call("auto", database, "--even-if-unchanged")
    self.call("auto", database, "--even-if-unchanged", "--max-backups", "1")
    self.assertEqual(len(self.snapshots("--tag", "imported")), 3)
    self.assertEqual(len(self.snapshots("--tag", "auto")), 1)

  def test_an_emptied_source_does_not_rotate_the_full_one_out(self):
    self.call("auto", self.source)
    full = self.names()[0]
    (self.source / "folder" / "two").unlink()
    for number in range(3):
      self.change(number)
      self.call("auto", self.source, "--max-backups", "1")
    self.assertIn(full, self.names())

  def test_two_runs_at_once(self):
    self.call("auto", self.source)
    locks = list((self.program.repository / "locks").glob("auto-*"))
    self.assertEqual(len(locks), 1)
    with open(locks[0], "r+b") as held:
      fcntl.flock(held, fcntl.LOCK_EX)
      self.assertError(self.program.run("auto", self.source, "--json", "--lock-timeout", "0"), 11, "locked")
      result = self.call("auto", self.source, "--lock-timeout", "0", code=11)
      self.assertEqual(result.stdout, b"")
      other = self.home / "other"
      other.mkdir()
      self.call("auto", other, "--lock-timeout", "0")
    self.call("auto", self.source, "--lock-timeout", "0")

  def test_started_at_once(self):
    """Whoever comes second waits, and finds that nothing has changed since."""
    processes = [self.program.start("auto", self.source) for _ in range(3)]
    outputs = [process.communicate(timeout=60) for process in processes]
    self.assertEqual([process.returncode for process in processes], [0, 0, 0], outputs)
    self.assertEqual(len(self.snapshots()), 1)

  def test_two_sources_at_once(self):
    """Each rotates, and prunes after the other."""
    other = self.home / "other"
    other.mkdir()
    for number in range(4):
      self.change(number)
      (other / "x").write_bytes(b"%d" % number)
      processes = [self.program.start("auto", source, "--max-backups", "1", "--lock-timeout", "20s")
                   for source in (self.source, other)]
      outputs = [process.communicate(timeout=60) for process in processes]
      self.assertEqual([process.returncode for process in processes], [0, 0], outputs)
    self.assertEqual(len(self.snapshots()), 2)

  def test_exit_codes(self):
    self.assertError(self.program.run("auto", self.home / "nothing", "--json"), 1)
    self.assertFalse(self.program.repository.exists())
    os.mkfifo(self.source / "fifo")
    result = self.call("auto", self.source, code=3)
    self.assertIn("incomplete", result.text)
    self.assertIn("fifo", result.errors)

  def test_a_failing_cleanup_loses_no_snapshot(self):
    """Another process reads for longer than prune waits: the snapshot is there, and it is said."""
    self.call("auto", self.source)
    self.change(1)
    with open(self.program.repository / "locks" / "prune", "r+b") as held:
      fcntl.flock(held, fcntl.LOCK_EX)
      result = self.call("auto", self.source, "--max-backups", "1", "--lock-timeout", "0", code=3)
    self.assertRegex(result.text, "saved auto_backup")
    self.assertIn("no space was freed", result.errors)
    self.assertEqual(len(self.snapshots()), 1)

  def test_in_the_environment_of_cron(self):
    """No HOME, no terminal, a PATH of two folders, another working directory."""
    database = self.home / "app" / "chroma_db"
    shutil.copytree(FIXTURES / "chroma-1.5.9", database)
    command = ["env", "-i", "PATH=/usr/bin:/bin", str(self.program.path), "auto", "--max-backups", "3",
               "--cache-dir", str(self.program.cache)]
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    result = subprocess.run(command, cwd=database.parent, **options)
    self.assertEqual(result.returncode, 0, result)
    self.assertRegex(result.stdout.decode(), LINE + r"saved .* 3 collections, 77 records, health good; in .*\n$")
    self.assertEqual(result.stderr, b"")
    self.assertTrue((database.parent / "chromadb_backups" / "config").is_dir())
    result = subprocess.run([*command, str(database), "--repo", str(database.parent / "chromadb_backups"), "--quiet"],
                            cwd="/", **options)
    self.assertEqual((result.returncode, result.stdout, result.stderr), (0, b"", b""))
    # Without a cache folder that is named it finds one by itself.
    result = subprocess.run([*command[:4], "list", "--json", "--repo", str(database.parent / "chromadb_backups")],
                            cwd="/", **options)
    self.assertEqual((result.returncode, len(json.loads(result.stdout))), (0, 1), result)


class ZipBeside(Case):
  def setUp(self):
    super().setUp()
    self.source = self.home / "chroma_db"
    shutil.copytree(FIXTURES / "chroma-1.5.9", self.source)

  def zips(self):
    return {path.name for path in self.program.repository.glob("*.zip")}

  def test_snapshot(self):
    summary = self.snapshot(self.source, "--zip", "--name", "before")
    archive = self.program.repository / f"{summary['name']}.zip"
    self.assertEqual(summary["zip"], str(archive))
    self.assertEqual(archive.stat().st_mode & 0o777, 0o600)
    with zipfile.ZipFile(archive) as opened:
      self.assertIsNone(opened.testzip())
      opened.extractall(self.home / "unzipped")
    (self.home / "unzipped" / "backup_metadata.json").unlink()
    self.assertEqual(trees.contents(self.home / "unzipped"), trees.contents(self.source))
    self.assertRegex(self.call("snapshot", self.source, "--zip", "--name", "x").text, r"zip      .*/x_\d{8}_\d{6}\.zip")
    self.assertIsNone(self.snapshot(self.source)["zip"])
    self.assertIsNone(self.snapshot(self.source, "--zip", "--skip-if-unchanged")["zip"])
    # The repository is as sound as without, and does not import what is its own.
    self.assertTrue(self.check()["ok"])
    self.assertEqual(self.call("import", self.program.repository, "--json").summary["known"], 2)

  def test_rotation_removes_exactly_its_own(self):
    """The old script's ZIPs stay, even one that became a snapshot of the same name; so does what somebody exported."""
    self.call("init")
    old = script_backup(self.source, self.program.repository, moment(1), "auto_backup")
    self.call("import", old)
    self.call("auto", self.source, "--zip")
    settle()
    self.call("auto", self.source, "--zip", "--even-if-unchanged")
    self.call("export", "latest", self.program.repository / "mine.zip")
    first, second = (entry["name"] for entry in self.snapshots("--tag", "auto"))
    self.assertEqual(self.zips(), {old.name, "mine.zip", f"{first}.zip", f"{second}.zip"})
    summary = self.call("auto", self.source, "--zip", "--even-if-unchanged", "--max-backups", "1", "--json").summary
    self.assertEqual({os.path.basename(path) for path in summary["zips_removed"]}, {f"{first}.zip", f"{second}.zip"})
    self.assertEqual(self.zips(), {old.name, "mine.zip", f"{summary['name']}.zip"})
    self.call("forget", "--keep-last", "1")
    self.assertEqual(len(self.snapshots()), 1)
    self.assertEqual(self.zips(), {old.name, "mine.zip", f"{summary['name']}.zip"})
    self.assertEqual(self.program.repository / old.name, old)

  def test_a_missing_one_is_made_up_for(self):
    """It could not be written then, or nobody had asked for it."""
    summary = self.snapshot(self.source)
    settle()
    archive = self.program.repository / f"{summary['name']}.zip"
    archive.write_bytes(b"mine")
    result = self.call("auto", self.source, "--zip", "--json", code=3)
    self.assertEqual(([warning["code"] for warning in result.summary["warnings"]], archive.read_bytes()), (["no_zip"], b"mine"))
    archive.unlink()
    made = self.call("auto", self.source, "--zip", "--json").summary
    self.assertEqual((made["unchanged"], made["snapshot_id"], made["zip"]), (True, None, str(archive)))
    with zipfile.ZipFile(archive) as opened:
      self.assertIsNone(opened.testzip())
    written = archive.stat().st_mtime_ns
    self.assertIsNone(self.call("auto", self.source, "--zip", "--json").summary["zip"])
    self.assertEqual(archive.stat().st_mtime_ns, written)

  def test_what_a_killed_run_left_goes_too(self):
    taken = self.snapshot(self.source, "--zip")
    partial = self.program.repository / f".chromasnap-zip-{taken['short_id']}-01234567"
    partial.write_bytes(b"PK")
    self.snapshot(self.source)
    summary = self.call("forget", "--keep-last", "1", "--json").summary
    self.assertFalse(partial.exists())
    self.assertEqual(self.zips(), set())
    self.assertEqual(summary["zips_removed"], [str(self.program.repository / f"{taken['name']}.zip")])

  def test_forget_says_that_it_went(self):
    self.snapshot(self.source, "--zip")
    self.snapshot(self.source)
    self.assertNotIn("ZIP", self.call("forget", "--keep-last", "1", "--dry-run").text)
    self.assertIn("\nremoved 1 ZIP\n", self.call("forget", "--keep-last", "1").text)
    self.assertNotIn("ZIP", self.call("forget", "--keep-last", "1").text)

  def test_another_file_of_the_name_is_not_removed(self):
    name = self.snapshot(self.source, "--zip", "--tag", "a")["name"]
    (self.program.repository / f"{name}.zip").write_bytes(b"mine")
    self.snapshot(self.source)
    self.call("forget", "--keep-last", "1", "--dry-run")
    self.call("forget", "--keep-last", "1")
    self.assertEqual((self.program.repository / f"{name}.zip").read_bytes(), b"mine")

  def test_a_zip_that_can_not_be_written(self):
    """The snapshot is there all the same, and what is missing is said."""
    (self.source / "a\\b").write_bytes(b"x")
    summary = self.snapshot(self.source, "--zip", code=3)
    self.assertIsNotNone(summary["snapshot_id"])
    self.assertEqual([warning["code"] for warning in summary["warnings"]], ["no_zip"])
    self.assertEqual(self.zips(), set())
    self.assertEqual([path.name for path in self.program.repository.glob(".chromasnap-*")], [])
    self.call("auto", self.source, "--zip", "--even-if-unchanged", code=3)


if __name__ == "__main__":
  unittest.main()
