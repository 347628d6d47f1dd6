"""Coming from the old backup scripts: their ZIPs become snapshots."""

import datetime
import fcntl
import json
import os
import shutil
import sqlite3
import time
import unittest
import zipfile
from pathlib import Path

import trees
from old_backups import files_of, moment, script_backup, stamp, write_zip
from support import FIXTURES, NOBODY, ROOT, Case, chroma, kill

EXPECTED = (FIXTURES / "chroma-1.5.9.expected.jsonl").read_bytes()


def utc(when):
  """A local time (the tests run in UTC) as the program prints it."""
  return when.strftime("%Y-%m-%dT%H:%M:%S")


class Migration(Case):
  def setUp(self):
    super().setUp()
    self.app = self.home / "app"
    self.app.mkdir()
    self.source = self.app / "chroma_db"
    shutil.copytree(FIXTURES / "chroma-1.5.9", self.source)
    self.old = self.app / "chromadb_backups"
    self.old.mkdir()

  def grow(self, number):
    """A small change of the database, as a plain table beside Chroma's."""
    with sqlite3.connect(self.source / "chroma.sqlite3") as connection:
      connection.execute("CREATE TABLE IF NOT EXISTS growth (number INTEGER, text TEXT)")
      connection.execute("INSERT INTO growth VALUES (?, ?)", (number, "x" * 2000))
    connection.close()

  def imports(self, *arguments, code=0):
    lines = self.call("import", *arguments, "--json", code=code).lines
    return [line for line in lines if line["message_type"] == "file"], lines[-1]

  def test_a_folder_of_script_backups(self):
    for day in (1, 2, 3):
      self.grow(day)
      script_backup(self.source, self.old, moment(day), "auto_backup" if day == 2 else "chromadb_backup")
    kept = {path.name: path.read_bytes() for path in self.old.iterdir()}
    files, summary = self.imports(self.old)
    self.assertEqual((summary["imported"], summary["known"], summary["refused"]), (3, 0, 0))
    self.assertEqual([file["name"] for file in files],
                     [f"chromadb_backup_{stamp(moment(1))}", f"auto_backup_{stamp(moment(2))}",
                      f"chromadb_backup_{stamp(moment(3))}"])
    listed = self.snapshots()
    self.assertEqual([entry["name"] for entry in listed], [file["name"] for file in files])
    for entry, day in zip(listed, (1, 2, 3)):
      self.assertTrue(entry["time"].startswith(utc(moment(day))), entry["time"])
      self.assertEqual((entry["source"], entry["source_kind"]), (str(self.source), "chroma"))
      self.assertEqual((entry["records"], entry["health"]), (77, "good"))
      self.assertIn("imported", entry["tags"])
    # One history: each has the one before as its parent, and costs what changed.
    self.assertEqual([entry["parent"] for entry in listed], [None, listed[0]["id"], listed[1]["id"]])
    self.assertLess(listed[2]["bytes_stored"], listed[0]["bytes_stored"] / 5)
    # The directory and nothing else; what is restored answers like the original.
    target = self.restore("latest")
    self.assertEqual(trees.contents(target), trees.contents(self.source))
    target = self.restore(listed[0]["name"])
    self.assertEqual(chroma("1.5.9", "records.py", target, "--queries", "5"), EXPECTED)
    self.assertTrue(self.check()["ok"])
    self.assertEqual({path.name: path.read_bytes() for path in self.old.iterdir()}, kept, "a ZIP was touched")

  def test_again_is_skipped(self):
    for day in (1, 2):
      script_backup(self.source, self.old, moment(day))
    self.imports(self.old)
    self.grow(3)
    new = script_backup(self.source, self.old, moment(3))
    files, summary = self.imports(self.old)
    self.assertEqual((summary["imported"], summary["known"]), (1, 2))
    self.assertEqual([file["outcome"] for file in files], ["known", "known", "imported"])
    # Under another name, and twice on one command line, it is still the same.
    copy = self.home / "copy.zip"
    shutil.copy(new, copy)
    self.assertEqual(self.imports(copy, new, copy)[1]["known"], 2)
    text = self.call("import", self.old).text
    self.assertEqual(text.count("known    "), 3)
    self.assertIn("0 imported, 3 known already, 0 refused", text)
    self.assertEqual(len(self.snapshots()), 3)

  def test_a_dry_run_changes_nothing(self):
    script_backup(self.source, self.old, moment(1))
    files, summary = self.imports(self.old, "--dry-run")
    self.assertEqual((summary["imported"], files[0]["outcome"]), (1, "would_import"))
    self.assertIn("2024-12-01 03:30:22", self.call("import", self.old, "--dry-run").text)
    self.assertFalse(self.program.repository.exists())

  def test_into_the_folder_where_the_old_backups_lie(self):
    """The default folder: ZIPs, and what the old restore left unpacked; nothing of it is touched."""
    archive = script_backup(self.source, self.old, moment(1))
    unpacked = self.old / f"pre_restore_backup_{stamp(moment(2))}"
    shutil.copytree(self.source, unpacked)
    before = trees.describe(self.old)
    default = {"environment": {"CHROMASNAP_REPO": None}, "cwd": self.app}
    self.call("snapshot", **default)
    self.call("import", "chromadb_backups", **default)
    after = trees.describe(self.old)
    for path in before.keys() - {b"."}:
      self.assertEqual(after[path], before[path])
    listed = self.call("list", "--json", **default).json
    self.assertEqual({entry["name"].rsplit("_", 2)[0] for entry in listed},
                     {"chromadb_backup", "pre_restore_backup"})
    self.assertEqual(len(listed), 3)
    by_name = {entry["name"]: entry for entry in listed}
    self.assertTrue(by_name[unpacked.name]["time"].startswith(utc(moment(2))))
    again = self.call("import", "chromadb_backups", "--json", **default).lines[-1]
    self.assertEqual((again["imported"], again["known"]), (0, 2))
    self.assertTrue(archive.exists())

  def test_order_is_that_of_the_data(self):
    taken = self.snapshot(self.source)
    for day in (5, 4):
      self.grow(day)
      script_backup(self.source, self.old, moment(day))
    self.imports(self.old)
    script_backup(self.source, self.old, moment(3))
    self.imports(self.old)
    def shown(*arguments):
      return self.call("show", *arguments, "--json").json
    self.assertEqual(shown("latest")["id"], taken["snapshot_id"], "an old backup became the latest")
    self.assertTrue(shown("latest~1")["time"].startswith("2024-12"))
    self.assertEqual(shown("--as-of", "2024-12-04T12:00:00Z")["name"], f"chromadb_backup_{stamp(moment(4))}")
    self.assertEqual(shown("--as-of", "2024-12-03T12:00:00Z")["name"], f"chromadb_backup_{stamp(moment(3))}")
    self.assertEqual(shown("--as-of", "2024-12-31T12:00:00Z")["name"], f"chromadb_backup_{stamp(moment(5))}")
    self.assertEqual(shown("--as-of", "2099-01-01T00:00:00Z")["id"], taken["snapshot_id"])
    self.call("show", "--as-of", "2024-12-01T00:00:00Z", code=1)
    # The next snapshot goes on from the last one, not from an import.
    self.assertEqual(self.snapshot(self.source)["parent"], taken["snapshot_id"])
    # Rotation goes by the same order: the oldest go first.
    self.call("forget", "--keep-last", "3")
    self.assertEqual([entry["name"] for entry in self.snapshots() if "imported" in entry["tags"]],
                     [f"chromadb_backup_{stamp(moment(5))}"])

  def test_source_is_named(self):
    archive = script_backup(self.source, self.old, moment(1), source_path="/elsewhere/chroma_db")
    self.snapshot(self.source)
    files, _ = self.imports(archive, "--source", self.source)
    self.assertEqual(files[0]["source"], str(self.source))
    entries = self.snapshots("--source", self.source)
    self.assertEqual(len(entries), 2)
    ids = {self.call("show", entry["id"], "--json").json["source_id"] for entry in entries}
    self.assertEqual(len(ids), 1)

  def test_a_place_that_is_gone_or_something_else(self):
    gone = script_backup(self.source, self.old, moment(1), source_path=self.home / "gone" / "chroma_db")
    other = self.home / "documents"
    other.mkdir()
    (other / "letter").write_bytes(b"mine")
    taken = script_backup(self.source, self.old, moment(2), source_path=other)
    files, _ = self.imports(gone, taken)
    self.assertEqual([file["source"] for file in files],
                     [str(self.home / "gone" / "chroma_db"), str(self.old / "chroma_db")])
    self.call("restore", files[0]["snapshot_id"], "--yes")
    self.assertEqual(trees.contents(self.home / "gone" / "chroma_db"), trees.contents(self.source))
    self.call("restore", files[1]["snapshot_id"], "--yes")
    self.assertEqual(os.listdir(other), ["letter"])

  def test_imports_do_not_hide_what_is_taken(self):
    taken = self.snapshot(self.source)
    write_zip(self.home / "plain.zip", files_of(self.source, "."))
    self.imports(self.home / "plain.zip")
    self.assertEqual(self.call("show", "latest", "--json").json["id"], taken["snapshot_id"])

  def test_wherever_the_directory_lies(self):
    cases = {
      "top_20240101_010101.zip": files_of(self.source, ""),
      "one_20240102_010101.zip": files_of(self.source, "chroma"),
      "deep_20240103_010101.zip": files_of(self.source, "chromadb_backup_x/chroma_db"),
      "beside_20240104_010101.zip": files_of(self.source, "db") | {"notes.txt": b"mine", "__MACOSX/db/x": b"x"},
    }
    for name, files in cases.items():
      write_zip(self.home / name, files)
    files, _ = self.imports(*(self.home / name for name in cases))
    for name, file in zip(cases, files):
      with self.subTest(archive=name):
        self.assertEqual(file["name"] + ".zip", name)
        target = self.restore(file["snapshot_id"])
        self.assertEqual(trees.contents(target), trees.contents(self.source))
        self.discard(target)
    self.assertEqual([warning["code"] for file in files for warning in file["warnings"]], ["outside"])

  def test_names_and_times(self):
    files = files_of(self.source, "chroma_db")
    newest = max(os.path.getmtime(file) for file in files.values())
    os.utime(self.source / "chroma.sqlite3", (1_600_000_000, 1_600_000_000))
    for file in self.source.rglob("*.*"):
      os.utime(file, (1_600_000_000, 1_600_000_000))
    self.assertGreater(newest, 1_600_000_000)
    plain = write_zip(self.home / "my backup.zip", files)
    nameless = write_zip(self.home / "weird_20240229_120000.ZIP",
                         files | {"backup_metadata.json": b'{"backup_timestamp": 5, "x": 1}'})
    broken = write_zip(self.home / "broken_20240301_120000.zip", files | {"backup_metadata.json": b"{not json"})
    dated = write_zip(self.home / "dated.zip", files | {
      "backup_metadata.json": json.dumps({"timestamp": "20240302_120000", "backup_name": "a/../b"}).encode()})
    found = {Path(file["file"]): file for file in self.imports(plain, nameless, broken, dated)[0]}
    self.assertEqual(found[plain]["name"], "my backup_20200913_122640")
    self.assertEqual(found[nameless]["name"], "weird_20240229_120000")
    self.assertTrue(found[nameless]["time"].startswith("2024-02-29T12:00:00"))
    self.assertEqual(found[broken]["name"], "broken_20240301_120000")
    self.assertEqual(found[dated]["name"], "dated_20240302_120000")
    self.assertTrue(found[dated]["time"].startswith("2024-03-02T12:00:00"))

  def test_local_time(self):
    """The scripts wrote the time on the wall; it is read as such."""
    when = datetime.datetime(2024, 7, 1, 12, 0, 0)
    script_backup(self.source, self.old, when)
    self.call("import", self.old, environment={"TZ": "Europe/Berlin"})
    self.assertTrue(self.snapshots()[0]["time"].startswith("2024-07-01T10:00:00"))
    self.assertIn(f"chromadb_backup_{stamp(when)}", self.call("list").text)

  def test_local_time_around_a_change_of_clocks(self):
    """Berlin's clocks went forward at 01:00 UTC on 2026-03-29, and go back at 01:00 UTC on 2026-10-25."""
    berlin = {"TZ": "Europe/Berlin"}
    names = []
    for month, day, hour in ((3, 29, 1), (3, 29, 3), (10, 25, 1), (10, 25, 3)):
      self.grow(month + hour)
      when = datetime.datetime(2026, month, day, hour, 15, 0)
      script_backup(self.source, self.old, when)
      names.append(f"chromadb_backup_{stamp(when)}")
    self.call("import", self.old, environment=berlin)
    self.assertEqual([entry["time"][:16] for entry in self.snapshots()],
                     ["2026-03-29T00:15", "2026-03-29T01:15", "2026-10-24T23:15", "2026-10-25T02:15"])
    for name, before, after in zip(names, ("2026-03-29 01:14", "2026-03-29 03:14", "2026-10-25 01:14", "2026-10-25T03:14:59"),
                                   ("2026-03-29 01:16", "2026-03-29 03:16", "2026-10-25 01:16", "2026-10-25T03:15:00")):
      found = self.call("show", "--as-of", after, "--json", environment=berlin).json
      self.assertEqual(found["name"], name, after)
      result = self.call("show", "--as-of", before, "--json", code=(0, 1), environment=berlin)
      self.assertNotEqual(result.json.get("name"), name, before)

  def test_settings_count(self):
    """What the configuration says of health and level holds for what is imported too."""
    configuration = self.home / "chromasnap.toml"
    archive = script_backup(self.source, self.old, moment(1))

    def imported(text):
      configuration.write_text(text + "\n")
      self.program.repository = self.home / text.split()[0]
      return self.imports(archive, "--config", configuration)[0][0]
    self.assertLess(imported("level = 19")["bytes_stored"], imported("health = true")["bytes_stored"])
    self.assertEqual(imported("health-limit = '0.0s'")["warnings"][0]["code"], "unexamined")
    shutil.rmtree(self.home / "health")
    self.assertEqual(imported("health = false")["health"], "unchecked")

  def test_exports_come_back(self):
    first = self.snapshot(self.source, "--name", "before", "--tag", "mine", "--description", "größer")
    archive = self.home / "out.zip"
    self.call("export", "latest", archive)
    self.assertEqual(self.imports(archive)[1]["known"], 1, "the snapshot itself is here")
    self.program.repository = self.home / "another"
    files, _ = self.imports(archive)
    entry = self.snapshots()[0]
    self.assertEqual((entry["name"], entry["description"]), (first["name"], "größer"))
    self.assertEqual(sorted(entry["tags"]), ["imported", "mine"])
    self.assertEqual(entry["time"][:19], first["time"][:19])
    self.assertEqual(entry["source"], str(self.source))
    self.assertEqual(trees.contents(self.restore("latest")), trees.contents(self.source))
    # The metadata keep the words of the old scripts too.
    with zipfile.ZipFile(archive) as opened:
      metadata = json.loads(opened.read("backup_metadata.json"))
    self.assertEqual(metadata["file_count"], len(files_of(self.source, "")))
    self.assertEqual(metadata["source_path"], str(self.source))
    self.assertEqual(sum(entry["count"] for entry in metadata["collections"]), 77)
    self.assertEqual(metadata["backup_timestamp"][:19], first["time"][:19])

  def test_exports_of_plain_directories_come_back(self):
    plain = self.home / "plain"
    (plain / "chroma_db").mkdir(parents=True)
    (plain / "file").write_bytes(b"x")
    shutil.copy(self.source / "chroma.sqlite3", plain / "chroma_db")
    self.snapshot(plain)
    self.call("export", "latest", self.home / "plain.zip")
    self.program.repository = self.home / "another"
    self.imports(self.home / "plain.zip")
    self.assertEqual(self.snapshots()[0]["source_kind"], "directory")
    self.assertEqual(trees.contents(self.restore("latest")), trees.contents(plain))

  def spoil(self):
    """Flips bytes of every data pack, and has the damage found."""
    for pack in self.program.repository.glob("packs/*/*"):
      data = bytearray(pack.read_bytes())
      if len(data) > 20_000:
        pack.chmod(0o600)
        data[len(data) // 2] ^= 0xFF
        pack.write_bytes(data)
    return self.check(code=1)

  def test_what_is_hurt_is_healed_by_importing_it_again(self):
    archive = script_backup(self.source, self.old, moment(1), source_path=self.home / "gone")
    self.imports(archive)
    first, = self.snapshots()
    self.spoil()
    self.assertIn("chromasnap import", self.call("check", code=1).text)
    self.assertEqual(self.imports(archive, "--dry-run")[0][0]["outcome"], "would_import")
    files, summary = self.imports(archive)
    self.assertEqual((summary["imported"], summary["known"]), (1, 0))
    self.assertGreater(files[0]["bytes_stored"], 0)
    self.assertEqual(trees.contents(self.restore(files[0]["snapshot_id"])), trees.contents(self.source))
    self.assertEqual(trees.contents(self.restore(first["id"])), trees.contents(self.source))
    self.assertEqual(self.imports(archive)[1]["known"], 1)

  def test_what_a_repair_has_rewritten_is_imported_again(self):
    archive = script_backup(self.source, self.old, moment(1), source_path=self.home / "gone")
    self.imports(archive)
    self.spoil()
    result = self.call("repair", code=(1, 3))
    self.assertIn("chromasnap import", result.text)
    self.assertEqual(len(self.snapshots()), 2)
    files, summary = self.imports(archive)
    self.assertEqual(summary["imported"], 1)
    self.assertEqual(trees.contents(self.restore(files[0]["snapshot_id"])), trees.contents(self.source))
    self.assertEqual(self.imports(archive)[1]["known"], 1)

  def test_an_export_heals_what_it_is_of(self):
    taken = self.snapshot(self.source)
    self.call("export", "latest", self.home / "out.zip")
    self.spoil()
    self.assertEqual(self.imports(self.home / "out.zip")[1]["imported"], 1)
    self.assertEqual(trees.contents(self.restore(taken["snapshot_id"])), trees.contents(self.source))

  def test_what_stays_incomplete_is_not_imported_over_and_over(self):
    unpacked = self.old / f"pre_restore_backup_{stamp(moment(2))}"
    shutil.copytree(self.source, unpacked)
    os.mkfifo(unpacked / "pipe")
    self.assertEqual(self.imports(self.old, code=3)[1]["imported"], 1)
    self.assertEqual(self.imports(self.old)[1]["known"], 1)
    self.assertEqual(len(self.snapshots()), 1)

  def test_nobody_waits_for_what_is_no_file(self):
    unpacked = self.old / f"pre_restore_backup_{stamp(moment(2))}"
    shutil.copytree(self.source, unpacked)
    os.mkfifo(self.home / "pipe")
    (unpacked / "backup_metadata.json").symlink_to(self.home / "pipe")
    process = self.program.start("import", self.old)
    try:
      output = process.communicate(timeout=60)
    finally:
      process.kill()
    self.assertEqual(process.returncode, 0, output)

  def test_metadata_that_ask_for_too_much(self):
    def archive(name, **metadata):
      metadata = {"backup_timestamp": "2024-12-01T03:30:22"} | metadata
      return write_zip(self.home / name, files_of(self.source, "chroma_db")
                       | {"backup_metadata.json": json.dumps(metadata).encode()})

    self.imports(archive("large.zip", description="ü" * 1_000_000, tags=[f"tag {i}" for i in range(300_000)],
                         source_path="/" + "x" * 10_000))
    entry, = self.snapshots()
    self.assertEqual(entry["description"], "ü" * (32 << 10))
    self.assertEqual(len(entry["tags"]), 1001)
    self.assertEqual(entry["source"], str(self.home / "chroma_db"))
    files, _ = self.imports(archive("zero.zip", source_path="/srv/a\0b", tags=["z"]))
    self.assertEqual(files[0]["source"], str(self.home / "chroma_db"))
    for name in ("latest", "latest~1"):
      files, _ = self.imports(archive("x.zip", backup_name=name, tags=[name]))
      self.assertEqual(files[0]["snapshot_name"], f"{name}_20241201_033022")
      self.call("show", files[0]["snapshot_name"])

  def test_a_link_that_leads_nowhere_possible(self):
    for target in (b"a\0b", b""):
      path = write_zip(self.home / "x_20240101_000000.zip", files_of(self.source, "chroma_db"))
      link = zipfile.ZipInfo("chroma_db/link")
      link.external_attr, link.create_system = 0o120777 << 16, 3
      with zipfile.ZipFile(path, "a") as opened:
        opened.writestr(link, target)
      files, _ = self.imports(path, code=1)
      self.assertEqual((files[0]["outcome"], files[0]["code"]), ("refused", "damaged"))
      self.assertIn("chroma_db/link", files[0]["message"])

  def test_damaged_and_hostile(self):
    good = script_backup(self.source, self.old, moment(1))
    spoiled = script_backup(self.source, self.home, moment(3))
    data = bytearray(spoiled.read_bytes())
    (self.old / "cut_20241202_000000.zip").write_bytes(data[:len(data) // 2])
    with zipfile.ZipFile(spoiled) as opened:
      largest = max(opened.infolist(), key=lambda entry: entry.compress_size)
    at = largest.header_offset + 200
    data[at:at + 4] = b"oops"
    (self.old / "flipped_20241203_000000.zip").write_bytes(data)
    write_zip(self.old / "climbing_20241204_000000.zip", files_of(self.source, "x") | {"../../evil": b"x"})
    write_zip(self.old / "absolute_20241205_000000.zip", files_of(self.source, "x") | {"/tmp/evil": b"x"})
    (self.old / "empty_20241206_000000.zip").write_bytes(b"")
    write_zip(self.old / "other_20241207_000000.zip", {"letter.txt": b"mine"})
    write_zip(self.old / "two_20241208_000000.zip", files_of(self.source, "a") | files_of(self.source, "b"))
    files, summary = self.imports(self.old, code=3)
    self.assertEqual((summary["imported"], summary["refused"]), (1, 7))
    refused = {Path(file["file"]).name.split("_")[0]: file for file in files if file["outcome"] == "refused"}
    self.assertEqual({name: file["code"] for name, file in refused.items()},
                     {"cut": "damaged", "flipped": "damaged", "climbing": "unsafe_archive",
                      "absolute": "unsafe_archive", "empty": "damaged", "other": "unsupported",
                      "two": "unsupported"})
    for name, file in refused.items():
      self.assertIn(name, file["message"])
      self.assertTrue(file["hint"], file)
    self.assertIn("backup corrupted", refused["flipped"]["message"])
    self.assertEqual(len(self.snapshots()), 1)
    self.assertFalse((self.home / "evil").exists() or Path("/tmp/evil").exists())
    self.assertEqual([path.name for path in self.program.cache.glob("import-*")], [], "scratch was left behind")
    self.assertTrue(self.check()["ok"])
    result = self.call("import", self.old, code=3)
    self.assertEqual(result.errors.count("error: "), 7)
    self.assertNotRegex(result.text + result.errors, r"[\r\x1b]")
    good.unlink()
    self.program.repository = self.home / "another"
    self.call("import", self.old, code=1)
    self.call("import", self.home / "nothing.zip", code=1)
    self.call("import", self.source, code=1)
    self.call("import", code=64)

  def test_links_in_a_zip_lead_nowhere(self):
    archive = self.home / "links_20240101_000000.zip"
    write_zip(archive, files_of(self.source, "db"))
    with zipfile.ZipFile(archive, "a") as opened:
      link = zipfile.ZipInfo("db/link")
      link.external_attr = 0o120777 << 16
      opened.writestr(link, str(self.home))
      setuid = zipfile.ZipInfo("db/setuid")
      setuid.external_attr = 0o104755 << 16
      opened.writestr(setuid, b"x")
      closed = zipfile.ZipInfo("db/closed")
      closed.external_attr = 0o100000 << 16
      opened.writestr(closed, b"x")
    self.imports(archive)
    target = self.restore("latest")
    self.assertEqual(os.readlink(target / "link"), str(self.home))
    self.assertEqual((target / "setuid").stat().st_mode & 0o7777, 0o755)
    self.assertEqual((target / "closed").read_bytes(), b"x")

  def test_count_mismatch(self):
    """The script counted, somebody added, the script copied: the ZIP holds what it holds, and that is said."""
    with sqlite3.connect(self.source / "chroma.sqlite3") as connection:
      names = [row[0] for row in connection.execute("SELECT name FROM collections ORDER BY name")]
    connection.close()
    counts = {entry["name"]: entry["records"] for entry in self.snapshot(self.source)["collections"]}
    wrong = [(name, counts[name] + (5 if name == names[0] else 0)) for name in names]
    archive = script_backup(self.source, self.old, moment(1), collections=wrong)
    files, _ = self.imports(archive)
    warnings = [warning for warning in files[0]["warnings"] if warning["code"] == "count_mismatch"]
    self.assertEqual(len(warnings), 1)
    self.assertIn("collection count mismatch", warnings[0]["message"])
    self.assertIn(names[0], warnings[0]["message"])
    right = script_backup(self.source, self.old, moment(2), collections=list(counts.items()))
    self.assertEqual(self.imports(right)[0][0]["warnings"], [])

  def test_a_backup_that_is_damaged_in_itself(self):
    """Whole as a ZIP, but what was copied was torn: it is imported, and said not to be good."""
    torn = self.home / "torn"
    shutil.copytree(self.source, torn)
    for pickle in torn.rglob("index_metadata.pickle"):
      pickle.write_bytes(pickle.read_bytes()[:20])
    archive = write_zip(self.home / "torn_20240101_000000.zip", files_of(torn, "chroma_db"))
    files, summary = self.imports(archive, code=3)
    self.assertEqual((files[0]["health"], summary["damaged"]), ("damaged", 1))
    self.assertEqual(self.snapshots()[0]["health"], "damaged")

  @unittest.skipUnless(ROOT, "only root can give files away")
  def test_owners(self):
    """Of a ZIP that belongs to the application, the restored files do too, though root imports and restores it."""
    archive = script_backup(self.source, self.old, moment(1), source_path="/elsewhere/chroma_db")
    os.chown(archive, NOBODY, NOBODY)
    self.imports(archive)
    target = self.restore("latest")
    self.assertEqual({path.lstat().st_uid for path in (target, *target.rglob("*"))}, {NOBODY})

  def test_what_a_killed_import_left_is_removed(self):
    archive = script_backup(self.source, self.old, moment(1))
    abandoned, running, new = (self.program.cache / f"import-{digit * 16}" for digit in "123")
    for folder in (abandoned, running, new):
      (folder / "below").mkdir(parents=True)
    for folder in (abandoned, running):
      os.utime(folder, (1_700_000_000, 1_700_000_000))
    held = os.open(running, os.O_RDONLY)
    self.addCleanup(os.close, held)
    fcntl.flock(held, fcntl.LOCK_EX)
    self.imports(archive)
    self.assertEqual(set(self.program.cache.glob("import-*")), {running, new})

  def test_killed_at_any_moment(self):
    """Each backup is there as a whole or not at all, and running it again brings the rest."""
    for day in range(1, 6):
      self.grow(day)
      script_backup(self.source, self.old, moment(day))
    for attempt in range(8):
      process = self.program.start("import", self.old)
      time.sleep(0.03 * attempt)
      kill(process)
    self.imports(self.old)
    self.assertEqual([entry["name"] for entry in self.snapshots()],
                     [f"chromadb_backup_{stamp(moment(day))}" for day in range(1, 6)])
    self.assertTrue(self.check()["ok"])
    self.assertEqual(trees.contents(self.restore("latest")), trees.contents(self.source))

  def test_two_imports_at_once(self):
    for day in range(1, 4):
      script_backup(self.source, self.old, moment(day))
    processes = [self.program.start("import", self.old) for _ in range(3)]
    for process in processes:
      process.communicate(timeout=120)
    self.assertEqual([process.returncode for process in processes], [0, 0, 0])
    self.assertEqual(len(self.snapshots()), 3)

  def test_the_same_zip_gives_the_same_tree(self):
    archive = script_backup(self.source, self.old, moment(1))
    self.imports(archive)
    first = self.restore("latest")
    described = trees.describe(first)
    self.program.repository = self.home / "another"
    self.imports(archive)
    self.assertSameTree(described, self.restore("latest"))


if __name__ == "__main__":
  unittest.main()
