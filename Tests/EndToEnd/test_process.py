"""The program as a process: exit codes, what goes to which output, signals, locks, rights, full disks, hostile input."""

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import stat
import subprocess
import time
import unittest

import trees
from support import FIXTURES, NOBODY, PROGRAM, ROOT, Case, Program

COMMANDS = ("init snapshot list show ls diff dump restore forget prune pin unpin check repair stats version").split()


class Process(Case):
  def setUp(self):
    super().setUp()
    self.source = self.home / "source"
    self.source.mkdir()
    (self.source / "file").write_bytes(os.urandom(300_000))

  def assertError(self, result, code, word=None):
    """An error as JSON on stdout, with all documented fields."""
    self.assertEqual(result.code, code, str(result))
    error = result.summary
    for name in ("message_type", "code", "message", "hint", "exit_code"):
      self.assertIn(name, error)
    self.assertEqual((error["message_type"], error["exit_code"]), ("error", code))
    self.assertGreater(len(error["message"]), 10)
    if word:
      self.assertIn(word, (error["message"] + str(error["hint"])).lower())

  # Exit codes and outputs.

  def test_no_repository(self):
    calls = (["list"], ["show", "latest"], ["ls", "latest"], ["diff", "latest~1", "latest"], ["dump", "latest:x"],
             ["restore", "latest", "--to", self.home / "target"], ["forget", "--keep-last", "1"], ["prune"],
             ["pin", "latest"], ["unpin", "latest"], ["check"], ["repair"], ["stats"])
    for arguments in calls:
      with self.subTest(command=arguments[0]):
        self.assertError(self.program.run(*arguments, "--json"), 10)
        result = self.call(*arguments, code=10)
        self.assertEqual(result.stdout, b"")
        self.assertIn(str(self.program.repository), result.errors)
    self.assertFalse(self.program.repository.exists(), "a command that only looks made something")

  def test_usage(self):
    calls = (["--nonsense"], ["nonsense"], ["snapshot", "a", "b"], ["snapshot", "--nonsense"], ["restore", "--to"],
             ["list", "--last", "x"], ["pin"], ["list", "--lock-timeout", "soon"])
    for arguments in calls:
      with self.subTest(arguments=arguments):
        result = self.call(*arguments, code=64)
        self.assertEqual(result.stdout, b"")
        self.assertGreater(len(result.stderr), 10)
        self.assertError(self.program.run(*arguments, "--json"), 64)

  def test_missing_source(self):
    for source in (self.home / "nothing", self.source / "file"):
      with self.subTest(source=source.name):
        self.assertError(self.program.run("snapshot", source, "--json"), 1)
        result = self.call("snapshot", source, code=1)
        self.assertIn(source.name, result.errors)
    self.assertIn(self.program.run("list").code, (0, 10))
    if self.program.repository.exists():
      self.assertEqual(self.snapshots(), [])

  def test_a_source_that_went_is_no_empty_snapshot(self):
    self.snapshot(self.source)
    self.source.rename(self.home / "away")
    self.call("snapshot", self.source, code=1)
    self.assertEqual(len(self.snapshots()), 1)

  def test_help(self):
    for command in COMMANDS:
      with self.subTest(command=command):
        for result in (self.call(command, "--help"), self.call("help", command)):
          self.assertIn("example", result.text.lower())
          self.assertIn(f"chromasnap {command}", result.text)
          for option in ("--repo", "--json", "--quiet", "--cache-dir", "--lock-timeout"):
            self.assertIn(option, result.text)
    text = self.call("--help").text
    for command in COMMANDS:
      self.assertRegex(text, rf"\b{command}\b")

  def test_completions(self):
    for shell in ("bash", "zsh", "fish"):
      script = self.call("--generate-completion-script", shell).stdout
      for command in COMMANDS:
        self.assertIn(command.encode(), script)
      if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, check=True)

  def test_quiet(self):
    for arguments in (["snapshot", self.source], ["check"], ["forget", "--keep-last", "1"], ["prune"],
                      ["restore", "latest", "--to", self.home / "target"]):
      with self.subTest(command=arguments[0]):
        result = self.call(*arguments, "--quiet")
        self.assertEqual((result.stdout, result.stderr), (b"", b""))
    self.assertIn("nothing", self.call("restore", "nothing", "--to", self.home / "x", "-q", code=1).errors)

  def test_a_pipe_gets_no_progress(self):
    (self.source / "large").write_bytes(os.urandom(60_000_000))
    for arguments in (["snapshot", self.source], ["check", "--read-data"],
                      ["restore", "latest", "--to", self.home / "target"]):
      with self.subTest(command=arguments[0]):
        result = self.call(*arguments)
        self.assertNotRegex(result.text + result.errors, r"[\r\x1b]")
        self.assertEqual(result.stderr, b"")
    result = self.call("snapshot", self.source, "--json")
    self.assertEqual(result.stderr, b"")
    self.assertEqual([line["message_type"] for line in result.lines], ["summary"])

  def test_verbose_json_has_status_lines(self):
    (self.source / "large").write_bytes(os.urandom(300_000_000))
    result = self.call("snapshot", self.source, "--json", "--verbose")
    self.assertEqual(result.lines[-1]["message_type"], "summary")
    statuses = [line for line in result.lines if line["message_type"] == "status"]
    self.assertTrue(statuses, "no status line in a snapshot of 300 MB")
    for name in ("percent_done", "files_done", "total_files", "bytes_done", "total_bytes", "seconds_elapsed"):
      self.assertIn(name, statuses[0])

  def test_a_terminal_gets_progress(self):
    for number in range(6):
      (self.source / f"large-{number}").write_bytes(os.urandom(100_000_000))
    shown = self.on_terminal("snapshot", self.source)
    self.assertRegex(shown, r"\d ?%")
    self.assertRegex(shown, r"[MG]i?B/s")
    self.assertRegex(shown, r"(?i)ETA|left")
    self.assertNotRegex(self.on_terminal("snapshot", self.source, "--quiet"), r"%")

  def on_terminal(self, *arguments):
    """What a person sees: both outputs on a terminal."""
    master, terminal = pty.openpty()
    process = self.program.start(*arguments, stdout=terminal, stderr=terminal,
                                 environment={"TERM": "xterm", "COLUMNS": 100})
    os.close(terminal)
    shown = b""
    while True:
      ready, _, _ = select.select([master], [], [], 60)
      try:
        data = os.read(master, 65536) if ready else b""
      except OSError:
        break
      if not data:
        break
      shown += data
    os.close(master)
    self.assertEqual(process.wait(60), 0, shown.decode())
    return shown.decode("utf-8", "replace")

  def test_a_closed_pipe_is_no_crash(self):
    for number in range(30):
      (self.source / f"a-file-{number}").write_bytes(b"x")
    self.snapshot(self.source)
    process = self.program.start("ls", "latest")
    process.stdout.close()
    process.wait(60)
    self.assertNotIn(process.returncode, (-signal.SIGSEGV, -signal.SIGILL, -signal.SIGTRAP, -signal.SIGABRT))
    process.stderr.close()

  def test_a_full_output_is_an_error(self):
    self.snapshot(self.source)
    with open("/dev/full", "wb") as full:
      process = self.program.start("dump", "latest:file", stdout=full)
      process.communicate(timeout=60)
    self.assertNotEqual(process.returncode, 0)

  # Locks and signals.

  def hold_locks(self):
    """Every lock file held exclusively, as another process that prunes would."""
    held = [open(path, "r+b") for path in (self.program.repository / "locks").iterdir()]
    for file in held:
      self.addCleanup(file.close)
      fcntl.flock(file, fcntl.LOCK_EX)
    self.assertTrue(held, "no lock file to hold")
    return held

  def test_locked(self):
    self.snapshot(self.source)
    self.call("prune")
    held = self.hold_locks()
    for arguments in (["snapshot", self.source], ["prune"], ["forget", "--keep-last", "1", "--prune"]):
      with self.subTest(command=arguments[0]):
        started = time.monotonic()
        self.assertError(self.program.run(*arguments, "--json", "--lock-timeout", "0"), 11)
        self.assertLess(time.monotonic() - started, 20)
    process = self.program.start("snapshot", self.source, "--lock-timeout", "60s")
    time.sleep(0.3)
    self.assertIsNone(process.poll(), "did not wait for the lock")
    for file in held:
      fcntl.flock(file, fcntl.LOCK_UN)
    process.communicate(timeout=60)
    self.assertEqual(process.returncode, 0)

  def test_signals_while_waiting(self):
    self.snapshot(self.source)
    self.hold_locks()
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
      with self.subTest(signal=number.name):
        process = self.program.start("snapshot", self.source)
        time.sleep(0.5)
        process.send_signal(number)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, code)

  def test_signals_while_working(self):
    self.snapshot(self.source)
    for number in range(8):
      (self.source / f"large-{number}").write_bytes(os.urandom(80_000_000))
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
      with self.subTest(signal=number.name):
        process = self.program.start("snapshot", self.source)
        time.sleep(0.15)
        process.send_signal(number)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, code)
    self.assertEqual(len(self.snapshots()), 1)
    self.assertTrue(self.check()["ok"])
    self.snapshot(self.source)
    self.assertRestores("latest", self.source)

  def test_two_snapshots_at_once(self):
    self.snapshot(self.source)
    other = self.home / "other"
    other.mkdir()
    for number in range(30):
      data = os.urandom(2_000_000)
      (self.source / f"same-{number}").write_bytes(data)
      (other / f"same-{number}").write_bytes(data)
    started = [self.program.start("snapshot", source) for source in (self.source, other)]
    for process in started:
      process.communicate(timeout=120)
    self.assertEqual([process.returncode for process in started], [0, 0])
    self.assertTrue(self.check()["ok"])
    for source in (self.source, other):
      identifier = self.snapshots("--source", source, "--last", "1")[0]["id"]
      self.assertRestores(identifier, source)

  # Rights.

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

  # Damage and full disks.

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
