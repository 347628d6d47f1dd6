"""What restore, undo, health and drill promise for a directory that real ChromaDB wrote."""

import os
import sqlite3
import subprocess
import sys
import unittest

import trees
from support import FIXTURES, Case


class ChromaRestore(Case):
  def setUp(self):
    super().setUp()
    self.source = self.copy(FIXTURES / "chroma-1.5.9")
    self.before = trees.describe(self.source)
    self.first = self.snapshot(self.source)

  def header(self):
    return next(self.source.glob("*/header.bin"))

  def test_what_is_in_it_is_known(self):
    self.assertEqual((self.first["health"], self.first["records"]), ("good", 77))
    self.assertEqual({c["name"] for c in self.first["collections"]}, {"articles", "notes", "pictures"})
    entry = self.snapshots()[0]
    self.assertEqual((entry["health"], entry["records"], len(entry["collections"])), ("good", 77, 3))

  def test_in_place_with_a_safety_snapshot_and_undo(self):
    (self.source / "new").write_text("since then")
    changed = trees.describe(self.source)
    self.call("restore", "--json", code=64)
    self.assertSameTree(changed, self.source, "a restore that nobody agreed to")
    summary = self.call("restore", self.first["snapshot_id"], "--yes", "--json").summary
    self.assertSameTree(self.before, self.source)
    self.assertEqual((summary["health"], summary["undo_available"]), ("good", True))
    safety = self.restore(summary["safety_snapshot_id"])
    self.assertSameTree(changed, safety)
    self.assertIn("pre-restore", self.snapshots()[-1]["tags"])
    self.call("undo", self.source, "--yes")
    self.assertSameTree(changed, self.source)

  def test_the_safety_snapshot_holds_the_folders_of_deleted_collections(self):
    orphan = self.source / "0f0e0d0c-0000-4000-8000-00000000abcd"
    orphan.mkdir()
    (orphan / "mine").write_text("mine")
    changed = trees.describe(self.source)
    summary = self.call("restore", self.first["snapshot_id"], "--yes", "--no-undo", "--json").summary
    self.assertSameTree(self.before, self.source)
    self.assertFalse(summary["undo_available"])
    self.assertIn("orphan_folder", [warning["code"] for warning in summary["warnings"]])
    self.assertRestores(summary["safety_snapshot_id"], changed)

  def test_what_the_safety_snapshot_does_not_hold_is_kept_in_any_case(self):
    os.mkfifo(self.source / "fifo")
    summary = self.call("restore", self.first["snapshot_id"], "--yes", "--no-undo", "--json").summary
    self.assertSameTree(self.before, self.source)
    self.assertEqual([warning["code"] for warning in summary["warnings"]], ["unsupported_kind", "undo_kept"])
    self.assertTrue(summary["undo_available"])
    self.call("undo", self.source, "--yes")
    self.assertTrue((self.source / "fifo").is_fifo())

  def test_not_while_a_process_has_it_open(self):
    (self.source / "new").write_text("since then")
    reader = subprocess.Popen(
      [sys.executable, "-c", "import sys; f = open(sys.argv[1]); print(flush=True); sys.stdin.read()",
       self.source / "chroma.sqlite3"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
      reader.stdout.readline()
      changed = trees.describe(self.source)
      error = self.call("restore", self.first["snapshot_id"], "--yes", "--json", code=1).summary
      self.assertEqual(error["code"], "target_busy")
      self.assertIn(str(reader.pid), error["message"])
      self.assertSameTree(changed, self.source)
      self.call("snapshot", self.source, "--offline", "--json", code=1)
      self.call("restore", self.first["snapshot_id"], "--force")
      self.assertSameTree(self.before, self.source)
    finally:
      reader.stdin.close()
      reader.wait()
      reader.stdout.close()

  def test_damage_is_saved_loudly(self):
    with open(self.header(), "r+b") as file:
      file.seek(20)
      file.write(b"\xff")
    result = self.call("snapshot", self.source, "--json", code=3)
    self.assertEqual(result.summary["health"], "damaged")
    self.call("health", "latest", "--json", code=1)
    self.call("health", self.source, "--json", code=1)
    self.call("health", self.first["snapshot_id"], "--json")
    self.call("drill", "latest", "--json", code=1)
    # Retention never expires the last good one.
    self.call("forget", "--keep-last", "1")
    self.assertIn(self.first["snapshot_id"], {entry["id"] for entry in self.snapshots()})

  def test_damage_is_damage_although_nothing_has_changed(self):
    self.header().write_bytes(b"garbage" * 100)
    for arguments in (("auto",), ("auto",), ("snapshot", "--skip-if-unchanged")):
      summary = self.call(*arguments, self.source, "--json", code=3).summary
      self.assertEqual(summary["health"], "damaged", arguments)
    self.assertIsNone(summary["snapshot_id"])
    for command in ("auto",), ("snapshot", "--skip-if-unchanged"):
      self.assertIn("health damaged", self.call(*command, self.source, code=3).text)
    self.assertEqual(self.call("snapshot", self.source, "--skip-if-unchanged", "--no-health", "--json").summary["health"],
                     "unchecked")

  def test_what_was_good_vouches_for_what_has_not_changed_only(self):
    header = self.header()
    sound = header.read_bytes()
    header.write_bytes(sound[:20] + b"\xff" + sound[21:])
    self.call("snapshot", self.source, code=3)
    # Neither the damaged index nor anything else became good by being seen before.
    (self.source / "new").write_text("since then")
    self.assertEqual(self.call("snapshot", self.source, "--json", code=3).summary["health"], "damaged")
    header.write_bytes(sound)
    self.assertEqual(self.snapshot(self.source)["health"], "good")

  def test_an_examination_ends_with_its_time(self):
    (self.source / "new").write_text("since then")
    summary = self.call("snapshot", self.source, "--health-limit", "0", "--json").summary
    self.assertEqual(summary["health"], "unchecked")
    self.assertIn("unexamined", [warning["code"] for warning in summary["warnings"]])
    self.call("health", "latest", "--json")

  def test_a_database_that_is_none_is_saved_as_it_is(self):
    with open(self.source / "chroma.sqlite3", "r+b") as file:
      file.seek(100)
      file.write(b"\0" * 4000)
    damaged = trees.describe(self.source)
    result = self.call("snapshot", self.source, "--json", code=3)
    self.assertEqual(result.summary["health"], "damaged")
    target = self.restore("latest", code=(0, 3))
    self.assertSameTree(damaged, target)

  def test_diff_says_which_records_changed(self):
    with sqlite3.connect(self.source / "chroma.sqlite3") as database:
      gone, = database.execute("SELECT embedding_id FROM embeddings ORDER BY embedding_id LIMIT 1").fetchone()
      database.execute("DELETE FROM embeddings WHERE embedding_id = ?", (gone,))
    database.close()
    self.snapshot(self.source, "--no-health")
    collections = self.call("diff", "latest~1", "latest", "--records", "--json").json["collections"]
    self.assertEqual(sum(entry["removed"] for entry in collections), len(collections))
    for entry in collections:
      self.assertEqual(entry["records"], [{"change": "removed", "id": gone}])
    self.assertTrue(collections)

  def test_diff_names_an_empty_collection_that_came_or_went(self):
    with sqlite3.connect(self.source / "chroma.sqlite3") as database:
      database.execute("INSERT INTO collections (id, name, dimension, database_id) "
                       "SELECT 'new', 'empty', NULL, database_id FROM collections LIMIT 1")
    database.close()
    self.snapshot(self.source, "--no-health")
    for change, word, order in (("added", "new", ("latest~1", "latest")), ("removed", "gone", ("latest", "latest~1"))):
      found = [entry for entry in self.call("diff", *order, "--json").json["collections"] if entry["name"] == "empty"]
      self.assertEqual([(entry["change"], entry["added"], entry["removed"]) for entry in found], [(change, 0, 0)])
      self.assertIn(f"collection empty ({word}): ", self.call("diff", *order).text)

  def test_diff_says_what_a_renamed_collection_was_called(self):
    with sqlite3.connect(self.source / "chroma.sqlite3") as database:
      name, = database.execute("SELECT name FROM collections ORDER BY id LIMIT 1").fetchone()
      database.execute("UPDATE collections SET name = 'renamed' WHERE name = ?", (name,))
    database.close()
    self.snapshot(self.source, "--no-health")
    collection, = self.call("diff", "latest~1", "latest", "--json").json["collections"]
    self.assertEqual((collection["name"], collection["name_before"], collection["change"]), ("renamed", name, "changed"))
    self.assertIn(f"collection renamed (was {name}): 0 added, 0 changed, 0 removed",
                  self.call("diff", "latest~1", "latest").text)

  def test_drill(self):
    summary = self.call("drill", "--json").summary
    self.assertEqual((summary["ok"], summary["health"]), (True, "good"))
    self.assertTrue(self.snapshots()[0]["drill"]["ok"])
    self.call("restore", "latest", "--verify-only")
    self.assertSameTree(self.before, self.source)


if __name__ == "__main__":
  unittest.main()
