"""The audit trail: who ran what on a repository, and how it ended."""

import os
import pwd
import shutil
import socket
import unittest

from support import NOBODY, ROOT, Program, SourceCase

FIELDS = {
  "time": str, "duration": (int, float), "command": str, "arguments": list, "hostname": str, "username": str,
  "sudo_user": (str, type(None)), "exit_code": int, "error": (str, type(None)), "snapshot_id": (str, type(None)),
  "source": (str, type(None)), "program": str,
}


class Audit(SourceCase):
  def entries(self, *arguments, program=None):
    return self.call("audit", "--json", *arguments, program=program).json

  def test_what_changes_something_is_listed(self):
    first = self.snapshot(self.source)["snapshot_id"]
    self.call("pin", first[:8])
    self.call("unpin", first[:8])
    self.restore("latest")
    self.call("export", "latest", self.home / "x.zip")
    self.write("one", b"other")
    second = self.snapshot(self.source)["snapshot_id"]
    self.call("check", "--read-data")
    self.call("drill")
    self.call("forget", "--keep-last", "1", "--prune")
    self.call("prune")
    self.call("repair")
    commands = ["snapshot", "pin", "unpin", "restore", "export", "snapshot", "check", "drill", "forget", "prune", "repair"]
    entries = self.entries()
    self.assertEqual([entry["command"] for entry in entries], commands)
    for entry in entries:
      self.assertFields(entry, FIELDS)
      self.assertTime(entry["time"])
      self.assertEqual(entry["exit_code"], 0)
      self.assertEqual(entry["hostname"], socket.gethostname())
      self.assertEqual(entry["username"], pwd.getpwuid(os.geteuid()).pw_name)
      self.assertEqual(entry["arguments"][0], entry["command"])
    # The first snapshot is forgotten; what was done to it is not.
    self.assertNotIn(first, [snapshot["id"] for snapshot in self.snapshots()])
    self.assertEqual([entry["snapshot_id"] for entry in entries[:5]], [first] * 5)
    self.assertEqual(entries[5]["snapshot_id"], second)
    self.assertEqual(entries[0]["source"], str(self.source))
    self.assertIn(str(self.source), entries[0]["arguments"])

  def test_what_only_looks_is_not(self):
    self.snapshot(self.source)
    for command in (["list"], ["show"], ["ls", "latest"], ["diff", "latest", "latest"], ["stats"], ["status"], ["audit"],
                    ["version"], ["forget", "--keep-last", "1", "--dry-run"], ["prune", "--dry-run"],
                    ["restore", "--to", self.home / "x", "--dry-run"]):
      self.call(*command)
    self.assertEqual(len(self.entries()), 1)

  def test_failures(self):
    self.call("init")
    self.call("snapshot", self.home / "missing", code=1)
    self.call("restore", "nothing", "--to", self.home / "x", code=1)
    self.call("snapshot", self.source, "--level", "99", code=64)
    entries = self.entries()
    self.assertEqual([(entry["command"], entry["exit_code"], entry["error"]) for entry in entries],
                     [("init", 0, None), ("snapshot", 1, "source_missing"), ("restore", 1, "snapshot_not_found")])

  def test_an_unchanged_source(self):
    first = self.snapshot(self.source)["snapshot_id"]
    self.snapshot(self.source, "--skip-if-unchanged")
    self.assertEqual([entry["snapshot_id"] for entry in self.entries()], [first, first])

  def test_choosing(self):
    self.snapshot(self.source)
    self.call("pin", "latest")
    self.snapshot(self.source)
    self.assertEqual([entry["command"] for entry in self.entries("--last", "2")], ["pin", "snapshot"])
    self.assertEqual(len(self.entries("--last", "0")), 3)
    self.assertEqual([entry["command"] for entry in self.entries("--command", "pin")], ["pin"])
    self.assertEqual(self.entries("--command", "undo"), [])
    self.call("audit", "--last", "-1", code=64)
    text = self.call("audit").text
    self.assertEqual(len(text.splitlines()), 4)
    self.assertIn("pin latest", text)

  def test_secrets_are_left_out(self):
    self.call("snapshot", self.source, "--notify", "success=echo hunter2", "--notify=success=echo hunter2")
    self.assertEqual(self.entries()[0]["arguments"][-3:], ["--notify", "***", "--notify=***"])
    for path in (self.program.repository / "audit").rglob("*"):
      if path.is_file():
        self.assertNotIn(b"hunter2", path.read_bytes())

  def test_names_of_any_bytes(self):
    source = os.fsencode(self.home) + b"/s\xff"
    shutil.copytree(os.fsencode(self.source), source)
    self.call("snapshot", source)
    self.assertIn("\ufffd", self.entries()[0]["arguments"][1])

  def test_sudo(self):
    self.call("snapshot", self.source, environment={"SUDO_USER": "alice"})
    self.assertEqual(self.entries()[0]["sudo_user"], "alice")
    self.assertIn("(alice)", self.call("audit").text)

  def test_no_repository(self):
    self.assertError(self.call("audit", "--json", code=10), 10)

  @unittest.skipUnless(ROOT, "needs root to become somebody else")
  def test_whoever_may_only_read_can_still_restore(self):
    self.snapshot(self.source)
    for path in [self.home, *self.program.repository.rglob("*"), self.program.repository]:
      path.chmod(0o755 if path.is_dir() else 0o644)
    reader = Program(self.home, path=self.home / "chromasnap", user=NOBODY)
    shutil.copy(self.program.path, reader.path)
    reader.cache = self.home / "reader"
    reader.cache.mkdir()
    os.chown(reader.cache, NOBODY, NOBODY)
    result = self.call("restore", "latest", "--to", reader.cache / "x", program=reader)
    self.assertEqual(result.errors, "")
    self.assertEqual(len(self.entries()), 1)

  def test_check_names_an_entry_that_was_changed(self):
    self.snapshot(self.source)
    path = next(path for path in (self.program.repository / "audit").rglob("*") if path.is_file())
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b'"exit_code":0', b'"exit_code":1'))
    summary = self.check(code=1)
    self.assertEqual([error["code"] for error in summary["errors"]], ["damaged_audit"])
    self.assertEqual([entry["command"] for entry in self.entries()], ["check"])


if __name__ == "__main__":
  unittest.main()
