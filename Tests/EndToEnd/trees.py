"""Directories as values: everything that a restore must bring back, and where two of them differ."""

import hashlib
import os
import stat


def describe(root, owners=None):
  """{path: properties} of a directory and all below it, as bytes paths; b"." is the directory itself.

  Owners are compared only where the process may set them. Hard links are told by the set of paths they share.
  """
  root = os.fsencode(root)
  owners = os.geteuid() == 0 if owners is None else owners
  found, links = {}, {}
  pending = [b"."]
  while pending:
    relative = pending.pop()
    path = root if relative == b"." else os.path.join(root, relative)
    status = os.lstat(path)
    kind = stat.S_IFMT(status.st_mode)
    entry = {"kind": kind, "mode": stat.S_IMODE(status.st_mode), "mtime": status.st_mtime_ns}
    if owners:
      entry["owner"] = (status.st_uid, status.st_gid)
    if kind == stat.S_IFLNK:
      entry["target"] = os.readlink(path)
    else:
      entry["attributes"] = {
        name: os.getxattr(path, name) for name in os.listxattr(path) if name.startswith("user.")}
    if kind == stat.S_IFREG:
      entry["size"] = status.st_size
      with open(path, "rb") as file:
        entry["content"] = hashlib.file_digest(file, "sha256").hexdigest()
      if status.st_nlink > 1:
        links.setdefault((status.st_dev, status.st_ino), []).append(relative)
    if kind == stat.S_IFDIR:
      prefix = b"" if relative == b"." else relative + b"/"
      pending.extend(prefix + name for name in os.listdir(path))
    found[relative] = entry
  for group in links.values():
    for relative in group:
      found[relative]["links"] = sorted(group)
  return found


def differences(left, right, limit=10):
  """Lines that say where two descriptions differ; empty where they are equal."""
  lines = []
  for path in sorted(left.keys() | right.keys()):
    if path not in right:
      lines.append(f"{path!r}: missing")
    elif path not in left:
      lines.append(f"{path!r}: unexpected")
    else:
      lines.extend(
        f"{path!r}: {key} is {right[path].get(key)!r}, not {left[path].get(key)!r}"
        for key in sorted(left[path].keys() | right[path].keys()) if left[path].get(key) != right[path].get(key))
  return lines[:limit] + ([f"and {len(lines) - limit} more"] if len(lines) > limit else [])


def contents(root):
  """{path: bytes} of the regular files below a directory."""
  found = {}
  for folder, _, names in os.walk(os.fsencode(root)):
    for name in names:
      path = os.path.join(folder, name)
      if stat.S_ISREG(os.lstat(path).st_mode):
        with open(path, "rb") as file:
          found[os.path.relpath(path, os.fsencode(root))] = file.read()
  return found


def allocated(root):
  """Bytes of disk that the regular files below a directory occupy."""
  total = 0
  for folder, _, names in os.walk(os.fsencode(root)):
    total += sum(os.lstat(os.path.join(folder, name)).st_blocks * 512 for name in names)
  return total
