"""Random directories with all that a source may hold, and random changes to them; the same for the same seed."""

import os
import random
import stat
import time

CHARACTERS = "abcdefghij_-. 0123456789äß東京"
NOT_UTF8 = b"latin-\xe9\xff"


class Directory:
  """A directory on disk that grows and changes by chance."""

  def __init__(self, root, seed):
    self.root, self.dice = os.fsencode(root), random.Random(seed)
    os.makedirs(self.root, exist_ok=True)
    self.made = 0

  # What is there now.

  def folders(self):
    return sorted(folder for folder, _, _ in os.walk(self.root))

  def entries(self, test=lambda mode: True):
    found = [os.path.join(folder, name) for folder, folders, names in os.walk(self.root) for name in folders + names]
    return sorted(path for path in found if test(os.lstat(path).st_mode))

  def files(self):
    return self.entries(stat.S_ISREG)

  # What may happen to it.

  def new_path(self):
    self.made += 1
    name = "".join(self.dice.choices(CHARACTERS, k=self.dice.randint(1, 20))).encode()
    if self.dice.random() < 0.1:
      name += NOT_UTF8
    if self.dice.random() < 0.02:
      name = name.ljust(220, b"x")
    return os.path.join(self.dice.choice(self.folders()), b"%d-" % self.made + name)

  def content(self):
    """Bytes of every kind of size and compressibility: none, text, noise, runs, floats."""
    size = int(self.dice.choice((0, 1, 100, 5_000, 70_000, 300_000, 1_500_000)) * (0.5 + self.dice.random()))
    kind = self.dice.randrange(4)
    if kind == 0:
      return self.dice.randbytes(size)
    if kind == 1:
      words = [self.dice.randbytes(5).hex().encode() for _ in range(50)]
      return b" ".join(self.dice.choices(words, k=size // 11))
    if kind == 2:
      return bytes([self.dice.randrange(256)]) * size
    block = b"".join(b"%c%c%c%c" % (*self.dice.randbytes(3), 0x3D + self.dice.randrange(2)) for _ in range(256))
    return (block * (size // len(block) + 1))[:size]

  def add_file(self):
    path = self.new_path()
    with open(path, "wb") as file:
      file.write(self.content())
    self.decorate(path)

  def add_sparse_file(self):
    path = self.new_path()
    with open(path, "wb") as file:
      for _ in range(self.dice.randrange(4)):
        file.seek(self.dice.randrange(8 << 20))
        file.write(self.dice.randbytes(self.dice.randrange(1, 30_000)))
      file.truncate(self.dice.randrange(8 << 20, 9 << 20))
    self.decorate(path)

  def add_folder(self):
    path = self.new_path()
    os.mkdir(path)
    self.decorate(path)

  def add_symbolic_link(self):
    targets = [b"/nowhere", b"../up", b".", NOT_UTF8, *map(os.path.basename, self.entries()[:20])]
    path = self.new_path()
    os.symlink(self.dice.choice(targets), path)
    os.utime(path, ns=(self.old_time(), self.old_time()), follow_symlinks=False)

  def add_hard_link(self):
    files = self.files()
    if files:
      os.link(self.dice.choice(files), self.new_path())

  def rewrite_in_place(self):
    for path in self.dice.sample(self.files(), min(3, len(self.files()))):
      with open(path, "r+b") as file:
        size = os.fstat(file.fileno()).st_size
        for _ in range(self.dice.randrange(1, 5)):
          file.seek(self.dice.randrange(size + 1))
          file.write(self.dice.randbytes(self.dice.randrange(1, 2000)))

  def insert_or_cut(self):
    files = self.files()
    if files:
      path = self.dice.choice(files)
      with open(path, "r+b") as file:
        data = file.read()
        at = self.dice.randrange(len(data) + 1)
        data = data[:at] + (self.dice.randbytes(100) if self.dice.random() < 0.5 else b"") + data[at + 500:]
        file.seek(0)
        file.write(data)
        file.truncate()

  def remove(self):
    entries = self.entries(lambda mode: not stat.S_ISDIR(mode))
    for path in self.dice.sample(entries, min(2, len(entries))):
      os.unlink(path)

  def rename(self):
    entries = self.entries()
    if entries:
      path = self.dice.choice(entries)
      target = self.new_path()
      if not target.startswith(path + b"/"):
        os.rename(path, target)

  def change_kind(self):
    """A file becomes a folder of the same name, or a link a file."""
    entries = self.entries(lambda mode: not stat.S_ISDIR(mode))
    if entries:
      path = self.dice.choice(entries)
      was_link = os.path.islink(path)
      os.unlink(path)
      if was_link:
        with open(path, "wb") as file:
          file.write(b"no link any more")
      else:
        os.mkdir(path)

  def decorate_again(self):
    entries = self.entries(lambda mode: not stat.S_ISLNK(mode))
    if entries:
      self.decorate(self.dice.choice(entries))

  # Properties.

  def old_time(self):
    return int(time.time() * 1e9) - self.dice.randrange(1, 10**18)

  def decorate(self, path):
    dice = self.dice
    if dice.random() < 0.2:
      os.setxattr(path, b"user.note", dice.randbytes(dice.randrange(1, 200)))
    if dice.random() < 0.05:
      os.setxattr(path, "user.größe".encode(), b"")
    if dice.random() < 0.5:
      readable = stat.S_IRWXU if os.path.isdir(path) else stat.S_IRUSR | stat.S_IWUSR
      special = dice.choice((0, 0, 0, stat.S_ISGID, stat.S_ISVTX))
      if os.geteuid() == 0 and dice.random() < 0.3:
        os.chown(path, dice.randrange(2000), dice.randrange(2000))
      os.chmod(path, readable | dice.randrange(0o100) | special)
    if dice.random() < 0.7:
      os.utime(path, ns=(self.old_time(), self.old_time()))

  def grow(self, steps=60):
    makers = ([self.add_file] * 8 + [self.add_folder] * 3 + [self.add_symbolic_link] * 2 + [self.add_hard_link] * 2
              + [self.add_sparse_file])
    for _ in range(steps):
      self.dice.choice(makers)()

  def change(self, steps=12):
    changes = [self.rewrite_in_place, self.insert_or_cut, self.remove, self.rename, self.change_kind,
               self.decorate_again, self.add_file, self.add_hard_link, self.add_symbolic_link, self.add_folder,
               self.add_sparse_file]
    for _ in range(steps):
      self.dice.choice(changes)()
