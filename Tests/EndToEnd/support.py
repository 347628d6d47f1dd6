"""What the end-to-end tests share: the built program with a repository and a cache of its own, and real ChromaDB."""

import datetime
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import trees

TESTS = Path(__file__).resolve().parent.parent
FIXTURES = TESTS / "Fixtures"
PROGRAM = Path(os.environ.get("CHROMASNAP_PROGRAM") or TESTS.parent / ".build" / "release" / "chromasnap").resolve()
QUICK = os.environ.get("CHROMASNAP_QUICK") == "1"
ROOT = os.geteuid() == 0
NOBODY = 65534
TIMEOUT = 300


class Result:
  """What one run of the program left: exit code, both outputs, and the JSON of stdout (a value, or a line each)."""

  def __init__(self, arguments, code, stdout, stderr):
    self.arguments, self.code, self.stdout, self.stderr = arguments, code, stdout or b"", stderr or b""

  @property
  def text(self):
    return self.stdout.decode("utf-8", "replace")

  @property
  def errors(self):
    return self.stderr.decode("utf-8", "replace")

  @property
  def json(self):
    return json.loads(self.stdout)

  @property
  def lines(self):
    return [json.loads(line) for line in self.stdout.splitlines()]

  @property
  def summary(self):
    """The last JSON line: a summary, or an error."""
    return self.lines[-1]

  def __str__(self):
    command = " ".join(str(argument) for argument in self.arguments)
    return f"{command}\n  exit {self.code}\n  stdout {self.text[-3000:]}\n  stderr {self.errors[-3000:]}"


class Program:
  """The built program, with its repository and cache below `home`."""

  def __init__(self, home, path=PROGRAM, user=None):
    self.home, self.path, self.user = Path(home), path, user
    self.repository, self.cache = self.home / "repository", self.home / "cache"

  def environment(self, **changes):
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("CHROMASNAP_", "XDG_"))}
    values = kept | {"CHROMASNAP_REPO": self.repository, "CHROMASNAP_CACHE_DIR": self.cache,
                     "XDG_CONFIG_HOME": self.home / "configuration", "TZ": "UTC"} | changes
    return {name: str(value) for name, value in values.items() if value is not None}

  def start(self, *arguments, environment=None, **options):
    """The running program; its outputs are pipes unless told otherwise."""
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    if self.user is not None:
      options |= {"user": self.user, "group": self.user, "extra_groups": []}
    return subprocess.Popen([self.path, *arguments], env=self.environment(**(environment or {})), **options)

  def run(self, *arguments, environment=None, **options):
    process = self.start(*arguments, environment=environment, **options)
    try:
      stdout, stderr = process.communicate(timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
      process.kill()
      process.communicate()
      raise
    return Result([self.path.name, *arguments], process.returncode, stdout, stderr)


class Case(unittest.TestCase):
  """A test with a home of its own, in which `self.program` keeps repository and cache."""

  def setUp(self):
    self.home = Path(tempfile.mkdtemp(prefix="chromasnap-test-"))
    self.addCleanup(self.remove_home)
    self.program = Program(self.home)

  def remove_home(self):
    for folder, _, _ in os.walk(os.fsencode(self.home)):
      os.chmod(folder, 0o700)
    shutil.rmtree(self.home)

  def call(self, *arguments, code=0, program=None, **options):
    """Runs a command and requires its exit code, or one of several."""
    result = (program or self.program).run(*arguments, **options)
    self.assertIn(result.code, code if isinstance(code, tuple) else (code,), str(result))
    return result

  def snapshot(self, source, *arguments, code=0, program=None):
    """Takes a snapshot; returns the summary."""
    result = self.call("snapshot", source, "--json", *arguments, code=code, program=program)
    self.assertEqual(result.summary.get("message_type"), "summary", str(result))
    return result.summary

  def restore(self, identifier, *arguments, code=0, program=None):
    """Restores to a new folder; returns the folder."""
    target = Path(tempfile.mkdtemp(prefix="restored-", dir=self.home)) / "target"
    self.call("restore", identifier, "--to", target, "--json", *arguments, code=code, program=program)
    return target

  def snapshots(self, *arguments, program=None):
    return self.call("list", "--json", *arguments, program=program).json

  def copy(self, source):
    """A copy with times, modes, links and attributes, to compare with later."""
    target = Path(tempfile.mkdtemp(prefix="copy-", dir=self.home)) / "copy"
    subprocess.run(["cp", "-a", source, target], check=True)
    return target

  def check(self, code=0, program=None):
    return self.call("check", "--read-data", "--json", code=code, program=program).summary

  def assertSameTree(self, expected, actual, message=""):
    """Both may be a folder or a description of one (trees.describe)."""
    expected, actual = (
      tree if isinstance(tree, dict) else trees.describe(tree) for tree in (expected, actual))
    found = trees.differences(expected, actual)
    self.assertFalse(found, message + "\n" + "\n".join(found))

  def assertRestores(self, identifier, expected, program=None):
    target = self.restore(identifier, program=program)
    self.assertSameTree(expected, target, f"snapshot {identifier}")
    self.discard(target)

  def discard(self, target):
    subprocess.run(["chmod", "-R", "u+rwX", target.parent], check=False, stderr=subprocess.DEVNULL)
    shutil.rmtree(target.parent)

  def assertError(self, result, code, word=None):
    """An error as JSON on stdout, with all documented fields."""
    self.assertEqual(result.code, code, str(result))
    error = result.summary
    for name in ("message_type", "code", "message", "hint", "exit_code"):
      self.assertIn(name, error)
    self.assertEqual((error["message_type"], error["exit_code"]), ("error", code))
    self.assertGreater(len(error["message"]), 10)
    if word:
      self.assertIn(word, (error["message"] + str(error["hint"])).lower())


class SourceCase(Case):
  """A case with a small source of three files in two folders."""

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
    """A JSON object has the documented fields, each of its kind."""
    for name, kind in fields.items():
      self.assertIn(name, value)
      self.assertIsInstance(value[name], kind, name)
      if kind is int:
        self.assertNotIsInstance(value[name], bool, name)

  def assertTime(self, text):
    """RFC 3339 in UTC, about now."""
    self.assertTrue(text.endswith("Z"), text)
    moment = datetime.datetime.fromisoformat(text)
    self.assertLess(abs((datetime.datetime.now(datetime.timezone.utc) - moment).total_seconds()), 600)


def settle():
  """Waits until no file's time is so new that the program must read it again (2 s; coarse timestamps)."""
  time.sleep(2.2)


def kill(process):
  """kill -9, unless it has ended; returns whether it was killed."""
  process.send_signal(signal.SIGKILL)
  process.communicate()
  return process.returncode == -signal.SIGKILL


def chroma_versions():
  """The versions of ChromaDB whose environments are there."""
  found = [path.parent.name for path in (TESTS / ".venvs").glob("*/complete.sha256")]
  found.sort(key=lambda version: tuple(int(part) for part in version.split(".")))
  return [found[0], found[-1]] if QUICK and len(found) > 2 else found


def chroma(version, program, *arguments):
  """Runs one of Tests/Chroma's programs with a version of ChromaDB; returns its output."""
  python = TESTS / ".venvs" / version / "bin" / "python"
  process = subprocess.run([python, TESTS / "Chroma" / program, *map(str, arguments)], stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, timeout=TIMEOUT)
  if process.returncode != 0:
    raise AssertionError(f"{program} with chromadb {version}: {process.stderr.decode()[-2000:]}")
  return process.stdout
