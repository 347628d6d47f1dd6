"""status: what a monitor is told, and with which exit code."""

import datetime
import fcntl
import hashlib
import json
import os
import re
import unittest

from support import FIXTURES, SourceCase

FIRST = re.compile(r"^CHROMASNAP (OK|WARNING|CRITICAL|UNKNOWN) - [^|\n]+( \| \S.*)?$")
FIGURE = re.compile(r"^('[^'=]+'|[a-z]+)=\d+(s|B)?;(\d*);(\d*);0$")


class Status(SourceCase):
  def status(self, *arguments, code=0):
    """The JSON; the text says the same."""
    report = self.call("status", "--json", *arguments, code=code).summary
    self.assertEqual((report["exit_code"], report["status"]), (code, ("ok", "warning", "critical", "unknown")[code]))
    first = self.call("status", *arguments, code=code).text.splitlines()[0]
    self.assertRegex(first, FIRST)
    self.assertEqual(first.split()[1], report["status"].upper())
    if "|" in first:
      for figure in re.findall(r"(?:'[^']*'|[^' ])+", first.split(" | ")[1]):
        self.assertRegex(figure, FIGURE)
    return report

  def codes(self, *arguments, code=0):
    return [finding["code"] for finding in self.status(*arguments, code=code)["findings"]]

  def move(self, seconds):
    """Moves the last snapshot in time, as a wrong clock would have: with the id that its bytes then have."""
    path = max((self.program.repository / "snapshots").rglob("*.json"))
    manifest = json.loads(path.read_bytes())
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    manifest["time"] = manifest["commit_time"] = moment.strftime("%Y-%m-%dT%H:%M:%S.000000000Z")
    data = json.dumps(manifest).encode()
    folder = self.program.repository / "snapshots" / moment.strftime("%Y-%m")
    folder.mkdir(exist_ok=True)
    name = moment.strftime("%Y%m%dT%H%M%S.000000000Z-") + hashlib.sha256(data).hexdigest() + ".json"
    (folder / name).write_bytes(data)
    path.unlink()

  def test_ok(self):
    summary = self.snapshot(self.source)
    report = self.status()
    self.assertEqual(report["findings"], [])
    source = report["sources"][0]
    self.assertEqual((source["source"], source["snapshots"]), (str(self.source), 1))
    self.assertEqual(source["last"]["id"], summary["snapshot_id"])
    self.assertEqual(source["last_good"]["id"], summary["snapshot_id"])
    self.assertLess(source["age"], 300)
    self.assertGreater(report["free_bytes"], 0)
    text = self.call("status").text
    self.assertRegex(text, r"^CHROMASNAP OK - 1 source, last good snapshot .* old \| age=\d+s;93600;180000;0 size=203000B;;;0 ")

  def test_nothing_to_look_at(self):
    report = self.status(code=3)
    self.assertEqual(report["code"], "no_repository")
    self.call("init")
    self.assertEqual(self.codes(code=2), ["no_snapshot"])
    self.assertEqual(self.status("--source", self.source, code=3)["code"], "snapshot_not_found")
    self.call("status", "--warn-age", "x", code=64)
    self.call("status", "--warn-age", "3d", code=64)

  def test_locked(self):
    self.snapshot(self.source)
    with open(self.program.repository / "locks" / "repository") as file:
      fcntl.flock(file, fcntl.LOCK_EX)
      self.assertEqual(self.status("--lock-timeout", "0", code=3)["code"], "locked")

  def test_age(self):
    self.snapshot(self.source)
    self.move(-30 * 3600)
    self.assertEqual(self.codes(code=1), ["stale"])
    self.assertEqual(self.codes("--warn-age", "31h", "--critical-age", "40h"), [])
    self.assertEqual(self.codes("--warn-age", "1h", "--critical-age", "29h", code=2), ["stale"])
    self.snapshot(self.source)
    self.assertEqual(self.codes(), [])

  def test_an_unchanged_source_is_not_old(self):
    self.snapshot(self.source)
    self.move(-60 * 3600)
    self.assertEqual(self.codes(code=2), ["stale"])
    self.call("snapshot", self.source, "--skip-if-unchanged")
    self.assertEqual(len(self.snapshots()), 1)
    report = self.status()
    self.assertLess(report["sources"][0]["age"], 300)
    self.assertIsNotNone(report["sources"][0]["confirmed"])

  def test_a_clock_in_the_future(self):
    self.snapshot(self.source)
    self.write("one", b"other")
    self.snapshot(self.source)
    self.move(400 * 86400)
    self.assertEqual(self.codes(code=1), ["clock"])

  def test_size(self):
    for _ in range(4):
      self.write("one", os.urandom(6_000_000))
      self.snapshot(self.source)
    self.assertEqual(self.codes(), [])
    self.write("one", b"")
    self.snapshot(self.source)
    self.assertEqual(self.codes(code=1), ["size"])
    self.assertEqual(self.codes("--size-factor", "100"), [])
    self.call("forget", "--keep-last", "10", "--accept-collapse", "latest")
    self.assertEqual(self.codes(), [])

  def test_collections(self):
    # A different directory at the same place: other collections, and none of the old ones.
    source = self.copy(FIXTURES / "chroma-1.5.9")
    self.snapshot(source)
    self.assertEqual(self.codes(), [])
    source.rename(self.home / "away")
    self.copy(FIXTURES / "chroma-0.6.3").rename(source)
    self.snapshot(source)
    self.assertEqual(set(self.codes(code=2)), {"collection_gone"})

  def test_health(self):
    source = self.copy(FIXTURES / "chroma-1.5.9")
    good = self.snapshot(source)
    next(source.glob("*-*/link_lists.bin")).write_bytes(b"torn")
    self.snapshot(source, code=3)
    report = self.status(code=2)
    self.assertEqual([finding["code"] for finding in report["findings"]], ["health"])
    self.assertEqual(report["sources"][0]["last_good"]["id"], good["snapshot_id"])

  def test_incomplete(self):
    os.mkfifo(self.source / "pipe")
    self.snapshot(self.source, code=3)
    self.assertEqual(set(self.codes(code=2)), {"incomplete", "no_good_snapshot"})

  def test_damage(self):
    self.snapshot(self.source)
    pack = next(path for path in (self.program.repository / "packs").rglob("*") if path.is_file())
    pack.chmod(0o600)
    data = bytearray(pack.read_bytes())
    data[100] ^= 1
    pack.write_bytes(data)
    self.assertEqual(self.codes(), [])
    self.check(code=1)
    self.assertIn("hurt", self.codes(code=2))
    self.assertIn(", hurt: not all of it can be restored", self.call("status", code=2).text)

  def test_space(self):
    self.snapshot(self.source)
    self.assertEqual(self.codes("--min-free", "1M"), [])
    self.assertEqual(self.codes("--min-free", "900P", code=2), ["space"])

  def test_drills_and_checks(self):
    self.snapshot(self.source)
    limits = ("--drill-age", "1d", "--check-age", "1d")
    self.assertEqual(self.codes(*limits, code=1), ["drill", "check"])
    self.call("drill")
    self.assertEqual(self.codes(*limits, code=1), ["check"])
    self.check()
    report = self.status(*limits)
    self.assertTrue(report["last_check"]["ok"] and report["sources"][0]["drill"]["ok"])

  def test_several_sources(self):
    other = self.home / "it's = other|one"
    other.mkdir()
    (other / "file").write_bytes(b"x")
    self.snapshot(other)
    self.move(-100 * 3600)
    self.snapshot(self.source)
    report = self.status(code=2)
    self.assertEqual({source["source"]: source["status"] for source in report["sources"]},
                     {str(self.source): "ok", str(other): "critical"})
    self.assertEqual(len(self.status("--source", self.source)["sources"]), 1)
    for line in self.call("status", code=2).text.splitlines()[1:]:
      self.assertNotIn("|", line)


if __name__ == "__main__":
  unittest.main()
