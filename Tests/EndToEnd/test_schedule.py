"""Schedules for cron, systemd, launchd and Windows: texts that their readers take, and that come off again exactly."""

import os
import plistlib
import shutil
import stat
import subprocess
import unittest
import xml.etree.ElementTree as ElementTree

from support import NOBODY, PROGRAM, ROOT, Program
from test_config import ConfigCase

# Each special sign once more with a combining mark behind it: together they are one character of Swift's.
ODD = "odd 100% & <b> 'it' \"is\" $HOME (x);y" + "".join(f" {sign}\u0301;echo INJECTED;#" for sign in "'\"%<>&$")
TASK = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"


class ScheduleCase(ConfigCase):
  """A case whose crontab and systemctl are stand-ins that note what they are told."""

  def setUp(self):
    super().setUp()
    self.tab, self.notes = self.home / "tab", self.home / "notes"
    self.crontab = self.stand_in("crontab", f"""
      case "$1" in
        -l) if [ -e '{self.tab}' ]; then cat '{self.tab}'; else echo "no crontab for me" >&2; exit 1; fi ;;
        -r) rm '{self.tab}' ;;
        -) cat > '{self.tab}' ;;
      esac""")
    self.systemctl = self.stand_in("systemctl", f"echo \"$*\" >> '{self.notes}'")
    self.bare |= {"CHROMASNAP_CRONTAB": self.crontab, "CHROMASNAP_SYSTEMCTL": self.systemctl,
                  "CHROMASNAP_LAUNCHCTL": self.home / "none"}

  def stand_in(self, name, script):
    path = self.home / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path

  def schedule(self, verb, *arguments, code=0, **options):
    return self.use("schedule", verb, *arguments, "--json", code=code, **options).json

  def texts(self, *arguments, **options):
    return [file["text"] for file in self.schedule("show", *arguments, **options)["files"]]

  def odd_source(self):
    source = self.home / ODD
    source.mkdir()
    return source


class Commands(ScheduleCase):
  def test_everything_that_a_run_needs_is_in_the_command(self):
    shown = self.schedule("show", self.source, "--kind", "cron", "--max-backups", "30", "--no-cleanup", "--zip",
                          "--even-if-unchanged", "--exclude", "*.log", "--exclude-temporary",
                          environment={"CHROMASNAP_REPO": "relative", "CHROMASNAP_LOCK_TIMEOUT": "5m"})
    self.assertEqual(shown["command"], [
      str(PROGRAM), "auto", str(self.source), "--max-backups", "30", "--no-cleanup", "--zip", "--even-if-unchanged",
      "--exclude=*.log", "--exclude-temporary", "--quiet", "--repo", str(self.place / "relative"), "--cache-dir",
      str(self.home / "cache" / "chromasnap"), "--lock-timeout", "5m"])

  def test_what_the_file_says_stays_in_the_file(self):
    path = self.configure(f"""
      [profiles.nightly]
      repository = "backups"
      cache-dir = "cache"
      source = "{self.source}"
      schedule.every = "sun 04:15"
      schedule.delay = "1m"
    """)
    shown = self.schedule("show", "--profile", "nightly", "--kind", "systemd")
    self.assertEqual(shown["command"], [str(PROGRAM), "auto", "--config", str(path), "--profile", "nightly"])
    self.assertEqual(shown["name"], "nightly")
    timer = shown["files"][1]["text"]
    self.assertIn("OnCalendar=Sun *-*-* 04:15:00\n", timer)
    self.assertIn("RandomizedDelaySec=60s\n", timer)

  def test_secrets_do_not_get_into_a_command_line(self):
    error = self.use("schedule", "show", self.source, "--kind", "cron", "--json", code=64,
                     environment={"CHROMASNAP_NOTIFY": "https://hc.example/c0ffee"}).summary
    self.assertIn("secret", error["message"])
    self.assertIn("file", error["hint"])

  def test_a_file_of_hooks_is_found_from_anywhere(self):
    shown = self.schedule("show", self.source, "--kind", "cron", environment={"CHROMASNAP_NOTIFY": "@url\nfailure=@below/url"})
    words = shown["command"]
    self.assertEqual([words[i + 1] for i, word in enumerate(words) if word == "--notify"],
                     [f"@{self.place}/url", f"failure=@{self.place}/below/url"])

  def test_a_variable_that_no_option_stands_for_is_refused(self):
    for name, value, key in (("CHROMASNAP_LEVEL", "3", "level"), ("CHROMASNAP_NOTIFY_FILE", "urls", "notify-file")):
      error = self.use("schedule", "show", self.source, "--kind", "cron", "--json", code=64, environment={name: value}).summary
      self.assertIn(name, error["message"])
      self.assertIn(f"`{key}`", error["hint"])

  def test_what_can_not_be_quoted_is_refused(self):
    for name, kinds in (("line\nend", ("cron", "systemd", "launchd", "windows")), ("back\\slash", ("cron",)),
                        ("back\\\u0301slash", ("cron",))):
      source = self.home / name
      source.mkdir()
      for kind in kinds:
        error = self.use("schedule", "show", source, "--kind", kind, "--json", code=64).summary
        self.assertIn("can't be part of a schedule", error["message"])

  def test_intervals(self):
    cases = {
      "1m": ["* * * * *"], "15m": ["*/15 * * * *"], "hourly": ["0 * * * *"], "60m": ["0 * * * *"], "6h": ["0 */6 * * *"],
      "daily": ["30 2 * * *"], "24h": ["30 2 * * *"], "daily 23:05": ["5 23 * * *"], "02:30,14:00": ["30 2 * * *", "0 14 * * *"],
      "weekly": ["30 2 * * 0"], "sat 03:00": ["0 3 * * 6"], "Monday": ["30 2 * * 1"], "monthly": ["30 2 1 * *"],
      "monthly 15 4:05": ["5 4 15 * *"],
    }
    for every, fields in cases.items():
      lines = self.texts(self.source, "--kind", "cron", "--every", every)[0].splitlines()[1:-1]
      self.assertEqual([" ".join(line.split()[:5]) for line in lines], fields, every)
    for every in ("7h", "90m", "0m", "25:00", "2:3", "never", "sun sun", "monthly 31 03:00", ""):
      self.use("schedule", "show", self.source, "--every", every, code=64)


class Cron(ScheduleCase):
  def run_line(self, line):
    """What the shell of cron would be told to run: the arguments."""
    command = line.split(None, 5)[5]
    # cron(5): an escaped % is a %, any other ends the command.
    parts = command.split("\\%")
    self.assertFalse(any("%" in part for part in parts), line)
    output = subprocess.run(["sh", "-c", "printf '%s\\0' " + "%".join(parts)], check=True, stdout=subprocess.PIPE)
    return output.stdout.decode().split("\0")[:-1]

  def test_quoting_round_trips(self):
    source = self.odd_source()
    shown = self.schedule("show", source, "--kind", "cron", "--exclude", "50% *")
    line = shown["files"][0]["text"].splitlines()[1]
    self.assertEqual(self.run_line(line), shown["command"])
    self.assertIn(str(source), shown["command"])

  def test_install_is_idempotent_and_remove_exact(self):
    before = "# mine\n0 1 * * * echo 50\\%\nMAILTO=me"
    self.tab.write_text(before)
    first = self.schedule("install", self.source, "--kind", "cron", "--every", "1h")
    self.assertTrue(first["changed"] and first["active"])
    installed = self.tab.read_text()
    self.assertTrue(installed.startswith(before + "\n"))
    self.assertEqual(installed.count("chromasnap auto:"), 1)
    self.assertFalse(self.schedule("install", self.source, "--kind", "cron", "--every", "1h")["changed"])
    self.assertEqual(self.tab.read_text(), installed)
    self.schedule("install", self.source, "--kind", "cron", "--every", "2h", "--as", "other")
    self.tab.write_text(self.tab.read_text() + "# after\n")
    self.schedule("install", self.source, "--kind", "cron", "--every", "15m")
    text = self.tab.read_text()
    self.assertIn("*/15 * * * *", text)
    self.assertNotIn("0 * * * * /", text)
    self.assertTrue(text.endswith("# after\n"))
    self.assertEqual(self.schedule("remove", "--kind", "cron")["removed"], ["cron"])
    self.assertEqual(self.schedule("remove", "--as", "other")["removed"], ["cron"])
    self.assertEqual(self.tab.read_text(), before + "\n# after\n")
    self.assertEqual(self.schedule("remove")["removed"], [])

  def test_a_block_without_its_end_is_left_alone(self):
    begin, end = "# >>> chromasnap auto: made by x\n30 2 * * * old\n", "# <<< chromasnap auto\n"
    others = "0 1 * * * /opt/precious\n5 5 * * * /opt/other\n"
    nightly = (begin + end).replace("auto", "nightly")
    for table, line in ((begin + others, 1), (others + begin + nightly + end, 3), (begin, 1), (begin + begin + end, 1)):
      self.tab.write_text(table)
      for verb, *arguments in (("remove",), ("install", self.source)):
        error = self.schedule(verb, *arguments, "--kind", "cron", code=1)
        self.assertIn(f"line {line} of the crontab", error["message"])
        self.assertIn("crontab -e", error["hint"])
        self.assertEqual(self.tab.read_text(), table)
    # A whole one goes, whatever the others look like.
    self.tab.write_text(begin + others + nightly)
    self.schedule("remove", "--kind", "cron", "--as", "nightly")
    self.assertEqual(self.tab.read_text(), begin + others)

  def test_other_lines_keep_their_bytes(self):
    mine = b"# caf\xe9 \xff\r\n0 1 * * * echo \xe9\r\n"
    noisy = self.stand_in("noisy", f"echo 'crontab: a warning' >&2; exec '{self.crontab}' \"$@\"")
    self.bare["CHROMASNAP_CRONTAB"] = noisy
    self.tab.write_bytes(mine)
    self.schedule("install", self.source, "--kind", "cron")
    installed = self.tab.read_bytes()
    self.assertTrue(installed.startswith(mine + b"# >>> chromasnap auto:"), installed)
    self.assertNotIn(b"warning", installed)
    # An editor of Windows has been there: the block is still found.
    self.tab.write_bytes(installed.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    self.schedule("install", self.source, "--kind", "cron", "--every", "1h")
    self.assertEqual(self.tab.read_bytes().count(b"# >>> chromasnap auto:"), 1)
    self.schedule("remove", "--kind", "cron")
    self.assertEqual(self.tab.read_bytes(), mine)

  def test_an_empty_crontab_goes_again(self):
    self.schedule("install", self.source, "--kind", "cron")
    self.assertTrue(self.tab.exists())
    self.schedule("remove")
    self.assertFalse(self.tab.exists())

  def test_a_crontab_that_can_not_be_read_is_left_alone(self):
    broken = self.stand_in("broken", "echo 'you may not' >&2; exit 1")
    error = self.schedule("install", self.source, "--kind", "cron", code=1, environment={"CHROMASNAP_CRONTAB": broken})
    self.assertIn("you may not", error["message"])

  @unittest.skipUnless(ROOT and shutil.which("crontab"), "needs root and cron, for a crontab of nobody")
  def test_the_real_crontab(self):
    def crontab(*arguments):
      return subprocess.run(["crontab", "-u", "nobody", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    if crontab("-l").returncode == 0:
      self.skipTest("nobody has a crontab already")
    self.addCleanup(crontab, "-r")
    self.home.chmod(0o755)
    self.place.chmod(0o755)
    nobody = Program(self.home, user=NOBODY)
    bare = self.bare | {"CHROMASNAP_CRONTAB": None, "CHROMASNAP_REPO": "/nowhere/r", "CHROMASNAP_CACHE_DIR": "/nowhere/c"}
    arguments = ["install", self.odd_source(), "--kind", "cron", "--every", "15m"]
    self.call("schedule", *arguments, program=nobody, cwd=self.place, environment=bare)
    text = crontab("-l").stdout.decode()
    line = [line for line in text.splitlines() if not line.startswith("#")][0]
    self.assertIn(str(self.home / ODD), self.run_line(line))
    self.call("schedule", *arguments, program=nobody, cwd=self.place, environment=bare)
    self.assertEqual(crontab("-l").stdout.decode(), text)
    self.call("schedule", "remove", program=nobody, cwd=self.place, environment=bare)
    self.assertNotEqual(crontab("-l").returncode, 0)


class Systemd(ScheduleCase):
  def setUp(self):
    super().setUp()
    self.units = self.folder / "systemd" / "user"

  def verify(self, texts, name="verified"):
    """systemd's own judgement."""
    folder = self.home / "units"
    folder.mkdir(exist_ok=True)
    for suffix, text in zip(("service", "timer"), texts):
      (folder / f"chromasnap-{name}.{suffix}").write_text(text)
    files = [folder / f"chromasnap-{name}.{suffix}" for suffix in ("service", "timer")]
    result = subprocess.run(["systemd-analyze", "verify", "--man=no", *files], stderr=subprocess.PIPE,
                            stdout=subprocess.PIPE, check=False)
    complaints = [line for line in (result.stdout + result.stderr).decode().splitlines() if "chromasnap-" in line]
    self.assertEqual((result.returncode, complaints), (0, []), result.stderr.decode())

  @unittest.skipUnless(shutil.which("systemd-analyze"), "needs systemd")
  def test_systemd_takes_the_units(self):
    for source in (self.source, self.odd_source()):
      for owner in ("--system", "--user"):
        for every in ("15m", "1h", "daily", "02:30,14:00", "sun 03:00", "monthly 2 03:00"):
          self.verify(self.texts(source, "--kind", "systemd", owner, "--every", every))

  @unittest.skipUnless(shutil.which("systemd-analyze"), "needs systemd")
  def test_calendars_mean_what_was_said(self):
    cases = {"15m": "*:00/15", "6h": "00/6:00", "02:30": "02:30:00"}
    for every, part in cases.items():
      timer = self.texts(self.source, "--kind", "systemd", "--every", every)[1]
      calendar = next(line for line in timer.splitlines() if line.startswith("OnCalendar=")).partition("=")[2]
      self.assertIn(part, calendar)
      subprocess.run(["systemd-analyze", "calendar", calendar], check=True, stdout=subprocess.DEVNULL)

  @staticmethod
  def unquote(text):
    """Words of a unit file: double quotes, backslashes, then specifiers (systemd.syntax(7), systemd.unit(5))."""
    words, word, at = [], None, 0
    while at < len(text):
      letter = text[at]
      if letter == '"':
        word, at = word or "", at + 1
        while text[at] != '"':
          at += text[at] == "\\"
          word, at = word + text[at], at + 1
      elif letter == " ":
        if word is not None:
          words.append(word)
        word = None
      else:
        word = (word or "") + letter
      at += 1
    return [word.replace("%%", "%") for word in words + ([] if word is None else [word])]

  def entry(self, text, key):
    return next(line for line in text.splitlines() if line.startswith(key + "=")).partition("=")[2]

  def test_quoting_round_trips(self):
    source = self.odd_source()
    source /= "back\\slash\\\u0301 \\"
    source.mkdir()
    shown = self.schedule("show", source, "--kind", "systemd", "--system")
    service = shown["files"][0]["text"]
    words = self.unquote(self.entry(service, "ExecStart"))
    self.assertEqual([words[0]] + [word.replace("$$", "$") for word in words[1:]], shown["command"])
    self.assertIn("-" + str(source), self.unquote(self.entry(service, "ReadWritePaths")))
    # It would swallow the next line.
    self.assertFalse([line for line in service.splitlines() if line.endswith("\\")])

  def test_hardening(self):
    service = self.texts("/srv/chroma", "--repo", "/srv/backups", "--cache-dir", "/var/cache/c", "--kind", "systemd",
                         "--system")[0]
    for line in ("ProtectSystem=strict", "NoNewPrivileges=yes", "UMask=0077", "MemoryDenyWriteExecute=yes"):
      self.assertIn(line + "\n", service)
    self.assertEqual(self.unquote(self.entry(service, "ReadWritePaths")),
                     ["-/srv/backups", "-/var/cache/c", "-/srv/chroma"])
    timer = self.texts("/srv/chroma", "--kind", "systemd")[1]
    self.assertIn("Persistent=true\n", timer)
    # A private /tmp would hide what lies there.
    temporary = self.texts("/tmp/chroma", "--repo", "/srv/backups", "--kind", "systemd", "--system")[0]
    self.assertIn("PrivateTmp=no\n", temporary)

  def test_install_and_remove(self):
    arguments = (self.source, "--kind", "systemd", "--user", "--repo", self.home / "new" / "repository")
    first = self.schedule("install", *arguments)
    self.assertTrue(first["changed"] and first["active"])
    names = ["chromasnap-auto.service", "chromasnap-auto.timer"]
    self.assertEqual(sorted(os.listdir(self.units)), names)
    self.assertEqual(stat.S_IMODE((self.units / names[0]).stat().st_mode), 0o644)
    self.assertTrue((self.home / "new" / "repository").is_dir())
    self.assertEqual(self.notes.read_text(), "--user daemon-reload\n--user enable --now chromasnap-auto.timer\n")
    self.assertFalse(self.schedule("install", *arguments)["changed"])
    self.schedule("install", *arguments, "--as", "other")
    other = (self.units / "unrelated.service")
    other.write_text("[Unit]\n")
    self.notes.unlink()
    self.assertEqual(self.schedule("remove", "--user")["removed"], ["systemd"])
    self.assertEqual(sorted(os.listdir(self.units)),
                     ["chromasnap-other.service", "chromasnap-other.timer", "unrelated.service"])
    self.assertEqual(self.notes.read_text().splitlines(),
                     ["--user disable --now chromasnap-auto.timer", "--user clean --what=state chromasnap-auto.timer",
                      "--user daemon-reload"])

  def test_removing_goes_on_after_an_error(self):
    self.schedule("install", self.source, "--kind", "systemd", "--user")
    self.tab.write_text("# >>> chromasnap auto: cut off\n")
    result = self.use("schedule", "remove", "--user", "--json", code=1)
    self.assertEqual([line["message_type"] for line in result.lines], ["unscheduled", "error"])
    self.assertEqual(result.lines[0]["removed"], ["systemd"])
    self.assertIn("crontab", result.summary["message"])
    self.assertEqual(os.listdir(self.units), [])
    self.assertIn("disable --now chromasnap-auto.timer", self.notes.read_text())

  def test_a_failing_systemctl_keeps_no_files(self):
    self.schedule("install", self.source, "--kind", "systemd", "--user")
    broken = self.stand_in("broken", "echo 'no bus' >&2; exit 1")
    error = self.schedule("remove", "--kind", "systemd", "--user", code=1, environment={"CHROMASNAP_SYSTEMCTL": broken})
    self.assertIn("no bus", error["message"])
    self.assertEqual(os.listdir(self.units), [])

  def test_the_delay_is_by_the_least_interval(self):
    for every, seconds in (("02:30,02:35", 30), ("23:58,00:01", 18), ("02:30,14:30", 300), ("daily", 300)):
      timer = self.texts(self.source, "--kind", "systemd", "--every", every)[1]
      self.assertIn(f"RandomizedDelaySec={seconds}s\n", timer)

  @unittest.skipIf(os.path.exists("/run/systemd/system"), "systemd runs here")
  def test_where_systemd_does_not_run(self):
    outcome = self.schedule("install", self.source, "--kind", "systemd", "--user",
                            environment={"CHROMASNAP_SYSTEMCTL": None})
    self.assertFalse(outcome["active"])
    self.assertIn("systemctl --user enable --now chromasnap-auto.timer", outcome["advice"])

  def test_a_failing_systemctl_is_told(self):
    broken = self.stand_in("broken", "echo 'no bus' >&2; exit 1")
    error = self.schedule("install", self.source, "--kind", "systemd", "--user", code=1,
                          environment={"CHROMASNAP_SYSTEMCTL": broken})
    self.assertIn("no bus", error["message"])


class Launchd(ScheduleCase):
  def read(self, *arguments):
    shown = self.schedule("show", *arguments, "--kind", "launchd")
    return shown, plistlib.loads(shown["files"][0]["text"].encode())

  def test_property_lists(self):
    shown, found = self.read(self.odd_source(), "--every", "02:30,14:00")
    self.assertEqual(found["ProgramArguments"], shown["command"])
    self.assertEqual(found["Label"], "chromasnap.auto")
    self.assertEqual(found["StartCalendarInterval"], [{"Hour": 2, "Minute": 30}, {"Hour": 14, "Minute": 0}])
    self.assertEqual(self.read(self.source, "--every", "6h")[1]["StartInterval"], 21600)
    self.assertEqual(self.read(self.source, "--every", "fri")[1]["StartCalendarInterval"],
                     [{"Weekday": 5, "Hour": 2, "Minute": 30}])
    self.assertEqual(self.read(self.source, "--every", "monthly")[1]["StartCalendarInterval"],
                     [{"Day": 1, "Hour": 2, "Minute": 30}])


class Windows(ScheduleCase):
  @staticmethod
  def split(text):
    """CommandLineToArgvW."""
    words, word, quoted, at = [], None, False, 0
    while at < len(text):
      count = 0
      while at < len(text) and text[at] == "\\":
        count, at = count + 1, at + 1
      if at < len(text) and text[at] == '"':
        word = (word or "") + "\\" * (count // 2)
        if count % 2:
          word += '"'
        else:
          quoted = not quoted
        at += 1
        continue
      if count:
        word = (word or "") + "\\" * count
        continue
      if text[at] in " \t" and not quoted:
        if word is not None:
          words.append(word)
        word = None
      else:
        word = (word or "") + text[at]
      at += 1
    return words + ([] if word is None else [word])

  def read(self, *arguments, **options):
    shown = self.schedule("show", *arguments, "--kind", "windows", **options)
    return shown, ElementTree.fromstring(shown["files"][0]["text"].split("\n", 1)[1])

  def test_tasks(self):
    source = self.odd_source() / "back\\slash \\\u0301 \\\"\u0301 \\"
    source.mkdir()
    shown, task = self.read(source, environment={"WSL_DISTRO_NAME": "Debian"})
    self.assertEqual(task.find(f".//{TASK}Command").text, "wsl.exe")
    self.assertEqual(self.split(task.find(f".//{TASK}Arguments").text),
                     ["--distribution", "Debian", "--exec"] + shown["command"])
    for every, path, text in (("15m", "Interval", "PT15M"), ("2h", "Interval", "PT2H"), ("daily", "DaysInterval", "1"),
                              ("02:30", "StartBoundary", "2026-01-01T02:30:00"), ("monthly 3 01:00", "Day", "3")):
      self.assertEqual(self.read(self.source, "--every", every)[1].find(f".//{TASK}{path}").text, text)
    self.assertIsNotNone(self.read(self.source, "--every", "tue")[1].find(f".//{TASK}DaysOfWeek/{TASK}Tuesday"))

  def test_install_writes_the_file_that_windows_reads(self):
    outcome = self.schedule("install", self.source, "--kind", "windows")
    path = self.place / "chromasnap-auto.xml"
    self.assertIn("schtasks.exe /Create", outcome["advice"])
    self.assertEqual(ElementTree.parse(path).getroot().tag, f"{TASK}Task")
    self.assertTrue(path.read_bytes().startswith(b"\xff\xfe"))
    self.schedule("remove", "--kind", "windows")
    self.assertFalse(path.exists())


if __name__ == "__main__":
  unittest.main()
