"""The program as a process: exit codes, what goes to which output, help, signals, locks."""

import fcntl
import json
import os
import pty
import select
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
import unittest

from support import FIXTURES, Case

COMMANDS = ("init snapshot list show ls diff dump restore forget prune pin unpin check repair stats version auto import export "
            "menu").split()


class Process(Case):
  def setUp(self):
    super().setUp()
    self.source = self.home / "source"
    self.source.mkdir()
    (self.source / "file").write_bytes(os.urandom(300_000))

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
      self.assertIn({"bash": b"add_completions -d", "zsh": b"_files -/", "fish": b"'(__chromasnap_complete_directories)'"}[shell], script)
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
    (self.source / "large").write_bytes(os.urandom(200_000_000))
    with open(self.home / "output", "w+b") as output:
      process = self.program.start("snapshot", self.source, "--json", "--verbose", stdout=output)
      self.slow_down(process)
      process.communicate(timeout=60)
      output.seek(0)
      lines = [json.loads(line) for line in output]
    self.assertEqual(lines[-1]["message_type"], "summary")
    statuses = [line for line in lines if line["message_type"] == "status"]
    self.assertTrue(statuses, "no status line in a snapshot of several seconds")
    for name in ("percent_done", "files_done", "total_files", "bytes_done", "total_bytes", "seconds_elapsed"):
      self.assertIn(name, statuses[0])

  def slow_down(self, process):
    """Lets a process run a fiftieth of a second at a time, so that its work takes seconds on any machine."""
    while process.poll() is None:
      time.sleep(0.02)
      process.send_signal(signal.SIGSTOP)
      time.sleep(0.4)
      process.send_signal(signal.SIGCONT)

  def test_a_terminal_gets_progress(self):
    for number in range(4):
      (self.source / f"large-{number}").write_bytes(os.urandom(50_000_000))
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
    slowing = threading.Thread(target=self.slow_down, args=(process,))
    slowing.start()
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
    slowing.join()
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

  def test_a_run_that_nobody_reads_leaves_its_trace(self):
    for arguments in (["snapshot", self.source], ["dump", "latest:file"], ["dump", "latest:"]):
      reading, writing = os.pipe()
      os.close(reading)
      process = self.program.start(*arguments, stdout=writing)
      os.close(writing)
      process.communicate(timeout=60)
      self.assertEqual(process.returncode, 0, arguments)
    self.assertEqual([entry["command"] for entry in self.call("audit", "--json").json], ["snapshot", "dump", "dump"])

  def test_nobody_elses_file_takes_the_place_of_a_closed_stream(self):
    self.call("init")
    process = self.program.start(
      "snapshot", self.source, "--json", stdin=None, stdout=None, stderr=None, preexec_fn=lambda: os.closerange(0, 3))
    self.assertEqual(process.wait(60), 1)
    self.assertTrue(self.check()["ok"])
    self.assertRestores("latest", self.source)

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

  def test_who_waits_for_a_prune_does_not_hold_it_up(self):
    self.snapshot(self.source)
    self.call("prune")
    locks = self.program.repository / "locks"
    with open(locks / "prune", "r+b") as held, open(locks / "repository", "r+b") as wanted:
      fcntl.flock(held, fcntl.LOCK_EX)
      process = self.program.start("prune", "--lock-timeout", "60s")
      time.sleep(0.5)
      self.assertIsNone(process.poll(), "did not wait for the other prune")
      # What the one that runs takes next.
      fcntl.flock(wanted, fcntl.LOCK_EX | fcntl.LOCK_NB)
      fcntl.flock(wanted, fcntl.LOCK_UN)
      fcntl.flock(held, fcntl.LOCK_UN)
    process.communicate(timeout=60)
    self.assertEqual(process.returncode, 0)

  def test_two_prunes_at_once(self):
    self.snapshot(self.source)
    for _ in range(3):
      (self.source / "file").write_bytes(os.urandom(300_000))
      self.snapshot(self.source)
      self.call("forget", "--keep-last", "1")
      started = [self.program.start("prune", "--lock-timeout", "20s") for _ in range(2)]
      outputs = [process.communicate(timeout=60) for process in started]
      self.assertEqual([process.returncode for process in started], [0, 0], outputs)

  def test_two_that_forget_at_once_leave_the_last_one(self):
    first = self.snapshot(self.source)["snapshot_id"]
    for _ in range(8):
      (self.source / "file").write_bytes(os.urandom(300_000))
      both = (first, self.snapshot(self.source)["snapshot_id"])
      started = [self.program.start("forget", identifier) for identifier in both]
      outputs = [process.communicate(timeout=60) for process in started]
      self.assertEqual(sorted(process.returncode for process in started), [0, 1], outputs)
      (left,) = self.snapshots()
      first = left["id"]

  def test_what_is_pinned_while_others_forget_stays(self):
    self.snapshot(self.source)
    for _ in range(8):
      old = self.snapshots()[-1]["id"]
      (self.source / "file").write_bytes(os.urandom(300_000))
      self.snapshot(self.source)
      pin, forget = (self.program.start(*arguments) for arguments in
                     (("pin", old), ("forget", "--keep-last", "1")))
      for process in (pin, forget):
        process.communicate(timeout=60)
      self.assertEqual(forget.returncode, 0)
      self.assertEqual(pin.returncode == 0, old in [entry["id"] for entry in self.snapshots()])
      self.program.run("unpin", old)

  def test_what_changes_during_a_wait_for_the_lock_is_saved(self):
    self.snapshot(self.source)
    held = self.hold_locks()
    process = self.program.start("snapshot", self.source, "--lock-timeout", "60s")
    time.sleep(1.5)
    self.assertIsNone(process.poll(), "did not wait for the lock")
    (self.source / "file").write_bytes(b"new")
    (self.source / "other").write_bytes(b"new too")
    for file in held:
      fcntl.flock(file, fcntl.LOCK_UN)
    process.communicate(timeout=60)
    self.assertEqual(process.returncode, 0)
    self.assertRestores("latest", self.source)

  def wait_until_it_listens(self, process):
    """Until the process catches SIGTERM: before that, a signal just ends it."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
      with open(f"/proc/{process.pid}/status") as file:
        caught = next(int(line.split()[1], 16) for line in file if line.startswith("SigCgt"))
      if caught >> signal.SIGTERM - 1 & 1:
        return
      time.sleep(0.002)
    self.fail("the program does not catch SIGTERM")

  def test_signals_while_waiting(self):
    self.snapshot(self.source)
    self.hold_locks()
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
      with self.subTest(signal=number.name):
        process = self.program.start("snapshot", self.source)
        self.wait_until_it_listens(process)
        process.send_signal(number)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, code)

  def test_signals_while_waiting_for_the_database(self):
    directory = self.home / "chroma"
    shutil.copytree(FIXTURES / "chroma-1.5.9", directory)
    database = sqlite3.connect(directory / "chroma.sqlite3", isolation_level=None)
    self.addCleanup(database.close)
    database.execute("BEGIN EXCLUSIVE")
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
      with self.subTest(signal=number.name):
        process = self.program.start("snapshot", directory, "--json")
        self.wait_until_it_listens(process)
        time.sleep(0.5)
        process.send_signal(number)
        output, _ = process.communicate(timeout=30)
        self.assertEqual((process.returncode, json.loads(output)["code"]), (code, "cancelled"))

  def test_signals_while_working(self):
    self.snapshot(self.source)
    for number in range(8):
      (self.source / f"large-{number}").write_bytes(os.urandom(80_000_000))
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
      with self.subTest(signal=number.name):
        process = self.program.start("snapshot", self.source)
        self.wait_until_it_listens(process)
        time.sleep(0.05)
        process.send_signal(number)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, code)
    self.assertEqual(len(self.snapshots()), 1)
    self.assertTrue(self.check()["ok"])
    self.snapshot(self.source)
    self.assertRestores("latest", self.source)

  def test_several_at_once_with_no_cache_yet(self):
    """Of those that come first together each finds a repository and a cache that are whole, whoever makes them."""
    for _ in range(40):
      runs = [self.program.start("snapshot", self.source, "--quiet") for _ in range(3)]
      for run in runs:
        _, errors = run.communicate()
        self.assertEqual(run.returncode, 0, errors)
      for folder in (self.program.cache, self.program.repository):
        shutil.rmtree(folder)

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

  def test_a_backup_takes_no_memory_from_the_database(self):
    """What is written is not kept in the page cache, where the file system can do without it."""
    if not self.writes_past_the_page_cache():
      self.skipTest("this file system writes through the page cache alone")
    (self.source / "long").write_bytes(os.urandom(48 << 20))
    self.snapshot(self.source)
    packs = [path for path in (self.program.repository / "packs").rglob("*") if path.is_file()]
    self.assertGreater(sum(path.stat().st_size for path in packs), 48 << 20)
    counts = subprocess.run(["fincore", "--bytes", "--noheadings", "--output", "RES", *packs], capture_output=True,
                            check=True).stdout.split()
    self.assertLess(sum(map(int, counts)), 8 << 20)
    self.assertRestores("latest", self.source)

  def writes_past_the_page_cache(self):
    try:
      os.close(os.open(self.home / "direct", os.O_CREAT | os.O_WRONLY | os.O_DIRECT))
    except OSError:
      return False
    kind = subprocess.run(["stat", "--file-system", "--format", "%T", self.home], capture_output=True, text=True)
    return kind.stdout.strip() != "tmpfs"


if __name__ == "__main__":
  unittest.main()
