"""What one does by mistake, and what happens by bad luck, costs no data and is said."""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest

import trees
from support import FIXTURES, SourceCase


class Mishaps(SourceCase):
  def chroma(self):
    directory = self.home / "chroma"
    shutil.copytree(FIXTURES / "chroma-1.5.9", directory)
    return directory

  def test_a_database_that_is_gone_is_no_plain_success(self):
    directory = self.chroma()
    self.snapshot(directory)
    (directory / "chroma.sqlite3").write_bytes(b"")
    result = self.call("snapshot", directory, "--json", code=3)
    self.assertIn("was a Chroma directory", json.dumps(result.summary["warnings"]))
    # Until somebody says that it is intended.
    (directory / "other").write_bytes(b"x")
    result = self.call("auto", directory, "--json", code=3)
    self.assertIn(f"--accept-collapse {result.summary['parent'][:8]}", result.summary["warnings"][0]["message"])
    self.call("auto", directory, code=3)
    report = self.call("status", "--json", code=2).summary
    self.assertIn("collection_gone", [finding["code"] for finding in report["findings"]])
    last = report["sources"][0]["last"]["id"]
    self.call("forget", "--accept-collapse", last)
    report = self.call("status", "--json").summary
    self.assertNotIn("collection_gone", [finding["code"] for finding in report["findings"]])
    self.call("auto", directory)
    (directory / "other").write_bytes(b"y")
    self.call("auto", directory)

  def test_an_error_names_file_pack_and_chunk(self):
    directory = self.home / "small"
    directory.mkdir()
    (directory / "one").write_bytes(os.urandom(20_000))
    self.snapshot(directory)
    packs = (path for path in (self.program.repository / "packs").rglob("*") if path.is_file())
    pack = max(packs, key=lambda path: path.stat().st_size)
    pack.chmod(0o600)
    data = bytearray(pack.read_bytes())
    data[len(data) // 2] ^= 1
    pack.write_bytes(data)
    for command in (["dump", "latest:one"], ["check", "--read-data"], ["dump", "latest:one"],
                    ["export", "latest", self.home / "out.zip"]):
      result = self.call(*command, "--json", code=1)
      error = json.loads(result.stdout)
      if command[0] == "check":
        error, = error["errors"]
        self.assertTrue(error["message"].startswith("a chunk's stored bytes do not match"), error)
      else:
        self.assertRegex(error["message"], "^one can't be (read|exported): a chunk")
      self.assertRegex(error["chunk"], "^[0-9a-f]{64}$")
      self.assertIn("pack", error)

  def test_a_database_that_was_cut_off_is_saved_as_it_lies_there(self):
    for size in (100, 1000, 4096, 5000, 20480, 299008):
      with self.subTest(size=size):
        directory = self.home / str(size)
        shutil.copytree(FIXTURES / "chroma-1.5.9", directory)
        os.truncate(directory / "chroma.sqlite3", size)
        summary = self.snapshot(directory, code=3)
        self.assertTrue(self.check()["ok"])
        self.assertSameTree(directory, self.restore(summary["snapshot_id"], code=(0, 3)))

  def test_what_a_capture_gave_up_is_stored_after_it(self):
    directory = self.chroma()
    os.truncate(directory / "chroma.sqlite3", 20480)
    self.snapshot(directory, "--offline", code=3)
    (directory / "important").write_bytes(os.urandom(3000))
    summary = self.snapshot(directory, code=3)
    self.assertTrue(self.check()["ok"])
    self.assertSameTree(directory, self.restore(summary["snapshot_id"], code=(0, 3)))

  def test_a_header_that_sqlite_can_not_read(self):
    for place, data in ((16, b"\xff"), (44, b"\0\0\0\xff")):
      for mode in (1, 2):
        with self.subTest(place=place, mode=mode):
          directory = self.home / f"{place}-{mode}"
          shutil.copytree(FIXTURES / "chroma-1.5.9", directory)
          with open(directory / "chroma.sqlite3", "r+b") as file:
            file.seek(18)
            file.write(bytes([mode, mode]))
            file.seek(place)
            file.write(data)
          summary = self.snapshot(directory, code=3)
          self.assertTrue(self.check()["ok"])
          target = self.restore(summary["snapshot_id"], code=(0, 3))
          if mode == 1:
            self.assertSameTree(directory, target)
          self.call("health", directory, code=1)

  def test_a_header_of_an_index_may_say_anything(self):
    header = next((FIXTURES / "chroma-1.5.9").glob("*/header.bin")).read_bytes()
    self.write("folder/header.bin", header[:36] + b"\xfc" + b"\xff" * 7 + header[44:])
    self.snapshot(self.source)

  def test_a_pipe_is_waited_for_by_nobody(self):
    directory = self.chroma()
    index = next(directory.glob("*/index_metadata.pickle")).parent
    os.truncate(index / "data_level0.bin", 2 << 20)
    (index / "header.bin").unlink()
    os.mkfifo(index / "header.bin")
    self.snapshot(directory, code=3)
    self.call("health", directory, code=1)
    (index / "index_metadata.pickle").unlink()
    os.mkfifo(index / "index_metadata.pickle")
    self.snapshot(directory, code=3)
    self.call("health", directory, code=1)

  def test_a_symbolic_link_to_a_database_is_no_database(self):
    directory = self.chroma()
    linking = self.home / "linking"
    linking.mkdir()
    (linking / "chroma.sqlite3").symlink_to(directory / "chroma.sqlite3")
    self.assertError(self.program.run("snapshot", linking, "--json"), 64, str(directory))
    # Of anything else it is a link like others.
    (linking / "chroma.sqlite3").unlink()
    (linking / "chroma.sqlite3").symlink_to(self.source / "one")
    self.snapshot(linking)

  def crashed(self, mode):
    """A copy of a Chroma directory as a power cut would leave it: what its log holds counts, what its journal undoes not."""
    directory, crashed = self.chroma(), self.home / f"crashed-{mode}"
    database = sqlite3.connect(directory / "chroma.sqlite3", isolation_level=None)
    database.execute(f"PRAGMA journal_mode={mode}")
    if mode == "delete":
      database.execute("PRAGMA cache_size=2")
      database.execute("BEGIN")
    database.execute("DELETE FROM embeddings WHERE id % 2")
    database.execute("UPDATE embeddings SET embedding_id = 'x' || embedding_id")
    database.execute("CREATE TABLE filler AS SELECT * FROM embeddings_queue")
    shutil.copytree(directory, crashed, ignore=shutil.ignore_patterns("*-shm"))
    database.close()
    shutil.rmtree(directory)
    return crashed

  def test_what_a_crash_left_is_examined_as_the_next_one_would_find_it(self):
    for mode, code in (("wal", 1), ("delete", 0)):
      with self.subTest(mode=mode):
        directory = self.crashed(mode)
        self.assertEqual(len(list(directory.glob("chroma.sqlite3-*"))), 1)
        before = trees.describe(directory)
        self.call("health", directory, code=code)
        self.assertSameTree(before, directory)
        self.snapshot(directory, code=3 if code else 0)

  def test_a_database_that_another_process_keeps_for_itself_is_waited_for(self):
    directory = self.chroma()
    database = sqlite3.connect(directory / "chroma.sqlite3", isolation_level=None)
    database.execute("PRAGMA locking_mode=exclusive")
    database.execute("PRAGMA journal_mode=wal")
    database.execute("CREATE TABLE more(x)")
    process = self.program.start("snapshot", directory, "--lock-timeout", "60s")
    time.sleep(1)
    self.assertIsNone(process.poll())
    database.close()
    output = process.communicate(timeout=60)
    self.assertEqual(process.returncode, 0, output)

  def test_what_else_lies_beside_an_index_stays(self):
    directory = self.chroma()
    index = next(directory.glob("*/index_metadata.pickle")).parent
    (index / "mine.txt").write_text("mine")
    (index / "below").mkdir()
    (index / "below" / "further").write_text("mine too")
    self.busy_while(index, lambda: self.assertRestores(self.snapshot(directory)["snapshot_id"], directory))
    (index / "mine.txt").unlink()
    def without():
      target = self.restore(self.snapshot(directory, "--exclude", f"/{index.name}/", code=(0, 3))["snapshot_id"], code=(0, 3))
      self.assertFalse((target / index.name).exists())
    self.busy_while(index, without)

  def busy_while(self, index, body):
    """Lets an index come to no rest for a while: it is read again then."""
    end = time.monotonic() + 1.5
    def touch():
      while time.monotonic() < end:
        os.utime(index / "length.bin")
        os.utime(index / "index_metadata.pickle")
        time.sleep(0.005)
    thread = threading.Thread(target=touch)
    thread.start()
    try:
      body()
    finally:
      thread.join()

  def test_a_pattern_that_leaves_the_database_out(self):
    self.assertError(self.program.run("snapshot", self.chroma(), "--exclude", "*.sqlite3", "--json"), 64, "exclude")

  def test_the_repository_is_no_source(self):
    self.snapshot(self.source)
    for source in (self.program.repository, self.program.repository / "packs"):
      self.assertError(self.program.run("snapshot", source, "--json"), 64, "repository")

  def test_restoring_twice_restores_the_same(self):
    self.snapshot(self.source)
    before = self.copy(self.source)
    self.write("bad", b"bad")
    for _ in range(2):
      self.call("restore", "--yes")
      self.assertSameTree(before, self.source)

  def test_a_locked_database_is_waited_for_as_long_as_one_says(self):
    directory = self.chroma()
    database = sqlite3.connect(directory / "chroma.sqlite3", isolation_level=None)
    database.execute("BEGIN EXCLUSIVE")
    started = time.monotonic()
    result = self.call("snapshot", directory, "--lock-timeout", "2s", code=1)
    self.assertLess(time.monotonic() - started, 20)
    self.assertIn("lock", result.errors)
    self.assertNotIn("SELECT", result.errors)
    database.execute("ROLLBACK")
    database.close()
    self.snapshot(directory)

  def test_a_hard_link_to_a_database_with_a_log(self):
    directory = self.chroma()
    database = sqlite3.connect(directory / "chroma.sqlite3", isolation_level=None)
    database.execute("PRAGMA journal_mode=wal")
    database.execute("CREATE TABLE more(x)")
    os.link(directory / "chroma.sqlite3", directory / "copy.sqlite3")
    summary = self.snapshot(directory)
    database.close()
    target = self.home / "target"
    self.call("restore", summary["snapshot_id"], "--to", target)
    self.assertEqual((target / "copy.sqlite3").read_bytes(), (target / "chroma.sqlite3").read_bytes())

  def test_a_repository_in_the_directory_outlives_restores(self):
    directory = self.chroma()
    inside = directory / "chromadb_backups"
    first = self.call("snapshot", directory, "--repo", inside, "--json").summary
    (directory / "more").write_bytes(b"more")
    for arguments in ((), ("--no-undo",)):
      self.call("restore", first["snapshot_id"], "--repo", inside, "--yes", *arguments)
      self.assertFalse((directory / "more").exists())
      (directory / "more").write_bytes(b"more")
    self.assertEqual(len(self.call("list", "--repo", inside, "--json").json), 3)
    self.call("check", "--read-data", "--repo", inside)
    for target in (inside, inside / "packs", self.home, "/"):
      self.call("restore", first["snapshot_id"], "--repo", inside, "--to", target, "--force", code=64)

  def test_a_repository_that_came_after_the_restore_outlives_undo(self):
    first = self.snapshot(self.source)["snapshot_id"]
    self.write("one", b"since")
    self.call("restore", first, "--yes")
    inside = self.source / "chromadb_backups"
    self.call("snapshot", self.source, "--repo", inside)
    error = self.call("undo", self.source, "--yes", "--json", code=1).summary
    self.assertEqual(error["code"], "target_exists")
    for _ in range(2):
      self.call("restore", first, "--yes")
    self.call("check", "--read-data", "--repo", inside)
    inside.rename(self.home / "aside")
    self.call("undo", self.source, "--yes")
    self.assertEqual((self.source / "one").read_bytes(), b"since")

  def test_what_was_copied_of_a_repository_outlives_restores(self):
    first = self.snapshot(self.source)["snapshot_id"]
    for name, parts in {"without-locks": ("locks",), "without-config": ("locks", "config")}.items():
      shutil.copytree(self.program.repository, self.source / name, ignore=shutil.ignore_patterns(*parts))
    for _ in range(2):
      self.call("restore", first, "--yes", "--no-undo")
    self.call("check", "--read-data", "--repo", self.source / "without-locks")
    self.assertTrue(any((self.source / "without-config" / "packs").iterdir()))

  def test_a_pack_that_has_lost_its_table_is_no_small_matter(self):
    directory = self.chroma()
    taken = self.snapshot(directory)
    before = self.copy(directory)
    shutil.rmtree(directory)
    for pack in [path for path in (self.program.repository / "packs").glob("*/*")]:
      with self.subTest(size=pack.stat().st_size):
        pack.chmod(0o600)
        data = pack.read_bytes()
        pack.write_bytes(data[:-40])
        # The catalogue still finds what is in it; nobody else does.
        summary = self.call("check", "--json", code=1).summary
        self.assertIn(taken["snapshot_id"],
                      [item["snapshot_id"] for error in summary["errors"] for item in error["affected"]])
        text = self.call("check", code=1).text
        self.assertNotIn("prune", text)
        self.assertGreater(self.call("repair", "--json").summary["chunks_saved"], 0)
        shutil.rmtree(self.program.cache)
        self.assertRestores(taken["snapshot_id"], before)
        self.call("prune", "--max-unused", "0")
        self.assertTrue(self.check()["ok"])

  def packs(self):
    return sorted((self.program.repository / "packs").glob("*/*"), key=lambda path: path.stat().st_size)

  def test_what_is_lost_for_good_has_an_end(self):
    lost = self.snapshot(self.source)["snapshot_id"]
    shutil.rmtree(self.source)
    self.packs()[-1].unlink()
    self.assertIn("chromasnap repair", self.call("check", code=1).text)
    self.assertIn("chromasnap repair", self.call("prune", code=1).errors)
    (rewritten,) = self.call("repair", "--json", code=3).summary["rewritten"]
    self.assertEqual(rewritten["old"], lost)
    for command, code in (("repair", 3), ("repair", 3), ("check", 1)):
      self.assertIn(f"chromasnap forget {lost[:8]}`", self.call(command, code=code).text)
    self.assertEqual({entry["id"]: entry["health"] for entry in self.snapshots()},
                     {lost: "damaged", rewritten["new"]: "unchecked"})
    self.assertIn("hurt", self.call("list").text)
    self.assertIn("hurt", self.call("show", lost).text)
    self.call("forget", lost)
    self.call("prune")
    self.assertTrue(self.check()["ok"])
    self.call("restore", "latest", "--to", self.home / "target")

  def test_a_snapshot_of_which_nothing_is_left(self):
    lost = self.snapshot(self.source)["snapshot_id"]
    shutil.rmtree(self.source)
    self.packs()[0].unlink()
    for _ in range(2):
      self.assertIn(f"chromasnap forget {lost[:8]}`", self.call("repair", code=1).text)
    self.call("forget", lost, "--prune")
    self.assertTrue(self.check()["ok"])

  def test_repairing_again_adds_no_snapshot(self):
    first = self.snapshot(self.source)["snapshot_id"]
    self.write("one", b"changed")
    self.packs()[-1].unlink()
    summary = self.call("repair", "--json", code=3).summary
    self.assertEqual((len(summary["taken"]), len(summary["rewritten"])), (1, 1))
    count = len(self.snapshots())
    summary = self.call("repair", "--json", code=3).summary
    self.assertEqual((summary["taken"], summary["rewritten"], len(summary["rewritten_before"])), ([], [], 1))
    self.assertEqual(len(self.snapshots()), count)
    self.call("forget", first, "--prune")
    self.assertTrue(self.check()["ok"])
    self.assertRestores("latest", self.source)

  def test_a_source_as_its_snapshot_holds_it_makes_that_whole_again(self):
    taken = self.snapshot(self.source)["snapshot_id"]
    self.packs()[-1].unlink()
    summary = self.call("repair", "--json").summary
    self.assertEqual((summary["healed"], summary["taken"]), ([taken], []))
    self.assertTrue(self.check()["ok"])
    self.assertRestores(taken, self.source)

  def test_a_source_that_is_busy_ends_no_repair(self):
    directory = self.chroma()
    busy = self.snapshot(directory)["snapshot_id"]
    other = self.snapshot(self.source)["snapshot_id"]
    for pack in self.packs():
      if pack.read_bytes()[8] == 1:
        pack.unlink()
    database = sqlite3.connect(directory / "chroma.sqlite3", isolation_level=None)
    database.execute("BEGIN EXCLUSIVE")
    summary = self.call("repair", "--lock-timeout", "1s", "--json", code=3).summary
    self.assertEqual((summary["healed"], summary["rewritten"]), ([other], []))
    self.assertEqual([failed["path"] for failed in summary["failed_sources"]], [str(directory)])
    text = self.call("repair", "--lock-timeout", "1s", code=3).text
    self.assertIn(f"the source {directory} could not be taken", text)
    self.assertNotIn("forget", text)
    database.execute("ROLLBACK")
    database.close()
    summary = self.call("repair", "--json").summary
    self.assertEqual((summary["healed"], summary["failed_sources"]), ([busy], []))
    self.assertTrue(self.check()["ok"])

  def test_a_pack_that_does_not_end_as_it_should_is_written_anew(self):
    taken = self.snapshot(self.source)["snapshot_id"]
    before = self.copy(self.source)
    shutil.rmtree(self.source)
    for number, change in enumerate((lambda data: data[:-1], lambda data: data[:-20], lambda data: data + bytes(5000),
                                     lambda data: data[:-8] + os.urandom(100))):
      pack = self.packs()[number % 2]
      with self.subTest(number=number):
        whole = pack.read_bytes()
        pack.chmod(0o600)
        pack.write_bytes(change(whole))
        shutil.rmtree(self.program.cache)
        self.call("check", code=1)
        summary = self.call("repair", "--json").summary
        self.assertEqual((summary["healed"], summary["mended_packs"]), ([taken], [pack.name]))
        self.assertEqual(pack.read_bytes(), whole)
        self.assertTrue(self.check()["ok"])
        self.assertRestores(taken, before)

  def test_a_wrong_byte_in_a_pack_with_a_wrong_end_stays_known(self):
    taken = self.snapshot(self.source)["snapshot_id"]
    shutil.rmtree(self.source)
    pack = self.packs()[-1]
    data = bytearray(pack.read_bytes())
    data[len(data) // 2] ^= 1
    pack.chmod(0o600)
    pack.write_bytes(data[:-1])
    shutil.rmtree(self.program.cache)
    summary = self.call("repair", "--json", code=3).summary
    self.assertEqual((summary["mended_packs"], summary["healed"]), ([pack.name], []))
    (rewritten,) = summary["rewritten"]
    self.assertEqual([lost["path"] for lost in rewritten["lost"]], ["folder/two"])
    self.call("forget", taken, "--prune")
    self.assertTrue(self.check()["ok"])

  def test_a_lost_config_is_put_back(self):
    taken = self.snapshot(self.source)["snapshot_id"]
    config = self.program.repository / "config" / "1"
    config.chmod(0o600)
    whole = config.read_bytes()
    warm, cold = self.program.cache, self.home / "cold"
    flipped = bytearray(whole)
    flipped[100] ^= 1
    for damage in (None, b"", whole.replace(b"none", b"gone")):
      with self.subTest(damage=damage):
        config.unlink()
        if damage is not None:
          config.write_bytes(damage)
        self.program.cache = cold
        for command in (("list",), ("snapshot", self.source), ("check",), ("repair",)):
          errors = self.call(*command, code=1).errors
          self.assertIn("chromasnap repair", errors)
          self.assertIn("config/1", errors)
        self.program.cache = warm
        self.assertTrue(self.call("repair", "--dry-run", "--json", code=1).summary["mended_config"])
        self.assertTrue(self.call("repair", "--json").summary["mended_config"])
        self.assertEqual(config.read_bytes(), whole)
        self.assertTrue(self.check()["ok"])
    config.write_bytes(flipped)
    self.program.cache = cold
    self.call("repair")
    self.assertEqual(config.read_bytes(), whole)
    self.assertRestores(taken, self.source)
    # The caches of others that lay here once and can't be opened are passed over.
    shutil.rmtree(cold)
    self.program.cache = warm
    (cache,) = warm.iterdir()
    document = whole.split(b"\n")[0]
    identifier = json.loads(document)["id"]
    for number in range(8):
      other = f"{number}{identifier[1:]}"
      folder = warm / cache.name.replace(identifier, other)
      if other != identifier:
        (folder / "catalogue.sqlite" / "below").mkdir(parents=True)
        copied = document.replace(identifier.encode(), other.encode())
        (folder / "config-1").write_bytes(copied + b"\nsha256:" + hashlib.sha256(copied).hexdigest().encode() + b"\n")
    config.unlink()
    self.assertTrue(self.call("repair", "--json").summary["mended_config"])
    self.assertEqual(config.read_bytes(), whole)
    # No copy is left anywhere.
    shutil.rmtree(warm)
    config.unlink()
    self.call("init")
    self.assertTrue(self.check()["ok"])
    self.snapshot(self.source)
    self.assertRestores(taken, self.source)

  def test_a_damaged_manifest_is_written_anew(self):
    taken = self.snapshot(self.source)["snapshot_id"]
    before = self.copy(self.source)
    (manifest,) = (self.program.repository / "snapshots").glob("*/*")
    manifest.chmod(0o600)
    for damage in (b"", manifest.read_bytes()[:100], manifest.read_bytes().replace(b"chromadb", b"chromadd")):
      manifest.write_bytes(damage)
      self.call("check", code=1)
      self.assertEqual(self.call("repair", "--dry-run", "--json", code=1).summary["saved_manifests"], [taken])
      self.assertEqual(self.call("repair", "--json").summary["saved_manifests"], [taken])
      self.assertTrue(self.check()["ok"])
      shutil.rmtree(self.program.cache)
      self.assertRestores(taken, before)

  def test_a_latest_that_can_not_be_read_is_no_older_one(self):
    older = self.snapshot(self.source)["snapshot_id"]
    before = self.copy(self.source)
    self.write("one", b"changed")
    newest = self.snapshot(self.source)["snapshot_id"]
    (manifest,) = (self.program.repository / "snapshots").glob(f"*/*{newest}*")
    manifest.chmod(0o600)
    manifest.write_bytes(manifest.read_bytes()[:-1] + b"x")
    shutil.rmtree(self.program.cache)
    target = self.home / "target"
    for arguments in (("restore", "latest", "--to", target), ("export", "latest", self.home / "latest.zip"),
                      ("show", "latest"), ("pin", "latest"), ("forget", "latest")):
      with self.subTest(command=arguments[0]):
        self.assertError(self.program.run(*arguments, "--json"), 1, "chromasnap list")
    self.assertFalse(target.exists())
    self.assertEqual([entry["id"] for entry in self.snapshots()], [older])
    self.assertRestores(older, before)

  def test_a_damaged_manifest_that_another_cache_has_stays(self):
    taken = self.snapshot(self.source)["snapshot_id"]
    (manifest,) = (self.program.repository / "snapshots").glob("*/*")
    manifest.chmod(0o600)
    manifest.write_bytes(b"damaged")
    warm, self.program.cache = self.program.cache, self.home / "other"
    self.assertEqual(self.call("repair", "--json", code=1).summary["lost_manifests"], [taken])
    self.assertIn(f"chromasnap forget {taken[:8]}`", self.call("prune", code=1).errors)
    self.program.cache = warm
    self.assertEqual(self.call("repair", "--json").summary["saved_manifests"], [taken])
    self.assertTrue(self.check()["ok"])
    self.assertRestores(taken, self.source)

  def test_damaged_documents_are_mended_or_given_up(self):
    self.call("pin", self.snapshot(self.source)["snapshot_id"])
    for kind in ("notes", "audit"):
      with self.subTest(kind=kind):
        document = next((self.program.repository / kind).glob("*/*"))
        document.chmod(0o600)
        whole = document.read_bytes()
        flipped = bytearray(whole)
        flipped[len(whole) // 2] ^= 4
        document.write_bytes(flipped)
        shutil.rmtree(self.program.cache)
        text = self.call("check", code=1).text
        self.assertIn("chromasnap repair", text)
        self.assertNotIn("chromasnap prune", text)
        self.assertEqual(len(self.call("repair", "--json").summary["mended_documents"]), 1)
        self.assertEqual(document.read_bytes(), whole)
        document.write_bytes(b"damaged")
        shutil.rmtree(self.program.cache)
        given_up = f"chromasnap forget {document.name[-64:][:8]}`"
        for command in ("repair", "check"):
          self.assertIn(given_up, self.call(command, code=1).text)
        self.call(*given_up[:-1].split()[1:])
        self.assertTrue(self.check()["ok"])
    self.assertEqual([entry["pinned"] for entry in self.snapshots()], [False])

  def test_a_manifest_that_is_too_long_is_given_up(self):
    taken = self.snapshot(self.source)["snapshot_id"]
    (manifest,) = (self.program.repository / "snapshots").glob("*/*")
    manifest.chmod(0o600)
    os.truncate(manifest, 65 << 20)
    shutil.rmtree(self.program.cache)
    given_up = f"chromasnap forget {taken[:8]}`"
    for command in ("repair", "check"):
      self.assertIn(given_up, self.call(command, code=1).text)
    self.call(*given_up[:-1].split()[1:])
    self.assertTrue(self.check()["ok"])
    # What a cache still knows is put back.
    taken = self.snapshot(self.source)["snapshot_id"]
    (manifest,) = (self.program.repository / "snapshots").glob("*/*")
    manifest.chmod(0o600)
    os.truncate(manifest, 65 << 20)
    self.assertEqual(self.call("repair", "--json").summary["saved_manifests"], [taken])
    self.assertTrue(self.check()["ok"])

  def test_a_path_that_is_too_long_for_the_target(self):
    folder = os.open(self.source, os.O_RDONLY)
    for _ in range(15):
      os.mkdir("d" * 250, dir_fd=folder)
      below = os.open("d" * 250, os.O_RDONLY, dir_fd=folder)
      os.close(folder)
      folder = below
    os.close(folder)
    taken = self.snapshot(self.source)["snapshot_id"]
    target = self.home / ("t" * 200) / ("t" * 200)
    target.mkdir(parents=True)
    self.assertIn("shorter path", self.call("restore", taken, "--to", target / "x", code=1).errors)
    self.assertEqual(list(target.iterdir()), [])
    self.call("restore", taken, "--to", target / "x", "--exclude", "d*")

  @unittest.skipUnless(os.path.isdir("/dev/shm"), "few file systems hold such a time")
  def test_a_time_at_the_end_of_all_times(self):
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
      subprocess.run(["touch", "-d", "@9223372036854775807", f"{folder}/file"], check=True)
      self.snapshot(folder)
      for zone in ("EAST-9", "WEST9"):
        self.assertIn("file", self.call("ls", "latest", environment={"TZ": zone}).text)

  def test_what_a_prune_makes_well(self):
    self.snapshot(self.source)
    before = self.copy(self.source)
    header = self.packs()[-1]
    header.chmod(0o600)
    data = bytearray(header.read_bytes())
    data[9] ^= 1
    header.write_bytes(data)
    condemned = self.program.repository / "condemned" / ("0" * 64)
    condemned.parent.mkdir(exist_ok=True)
    condemned.write_bytes(b"damaged")
    for _ in range(2):
      self.assertEqual(sorted(error["code"] for error in self.check(code=1)["errors"]),
                       ["damaged_document", "damaged_pack"])
    self.assertIn("chromasnap prune", self.call("check", "--read-data", code=1).text.splitlines()[-1])
    self.call("prune")
    self.assertTrue(self.check()["ok"])
    self.assertRestores("latest", before)

  def test_what_was_forgotten_is_said_though_the_prune_fails(self):
    first = self.snapshot(self.source)["snapshot_id"]
    self.write("one", os.urandom(50_000))
    second = self.snapshot(self.source)["snapshot_id"]
    self.packs()[-1].unlink()
    self.call("check", code=1)
    result = self.call("forget", second, "--prune", "--force", "--json", code=1)
    self.assertEqual([line["message_type"] for line in result.lines], ["summary", "error"])
    self.assertEqual(result.lines[0]["forgotten"], 1)
    self.assertEqual([entry["id"] for entry in self.snapshots()], [first])
