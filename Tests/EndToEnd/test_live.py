"""Snapshots of a directory that a real ChromaDB writes to as fast as it can: each restores to a state that it was in."""

import json
import subprocess
import unittest

from support import PROGRAM, QUICK, TESTS, Case

LIVE = TESTS / "Live" / "live.py"
COUNT = 5 if QUICK else 15


class Live(Case):
  def capture(self, version, *arguments):
    python = TESTS / ".venvs" / version / "bin" / "python"
    program = f"{PROGRAM} {{verb}} --repo {{{{repo}}}}/r --cache-dir {{{{repo}}}}/cache --quiet"
    command = [
      python, LIVE, self.home / "work", "--count", COUNT,
      "--snapshot", program.format(verb="snapshot {src}"),
      "--restore", program.format(verb="restore latest --to {dst}"), *arguments,
    ]
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=600)
    self.assertEqual(result.returncode, 0, result.stdout[-3000:] + result.stderr[-3000:])
    summary = json.loads(result.stdout.splitlines()[-1])
    self.assertEqual((summary["failed_commands"], summary["inconsistent"]), (0, 0))

  def test_a_saturated_writer(self):
    self.capture("1.5.9")

  def test_a_write_ahead_log(self):
    self.capture("1.5.9", "--wal")


if __name__ == "__main__":
  unittest.main()
