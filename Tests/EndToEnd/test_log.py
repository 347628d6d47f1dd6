"""Logs: what a run writes down, to a file or to the journal, and that no log ends a backup."""

import json
import os
import re
import stat
import unittest

from support import SourceCase

LINE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z (debug|info|notice|warning|error) chromasnap\[\d+\]: .+$")


class Log(SourceCase):
  def setUp(self):
    super().setUp()
    self.log = self.home / "logs" / "chromasnap.log"

  def lines(self):
    return self.log.read_text().splitlines()

  def test_one_line_per_run(self):
    summary = self.snapshot(self.source, "--log-file", self.log)
    self.call("list", "--log-file", self.log)
    lines = self.lines()
    self.assertEqual(len(lines), 2, lines)
    for line in lines:
      self.assertRegex(line, LINE)
    for word in ("info", "snapshot ok", summary["snapshot_id"], f"bytes_stored={summary['bytes_stored']}", "exit_code=0",
                 "duration=", str(self.source)):
      self.assertIn(word, lines[0])
    self.assertIn("command=list", lines[1])
    self.assertEqual(stat.S_IMODE(self.log.stat().st_mode), 0o600)
    self.assertEqual(stat.S_IMODE(self.log.parent.stat().st_mode), 0o700)

  def test_json(self):
    os.mkfifo(self.source / "pipe\nline")
    environment = {"CHROMASNAP_LOG_FILE": self.log, "CHROMASNAP_LOG_FORMAT": "json"}
    self.call("snapshot", self.source, environment=environment, code=3)
    warning, run = [json.loads(line) for line in self.lines()]
    self.assertEqual((warning["level"], warning["code"]), ("warning", "unsupported_kind"))
    self.assertIn("pipe\nline", warning["message"])
    self.assertEqual((run["level"], run["command"], run["exit_code"], run["warnings"]), ("warning", "snapshot", 3, 1))
    self.assertGreater(run["bytes_stored"], 0)
    self.assertRegex(run["snapshot"], r"^[0-9a-f]{64}$")

  def test_errors(self):
    missing = self.home / "missing"
    result = self.call("snapshot", missing, "--log-file", self.log, code=1)
    self.assertIn("error: ", result.errors)
    lines = self.lines()
    self.assertEqual(len(lines), 2)
    self.assertIn(" error ", lines[0])
    self.assertIn("code=source_missing", lines[0])
    self.assertIn("snapshot failed", lines[1])
    # With --json the error is data, and is in the log all the same.
    result = self.call("snapshot", missing, "--json", "--log-file", self.log, code=1)
    self.assertEqual((result.errors, result.summary["code"]), ("", "source_missing"))
    self.assertEqual(len(self.lines()), 4)

  def test_verbose_says_more(self):
    self.call("snapshot", self.source, "--log-file", self.log, "--verbose", "--notify", "success=true")
    text = self.log.read_text()
    self.assertIn(" debug ", text)
    self.assertIn("snapshot begins", text)
    self.assertIn("notified", text)
    self.assertIn("hook=true", text)

  def test_options_come_before_the_environment(self):
    environment = {"CHROMASNAP_LOG_FILE": self.home / "other", "CHROMASNAP_LOG_FORMAT": "json"}
    self.call("snapshot", self.source, "--log-file", self.log, "--log-format", "text", environment=environment)
    self.assertRegex(self.lines()[0], LINE)
    self.assertFalse((self.home / "other").exists())
    self.call("list", environment={"CHROMASNAP_LOG_FORMAT": "xml"}, code=64)
    self.call("list", "--log-format", "xml", code=64)

  def test_rotation(self):
    self.log.parent.mkdir()
    self.log.write_bytes(b"old line\n" * (10 << 20 >> 3))
    self.log.chmod(0o640)
    self.log.with_name("chromasnap.log.5").write_text("oldest\n")
    self.snapshot(self.source, "--log-file", self.log)
    names = sorted(path.name for path in self.log.parent.iterdir())
    self.assertEqual(names, ["chromasnap.log", "chromasnap.log.1", "chromasnap.log.5"])
    self.assertEqual(len(self.lines()), 1)
    self.assertTrue(self.log.with_name("chromasnap.log.1").read_bytes().startswith(b"old line\n"))
    self.assertEqual(stat.S_IMODE(self.log.stat().st_mode) & 0o137, 0)

  def test_two_processes(self):
    self.snapshot(self.source)
    started = [self.program.start("list", "--log-file", self.log, "--verbose") for _ in range(12)]
    for process in started:
      process.communicate(timeout=60)
      self.assertEqual(process.returncode, 0)
    lines = self.lines()
    self.assertEqual(len(lines), 24)
    for line in lines:
      self.assertRegex(line, LINE)
    self.assertEqual(len({re.search(r"\[(\d+)\]", line)[1] for line in lines}), 12)

  def test_a_log_that_can_not_be_written_is_a_warning(self):
    fifo = self.home / "fifo"
    os.mkfifo(fifo)
    places = [self.source, self.source / "one" / "log", fifo, "/dev/full"]
    for place in places:
      with self.subTest(place=place):
        result = self.call("snapshot", self.source, "--log-file", place)
        self.assertEqual(result.errors.count("can't be written"), 1, result.errors)
        # Standard output stays data.
        result = self.call("snapshot", self.source, "--log-file", place, "--json")
        self.assertEqual(result.summary["message_type"], "summary")

  # Standard error as a log.

  def run_with_journal(self, *arguments, code=0, stream=None):
    """Runs with a pipe as standard error that the environment says is the journal's; returns its lines."""
    reading, writing = os.pipe()
    status = os.fstat(writing)
    environment = {"JOURNAL_STREAM": stream or f"{status.st_dev}:{status.st_ino}"}
    process = self.program.start(*arguments, environment=environment, stderr=writing)
    os.close(writing)
    process.communicate(timeout=60)
    with os.fdopen(reading) as pipe:
      lines = pipe.read().splitlines()
    self.assertEqual(process.returncode, code, lines)
    return lines

  def test_journal(self):
    lines = self.run_with_journal("snapshot", self.source)
    self.assertEqual(len(lines), 1, lines)
    self.assertRegex(lines[0], r"^<6>snapshot ok, .* exit_code=0 ")
    os.mkfifo(self.source / "pipe")
    lines = self.run_with_journal("snapshot", self.source, code=3)
    self.assertRegex(lines[0], r"^<4>.*pipe")
    self.assertRegex(lines[1], r"^<4>snapshot ended with a warning")
    lines = self.run_with_journal("snapshot", self.home / "missing", code=1)
    self.assertRegex(lines[0], r"^<3>.* hint=")
    self.assertRegex(lines[1], r"^<3>snapshot failed")
    self.assertEqual(self.run_with_journal("list", "--quiet"), [])
    # The variable is inherited by what writes somewhere else.
    self.assertEqual(self.run_with_journal("list", stream="1:1"), [])

  def test_json_on_standard_error(self):
    result = self.call("snapshot", self.source, "--log-format", "json", "--quiet")
    self.assertEqual(result.errors, "")
    result = self.call("snapshot", self.source, "--log-format", "json")
    self.assertEqual(json.loads(result.errors)["command"], "snapshot")
    result = self.call("snapshot", self.home / "missing", "--log-format", "json", code=1)
    self.assertEqual([json.loads(line)["level"] for line in result.errors.splitlines()], ["error", "error"])

  def test_nothing_without_being_asked(self):
    self.assertEqual(self.call("snapshot", self.source).errors, "")
    self.assertEqual(self.call("list").errors, "")


if __name__ == "__main__":
  unittest.main()
