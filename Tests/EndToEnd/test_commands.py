"""Every command: the documented JSON fields, what each does, how snapshots are named."""

import datetime
import json
import os
import unittest
from pathlib import Path

import trees
from support import FIXTURES, Case, settle

NUMBER = (int, float)
SNAPSHOT_FIELDS = {
  "message_type": str, "snapshot_id": str, "short_id": str, "name": str, "parent": (str, type(None)), "source": str,
  "source_kind": str, "time": str, "repository_created": bool, "unchanged": bool, "files_new": int,
  "files_changed": int, "files_unmodified": int, "files_skipped": int, "bytes_processed": int, "bytes_read": int,
  "bytes_stored": int, "chunks_new": int, "patches_new": int, "duration": NUMBER, "hold_seconds": (*NUMBER, type(None)),
  "tries": (int, type(None)), "records": (int, type(None)), "collections": (list, int, type(None)), "health": str,
  "warnings": list,
}
LIST_FIELDS = {
  "id": str, "short_id": str, "name": str, "time": str, "hostname": str, "source": str, "source_kind": str,
  "tags": list, "description": str, "pinned": bool, "parent": (str, type(None)), "files": int, "total_bytes": int,
  "bytes_stored": int, "health": str, "records": (int, type(None)), "collections": (list, type(None)),
  "drill": (dict, type(None)),
}
RESTORE_FIELDS = {
  "message_type": str, "snapshot_id": str, "target": str, "dry_run": bool, "files_restored": int, "bytes_restored": int,
  "files_reused": int, "safety_snapshot_id": (str, type(None)), "undo_available": bool, "verified": bool,
  "health": str, "duration": NUMBER, "warnings": list,
}
CHECK_FIELDS = {
  "message_type": str, "ok": bool, "read_data": bool, "snapshots": int, "packs": int, "chunks": int,
  "bytes_read": int, "duration": NUMBER, "errors": list,
}


class Commands(Case):
  def setUp(self):
    super().setUp()
    self.source = self.home / "source"
    (self.source / "folder" / "below").mkdir(parents=True)
    self.write("one", b"1" * 1000)
    self.write("folder/two", os.urandom(200_000))
    self.write("folder/below/three.log", b"log\n" * 500)

  def write(self, name, data):
    (self.source / name).write_bytes(data)

  def assertFields(self, value, fields):
    for name, kind in fields.items():
      self.assertIn(name, value)
      self.assertIsInstance(value[name], kind, name)
      if kind is int:
        self.assertNotIsInstance(value[name], bool, name)

  def assertTime(self, text):
    self.assertTrue(text.endswith("Z"), text)
    moment = datetime.datetime.fromisoformat(text)
    self.assertLess(abs((datetime.datetime.now(datetime.timezone.utc) - moment).total_seconds()), 600)

  # Snapshot.

  def test_snapshot_summary(self):
    first = self.snapshot(self.source)
    self.assertFields(first, SNAPSHOT_FIELDS)
    self.assertRegex(first["snapshot_id"], r"^[0-9a-f]{64}$")
    self.assertEqual(first["short_id"], first["snapshot_id"][:8])
    self.assertEqual(first["source"], str(self.source))
    self.assertEqual(first["source_kind"], "directory")
    self.assertIn(first["health"], ("good", "damaged", "unchecked"))
    self.assertTime(first["time"])
    self.assertTrue(first["repository_created"])
    self.assertIsNone(first["parent"])
    self.assertEqual((first["files_new"], first["files_changed"], first["files_unmodified"]), (3, 0, 0))
    self.assertEqual(first["bytes_processed"], 1000 + 200_000 + 2000)
    self.assertGreater(first["bytes_stored"], 200_000)
    self.assertFalse(first["unchanged"])

    self.write("one", b"2" * 1000)
    self.write("four", b"new")
    second = self.snapshot(self.source)
    self.assertFalse(second["repository_created"])
    self.assertEqual(second["parent"], first["snapshot_id"])
    self.assertEqual((second["files_new"], second["files_changed"]), (1, 1))
    self.assertLess(second["bytes_stored"], 20_000)

  def test_unchanged(self):
    settle()
    self.snapshot(self.source)
    summary = self.snapshot(self.source)
    self.assertTrue(summary["unchanged"])
    self.assertEqual(summary["bytes_read"], 0)
    self.assertEqual(len(self.snapshots()), 2)
    summary = self.snapshot(self.source, "--skip-if-unchanged")
    self.assertTrue(summary["unchanged"])
    self.assertEqual(len(self.snapshots()), 2)
    self.write("one", b"other")
    summary = self.snapshot(self.source, "--skip-if-unchanged")
    self.assertFalse(summary["unchanged"])
    self.assertEqual(len(self.snapshots()), 3)

  def test_names_tags_description(self):
    first = self.snapshot(self.source, "--name", "before", "--tag", "a", "--tag", "b", "--description", "größer")
    second = self.snapshot(self.source, "--name", "before")
    self.assertRegex(first["name"], r"^before_\d{8}_\d{6}(-\d+)?$")
    self.assertNotEqual(first["name"], second["name"])
    entry = next(entry for entry in self.snapshots() if entry["id"] == first["snapshot_id"])
    self.assertEqual((entry["tags"], entry["description"]), (["a", "b"], "größer"))
    tagged = self.snapshots("--tag", "a")
    self.assertEqual([entry["id"] for entry in tagged], [first["snapshot_id"]])
    for name in ("a/b", "..", "a\nb", ""):
      self.assertNotEqual(self.program.run("snapshot", self.source, "--name", name).code, 0, repr(name))

  def test_clashing_names(self):
    names = {self.snapshot(self.source, "--name", "x")["name"] for _ in range(5)}
    self.assertEqual(len(names), 5)

  def test_levels(self):
    self.write("text", b" ".join(b"word%d" % (n * n % 997) for n in range(100_000)))
    for level in ("1", "19"):
      self.snapshot(self.source, "--level", level)
    for level in ("0", "20", "x"):
      self.call("snapshot", self.source, "--level", level, code=64)
    self.assertTrue(self.check()["ok"])

  def test_excludes(self):
    for name in ("a.log", "keep.log", "top", "folder/top", "odd[1]", "folder/x.tmp"):
      self.write(name, b"x")
    (self.source / "cache" / "deep").mkdir(parents=True)
    self.write("cache/deep/file", b"x")
    self.snapshot(self.source, "--exclude", "*.log", "--exclude", "!keep.log", "--exclude", "/top", "--exclude", "cache/",
                  "--exclude", "folder/**/nothing")
    found = {os.fsdecode(path) for path in trees.contents(self.restore("latest"))}
    self.assertEqual(found, {"keep.log", "one", "folder/two", "folder/top", "odd[1]", "folder/x.tmp"})

  def test_exclude_temporary(self):
    for name in ("chroma.log", "chroma.log.1", "x.tmp", "x.swp", "log", "tmpfile"):
      self.write(name, b"x")
    self.snapshot(self.source, "--exclude-temporary")
    found = {os.fsdecode(path) for path in trees.contents(self.restore("latest"))}
    self.assertEqual(found, {"one", "folder/two", "log", "tmpfile"})

  def test_excluded_files_are_gone_from_the_next(self):
    self.snapshot(self.source)
    self.snapshot(self.source, "--exclude", "one")
    self.assertFalse((self.restore("latest") / "one").exists())
    self.assertTrue((self.restore("latest~1") / "one").exists())

  def test_repository_inside_the_source_is_left_out(self):
    self.program.repository = self.source / "backups"
    self.snapshot(self.source)
    self.snapshot(self.source)
    target = self.restore("latest")
    self.assertFalse((target / "backups" / "packs").exists())
    self.assertEqual(trees.contents(target).keys(), {b"one", b"folder/two", b"folder/below/three.log"})

  def test_source_is_found_and_named(self):
    place = self.home / "work"
    place.mkdir()
    self.call("snapshot", cwd=place, code=1)
    for folder in ("chroma", "chroma_db", "chromadb"):
      with self.subTest(folder=folder):
        work = self.home / f"work-{folder}"
        work.mkdir()
        (self.copy(FIXTURES / "chroma-1.5.9")).rename(work / folder)
        result = self.call("snapshot", cwd=work)
        self.assertIn(folder, result.text + result.errors)
        inside = self.call("snapshot", "--json", cwd=work / folder).summary
        self.assertEqual((inside["source"], inside["source_kind"]), (str(work / folder), "chroma"))

  def test_relative_source_and_symbolic_link(self):
    first = self.call("snapshot", "source", "--json", cwd=self.home).summary
    (self.home / "link").symlink_to("source")
    second = self.snapshot(self.home / "link")
    third = self.snapshot(f"{self.source}/")
    self.assertEqual((first["source"], second["source"], third["source"]), (str(self.source),) * 3)
    self.assertEqual(third["parent"], second["snapshot_id"])

  # Looking.

  def test_list(self):
    self.call("init")
    self.assertEqual(self.snapshots(), [])
    other = self.home / "other"
    other.mkdir()
    taken = [self.snapshot(source)["snapshot_id"] for source in (self.source, other, self.source)]
    entries = self.snapshots()
    self.assertEqual({entry["id"] for entry in entries}, set(taken))
    for entry in entries:
      self.assertFields(entry, LIST_FIELDS)
      self.assertTime(entry["time"])
    self.assertEqual(self.call("snapshots", "--json").json, entries)
    self.assertEqual([entry["id"] for entry in self.snapshots("--source", other)], [taken[1]])
    self.assertEqual([entry["id"] for entry in self.snapshots("--last", "1", "--source", self.source)], [taken[2]])
    by_id = {entry["id"]: entry for entry in entries}
    self.assertEqual(by_id[taken[2]]["parent"], taken[0])
    self.assertEqual((by_id[taken[0]]["files"], by_id[taken[0]]["total_bytes"]), (3, 203_000))
    text = self.call("list").text
    for identifier in taken:
      self.assertIn(identifier[:8], text)

  def test_show_ls_dump_stats(self):
    identifier = self.snapshot(self.source)["snapshot_id"]
    shown = self.call("show", "latest", "--json").json
    self.assertFields(shown, {"id": str, "name": str, "source": str})
    self.assertEqual(shown["id"], identifier)
    self.assertIn(identifier[:8], self.call("show", "latest").text)

    top = {entry["path"] for entry in self.call("ls", "latest", "--json").json}
    self.assertLessEqual({"one", "folder"}, top)
    below = [entry["path"] for entry in self.call("ls", "latest:folder", "--json").json]
    self.assertTrue(any(path.endswith("two") for path in below), below)
    self.assertIn("one", self.call("ls", "latest").text)
    self.call("ls", "latest:nothing", code=1)

    for name in ("one", "folder/two", "folder/below/three.log"):
      self.assertEqual(self.call("dump", f"latest:{name}").stdout, (self.source / name).read_bytes())
    self.call("dump", "latest:nothing", code=1)
    self.call("dump", "latest:folder", code=1)
    self.call("dump", "latest", code=64)

    self.assertIsInstance(self.call("stats", "--json").json, dict)
    self.assertGreater(len(self.call("stats").text), 20)

  def test_names_that_are_not_utf8(self):
    name = b"caf\xe9-\xff"
    Path(os.fsdecode(os.fsencode(self.source) + b"/" + name)).write_bytes(b"latin")
    expected = trees.describe(self.source)
    self.snapshot(self.source)
    entry = next(entry for entry in self.call("ls", "latest", "--json").json if entry["path"].startswith("caf"))
    self.assertEqual(entry["path_base64"], "Y2Fm6S3/")
    self.assertRestores("latest", expected)
    self.assertIn(b"caf", self.call("ls", "latest").stdout)
    self.assertEqual(self.call("dump", b"latest:" + name).stdout, b"latin")

  def test_a_source_that_is_not_utf8(self):
    source = Path(os.fsdecode(os.fsencode(self.home) + b"/caf\xe9"))
    source.mkdir()
    (source / "x").write_bytes(b"x")
    self.snapshot(os.fsencode(source))
    second = self.snapshot(os.fsencode(source))
    self.assertIsNotNone(second["parent"])
    self.assertRestores("latest", source)

  def test_diff(self):
    self.snapshot(self.source)
    self.write("one", b"other")
    self.write("four", b"new")
    (self.source / "folder" / "two").unlink()
    self.snapshot(self.source)
    found = json.dumps(self.call("diff", "latest~1", "latest", "--json").lines)
    for path in ("one", "four", "folder/two"):
      self.assertIn(f'"{path}"', found)
    self.assertNotIn("three.log", found)
    text = self.call("diff", "latest~1", "latest").text
    self.assertRegex(text, r"(?m)^\+\s+/?four")
    self.assertRegex(text, r"(?m)^-\s+/?folder/two")

  def test_ids(self):
    taken = [self.snapshot(self.source, "--name", f"n{number}") for number in range(3)]
    ids = [summary["snapshot_id"] for summary in taken]
    def shown(text):
      return self.call("show", text, "--json").json["id"]
    self.assertEqual([shown("latest"), shown("latest~0"), shown("latest~1"), shown("latest~2")],
                     [ids[2], ids[2], ids[1], ids[0]])
    self.assertEqual([shown(summary["name"]) for summary in taken], ids)
    self.assertEqual([shown(identifier[:12]) for identifier in ids] + [shown(ids[1])], [*ids, ids[1]])
    for text in ("latest~3", "latest~-1", "nothing", ids[0][:3], "0" * 64):
      result = self.call("show", text, "--json", code=1)
      self.assertEqual(result.summary["exit_code"], 1)

  def test_as_of(self):
    first = self.snapshot(self.source)
    settle()
    second = self.snapshot(self.source)
    def restored(*arguments):
      return self.call("restore", *arguments, "--to", self.home / "x", "--dry-run", "--json").summary["snapshot_id"]
    self.assertEqual(restored("latest", "--as-of", first["time"]), first["snapshot_id"])
    self.assertEqual(restored("latest", "--as-of", second["time"]), second["snapshot_id"])
    self.call("restore", "latest", "--as-of", "2001-01-01T00:00:00Z", "--to", self.home / "x", code=1)
    self.call("restore", "latest", "--as-of", "yesterday-ish", "--to", self.home / "x", code=64)

  # Restore.

  def test_restore_summary(self):
    summary = self.snapshot(self.source)
    target = self.home / "target"
    restored = self.call("restore", "latest", "--to", target, "--json").summary
    self.assertFields(restored, RESTORE_FIELDS)
    self.assertEqual(
      (restored["message_type"], restored["snapshot_id"], restored["target"], restored["dry_run"]),
      ("summary", summary["snapshot_id"], str(target), False))
    self.assertEqual((restored["files_restored"], restored["bytes_restored"]), (3, 203_000))
    self.assertTrue(restored["verified"])
    self.assertSameTree(self.source, target)

  def test_restore_refuses_to_overwrite(self):
    self.snapshot(self.source)
    target = self.home / "target"
    target.mkdir()
    (target / "mine").write_bytes(b"mine")
    before = trees.describe(target)
    result = self.call("restore", "latest", "--to", target, "--json", code=1)
    self.assertEqual(result.summary["message_type"], "error")
    self.assertSameTree(before, target)
    restored = self.call("restore", "latest", "--to", target, "--force", "--json").summary
    self.assertTrue(restored["undo_available"])
    self.assertSameTree(self.source, target)
    file = self.home / "file"
    file.write_bytes(b"a file")
    self.call("restore", "latest", "--to", file, code=1)
    self.assertEqual(file.read_bytes(), b"a file")

  def test_restore_into_an_empty_folder_or_a_new_one_below_new_ones(self):
    self.snapshot(self.source)
    empty = self.home / "empty"
    empty.mkdir()
    self.call("restore", "latest", "--to", empty)
    self.assertSameTree(self.source, empty)
    deep = self.home / "a" / "b" / "c"
    self.call("restore", "latest", "--to", deep)
    self.assertSameTree(self.source, deep)

  def test_restore_leaves_nothing_beside_the_target(self):
    self.snapshot(self.source)
    place = self.home / "place"
    place.mkdir()
    self.call("restore", "latest", "--to", place / "target")
    self.assertEqual(os.listdir(place), ["target"])
    self.call("restore", "latest", "--to", place / "target", "--force", "--no-undo")
    self.assertEqual(os.listdir(place), ["target"])

  def test_restore_through_a_symbolic_link(self):
    self.snapshot(self.source)
    real = self.home / "real"
    real.mkdir()
    (self.home / "link").symlink_to("real")
    self.call("restore", "latest", "--to", self.home / "link")
    self.assertTrue((self.home / "link").is_symlink())
    self.assertEqual(trees.contents(real), trees.contents(self.source))

  def test_restore_dry_run(self):
    self.snapshot(self.source)
    target = self.home / "target"
    self.assertTrue(self.call("restore", "latest", "--to", target, "--dry-run", "--json").summary["dry_run"])
    self.assertFalse(target.exists())
    self.assertIn("one", self.call("restore", "latest", "--to", target, "--dry-run").text)

  def test_restore_includes_and_excludes(self):
    self.snapshot(self.source)
    def restored(*arguments):
      target = self.restore("latest", *arguments)
      return {os.fsdecode(path) for path in trees.contents(target)}
    self.assertEqual(restored("--include", "one"), {"one"})
    self.assertEqual(restored("--include", "folder"), {"folder/two", "folder/below/three.log"})
    self.assertEqual(restored("--include", "folder/two", "--include", "one"), {"one", "folder/two"})
    self.assertEqual(restored("--exclude", "*.log"), {"one", "folder/two"})
    self.assertEqual(restored("--include", "folder", "--exclude", "below"), {"folder/two"})

  # Keeping.

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

  # Places.

  def test_init(self):
    self.call("init", "--json")
    self.call("init", code=1)
    self.assertEqual(self.snapshots(), [])
    occupied = self.home / "occupied"
    occupied.mkdir()
    (occupied / "mine").write_bytes(b"mine")
    self.call("init", "--repo", occupied, code=1)
    self.assertEqual(os.listdir(occupied), ["mine"])
    zips = self.home / "zips"
    zips.mkdir()
    (zips / "old_20240101_000000.zip").write_bytes(b"PK")
    self.call("init", "--repo", zips)
    self.assertEqual((zips / "old_20240101_000000.zip").read_bytes(), b"PK")

  def test_version(self):
    self.assertRegex(self.call("version").text, r"\d+\.\d+")
    self.assertIsInstance(self.call("version", "--json").json, dict)
    self.assertRegex(self.call("--version").text, r"\d+\.\d+")

  def test_repository_option_and_environment(self):
    option = self.home / "by-option"
    self.call("snapshot", self.source, "-r", option)
    self.assertEqual(len(self.call("list", "--json", "--repo", option).json), 1)
    self.assertEqual(len(self.call("list", "--json", environment={"CHROMASNAP_REPO": option}).json), 1)
    work = self.home / "work"
    work.mkdir()
    self.call("snapshot", self.source, cwd=work, environment={"CHROMASNAP_REPO": None})
    self.assertTrue((work / "chromadb_backups" / "config").is_dir())

  def test_cache_places(self):
    other = {"CHROMASNAP_CACHE_DIR": None, "XDG_CACHE_HOME": self.home / "xdg"}
    self.call("snapshot", self.source, environment=other)
    self.assertTrue(any((self.home / "xdg").rglob("*")))
    self.call("list", "--cache-dir", self.home / "named")
    self.assertTrue(any((self.home / "named").rglob("*")))

  def test_a_lost_cache_costs_nothing_but_time(self):
    expected = trees.describe(self.source)
    first = self.snapshot(self.source)
    self.program.cache = self.home / "another"
    self.assertEqual([entry["id"] for entry in self.snapshots()], [first["snapshot_id"]])
    self.assertRestores("latest", expected)
    summary = self.snapshot(self.source)
    self.assertLess(summary["bytes_stored"], 10_000)
    self.assertEqual(summary["parent"], first["snapshot_id"])
    self.assertTrue(self.check()["ok"])


if __name__ == "__main__":
  unittest.main()
