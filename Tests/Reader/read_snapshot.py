#!/usr/bin/env python3
"""Restores a snapshot of a chromasnap repository, from the page "Repository format, version 1" alone.

    read_snapshot.py REPO ID|latest TARGET    restore; ID may be the first digits
    read_snapshot.py --check REPO             decode every chunk of every pack, and prove every document

Needs Python 3.9 and libzstd. Shares no code with the program: it is there to prove that the page is right and enough.
"""
import functools
import hashlib
import json
import os
import re
import struct
import sys
import zlib
from pathlib import Path
from typing import NamedTuple, Optional

from chunk_codecs import PATCH, Damaged, Fields, apply_patch, decompress, need, open_whole

CHUNK_BYTES = 1 << 20
STORED_BYTES = CHUNK_BYTES + 4096
TABLE_BYTES = 4 << 20
DOCUMENT_BYTES = 64 << 20
TREE_BYTES = 1 << 30
NAME_BYTES = 4096
FILE, FOLDER, LINK = 1, 2, 3


class Entry(NamedTuple):
    pack: Path
    id: bytes
    length: int
    offset: int
    stored: int
    codec: int
    phase: int
    depth: int
    checksum: int
    base: Optional[bytes]


def read_at(path, offset, count):
    with open(path, "rb") as file:
        file.seek(offset)
        data = file.read(count)
    need(len(data) == count, f"{path} ends too soon")
    return data


def read_table(pack):
    """The entries of a pack; proves header, table and footer."""
    size = pack.stat().st_size
    need(80 <= size < 1 << 32, "a pack of an impossible length")
    footer = read_at(pack, size - 64, 64)
    stored, length, checksum, pack_id, zero, own, magic = struct.unpack("<III32sQI8s", footer)
    need(magic == b"CSNAPEND" and zero == 0 and zlib.crc32(footer[:52]) == own, "a pack's footer is damaged")
    need(pack_id.hex() == pack.name, "a pack's footer does not match its name")
    need(length <= TABLE_BYTES and stored <= TABLE_BYTES + 65536 and stored + 80 <= size, "a table past the limit")
    data = read_at(pack, size - 64 - stored, stored)
    need(zlib.crc32(data) == checksum, "a pack's table does not match its checksum")
    table = decompress(data, length)
    need(hashlib.sha256(table).digest() == pack_id, "a pack's table does not match the pack's id")
    fields = Fields(table, "a pack's table")
    magic, version, kind, zero, _, _, count = fields.take("4sBBH16sqI")
    need((magic, version, zero) == (b"CSTB", 1, 0) and kind in (1, 2), "a pack's table of an unknown version or kind")
    need(read_at(pack, 0, 16) == b"CSNAPPK1" + bytes([kind]) + bytes(7), "a pack's header is damaged")
    need(1 <= count <= 16384, "an impossible count of chunks")
    entries, end = [], 16
    for _ in range(count):
        id, length, offset, stored_length, codec, phase, depth, zero, checksum = fields.take("32sIIIBBBBI")
        need(codec <= PATCH, "an unknown codec")
        base = fields.bytes(32) if codec == PATCH else None
        need(1 <= length <= CHUNK_BYTES and 1 <= stored_length <= STORED_BYTES and offset == end and phase <= 3
             and depth <= 32 and (depth > 0) == (codec == PATCH) and zero == 0 and base != id, "an impossible entry")
        entries.append(Entry(pack, id, length, offset, stored_length, codec, phase, depth, checksum, base))
        end += stored_length
    need(fields.left == 0 and end + stored + 64 == size, "a pack's table does not fill the pack")
    return entries


class Repository:
    def __init__(self, root):
        self.root = Path(root)
        configs = [int(name) for name in self.names("config") if name.isdigit()]
        if not configs:
            sys.exit(f"{root}: there is no repository")
        line, seal, rest = (self.root / "config" / str(max(configs))).read_bytes().split(b"\n")
        need(seal == b"sha256:" + hashlib.sha256(line).hexdigest().encode() and rest == b"", "the config is damaged")
        config = json.loads(line)
        if config["version"] != 1 or config["encryption"] != "none" or config["features"]["read"]:
            sys.exit(f"{root}: the repository uses something that this reader does not know")
        self.copies, self.broken = {}, []
        for folder in self.names("packs"):
            for name in self.names(f"packs/{folder}"):
                if not re.fullmatch("[0-9a-f]{64}", name):
                    continue
                try:
                    for entry in read_table(self.root / "packs" / folder / name):
                        self.copies.setdefault(entry.id, []).append(entry)
                except (Damaged, OSError) as error:
                    self.broken.append(f"pack {name}: {error}")

    def names(self, folder):
        path = self.root / folder
        return sorted(os.listdir(path)) if path.is_dir() else []

    @functools.lru_cache(maxsize=64)
    def chunk(self, id, below=33):
        """A chunk's plaintext, through any copy of less depth than `below` that can be decoded."""
        failure = Damaged(f"chunk {id.hex()} is missing")
        for entry in sorted(self.copies.get(id, []), key=lambda entry: entry.depth):
            if entry.depth < below:
                try:
                    return self.decode(entry)
                except (Damaged, OSError) as error:
                    failure = error
        raise failure

    def decode(self, entry):
        try:
            stored = read_at(entry.pack, entry.offset, entry.stored)
            need(zlib.crc32(stored) == entry.checksum, "its stored form does not match its checksum")
            if entry.codec == PATCH:
                plain = apply_patch(stored, entry.length, self.chunk(entry.base, entry.depth))
            else:
                plain = open_whole(entry.codec, stored, entry.length, entry.phase)
            need(len(plain) == entry.length and hashlib.sha256(plain).digest() == entry.id, "it does not match its id")
            return plain
        except Damaged as error:
            raise Damaged(f"chunk {entry.id.hex()} in pack {entry.pack.name}: {error}") from None

    def content(self, length, depth, root):
        """The chunks of a content, in order."""
        if length == 0:
            return
        need(depth <= 4, "a content that is too deep")
        data = self.chunk(root)
        if depth == 0:
            need(len(data) == length, f"chunk {root.hex()} is not as long as promised")
            yield data
            return
        fields = Fields(data, "a chunk list")
        magic, version, level, zero, count = fields.take("4sBBHI")
        need((magic, version, level, zero) == (b"CSLS", 1, depth, 0) and 1 <= count <= 16384, "an odd chunk list")
        children = [fields.take("32sQ") for _ in range(count)]
        need(fields.left == 0 and sum(child[1] for child in children) == length, "a chunk list's lengths are wrong")
        for id, part in children:
            need(part > 0, "an empty part of a content")
            yield from self.content(part, depth - 1, id)

    def document(self, path):
        name = path.name.removesuffix(".json")
        data = path.read_bytes()
        need(len(data) <= DOCUMENT_BYTES, f"{path} is too long")
        need(hashlib.sha256(data).hexdigest() == name[-64:], f"{path} does not match the id in its name")
        value = json.loads(data)
        need(value["version"] == 1, f"{path} is of an unknown version")
        return name[-64:], value

    def objects(self, parent):
        return [self.root / parent / month / name for month in self.names(parent)
                for name in self.names(f"{parent}/{month}") if re.search(r"[0-9a-f]{64}(\.json)?$", name)]

    def manifest(self, which):
        found = [path for path in self.objects("snapshots")
                 if which == "latest" or path.name.removesuffix(".json")[-64:].startswith(which)]
        if not found or (which != "latest" and len(found) > 1):
            sys.exit(f"{which}: {len(found) or 'no'} such snapshots")
        snapshots = [self.document(path) for path in found]
        taken = [item for item in snapshots if "imported" not in item[1]] or snapshots
        newest = max(taken, key=lambda item: (item[1]["commit_time"], item[0]))[1]["source"]["id"]
        of_source = [item for item in snapshots if item[1]["source"]["id"] == newest]
        return max(of_source, key=lambda item: (item[1]["sequence"], item[1]["time"], item[1]["commit_time"], item[0]))[1]


def read_content(fields):
    length = fields.take("Q")
    return (length, *fields.take("B32s")) if length else (0, 0, None)


def read_tree(data):
    fields = Fields(data, "a tree")
    need(fields.bytes(8) == b"CSTR\1\0\0\0", "a tree of an unknown version")
    entries = []
    while fields.left:
        kind, flags = fields.take("BB")
        need(kind in (FILE, FOLDER, LINK) and flags <= 7, "a tree's entry of an unknown kind")
        entry = {"kind": kind, "name": fields.bytes(fields.take("H"))}
        name = entry["name"]
        need(0 < len(name) <= NAME_BYTES and name != b".." and b"/" not in name and b"\0" not in name, "a bad name")
        need(not entries or entries[-1]["name"] < name, "a tree's names are not in order")
        entry["mode"], entry["owner"], entry["group"], seconds, nanoseconds = fields.take("IIIqI")
        need(entry["mode"] <= 0o7777 and nanoseconds < 10**9, "an impossible mode or time")
        entry["modified"] = seconds * 10**9 + nanoseconds
        if kind == LINK:
            entry["target"] = fields.bytes(fields.take("H"))
            need(0 < len(entry["target"]) <= NAME_BYTES and b"\0" not in entry["target"], "a bad symbolic link")
        else:
            entry["content"] = read_content(fields)
            need(kind == FOLDER or fields.take("B") <= 1, "an unknown chunking")
        entry["attributes"] = []
        for _ in range(fields.take("H") if flags & 1 else 0):
            attribute = fields.bytes(fields.take("H"))
            need(attribute and b"\0" not in attribute, "a bad attribute")
            entry["attributes"].append((attribute, fields.bytes(fields.take("I"))))
        entry["links"] = fields.take("Q") if flags & 2 else None
        entries.append(entry)
    need(all(entry["name"] != b"." for entry in entries) or len(entries) == 1, "a root that is not alone")
    return entries


class Restore:
    def __init__(self, repository):
        self.repository, self.links = repository, {}

    def tree(self, content):
        need(content[0] <= TREE_BYTES, "a tree past the limit")
        return read_tree(b"".join(self.repository.content(*content)))

    def run(self, manifest, target):
        root = manifest["tree"]
        entries = self.tree((root["length"], root["depth"], bytes.fromhex(root.get("root", ""))))
        need(len(entries) == 1 and entries[0]["name"] == b"." and entries[0]["kind"] == FOLDER, "a strange root")
        os.makedirs(target, 0o700, exist_ok=True)
        if os.listdir(target):
            sys.exit(f"{os.fsdecode(target)} is not empty")
        self.folder(entries[0], target)

    def folder(self, entry, path):
        for child in self.tree(entry["content"]):
            need(child["name"] != b".", "a root within a tree")
            self.entry(child, path + b"/" + child["name"])
        self.metadata(entry, path)

    def entry(self, entry, path):
        if entry["kind"] == FOLDER:
            os.mkdir(path, 0o700)
            self.folder(entry, path)
        elif entry["kind"] == LINK:
            os.symlink(entry["target"], path)
            self.metadata(entry, path)
        elif entry["links"] in self.links:
            os.link(self.links[entry["links"]], path)
        else:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                for chunk in self.repository.content(*entry["content"]):
                    file.write(chunk)
            self.metadata(entry, path)
            if entry["links"] is not None:
                self.links[entry["links"]] = path

    def metadata(self, entry, path):
        if os.geteuid() == 0:
            os.chown(path, entry["owner"], entry["group"], follow_symlinks=False)
        for name, value in entry["attributes"]:
            try:
                os.setxattr(path, name, value, follow_symlinks=False)
            except (OSError, AttributeError) as error:
                print(f"{os.fsdecode(path)}: attribute {os.fsdecode(name)}: {error}", file=sys.stderr)
        if entry["kind"] != LINK:
            os.chmod(path, entry["mode"])
        os.utime(path, ns=(entry["modified"], entry["modified"]), follow_symlinks=False)


def check(repository):
    errors = list(repository.broken)
    copies = [entry for entries in repository.copies.values() for entry in entries]
    for entry in sorted(copies, key=lambda entry: (entry.pack, entry.offset)):
        try:
            repository.decode(entry)
        except (Damaged, OSError) as error:
            errors.append(str(error))
    paths = repository.objects("snapshots") + repository.objects("notes") + repository.objects("audit")
    for path in paths:
        try:
            repository.document(path)
        except (Damaged, OSError, ValueError, KeyError) as error:
            errors.append(str(error))
    print(*errors, f"{len(copies)} chunks, {len(paths)} documents, {len(errors)} errors", sep="\n")
    return 1 if errors else 0


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "--check":
        return check(Repository(arguments[1]))
    if len(arguments) != 3 or arguments[0].startswith("-"):
        sys.exit(__doc__)
    repository = Repository(arguments[0])
    Restore(repository).run(repository.manifest(arguments[1]), os.fsencode(arguments[2]))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (Damaged, OSError, ValueError, KeyError) as error:
        sys.exit(f"error: {error}")
