"""Restore: its JSON fields, its options, what it does to a target that holds something."""

import ctypes
import os
import shutil
import struct
import subprocess
import sys
import unittest

import trees
from support import SourceCase

NUMBER = (int, float)
RESTORE_FIELDS = {
  "message_type": str, "snapshot_id": str, "target": str, "dry_run": bool, "files_restored": int, "bytes_restored": int,
  "files_reused": int, "safety_snapshot_id": (str, type(None)), "undo_available": bool, "verified": bool,
  "health": str, "duration": NUMBER, "warnings": list,
}


class Restore(SourceCase):
  def test_restore_summary(self):
    summary = self.snapshot(self.source)
    target = self.home / "target"
    restored = self.call("restore", "latest", "--to", target, "--json").summary
    self.assertFields(restored, RESTORE_FIELDS)
    self.assertEqual(
      (restored["message_type"], restored["snapshot_id"], restored["target"], restored["dry_run"]),
      ("summary", summary["snapshot_id"], str(target), False))
    self.assertEqual((restored["files_restored"], restored["bytes_restored"]), (3, 203_000))
    self.assertTrue(restored["verified"])
    self.assertSameTree(self.source, target)

  def test_restore_refuses_to_overwrite(self):
    self.snapshot(self.source)
    target = self.home / "target"
    target.mkdir()
    (target / "mine").write_bytes(b"mine")
    before = trees.describe(target)
    result = self.call("restore", "latest", "--to", target, "--json", code=1)
    self.assertEqual(result.summary["message_type"], "error")
    self.assertSameTree(before, target)
    restored = self.call("restore", "latest", "--to", target, "--force", "--json").summary
    self.assertTrue(restored["undo_available"])
    self.assertSameTree(self.source, target)
    file = self.home / "file"
    file.write_bytes(b"a file")
    self.call("restore", "latest", "--to", file, code=1)
    self.assertEqual(file.read_bytes(), b"a file")

  @unittest.skipUnless(sys.platform == "linux", "needs inotify")
  def test_whether_the_target_can_be_renamed_is_tried_once(self):
    self.snapshot(self.source)
    target = self.home / "place" / "target"
    target.mkdir(parents=True)
    library = ctypes.CDLL(None)
    watch = library.inotify_init1(os.O_NONBLOCK)
    self.addCleanup(os.close, watch)
    made = 0x100
    library.inotify_add_watch(watch, os.fsencode(target.parent), made)
    self.call("restore", "latest", "--to", target)
    self.assertEqual(os.read(watch, 1 << 16).count(b".chromasnap-probe-"), 1)

  def test_restore_into_an_empty_folder_or_a_new_one_below_new_ones(self):
    self.snapshot(self.source)
    empty = self.home / "empty"
    empty.mkdir()
    self.call("restore", "latest", "--to", empty)
    self.assertSameTree(self.source, empty)
    deep = self.home / "a" / "b" / "c"
    self.call("restore", "latest", "--to", deep)
    self.assertSameTree(self.source, deep)

  def test_restore_leaves_nothing_beside_the_target(self):
    self.snapshot(self.source)
    place = self.home / "place"
    place.mkdir()
    self.call("restore", "latest", "--to", place / "target")
    self.assertEqual(os.listdir(place), ["target"])
    self.call("restore", "latest", "--to", place / "target", "--force", "--no-undo")
    self.assertEqual(os.listdir(place), ["target"])

  def test_restore_through_a_symbolic_link(self):
    self.snapshot(self.source)
    real = self.home / "real"
    real.mkdir()
    (self.home / "link").symlink_to("real")
    self.call("restore", "latest", "--to", self.home / "link")
    self.assertTrue((self.home / "link").is_symlink())
    self.assertEqual(trees.contents(real), trees.contents(self.source))

  def traced(self, injection, *arguments):
    """Runs a command where each sync of a file system meets `injection`; what came of it, and what it called in turn."""
    log = self.home / "calls"
    command = ["strace", "-f", "-qq", "-o", log, "-e", "trace=syncfs,rename,renameat2", "-e", f"inject=syncfs:{injection}"]
    if not shutil.which("strace") or subprocess.run([*command, "true"], capture_output=True).returncode:
      self.skipTest("no right to trace a process")
    result = subprocess.run(
      [*command, self.program.path, *arguments], env=self.program.environment(), stdin=subprocess.DEVNULL,
      capture_output=True, timeout=120)
    return result, log.read_text(errors="surrogateescape").splitlines()

  def test_what_was_restored_is_durable_before_it_is_in_place(self):
    self.snapshot(self.source)
    target = self.home / "place" / "target"
    # The call takes half a second, in which everything else goes on.
    result, calls = self.traced("delay_exit=500000", "restore", "latest", "--to", target)
    self.assertEqual(result.returncode, 0, result.stderr)
    self.assertSameTree(self.source, target)
    synced = [i for i, call in enumerate(calls) if "syncfs" in call and "= 0" in call]
    placed = [i for i, call in enumerate(calls) if f'"{target}"' in call and "rename" in call]
    self.assertEqual((len(synced), len(placed)), (1, 1), calls)
    self.assertLess(synced, placed)

  def test_what_can_not_be_made_durable_is_not_put_in_place(self):
    self.snapshot(self.source)
    place = self.home / "place"
    place.mkdir()
    result, _ = self.traced("error=EIO", "restore", "latest", "--to", place / "target")
    self.assertEqual(result.returncode, 1, result.stderr)
    self.assertIn(b"durable", result.stderr)
    self.assertEqual(os.listdir(place), [])

  def test_restored_files_inherit_no_access(self):
    (self.source / "one").chmod(0o640)
    self.snapshot(self.source)
    place = self.home / "place"
    place.mkdir()
    # Version 2; tag, permissions and id of owner, user 1234, group, mask and others.
    entries = [(1, 7, -1), (2, 7, 1234), (4, 5, -1), (16, 7, -1), (32, 5, -1)]
    default = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
    try:
      os.setxattr(place, "system.posix_acl_default", default)
    except OSError as error:
      self.skipTest(f"no access lists here: {error}")
    target = place / "target"
    self.call("restore", "latest", "--to", target)
    self.assertSameTree(self.source, target)
    for path in (target, *target.rglob("*")):
      self.assertEqual([name for name in os.listxattr(path) if name.startswith("system.")], [], path)

  def test_restore_dry_run(self):
    self.snapshot(self.source)
    target = self.home / "target"
    self.assertTrue(self.call("restore", "latest", "--to", target, "--dry-run", "--json").summary["dry_run"])
    self.assertFalse(target.exists())
    self.assertIn("one", self.call("restore", "latest", "--to", target, "--dry-run").text)

  def test_a_dry_run_refuses_what_the_restore_would(self):
    self.snapshot(self.source)
    full = self.home / "full"
    full.mkdir()
    (full / "mine").write_bytes(b"mine")
    refused = {full: 1, full / "mine": 1, self.program.repository / "x": 64}
    for target, code in refused.items():
      self.call("restore", "latest", "--to", target, code=code)
    before = os.stat(self.home).st_mtime_ns
    for target, code in refused.items():
      self.call("restore", "latest", "--to", target, "--dry-run", code=code)
    self.call("restore", "latest", "--to", full, "--dry-run", "--force")
    self.call("restore", "latest", "--dry-run")
    self.assertEqual(os.stat(self.home).st_mtime_ns, before)

  def test_restore_includes_and_excludes(self):
    self.snapshot(self.source)
    def restored(*arguments):
      target = self.restore("latest", *arguments)
      return {os.fsdecode(path) for path in trees.contents(target)}
    self.assertEqual(restored("--include", "one"), {"one"})
    self.assertEqual(restored("--include", "folder"), {"folder/two", "folder/below/three.log"})
    self.assertEqual(restored("--include", "folder/two", "--include", "one"), {"one", "folder/two"})
    self.assertEqual(restored("--exclude", "*.log"), {"one", "folder/two"})
    self.assertEqual(restored("--include", "folder", "--exclude", "below"), {"folder/two"})

  def test_what_the_target_holds_is_not_decoded_again(self):
    self.write("large", os.urandom(9_000_000))
    self.write("other", os.urandom(5_000_000))
    # A file below the smallest chunk is read with its neighbours instead; one above may be of one chunk or of several.
    self.write("folder/two", os.urandom(60_000))
    first = self.snapshot(self.source)["snapshot_id"]
    target = self.restore(first)
    # One file is the same, of one a part, and one has gone.
    with open(target / "other", "r+b") as file:
      file.seek(3_000_000)
      file.write(b"changed")
    (target / "one").unlink()
    before = trees.describe(target)
    summary = self.call("restore", first, "--to", target, "--force", "--json").summary
    self.assertEqual(summary["files_reused"], 1)
    self.assertSameTree(self.source, target)
    # What is kept for undo is not what was restored.
    (target / "large").write_bytes(b"written to since")
    self.call("undo", target, "--yes")
    self.assertSameTree(before, target)


if __name__ == "__main__":
  unittest.main()
