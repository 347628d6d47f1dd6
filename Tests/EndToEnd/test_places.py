"""Damaged repositories and caches, full disks, mount points."""

import itertools
import json
import os
import re
import subprocess
import unittest

import trees
from support import FIXTURES, ROOT, Case


class Places(Case):
  def setUp(self):
    super().setUp()
    self.source = self.home / "source"
    self.source.mkdir()
    (self.source / "file").write_bytes(os.urandom(300_000))

  def test_damaged_repository(self):
    self.snapshot(self.source)
    for kind in ("config", "snapshots"):
      with self.subTest(kind=kind):
        path = next(path for path in (self.program.repository / kind).rglob("*") if path.is_file())
        saved = path.read_bytes()
        path.chmod(0o600)
        path.write_bytes(b"{}")
        self.program.cache = self.home / f"cache-{kind}"
        self.assertError(self.program.run("restore", "latest", "--to", self.home / "t", "--json"), 1)
        self.assertFalse((self.home / "t").exists())
        self.assertEqual(self.program.run("check", "--read-data", "--json").code, 1)
        path.write_bytes(saved)
    self.assertTrue(self.check()["ok"])

  def test_a_newer_format_is_refused(self):
    self.snapshot(self.source)
    config = next(path for path in (self.program.repository / "config").rglob("*") if path.is_file())
    text = config.read_text()
    self.assertRegex(text, r'"version" ?: ?1\b')
    config.chmod(0o600)
    config.write_text(re.sub(r'"version"( ?: ?)1\b', r'"version"\g<1>2', text))
    self.program.cache = self.home / "another"
    for arguments in (["snapshot", self.source], ["list"], ["prune"]):
      self.assertIn(self.program.run(*arguments).code, (1, 64))

  def test_a_lost_or_garbled_cache(self):
    self.snapshot(self.source)
    for path in [path for path in self.program.cache.rglob("*") if path.is_file()]:
      path.write_bytes(b"garbage" * 5000)
    self.assertEqual(len(self.snapshots()), 1)
    self.snapshot(self.source)
    self.assertRestores("latest", self.source)

  def mount_small_disk(self, megabytes):
    place = self.home / f"disk-{megabytes}"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", place]
    if not ROOT or subprocess.run(command, stderr=subprocess.DEVNULL).returncode != 0:
      self.skipTest("no right to mount a small disk")
    self.addCleanup(subprocess.run, ["umount", place], check=True)
    return place

  def test_full_disk_of_the_repository(self):
    self.program.repository = self.mount_small_disk(12) / "repository"
    self.snapshot(self.source)
    before = trees.describe(self.source)
    (self.source / "large").write_bytes(os.urandom(40_000_000))
    self.assertError(self.program.run("snapshot", self.source, "--json"), 1, "space")
    self.assertEqual(len(self.snapshots()), 1)
    self.assertTrue(self.check()["ok"])
    self.assertRestores("latest", before)
    (self.source / "large").unlink()
    self.call("prune")
    self.snapshot(self.source)
    self.assertRestores("latest", self.source)

  def test_full_disk_of_the_target(self):
    (self.source / "large").write_bytes(os.urandom(20_000_000))
    self.snapshot(self.source)
    disk = self.mount_small_disk(8)
    self.assertError(self.program.run("restore", "latest", "--to", disk / "target", "--json"), 1, "space")
    self.assertEqual(os.listdir(disk), [])

  def test_a_mount_point_as_target(self):
    self.snapshot(self.source)
    disk = self.mount_small_disk(30)
    self.call("restore", "latest", "--to", disk)
    self.assertEqual(trees.contents(disk), trees.contents(self.source))
    (self.source / "file").write_bytes(b"changed")
    self.snapshot(self.source)
    self.call("restore", "latest", "--to", disk, code=1)
    self.call("restore", "latest", "--to", disk, "--force", "--no-undo")
    self.assertEqual(trees.contents(disk), trees.contents(self.source))

  def in_namespace(self, script):
    """Runs a shell script whose mounts nobody else sees; `$C` is the program. Returns what it prints."""
    command = ["unshare", "-m", "sh", "-c", f"set -e; {script}"]
    if not ROOT or subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL).returncode != 0:
      self.skipTest("no right to mount")
    done = subprocess.run(command, env=self.program.environment(C=self.program.path), cwd=self.home,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    self.assertEqual(done.returncode, 0, done.stdout.decode())
    return done.stdout.decode()

  def precious(self):
    (self.home / "precious").mkdir()
    (self.home / "precious" / "gold").write_bytes(b"gold")
    return self.home / "precious" / "gold"

  def test_what_is_mounted_in_the_target_is_not_moved_away(self):
    self.snapshot(self.source)
    gold = self.precious()
    target = self.home / "target"
    ways = {"folder": "", "entries": "mount --bind target target"}
    # A bind mount has the device number of what is around it; and a table of mounts has its own way to write a blank.
    mounts = {"bind": "mkdir \"$P\"; mount --bind precious \"$P\"", "file": "touch \"$P\"; mount --bind precious/gold \"$P\"",
              "disk": "mkdir \"$P\"; mount -t tmpfs tmpfs \"$P\""}
    for way, kind in itertools.product(ways, mounts):
      with self.subTest(way=way, kind=kind):
        subprocess.run(["rm", "-rf", target, *self.home.glob(".chromasnap-*")], check=True)
        target.mkdir()
        (target / "old").write_bytes(b"old")
        output = self.in_namespace(f"""
          P="target/sub/a blank"
          {ways[way]}
          "$C" restore latest --to target --force --quiet
          mkdir target/sub; {mounts[kind]}
          "$C" restore latest --to target --force && exit 1
          "$C" undo target --yes && exit 1
          umount "$P"
          "$C" undo target --yes
          """)
        self.assertEqual(output.count("something is mounted at"), 2, output)
        self.assertEqual((target / "old").read_bytes(), b"old")
        self.assertEqual(gold.read_bytes(), b"gold")

  def test_undo_takes_back_the_last_restore_though_the_target_has_become_a_mount_point(self):
    self.snapshot(self.source)
    self.in_namespace("""
      mkdir target; echo first >target/old
      "$C" restore latest --to target --force
      echo second >target/new
      mount --bind target target
      "$C" restore latest --to target --force
      "$C" undo target --yes
      test "$(cat target/new)" = second
      """)

  def test_a_repository_that_another_path_leads_to_is_not_restored_over(self):
    self.snapshot(self.source)
    self.in_namespace("""
      mkdir other; mount --bind . other
      "$C" restore latest --to other/repository/packs --force && exit 1
      test $? = 64
      """)
    self.assertTrue(self.check()["ok"])

  def test_what_is_mounted_in_what_is_removed_stays(self):
    self.snapshot(self.source)
    gold = self.precious()
    (self.home / "target" / "sub").mkdir(parents=True)
    self.in_namespace("""
      "$C" restore latest --to target --force
      mount --bind precious .chromasnap-undo-*/sub
      "$C" restore latest --to target --force
      """)
    self.assertEqual(gold.read_bytes(), b"gold")

  def test_a_source_on_a_disk_that_can_only_be_read(self):
    disk = self.mount_small_disk(30)
    source = disk / "chroma"
    subprocess.run(["cp", "-a", FIXTURES / "chroma-1.5.9", source], check=True)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    before = trees.describe(source)
    error = self.call("snapshot", source, "--json", code=1).summary
    self.assertIn("--offline", error["message"] + str(error["hint"]))
    self.assertEqual(self.snapshot(source, "--offline")["health"], "good")
    self.assertRestores("latest", before)
    self.assertSameTree(before, source)
    # Nothing can be put in its place, and nothing is.
    self.assertError(self.program.run("restore", "latest", "--to", source, "--force", "--json"), 1, "read-only")
    self.assertSameTree(before, source)

  def test_a_source_that_vanishes_meanwhile(self):
    source = self.copy(FIXTURES / "chroma-1.5.9")
    for number in range(3000):
      (source / f"note-{number}").write_bytes(os.urandom(3000))
    self.snapshot(self.source)
    process = self.program.start("snapshot", source, "--json")
    # Once packs are being written, the directory has been listed.
    unfinished = self.program.repository / "tmp"
    while process.poll() is None and not (unfinished.is_dir() and os.listdir(unfinished)):
      pass
    aside = source.with_name("aside")
    source.rename(aside)
    output, errors = process.communicate()
    summary = json.loads(output.splitlines()[-1])
    # It may have been done; else it says that the directory is gone, or what of it could not be read.
    if summary["message_type"] == "error":
      self.assertEqual((process.returncode, summary["code"]), (1, "source_missing"), summary)
    else:
      self.assertIn(process.returncode, (0, 3), errors)
      self.assertEqual(process.returncode == 3, summary["files_skipped"] > 0 or summary["health"] == "damaged", summary)
    aside.rename(source)
    self.assertTrue(self.check()["ok"])
    self.assertEqual(self.snapshot(source)["health"], "good")
    self.assertRestores("latest", source)

  def test_undo(self):
    self.snapshot(self.source)
    target = self.copy(FIXTURES / "chroma-1.5.9")
    before = trees.describe(target)
    self.call("restore", "latest", "--to", target, "--force")
    self.assertSameTree(self.source, target)
    self.call("undo", target, "--yes")
    self.assertSameTree(before, target)


if __name__ == "__main__":
  unittest.main()
