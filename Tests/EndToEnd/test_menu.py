"""The menu, driven through a pseudo-terminal as a person would."""

import fcntl
import os
import pty
import pwd
import re
import select
import shutil
import signal
import termios
import time
import unittest
import zipfile

import trees
from old_backups import moment, script_backup
from support import FIXTURES, Case

PROMPT = r"Select an option \(1-\d, q quits\): $"
TIMEOUT = 60


class Menu(Case):
  def setUp(self):
    super().setUp()
    self.source = self.home / "chroma_db"
    shutil.copytree(FIXTURES / "chroma-1.5.9", self.source)
    self.shown = ""

  def open(self, *arguments, cwd=None):
    """Starts the program on a terminal that it controls, so that Ctrl-C reaches it."""
    self.master, terminal = pty.openpty()
    self.addCleanup(self.close)
    self.process = self.program.start(
      *arguments, stdin=terminal, stdout=terminal, stderr=terminal, cwd=cwd or self.home, start_new_session=True,
      environment={"TERM": "xterm"}, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    os.close(terminal)

  def close(self):
    if self.master is None:
      return
    if self.process.poll() is None:
      self.process.kill()
    self.process.wait()
    os.close(self.master)
    self.master = None

  def read(self, pattern):
    """What is shown until `pattern` matches its end."""
    new, deadline = "", time.monotonic() + TIMEOUT
    while not re.search(pattern, new):
      ready, _, _ = select.select([self.master], [], [], max(0, deadline - time.monotonic()))
      try:
        data = os.read(self.master, 65536) if ready else b""
      except OSError:
        data = b""
      if not data:
        self.fail(f"no {pattern!r} after {self.shown + new!r}")
      new += data.decode()
    self.shown += new
    return new

  def say(self, text, pattern=PROMPT):
    os.write(self.master, text.encode() + b"\n")
    return self.read(pattern)

  def ended(self, code=0):
    try:
      while os.read(self.master, 65536):
        pass
    except OSError:
      pass
    self.assertEqual(self.process.wait(TIMEOUT), code, self.shown)
    self.close()

  def test_the_old_five(self):
    self.open()
    text = self.read(PROMPT)
    for number, words in enumerate(
        ("Create backup", "List backups", "Show backup info", "Restore backup", "Exit"), start=1):
      self.assertRegex(text, rf"(?m)^ *{number}\W+{words}\r?$")
    self.assertIn(str(self.program.repository), text)
    self.say("1", "Enter for a timestamped name.*: $")
    text = self.say("before upgrade")
    self.assertIn("$ chromasnap snapshot '--name=before upgrade'", text)
    self.assertRegex(text, r"snapshot [0-9a-f]{8}  before upgrade_\d{8}_\d{6}")
    self.say("1", "Enter for a timestamped name.*: $")
    self.assertRegex(self.say(""), r"chromadb_backup_\d{8}_\d{6}")
    text = self.say("2")
    self.assertIn("chromadb_backup_", text)
    self.assertIn("before upgrade_", text)
    text = self.say("3", r"Enter backup number.*: $")
    self.assertRegex(text, r"1  .*chromadb_backup_")
    self.assertRegex(text, r"2  .*before upgrade_")
    self.assertRegex(self.say("2"), r"name +before upgrade_")
    # Restore to where it came from: the command's own question, twice.
    expected = trees.contents(self.source)
    (self.source / "chroma.sqlite3").write_bytes(b"broken")
    self.say("4", r"Enter backup number.*: $")
    self.say("2", "Enter for where it came from.*: $")
    self.say("", r"\[y/N\] $")
    self.assertIn("nothing was changed", self.say("n"))
    self.assertEqual((self.source / "chroma.sqlite3").read_bytes(), b"broken")
    self.say("4", r"Enter backup number.*: $")
    self.say("2", "Enter for where it came from.*: $")
    self.say("", r"\[y/N\] $")
    self.assertIn("restored ", self.say("y"))
    self.assertEqual(trees.contents(self.source), expected)
    os.write(self.master, b"5\n")
    self.ended()

  def test_and_more(self):
    self.snapshot(self.source, "--name", "older")
    self.snapshot(self.source)
    old = self.home / "old"
    old.mkdir()
    script_backup(self.source, old, moment(1))
    self.open("menu", "--repo", self.program.repository)
    text = self.read(PROMPT)
    for words in ("Export backup as ZIP", "Verify backups", "Prune", "Import old ZIP backups"):
      self.assertIn(words, text)
    self.say("6", r"Enter backup number.*: $")
    self.say("", "File.*: $")
    self.assertIn("exported ", self.say("out.zip"))
    with zipfile.ZipFile(self.home / "out.zip") as opened:
      self.assertIsNone(opened.testzip())
    self.say("7", r"\? $")
    self.assertIn("no problems found", self.say(""))
    self.say("7", r"\? $")
    self.say("t", r"Enter backup number.*: $")
    self.assertIn("can be restored", self.say("2"))
    self.say("4", r"Enter backup number.*: $")
    self.say("1", "Enter for where it came from.*: $")
    self.assertIn("restored ", self.say(str(self.home / "elsewhere")))
    self.assertEqual(trees.contents(self.home / "elsewhere"), trees.contents(self.source))
    self.say("9", r"\): $")
    self.assertIn("1 imported", self.say(str(old)))
    self.say("8", r"\? $")
    text = self.say("1", r"\[y/N\] $")
    self.assertIn("would forget 2 snapshots", text)
    self.assertEqual(len(self.snapshots()), 3)
    self.assertIn("forgot 2 snapshots", self.say("y"))
    self.assertEqual(len(self.snapshots()), 1)
    self.say("8", r"\? $")
    self.assertIn("freed ", self.say(""))
    os.write(self.master, b"q\n")
    self.ended()

  def test_what_cannot_be_read_is_said(self):
    self.snapshot(self.source)
    self.snapshot(self.source)
    manifest = next((self.program.repository / "snapshots").glob("*/*"))
    manifest.chmod(0o600)
    manifest.write_bytes(manifest.read_bytes()[:100])
    shutil.rmtree(self.program.cache)
    self.open()
    self.read(PROMPT)
    self.assertIn("can't be read, so its snapshot is not shown", self.say("3", r"Enter backup number.*: $"))
    self.say("1")
    self.say("q", "")
    self.ended()

  def test_mistakes_are_no_end(self):
    self.open()
    self.read(PROMPT)
    for nonsense in ("x", "0", "10", "-1", ""):
      text = self.say(nonsense)
      self.assertIn(f"no option {nonsense}" if nonsense else "Create backup", text)
    self.assertIn("no repository", self.say("2"))
    self.assertIn("no repository", self.say("3"))
    self.say("1", "Enter for a timestamped name.*: $")
    self.assertIn("can't be a snapshot's name", self.say("a/b"))
    self.say("1", "Enter for a timestamped name.*: $")
    self.say("")
    self.say("3", r"Enter backup number.*: $")
    self.assertIn("no backup 7", self.say("7"))
    self.say("3", r"Enter backup number.*: $")
    self.assertIn("there is no snapshot", self.say("nothing"))
    self.assertIsNone(self.process.poll())

  def test_a_directory_that_is_not_in_the_usual_places(self):
    place = self.home / "elsewhere"
    place.mkdir()
    self.open(cwd=place)
    self.read(PROMPT)
    self.say("1", "Directory to back up: $")
    self.say(str(self.source), "Enter for a timestamped name.*: $")
    self.assertIn("77 records", self.say(""))

  def test_paths_are_what_a_shell_would_make_of_them(self):
    self.snapshot(self.source)
    home = pwd.getpwuid(os.geteuid()).pw_dir
    self.open()
    self.read(PROMPT)
    self.say("9", r"\): $")
    self.assertIn(f"$ chromasnap import {home}/chromasnap-test-nothing\r", self.say("~/chromasnap-test-nothing"))
    self.say("9", r"\): $")
    self.assertIn("$ chromasnap import '/no/it'\"'\"'s'\r", self.say("/no/it's"))
    for file in ("-out.zip", "--force"):
      self.say("6", r"Enter backup number.*: $")
      self.say("", "File.*: $")
      self.assertIn("exported ", self.say(file))
      self.assertTrue((self.home / file).is_file())

  def test_end_of_input(self):
    for before in ("", "3\n", "1\n"):
      with self.subTest(before=before):
        self.snapshot(self.source)
        self.open()
        self.read(PROMPT)
        if before:
          os.write(self.master, before.encode())
          self.read(": $")
        os.write(self.master, b"\x04")
        if before:
          self.read(PROMPT)
          os.write(self.master, b"\x04")
        self.ended(0)

  def test_ctrl_c(self):
    self.open()
    self.read(PROMPT)
    os.write(self.master, b"\x03")
    self.ended(130)

  def test_termination(self):
    self.open()
    self.read(PROMPT)
    self.process.send_signal(signal.SIGTERM)
    self.ended(143)

  def test_ctrl_c_in_a_command_goes_back_to_the_menu(self):
    self.snapshot(self.source)
    with open(self.program.repository / "locks" / "repository", "r+b") as held:
      fcntl.flock(held, fcntl.LOCK_EX)
      self.open()
      self.read(PROMPT)
      os.write(self.master, b"2\n")
      self.read("chromasnap list")
      time.sleep(0.3)
      os.write(self.master, b"\x03")
      self.read(PROMPT)
    self.assertIn("chromadb_backup", self.say("2"))
    os.write(self.master, b"5\n")
    self.ended(0)

  def test_no_json(self):
    self.open("menu", "--json")
    self.read("the menu prints no JSON")
    self.ended(64)

  def test_without_a_terminal(self):
    result = self.call("menu", code=64)
    self.assertIn("needs a terminal", result.errors)
    self.assertEqual(result.stdout, b"")
    self.assertError(self.program.run("menu", "--json"), 64, "terminal")
    result = self.call()
    self.assertIn("USAGE", result.text)


if __name__ == "__main__":
  unittest.main()
