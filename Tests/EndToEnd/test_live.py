"""Snapshots of a directory that a real ChromaDB writes to as fast as it can: each restores to a state that it was in."""

import json
import random
import shutil
import subprocess
import time
import unittest

import trees
from support import PROGRAM, QUICK, TESTS, Case

LIVE = TESTS / "Live"
COUNT = 5 if QUICK else 15
KILLS = 2 if QUICK else 5


def python(version):
  return TESTS / ".venvs" / version / "bin" / "python"


class Live(Case):
  def capture(self, version, *arguments, snapshot="{program} snapshot {{src}} --repo {{repo}}/r {options}", count=COUNT):
    options = "--cache-dir {repo}/cache --quiet"
    program = {"program": PROGRAM, "options": options}
    command = [
      python(version), LIVE / "live.py", self.home / "work", "--count", count,
      "--snapshot", snapshot.format(**program),
      "--restore", f"{PROGRAM} restore latest --repo {{repo}}/r --to {{dst}} {options}", *arguments,
    ]
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=600)
    self.assertEqual(result.returncode, 0, result.stdout[-3000:] + result.stderr[-3000:])
    summary = json.loads(result.stdout.splitlines()[-1])
    self.assertEqual((summary["failed_commands"], summary["inconsistent"]), (0, 0))

  def test_a_saturated_writer(self):
    self.capture("1.5.9")

  def test_a_write_ahead_log(self):
    self.capture("1.5.9", "--wal")

  def test_a_server_with_three_writers(self):
    self.capture("1.5.9", "--server", "--initial", "600")

  def test_two_snapshots_at_once(self):
    one = "{program} snapshot {{src}} --repo {{repo}}/r {options}"
    self.capture("1.5.9", "--initial", "600", snapshot=f"bash -c '{one} & {one} && wait $!'", count=max(3, COUNT // 2))


class Ends(Case):
  """What a writer leaves that dies, or that deletes what is being read."""

  def start(self, version, *command):
    process = subprocess.Popen([str(part) for part in (python(version), *command)], stderr=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL)
    self.addCleanup(process.wait)
    self.addCleanup(process.kill)
    return process

  def wait_for(self, path, process):
    deadline = time.monotonic() + 200
    while not path.exists():
      self.assertIsNone(process.poll(), "the writer died")
      self.assertLess(time.monotonic(), deadline, "the writer does not get going")
      time.sleep(0.02)

  def test_a_writer_killed_within_a_transaction(self):
    dice = random.Random(6)
    for number in range(KILLS):
      source, journal = self.home / f"source-{number}", self.home / f"journal-{number}"
      writer = self.start("1.5.9", LIVE / "writer.py", source, journal, "--initial", "300")
      self.wait_for(journal.with_name(journal.name + ".ready"), writer)
      # Half of the time at any moment, else while a transaction is being written.
      time.sleep(dice.random())
      deadline = time.monotonic() + 5
      while number % 2 and not (source / "chroma.sqlite3-journal").exists() and time.monotonic() < deadline:
        pass
      writer.kill()
      writer.wait()
      before, start = trees.describe(source), time.time()
      self.snapshot(source)
      end = time.time()
      self.assertSameTree(before, source, "the source")
      target = self.restore("latest")
      self.assertFalse(list(target.glob("chroma.sqlite3-*")))
      line = json.dumps([str(target), start, end]) + "\n"
      found = subprocess.run([python("1.5.9"), LIVE / "examine.py", journal], input=line, capture_output=True, text=True)
      self.assertEqual(json.loads(found.stdout), [], found.stderr[-2000:])

  def test_while_collections_are_deleted(self):
    source, stop = self.home / "source", self.home / "stop"
    writer = self.start("1.5.9", LIVE / "churn.py", source, stop)
    self.wait_for(stop.with_name("stop.ready"), writer)
    for _ in range(COUNT):
      summary = self.snapshot(source, code=0)
      self.assertEqual(summary["health"], "good", summary["warnings"])
      target = self.restore("latest")
      found = subprocess.run([python("1.5.9"), LIVE / "churn.py", target], capture_output=True, text=True)
      self.assertEqual((found.returncode, found.stdout.strip()), (0, "[]"), found.stderr[-2000:])
      shutil.rmtree(target)
    self.assertIsNone(writer.poll(), "the writer died")
    stop.touch()
    self.assertEqual(writer.wait(), 0)


if __name__ == "__main__":
  unittest.main()
