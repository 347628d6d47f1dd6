"""What the program says: help, mistakes in the arguments, what --quiet leaves, JSON of runs that change nothing."""

import fcntl
import json
import os
import pty
import shutil
import signal
import struct
import termios
import unittest

from support import FIXTURES, SourceCase


class Words(SourceCase):
  def damage(self, pattern):
    path = max(self.program.repository.glob(pattern), key=lambda path: path.stat().st_size)
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    return path

  def test_help_names_the_program(self):
    for command in ("snapshot", "list", "check", "config keys"):
      for arguments in ((*command.split(), "--help"), ("help", *command.split())):
        self.assertIn(f"USAGE: chromasnap {command}", self.call(*arguments).text)

  def test_unknown_commands(self):
    self.assertIn("there is no command snapsot; did you mean snapshot?", self.call("snapsot", "x", code=64).errors)
    self.assertIn("there is no command lst; did you mean list?", self.call("lst", code=64).errors)
    self.assertIn("there is no command lst; did you mean list?", self.call("help", "lst", code=64).errors)
    self.assertIn("did you mean show?", self.call("help", "config", "shwo", code=64).errors)
    self.call("help", "help")
    nothing = self.call("frobnicate", code=64).errors
    self.assertIn("there is no command frobnicate", nothing)
    self.assertNotIn("did you mean", nothing)
    self.assertIn("the command comes first", self.call("--repo", "x", "list", code=64).errors)
    self.assertIn("did you mean list?", self.call("lst", "--json", code=64).summary["message"])
    self.assertEqual(self.call("--version").code, 0)
    self.assertIn("SUBCOMMANDS", self.call("--help").text)

  def test_values_that_make_no_sense(self):
    self.snapshot(self.source)
    for day in ("2026-02-30", "2026-02-29", "2026-04-31", "2026-00-10"):
      self.call("show", "latest", "--as-of", day, code=64)
    self.call("show", "latest", "--as-of", "2096-02-29")
    for part in ("5", "1", "1.5", "-1%", "inf%", "nan", "nan%", "1e30%"):
      self.call("prune", "--max-unused", part, code=64)
    for part in ("5%", "0.05", "0", "100%", "150%"):
      self.call("prune", "--max-unused", part)
    self.call("status", "--max-drop", "150%", code=64)
    self.assertIn("--warn-age (60h) is more than --critical-age (50h)", self.call("status", "--warn-age", "60h", code=64).errors)

  def test_an_empty_argument_is_no_folder(self):
    for arguments in (["auto", "--quiet", ""], ["snapshot", ""], ["list", "--repo", ""], ["list", "--repo="], ["list", "--config", ""],
                      ["list", "--log-file", ""], ["list", "--metrics-file", ""], ["restore", "latest", "--force", "--to="]):
      result = self.call(*arguments, code=64, cwd=self.source)
      self.assertIn("is empty", result.errors)
    self.assertFalse(self.program.repository.exists())
    self.call("snapshot", self.source, "--description", "", "--exclude", "", "--notify", "none")

  def test_numbers_beyond_all_bounds(self):
    self.snapshot(self.source)
    largest = str(2 ** 63 - 1)
    for arguments in (("status", "--recent", largest), ("status", "--critical-age", "1e300"),
                      ("schedule", "show", self.source, "--kind", "cron", "--delay", "1e300"),
                      ("list", "--lock-timeout", "1e300"), ("forget", "--keep-within", largest, "--dry-run")):
      self.call(*arguments, code=64)
    self.assertIn("there is no snapshot", self.call("show", f"latest~{largest}", code=1).errors)
    self.assertIn("only 1 snapshot", self.call("show", f"latest~{2 ** 31 - 1}", code=1).errors)
    for arguments in (("list", "--last", largest), ("audit", "--last", largest),
                      ("forget", "--keep-last", largest, "--keep-daily", largest, "--max-backups", largest, "--dry-run"),
                      ("check", "--read-data-subset", f"{largest}/{largest}"), ("status", "--size-factor", "1e300"),
                      ("status", "--min-free", "1"), ("schedule", "show", self.source, "--kind", "cron", "--max-backups", largest)):
      self.call(*arguments)

  def test_a_quiet_version_is_quiet(self):
    self.assertEqual(self.call("version", "--quiet").text, "")

  def test_quiet_tells_what_is_wrong(self):
    self.snapshot(self.source)
    self.assertEqual((self.call("check", "-q").text, self.call("drill", "-q").text), ("", ""))
    self.damage("packs/*/*")
    proof = self.call("restore", "--verify-only", "--json", code=1).summary
    self.assertEqual((proof["ok"], proof["verified"]), (False, False))
    for command in (("check", "--read-data"), ("drill",), ("restore", "--verify-only"), ("repair", "--dry-run")):
      result = self.call(*command, "--quiet", code=1)
      self.assertEqual(result.text, "")
      self.assertTrue(result.errors)

  def test_a_quiet_status_speaks_up_where_it_must(self):
    result = self.call("status", "-q", code=3)
    self.assertEqual((result.text, result.errors[:20]), ("", "CHROMASNAP UNKNOWN -"))
    self.snapshot(self.source)
    result = self.call("status", "-q")
    self.assertEqual((result.text, result.errors), ("", ""))
    result = self.call("status", "-q", "--warn-age", "0s", "--critical-age", "0s", code=2)
    self.assertEqual((result.text, result.errors[:21]), ("", "CHROMASNAP CRITICAL -"))

  def test_a_check_that_hurts_no_snapshot_advises_prune(self):
    self.snapshot(self.source)
    packs = set(self.program.repository.glob("packs/*/*"))
    self.write("one", os.urandom(300_000))
    last = self.snapshot(self.source)
    new = max(set(self.program.repository.glob("packs/*/*")) - packs, key=lambda path: path.stat().st_size)
    self.call("forget", last["snapshot_id"])
    new.chmod(0o600)
    data = bytearray(new.read_bytes())
    data[1000] ^= 0xFF
    new.write_bytes(data)
    last_line = self.call("check", "--read-data", code=1).text.splitlines()[-1]
    self.assertIn("chromasnap prune", last_line)
    self.assertNotIn("repair", last_line)

  def test_a_manifest_that_cannot_be_read_is_told(self):
    self.snapshot(self.source)
    self.write("one", b"other")
    self.snapshot(self.source)
    self.damage("snapshots/*/*")
    shutil.rmtree(self.program.cache)
    result = self.call("list", "--json")
    self.assertEqual(len(json.loads(result.text)), 1)
    self.assertIn("can't be read", self.call("list").errors)
    zips = self.home / "zips"
    self.assertIn("can't be read", self.call("export", "--all", zips, code=3).errors)
    self.assertEqual(len(list(zips.iterdir())), 1)

  def test_status_of_what_cannot_be_known_is_unknown(self):
    configuration = self.home / "chromasnap.toml"
    configuration.write_text("repositroy = 'x'\n")
    result = self.call("status", "--config", configuration, code=3)
    self.assertRegex(result.text, r"^CHROMASNAP UNKNOWN - .*repositroy")
    summary = self.call("status", "--config", configuration, "--json", code=3).summary
    self.assertEqual((summary["status"], summary["exit_code"], summary["repository"]), ("unknown", 3, None))
    self.call("status", "--config", self.home / "nowhere", code=3)

  def test_a_name_in_the_configuration_is_checked_at_once(self):
    configuration = self.home / "chromasnap.toml"
    configuration.write_text("name = 'a/b'\n")
    for arguments in (("snapshot", self.source), ("auto", self.source), ("schedule", "show", self.source)):
      errors = self.call(*arguments, "--config", configuration, code=64).errors
      self.assertRegex(errors, r"chromasnap\.toml:1: .*can't be a snapshot's name")
    # Whoever wants a snapshot back is not kept from it.
    self.call("snapshot", self.source, "--config", configuration, "--name", "good")
    self.call("list", "--config", configuration)
    self.call("restore", "--yes", "--config", configuration)

  def test_a_configuration_that_lets_much_stay_unused(self):
    configuration = self.home / "chromasnap.toml"
    configuration.write_text("max-unused = '150%'\n")
    self.call("auto", self.source, "--config", configuration)

  def test_json_of_a_dry_run_and_of_a_proof(self):
    directory = self.home / "chroma"
    shutil.copytree(FIXTURES / "chroma-1.5.9", directory)
    self.snapshot(directory)
    dry = self.call("restore", "latest", "--to", self.home / "new", "--dry-run", "--json").summary
    self.assertEqual((dry["dry_run"], dry["files_restored"]), (True, 0))
    self.assertEqual(dry["files"], sum(path.is_file() for path in directory.rglob("*")))
    self.assertIn("chroma.sqlite3", [entry["path"] for entry in dry["paths"]])
    self.assertFalse((self.home / "new").exists())
    proof = self.call("restore", "latest", "--verify-only", "--json").summary
    self.assertEqual((proof["ok"], proof["verified"], proof["target"], proof["warnings"]), (True, True, None, []))
    self.assertGreater(proof["vectors_read"], 0)

  def test_a_repaired_snapshot_has_a_name_of_its_own(self):
    self.snapshot(self.source)
    shutil.rmtree(self.source)
    self.damage("packs/*/*")
    self.call("check", "--read-data", code=1)
    self.call("repair", code=(0, 1, 3))
    names = [entry["name"] for entry in self.snapshots()]
    self.assertEqual(len(names), 2)
    self.assertEqual(len(set(names)), 2)

  def test_saying_no_is_no_interruption(self):
    self.snapshot(self.source)
    self.write("one", b"later")
    master, slave = pty.openpty()
    process = self.program.start("restore", stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    os.write(master, b"n\n")
    self.assertEqual(process.wait(timeout=60), 1)
    said = b""
    try:
      while True:
        said += os.read(master, 4096)
    except OSError:
      pass
    os.close(master)
    self.assertIn(b"nothing was changed", said)
    self.assertEqual((self.source / "one").read_bytes(), b"later")

  def test_an_interrupted_question_is_told_as_json(self):
    self.snapshot(self.source)
    master, slave = pty.openpty()
    process = self.program.start("restore", "--json", stdin=slave, stderr=slave)
    os.close(slave)
    asked = b""
    while b"[y/N]" not in asked:
      asked += os.read(master, 4096)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    os.close(master)
    error = json.loads(output)
    self.assertEqual((process.returncode, error["code"], error["exit_code"]), (130, "cancelled", 130))

  def test_output_that_cannot_be_written_is_told(self):
    self.snapshot(self.source)
    with open("/dev/full", "w") as full:
      for arguments in (("list",), ("list", "--json"), ("show", "latest", "--json"), ("--help",), ("help", "list"),
                        ("list", "--help"), ("--version",), ()):
        result = self.call(*arguments, code=1, stdout=full)
        self.assertIn("the output could not be written", result.errors)
      # A log on standard error tells it, and how the run ended; nobody tells it again.
      result = self.call("list", "--json", "--log-format", "json", code=1, stdout=full)
      self.assertEqual([json.loads(line)["level"] for line in result.errors.splitlines()], ["error", "error"])
      # What went wrong before is told all the same.
      self.assertIn("no snapshot", self.call("show", "nonsense", "--json", code=1, stdout=full).errors)
      # Errors before a run begins too.
      self.assertIn("--nonsense", self.call("list", "--nonsense", "--json", code=64, stdout=full).errors)
      self.assertIn("profile", self.call("list", "--profile", "none", "--json", code=64, stdout=full).errors)

  def test_a_status_that_cannot_be_written_is_unknown(self):
    self.snapshot(self.source)
    with open("/dev/full", "w") as full:
      self.call("status", code=3, stdout=full)

  def test_a_question_moves_no_cursor(self):
    source = self.home / "red\x1b[31m"
    source.mkdir()
    self.snapshot(source)
    master, slave = pty.openpty()
    process = self.program.start("restore", stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    asked = b""
    while b"[y/N]" not in asked:
      asked += os.read(master, 4096)
    os.write(master, b"n\n")
    process.wait(timeout=60)
    os.close(master)
    self.assertIn(b"red\\x1b[31m", asked)
    self.assertNotIn(b"\x1b[31m", asked)

  def test_a_link_that_leads_nowhere_is_no_target(self):
    self.snapshot(self.source)
    link = self.home / "link"
    link.symlink_to("nowhere")
    self.assertIn("leads nowhere", self.call("restore", "latest", "--to", link, code=1).errors)
    circle = self.home / "circle"
    circle.symlink_to("circle")
    errors = self.call("restore", "latest", "--to", circle, code=1).errors
    self.assertIn("symbolic links", errors)
    self.assertNotIn("leads nowhere", errors)

  def test_a_search_in_vain_names_what_was_searched(self):
    first = self.snapshot(self.source)
    other = self.home / "other"
    other.mkdir()
    for _ in range(2):
      self.snapshot(other)
    def told(*arguments):
      return self.call(*arguments, code=1).errors
    self.assertIn(f"there are only 2 snapshots of {other} in", told("show", "latest~2"))
    self.assertIn(f"there is only 1 snapshot of {self.source} in", told("show", "latest~1", "--source", self.source))
    self.assertIn(f"no snapshot \"{first['name']}\" of {other} in", told("show", first["name"], "--source", other))
    self.assertIn("\" from before 2000-01-01", told("show", first["short_id"], "--as-of", "2000-01-01"))
    self.write("one", b"later")
    self.call("restore", first["short_id"], "--yes")
    self.assertIn("not counting", told("restore", "--yes", "--source", self.source, "--as-of", "2000-01-01"))
    text = self.call("list", "--source", other, "--tag", "a", "--tag", "b").text
    self.assertEqual(text, f"no snapshots of {other} tagged a and b\n")

  def test_a_list_fits_its_terminal(self):
    self.snapshot(self.source, "--tag", "manual")
    self.call("pin", "latest")
    titles = "ID TIME NAME FILES SIZE STORED COLLECTIONS RECORDS HEALTH SOURCE TAGS MARKS".split()
    def shown(columns):
      master, slave = pty.openpty()
      fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
      self.call("list", stdout=slave)
      os.close(slave)
      lines = os.read(master, 1 << 16).decode().splitlines()
      os.close(master)
      self.assertLessEqual(max(map(len, lines)), columns)
      return lines
    heading, row = shown(80)
    self.assertEqual(heading.split(), ["ID", "TIME", "NAME", "SIZE", "MARKS"])
    self.assertTrue(row.endswith("pinned"), row)
    self.assertEqual(shown(400)[0].split(), titles)
    self.assertEqual(shown(45)[0].split(), ["ID", "NAME"])
    piped = self.call("list").text.splitlines()
    self.assertEqual(piped[0].split(), titles)
    self.assertEqual(piped[1].split()[-2:], ["manual", "pinned"])


if __name__ == "__main__":
  unittest.main()
