"""Snapshots of a database that a writer changes all the time: each restores to a state that a transaction ended with.

The database is SQLite's alone, which shows that Chroma's part is not needed for it, and lets the writer be fast: every
transaction moves amounts between rows that lie far apart, so that no sum but the first is ever right.
"""

import shutil
import sqlite3
import subprocess
import sys
import time
import unittest

from support import QUICK, Case

ROWS, TOTAL = 24_000, 24_000 * 1000
WRITER = """
import os, random, sqlite3, sys, time
path, stop = sys.argv[1:]
database = sqlite3.connect(path, timeout=60)
dice, slowest = random.Random(1), 0
while not os.path.exists(stop):
  began = time.monotonic()
  with database:
    for _ in range(20):
      amount = dice.randrange(100)
      for sign in (-1, 1):
        database.execute("UPDATE account SET amount = amount + ?, number = number + 1 WHERE id = ?",
                         (sign * amount, dice.randrange(%d)))
  slowest = max(slowest, time.monotonic() - began)
print(slowest)
""" % ROWS


class Hold(Case):
  def setUp(self):
    super().setUp()
    self.source = self.home / "source"
    self.source.mkdir()
    self.path = self.source / "chroma.sqlite3"

  def make(self, mode):
    database = sqlite3.connect(self.path)
    database.execute(f"PRAGMA journal_mode = {mode}")
    with database:
      database.execute("CREATE TABLE account (id INTEGER PRIMARY KEY, amount INTEGER, number INTEGER, filler TEXT)")
      database.executemany("INSERT INTO account VALUES (?, 1000, 0, ?)",
                           ((i, f"{i:x}" * 400) for i in range(ROWS)))
    database.close()

  def test_a_write_ahead_log_that_nobody_writes(self):
    # SQLite's own files beside the database come and go with every look, and change the folder's time.
    self.make("wal")
    self.snapshot(self.source, code=3)
    time.sleep(0.1)
    self.assertTrue(self.snapshot(self.source, "--skip-if-unchanged", code=3)["unchanged"])
    self.assertEqual(len(self.snapshots()), 1)
    with sqlite3.connect(self.path) as database:
      database.execute("UPDATE account SET number = 7 WHERE id = 9")
    database.close()
    self.assertFalse(self.snapshot(self.source, "--skip-if-unchanged", code=3)["unchanged"])
    self.assertEqual(len(self.snapshots()), 2)

  def run_writer(self):
    stop = self.home / "stop"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, self.path, stop], stdout=subprocess.PIPE, text=True)
    self.addCleanup(writer.stdout.close)
    return writer, stop

  def examine(self, identifier):
    # It is not Chroma's, which a restore says.
    target = self.restore(identifier, code=3)
    database = sqlite3.connect(target / "chroma.sqlite3")
    self.assertEqual(database.execute("PRAGMA integrity_check").fetchone(), ("ok",))
    self.assertEqual(database.execute("SELECT sum(amount), count(*) FROM account").fetchone(), (TOTAL, ROWS))
    number, = database.execute("SELECT sum(number) FROM account").fetchone()
    database.close()
    self.assertEqual(number % 40, 0, "half a transaction")
    shutil.rmtree(target)
    return number

  def under_writes(self, mode):
    self.make(mode)
    self.assertGreater(self.path.stat().st_size, 17 << 20, "too short to be read before the hold")
    writer, stop = self.run_writer()
    try:
      taken = [self.snapshot(self.source, "--no-health") for _ in range(4 if QUICK else 8)]
    finally:
      stop.touch()
      output, _ = writer.communicate()
    self.assertEqual(writer.returncode, 0, output)
    numbers = [self.examine(summary["snapshot_id"]) for summary in taken]
    self.assertEqual(numbers, sorted(numbers))
    self.assertGreater(numbers[-1], numbers[0], "the writer wrote nothing meanwhile")
    self.assertTrue(self.check()["ok"])
    # A state that nobody changes any more is stored as it is, and a second look finds nothing to store.
    last = self.snapshot(self.source, "--no-health")
    again = self.snapshot(self.source, "--no-health")
    self.assertEqual(self.examine(last["snapshot_id"]), self.examine(again["snapshot_id"]))
    self.assertEqual((again["patches_new"], again["files_changed"]), (0, 0))

  def test_a_rollback_journal(self):
    self.under_writes("delete")

  def test_a_write_ahead_log(self):
    self.under_writes("wal")


if __name__ == "__main__":
  unittest.main()
