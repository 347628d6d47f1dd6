"""Old backups as the two Python scripts wrote them, and other ZIPs of Chroma directories that people have."""

import datetime
import json
import os
import zipfile


def stamp(moment):
  return moment.strftime("%Y%m%d_%H%M%S")


def moment(day, hour=3):
  """A local time in December 2024."""
  return datetime.datetime(2024, 12, day, hour, 30, 22, 123456)


def write_zip(path, files, method=zipfile.ZIP_DEFLATED):
  """A ZIP of {name in the archive: file or bytes}."""
  with zipfile.ZipFile(path, "w", method) as archive:
    for name, content in files.items():
      if isinstance(content, bytes):
        archive.writestr(name, content)
      else:
        archive.write(content, name)
  return path


def files_of(directory, prefix):
  """{name in the archive: file} as `os.walk` finds them: no entries for folders."""
  found = {}
  for folder, _, names in os.walk(directory):
    for name in names:
      file = os.path.join(folder, name)
      found[os.path.join(prefix, os.path.relpath(file, directory))] = file
  return found


def script_backup(directory, folder, when, stem="chromadb_backup", collections=(), source_path=None):
  """What `create_backup` of backup_chromadb.py left: chroma_db/... and a backup_metadata.json."""
  metadata = {
    "backup_timestamp": when.isoformat(), "chromadb_version": "unknown", "backup_type": "full",
    "source_path": str(source_path or directory),
    "collections": [{"name": name, "count": count, "metadata": None} for name, count in collections],
    "total_size_bytes": sum(os.path.getsize(file) for file in files_of(directory, "").values()),
    "file_count": len(files_of(directory, "")),
  }
  files = files_of(directory, "chroma_db") | {"backup_metadata.json": json.dumps(metadata, indent=2).encode()}
  return write_zip(folder / f"{stem}_{stamp(when)}.zip", files)
