"""--metrics-file: what Prometheus reads, by its own parser and by the letter of its text format."""

import json
import os
import re
import stat
import subprocess
import unittest

from support import FIXTURES, TESTS, SourceCase

PYTHON = TESTS / ".venvs" / "metrics" / "bin" / "python"
PARSER = """
import json, sys
from prometheus_client.parser import text_string_to_metric_families
print(json.dumps([[s.name, s.labels, s.value] for f in text_string_to_metric_families(sys.stdin.read()) for s in f.samples]))
"""
SAMPLE = re.compile(r'^([a-z_]+)(\{[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"(?:,[a-z_]+="(?:[^"\\\n]|\\[\\"n])*")*\})? (-?\d+(?:\.\d+)?(?:e-?\d+)?)$')


class Metrics(SourceCase):
  def setUp(self):
    super().setUp()
    self.file = self.home / "chromasnap.prom"

  def metrics(self):
    """The values by name and labels; proves the format on the way."""
    text = self.file.read_text()
    self.assertTrue(text.endswith("\n"))
    described, typed, current, seen = set(), set(), None, set()
    for line in text.splitlines():
      if line.startswith("# HELP "):
        name, help = line[7:].split(" ", 1)
        self.assertNotIn(name, described)
        self.assertTrue(help.endswith("."))
        described.add(name)
      elif line.startswith("# TYPE "):
        current, kind = line[7:].split(" ")
        self.assertIn(current, described)
        self.assertNotIn(current, typed)
        self.assertEqual(kind, "gauge")
        typed.add(current)
      else:
        match = SAMPLE.match(line)
        self.assertTrue(match, line)
        # The samples of a metric stand together, below its type; none is there twice.
        self.assertEqual(match[1], current)
        self.assertNotIn((match[1], match[2]), seen)
        seen.add((match[1], match[2]))
    for name in described:
      self.assertRegex(name, r"^chromasnap_[a-z_]+$")
      self.assertNotRegex(name, r"(_total|_count|_sum|milliseconds|kilobytes)$")
    parsed = subprocess.run([PYTHON, "-c", PARSER], input=text, capture_output=True, text=True, check=True).stdout
    values = {(name, frozenset(labels.items())): value for name, labels, value in json.loads(parsed)}
    self.assertEqual(len(values), len(seen))
    return values

  def value(self, name, **labels):
    labels |= {"repository": str(self.program.repository)}
    return self.metrics().get((f"chromasnap_{name}", frozenset(labels.items())))

  def test_a_snapshot(self):
    source = self.copy(FIXTURES / "chroma-1.5.9")
    summary = self.snapshot(source, "--metrics-file", self.file)
    of = {"source": str(source)}
    run = of | {"command": "snapshot"}
    for name in ("processed_bytes", "read_bytes", "stored_bytes"):
      self.assertEqual(self.value(f"snapshot_{name}", **of), summary[f"bytes_{name.split('_')[0]}"])
    self.assertEqual(self.value("snapshot_records", **of), summary["records"])
    self.assertEqual(self.value("snapshot_collections", **of), len(summary["collections"]))
    self.assertEqual(self.value("snapshot_healthy", **of), 1)
    self.assertEqual(self.value("snapshot_files", **of), summary["files_new"])
    self.assertEqual(self.value("source_snapshots", **of), 1)
    self.assertEqual(self.value("source_status", **of), 0)
    self.assertEqual(self.value("last_run_exit_code", **run), 0)
    self.assertGreater(self.value("last_run_duration_seconds", **run), 0)
    self.assertEqual(self.value("last_success_timestamp_seconds", **run), self.value("last_run_timestamp_seconds", **run))
    room = os.statvfs(self.program.repository)
    self.assertLess(abs(self.value("repository_free_bytes") - room.f_bavail * room.f_frsize), 1 << 32)
    self.assertEqual(self.value("repository_stored_bytes"), self.call("stats", "--json").json["stored_bytes"])
    self.assertEqual(stat.S_IMODE(self.file.stat().st_mode), 0o644)

  def test_a_failure_leaves_the_last_success(self):
    run = {"source": str(self.source), "command": "snapshot"}
    self.call("snapshot", self.source, environment={"CHROMASNAP_METRICS_FILE": self.file})
    success, stored = self.value("last_success_timestamp_seconds", **run), self.value("snapshot_stored_bytes", source=run["source"])
    self.call("snapshot", self.source, "--level", "99", "--metrics-file", self.file, code=64)
    os.mkfifo(self.source / "pipe")
    self.call("snapshot", self.source, "--metrics-file", self.file, code=3)
    self.assertEqual(self.value("last_run_exit_code", **run), 3)
    self.assertEqual(self.value("last_run_warnings", **run), 1)
    self.assertEqual(self.value("last_success_timestamp_seconds", **run), success)
    self.assertGreater(self.value("last_run_timestamp_seconds", **run), success)
    self.assertLess(self.value("snapshot_stored_bytes", source=run["source"]), stored)

  def test_sources_and_commands_share_a_file(self):
    other = self.home / 'odd "name" \\ with {braces},\nand lines'
    other.mkdir()
    (other / "file").write_bytes(b"x")
    self.snapshot(self.source, "--metrics-file", self.file)
    before = self.metrics()
    self.snapshot(other, "--metrics-file", self.file)
    self.call("check", "--metrics-file", self.file)
    self.call("list", "--metrics-file", self.file)
    after = self.metrics()
    own = {key: value for key, value in before.items() if ("source", str(self.source)) in key[1]}
    self.assertGreater(len(own), 8)
    self.assertEqual({key: after[key] for key in own}, own)
    self.assertEqual(self.value("source_snapshots", source=str(other)), 1)
    self.assertEqual(self.value("last_run_exit_code", command="check"), 0)
    self.assertIsNone(self.value("last_run_exit_code", command="list"))

  def test_at_once(self):
    sources = []
    for number in range(6):
      source = self.home / f"source-{number}"
      source.mkdir()
      (source / "file").write_bytes(b"x")
      sources.append(source)
    self.call("init")
    started = [self.program.start("snapshot", source, "--metrics-file", self.file) for source in sources]
    for process in started:
      process.communicate(timeout=60)
      self.assertEqual(process.returncode, 0)
    for source in sources:
      self.assertEqual(self.value("last_run_exit_code", source=str(source), command="snapshot"), 0)
    self.assertEqual([path.name for path in self.home.glob(".chromasnap-*")], [])

  def test_a_file_that_can_not_be_written_is_a_warning(self):
    for place in (self.home / "missing" / "x.prom", self.source):
      result = self.call("snapshot", self.source, "--metrics-file", place)
      self.assertIn("warning: the metrics file", result.errors)

  def test_a_link_stays_a_link(self):
    self.file.symlink_to("real.prom")
    (self.home / "real.prom").write_text("")
    self.snapshot(self.source, "--metrics-file", self.file)
    self.assertTrue(self.file.is_symlink())
    self.assertFalse((self.home / "real.prom").is_symlink())
    self.metrics()

  def test_what_is_not_ours_is_replaced(self):
    self.file.write_text("half a line {\nother_metric 1\nchromasnap_snapshot_files{")
    self.snapshot(self.source, "--metrics-file", self.file)
    self.assertNotIn("other_metric", self.file.read_text())
    self.metrics()


if __name__ == "__main__":
  unittest.main()
