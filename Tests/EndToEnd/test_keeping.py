"""Forgetting, pinning and pruning; checking and repairing."""

import hashlib
import json
import os
import unittest

import trees
from support import SourceCase, settle

NUMBER = (int, float)
CHECK_FIELDS = {
  "message_type": str, "ok": bool, "read_data": bool, "snapshots": int, "packs": int, "chunks": int,
  "bytes_read": int, "duration": NUMBER, "errors": list,
}


class Keeping(SourceCase):
  def test_forget_and_pin(self):
    taken = []
    for number in range(5):
      self.write("one", b"%d" % number)
      taken.append(self.snapshot(self.source, *(["--tag", "keep"] if number == 1 else []))["snapshot_id"])
    def left():
      return {entry["id"] for entry in self.snapshots()}
    for arguments in ([], ["--dry-run"], ["--prune"], ["--keep-last", "0"]):
      result = self.program.run("forget", *arguments)
      self.assertIn(result.code, (1, 64), str(result))
      self.assertEqual(left(), set(taken))
    self.call("pin", taken[0])
    self.assertTrue(next(entry for entry in self.snapshots() if entry["id"] == taken[0])["pinned"])

    arguments = ["forget", "--keep-last", "2", "--keep-tag", "keep"]
    text = self.call(*arguments, "--dry-run").text
    for identifier in taken:
      self.assertIn(identifier[:8], text)
    self.assertTrue(self.call(*arguments, "--dry-run", "--json").lines)
    self.assertEqual(left(), set(taken))
    self.call(*arguments)
    self.assertEqual(left(), {taken[0], taken[1], taken[3], taken[4]})
    self.call("unpin", taken[0])
    self.call("forget", "--max-backups", "1", "--prune")
    self.assertEqual(left(), {taken[4]})
    self.assertTrue(self.check()["ok"])
    self.assertRestores("latest", self.source)

  def test_forget_by_source(self):
    other = self.home / "other"
    other.mkdir()
    for number in range(3):
      self.write("one", b"%d" % number)
      (other / "x").write_bytes(b"%d" % number)
      self.snapshot(self.source)
      self.snapshot(other)
    self.call("forget", "--keep-last", "1", "--source", other)
    self.assertEqual(len(self.snapshots("--source", other)), 1)
    self.assertEqual(len(self.snapshots("--source", self.source)), 3)
    self.call("forget", "--keep-last", "1")
    self.assertEqual(len(self.snapshots("--source", self.source)), 1)

  def test_keep_policies_parse(self):
    self.snapshot(self.source)
    for kind in ("hourly", "daily", "weekly", "monthly", "yearly"):
      self.call("forget", f"--keep-{kind}", "1")
    self.call("forget", "--keep-within", "7d")
    self.call("forget", "--keep-last", "x", code=64)
    self.call("forget", "--keep-within", "x", code=64)
    self.assertEqual(len(self.snapshots()), 1)

  def test_the_hour_that_comes_twice_is_two_hours(self):
    for number, moment in enumerate(("2025-10-26T00:30:00", "2025-10-26T01:30:00")):
      self.write("one", b"%d" % number)
      self.snapshot(self.source)
      self.move_last(moment)
    # Half past two both times.
    zone = {"TZ": "CET-1CEST,M3.5.0,M10.5.0/3"}
    self.assertEqual({entry["time"][11:16] for entry in self.snapshots()}, {"00:30", "01:30"})
    self.call("forget", "--keep-hourly", "2", environment=zone)
    self.assertEqual(len(self.snapshots()), 2)

  def move_last(self, moment):
    """Moves the snapshot that was committed last to another time, with the id that its bytes then have."""
    path = max((self.program.repository / "snapshots").rglob("*.json"))
    manifest = json.loads(path.read_bytes())
    manifest["time"] = manifest["commit_time"] = f"{moment}.000000000Z"
    data = json.dumps(manifest).encode()
    folder = self.program.repository / "snapshots" / moment[:7]
    folder.mkdir(exist_ok=True)
    stamp = moment.replace("-", "").replace(":", "")
    (folder / f"{stamp}.000000000Z-{hashlib.sha256(data).hexdigest()}.json").write_bytes(data)
    path.unlink()

  def test_forget_by_name(self):
    taken = []
    for number in range(4):
      self.write("one", b"%d" % number * 1000)
      taken.append(self.snapshot(self.source)["snapshot_id"])
    other = self.home / "other"
    other.mkdir()
    (other / "file").write_bytes(b"file")
    of_other = self.snapshot(other)["snapshot_id"]
    def left():
      return {entry["id"] for entry in self.snapshots()}
    dry = self.call("forget", taken[0], "--dry-run", "--json").summary
    self.assertEqual((dry["forgotten"], dry["kept"], len(left())), (1, 3, 5))
    text = self.call("forget", taken[0][:8], "latest~1", "--source", self.source, code=64)
    self.assertIn("not both", text.errors)
    self.assertIn("forgot 2 snapshots, 2 stay", self.call("forget", taken[0][:8], taken[3], "--prune").text)
    self.assertEqual(left(), {taken[1], taken[2], of_other})
    self.call("forget", taken[1], "nonsense", code=1)
    self.assertEqual(len(left()), 3)
    self.call("pin", taken[1])
    self.assertIn("unpin", self.call("forget", taken[1], "--force", code=1).errors)
    self.call("unpin", taken[1])
    for last in ((taken[1], taken[2]), (of_other,)):
      self.assertError(self.call("forget", *last, "--json", code=1), 1, "last good")
    self.assertEqual(len(left()), 3)
    self.call("forget", of_other, "--force")
    self.call("forget", "latest")
    self.assertEqual(left(), {taken[1]})
    self.call("forget", "--force", code=64)
    self.assertTrue(self.check()["ok"])
    self.call("forget", "latest", "--force", "--prune")
    self.assertEqual(left(), set())

  def test_prune(self):
    self.write("large", os.urandom(3_000_000))
    self.write("larger", os.urandom(4_000_000))
    self.snapshot(self.source)
    (self.source / "large").unlink()
    self.snapshot(self.source)
    self.call("forget", "--keep-last", "1")
    def size():
      return sum(path.stat().st_size for path in self.program.repository.rglob("*") if path.is_file())
    before = size()
    self.call("prune", "--dry-run")
    self.assertTrue(self.call("prune", "--dry-run", "--json").lines)
    self.assertEqual(size(), before)
    self.call("prune", "--json")
    self.assertLess(size(), before - 2_500_000)
    self.call("prune", "--max-unused", "x", code=64)
    self.assertTrue(self.check()["ok"])
    self.assertRestores("latest", self.source)

  def test_a_dry_run_prunes_as_if_it_had_forgotten(self):
    self.write("large", os.urandom(3_000_000))
    self.write("larger", os.urandom(4_000_000))
    self.snapshot(self.source)
    (self.source / "large").unlink()
    self.snapshot(self.source)
    dry, real = (
      self.call("forget", "--keep-last", "1", "--prune", "--json", *arguments).summary["prune"]
      for arguments in (["--dry-run"], []))
    self.assertGreater(dry["bytes_freed"], 2_500_000)
    for field in ("bytes_freed", "packs_swept", "packs_repacked", "packs_kept"):
      self.assertEqual(dry[field], real[field], field)

  def test_accepting_a_collapse(self):
    self.write("large", os.urandom(3_000_000))
    self.snapshot(self.source)
    (self.source / "large").unlink()
    fallen = self.snapshot(self.source)
    other = self.home / "other"
    other.mkdir()
    self.snapshot(other)
    configuration = self.home / "chromasnap.toml"
    configuration.write_text(f"source = '{self.source}'\n")
    def forget(*arguments):
      return self.call("forget", *arguments, "--config", configuration)
    accept = ("--accept-collapse", "latest")
    dry = forget(*accept, "--keep-last", "1", "--dry-run", "--json").summary
    self.assertEqual((dry["accepted"], dry["forgotten"]), ([fallen["snapshot_id"]], 1))
    said = f"accepted that {fallen['short_id']}  {fallen['name']} holds less\n"
    self.assertEqual(forget(*accept, "--dry-run").text, "would accept" + said.removeprefix("accepted"))
    self.assertEqual(forget("--keep-last", "1", "--dry-run", "--json").summary["forgotten"], 0)
    self.assertEqual(forget(*accept).text, said)
    self.assertEqual(forget("--keep-last", "1", "--json").summary["forgotten"], 1)

  def test_accepting_a_collapse_asks_no_policy(self):
    configuration = self.home / "chromasnap.toml"
    configuration.write_text("[retention]\nkeep-last = 1\n")
    for number in range(3):
      self.write("one", b"%d" % number)
      self.snapshot(self.source)
    self.call("forget", "--accept-collapse", "latest", "--config", configuration)
    self.assertEqual(len(self.snapshots()), 3)
    self.call("forget", "--config", configuration)
    self.assertEqual(len(self.snapshots()), 1)

  # Proving.

  def test_check(self):
    self.snapshot(self.source)
    quick = self.call("check", "--json").summary
    full = self.check()
    for summary in (quick, full):
      self.assertFields(summary, CHECK_FIELDS)
      self.assertEqual((summary["ok"], summary["errors"], summary["snapshots"]), (True, [], 1))
      self.assertGreater(summary["chunks"], 0)
    self.assertEqual((quick["read_data"], full["read_data"]), (False, True))
    self.assertGreater(full["bytes_read"], 200_000)
    for part in ("50%", "1/3", "3/3"):
      self.assertTrue(self.call("check", "--read-data-subset", part, "--json").summary["ok"])
    for part in ("x", "0/3", "4/3", "200%"):
      self.call("check", "--read-data-subset", part, code=64)

  def test_noted_damage_has_the_source_read_once(self):
    settle()
    before = trees.describe(self.source)
    self.snapshot(self.source)
    self.assertEqual(self.snapshot(self.source, "--skip-if-unchanged")["bytes_read"], 0)
    pack = max((self.program.repository / "packs").rglob("*"), key=lambda path: path.stat().st_size)
    pack.chmod(0o600)
    with open(pack, "r+b") as file:
      file.seek(100_000)
      file.write(b"damage")
    self.call("check", "--read-data", code=1)
    run = self.snapshot(self.source, "--skip-if-unchanged")
    self.assertEqual((run["unchanged"], run["bytes_read"]), (True, run["bytes_processed"]))
    self.assertGreater(run["bytes_stored"], 0)
    self.assertEqual(self.snapshot(self.source, "--skip-if-unchanged")["bytes_read"], 0)
    self.call("restore", "latest", "--to", self.home / "restored")
    self.assertEqual(trees.describe(self.home / "restored"), before)

  def test_check_names_what_is_hurt(self):
    self.snapshot(self.source)
    pack = max((self.program.repository / "packs").rglob("*"), key=lambda path: path.stat().st_size)
    pack.chmod(0o600)
    with open(pack, "r+b") as file:
      file.seek(100_000)
      file.write(b"damaged")
    summary = self.check(code=1)
    self.assertFalse(summary["ok"])
    error = summary["errors"][0]
    self.assertFields(error, {"code": str, "message": str, "pack": str, "affected": list})
    self.assertIn("folder/two", [item["path"] for item in error["affected"]])
    text = self.call("check", "--read-data", code=1)
    self.assertIn("folder/two", text.text + text.errors)

  def test_check_of_a_missing_pack(self):
    self.snapshot(self.source)
    for pack in [path for path in (self.program.repository / "packs").rglob("*") if path.is_file()]:
      saved = pack.read_bytes()
      pack.unlink()
      self.assertFalse(self.call("check", "--json", code=1).summary["ok"])
      pack.write_bytes(saved)
      self.assertTrue(self.call("check", "--json").summary["ok"])

  def test_repair_of_a_sound_repository(self):
    self.snapshot(self.source)
    before = self.snapshots()
    self.call("repair", "--json")
    self.assertEqual([entry["id"] for entry in self.snapshots()], [entry["id"] for entry in before])


if __name__ == "__main__":
  unittest.main()
