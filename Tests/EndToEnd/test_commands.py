"""Taking snapshots and looking at them, and where things lie: documented JSON fields, what each command does."""

import base64
import json
import os
import shutil
import sqlite3
import unittest
from pathlib import Path

import trees
from support import FIXTURES, SourceCase, settle

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


class Commands(SourceCase):
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
    patterns = ("*.log", "!keep.log", "/top", "cache/", "folder/**/nothing")
    self.snapshot(self.source, *(word for pattern in patterns for word in ("--exclude", pattern)))
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

  def test_a_chroma_directory_that_is_not_utf8(self):
    directory, other = os.fsencode(self.home) + b"/d\xe9", self.home / "d\ufffd"
    for place in (os.fsdecode(directory), other):
      shutil.copytree(FIXTURES / "chroma-1.5.9", place)
    # What would be opened instead can't be.
    database = sqlite3.connect(other / "chroma.sqlite3", isolation_level=None)
    self.addCleanup(database.close)
    database.execute("BEGIN EXCLUSIVE")
    summary = self.snapshot(directory, "--lock-timeout", "1s")
    self.assertEqual((base64.b64decode(summary["source_base64"]), summary["health"]), (directory, "good"))
    for mode in ("wal", "delete"):
      with sqlite3.connect(b"file:" + directory.replace(b"\xe9", b"%E9") + b"/chroma.sqlite3", uri=True) as own:
        own.execute(f"PRAGMA journal_mode={mode}")
      self.snapshot(directory, "--lock-timeout", "1s")
    target = directory + b"/target"
    restored = self.call("restore", "latest", "--to", target, "--json").summary
    self.assertIn("target_base64", restored)
    self.assertRestores("latest", Path(os.fsdecode(target)))
    sources = self.call("status", "--json").summary["sources"]
    self.assertEqual(sources[0]["source_base64"], summary["source_base64"])
    forgotten = self.call("forget", "--keep-last", "9", "--dry-run", "--json").summary["sources"]
    self.assertEqual(forgotten[0]["source_base64"], summary["source_base64"])

  def test_other_paths_that_are_not_utf8(self):
    place = os.fsencode(self.home) + b"/caf\xe9"
    self.assertIn("repository_base64", self.call("init", "--repo", place, "--json").summary)
    settings = self.call("config", "show", "--repo", place, "--json").json["settings"]
    self.assertIn("value_base64", next(found for found in settings if found["key"] == "repository"))
    self.assertEqual(self.call("list", "--repo", place, "--source", b"/caf\xe9").text, "no snapshots of /caf\ufffd\n")
    result = self.program.run("list", "--repo", place, "--cache-dir", place + b"-cache", "--json")
    self.assertError(result, 1, "--cache-dir")
    self.assertIn("UTF-8", result.summary["message"])

  def test_control_characters_in_json(self):
    text = "".join(map(chr, [*range(1, 0x20), *range(0x7F, 0xA2)]))
    self.snapshot(self.source, "--description", text)
    result = self.call("show", "latest", "--json")
    self.assertEqual(result.json["description"], text)
    self.assertNotRegex(result.text, r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")

  def test_a_name_is_one_line(self):
    self.write("two\nlines\there", b"x")
    self.snapshot(self.source)
    (self.source / "two\nlines\there").unlink()
    self.snapshot(self.source, "--tag", "two\nlines")
    for arguments in (["ls", "latest~1"], ["list"], ["diff", "latest~1", "latest"],
                      ["restore", "latest~1", "--to", self.home / "target", "--dry-run"]):
      lines = self.call(*arguments).text.splitlines()
      self.assertTrue(any("two\\x0alines" in line for line in lines), lines)

  def test_a_name_has_no_colon(self):
    self.assertError(self.program.run("snapshot", self.source, "--name", "a:b", "--json"), 64, "colon")

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

  def test_ls_shows_all_permissions(self):
    for name, mode in (("one", 0o4755), ("folder", 0o1777), ("folder/two", 0o2644)):
      (self.source / name).chmod(mode)
    self.snapshot(self.source)
    text = self.call("ls", "latest", "--recursive").text
    for name, rights in (("one", "-rwsr-xr-x"), ("folder", "drwxrwxrwt"), ("folder/two", "-rw-r-Sr--")):
      self.assertRegex(text, rf"(?m)^{rights} .* /?{name}$")

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
