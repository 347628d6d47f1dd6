"""A folder of a snapshot as a tar stream: GNU tar and Python's tarfile bring back what was there."""

import io
import os
import subprocess
import tarfile
import unittest

import trees
from support import SourceCase


class Dump(SourceCase):
  def setUp(self):
    super().setUp()
    long = self.source / "folder" / ("long" * 40) / ("longer" * 30)
    long.mkdir(parents=True)
    (long / "file").write_bytes(b"deep")
    (self.source / "folder" / os.fsdecode(b"caf\xe9")).write_bytes(b"latin")
    (self.source / "folder" / "größe").write_bytes(b"")
    (self.source / "folder" / "link").symlink_to("two")
    (self.source / "folder" / "far").symlink_to("x" * 300)
    (self.source / "folder" / "empty").mkdir()
    os.link(self.source / "folder" / "two", self.source / "folder" / "below" / "same")
    os.chmod(self.source / "folder" / "two", 0o640)
    os.chmod(self.source / "folder" / "below", 0o750)
    for place, time in (("one", 1), ("folder/two", 1_700_000_000_123_456_789), ("folder/größe", -1_500_000_000),
                        ("folder/empty", 5_000_000_000_000_000_000), ("folder/below", 1_234_567_890_000_000_000)):
      os.utime(self.source / place, ns=(time, time))
    try:
      os.setxattr(self.source / "folder" / "two", "user.note", b"a\nb\x00c")
    except OSError:
      pass
    self.snapshot(self.source)

  def test_gnu_tar(self):
    for path in ("", "folder", "folder/below"):
      with self.subTest(path=path):
        target = self.home / "unpacked"
        target.mkdir()
        stream = self.call("dump", f"latest:{path}").stdout
        self.assertEqual(len(stream) % 512, 0)
        done = subprocess.run(["tar", "-x", "--xattrs", "--warning=no-timestamp", "-p", "-C", target], input=stream, stderr=subprocess.PIPE)
        self.assertEqual((done.returncode, done.stderr.replace(
          b"tar: Ignoring unknown extended header keyword 'hdrcharset'\n", b"")), (0, b""))
        # Of the two names of one file only one is below.
        expected = trees.describe(self.source / path)
        if path == "folder/below":
          del expected[b"same"]["links"]
        self.assertSameTree(expected, target)
        subprocess.run(["rm", "-r", target], check=True)

  def test_python(self):
    stream = self.call("dump", "latest:folder").stdout
    with tarfile.open(fileobj=io.BytesIO(stream), errors="surrogateescape") as archive:
      members = {member.name: member for member in archive}
      self.assertEqual(members["below/three.log"].size, 2000)
      self.assertEqual(archive.extractfile("two").read(), (self.source / "folder" / "two").read_bytes())
      self.assertEqual({members["two"].type, members["below/same"].type}, {tarfile.REGTYPE, tarfile.LNKTYPE})
      self.assertEqual(members["link"].linkname, "two")
      self.assertEqual(members["far"].linkname, "x" * 300)
      self.assertEqual(members["two"].mode, 0o640)
      self.assertIn(os.fsdecode(b"caf\xe9"), members)

  def test_what_is_none(self):
    self.assertIn("symbolic link", self.call("dump", "latest:folder/link", code=1).errors)
    self.call("dump", "latest:nothing", code=1)


if __name__ == "__main__":
  unittest.main()
