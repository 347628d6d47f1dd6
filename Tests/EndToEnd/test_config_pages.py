"""The pages about configuration say what the program says, and their samples work."""

import re
import shutil
import unittest

from support import FIXTURES, TESTS
from test_config import ConfigCase

PAGES = TESTS.parent / "Sources" / "ChromaSnap" / "ChromaSnap.docc"
PAGE, README = PAGES / "Configuration.md", TESTS.parent / "README.md"


def table(keys):
  """The table of all keys, as the page holds it between its two marks."""
  def code(*words):
    return ", ".join(f"`{word}`" for word in words if word)

  rows = ["| key | type | default | option | variable | what it is |", "|---|---|---|---|---|---|"]
  for key in keys:
    cells = [code(key["key"]), key["type"], key["default"] or "none", code(*(key["option"] or "").split(", ")),
             code(key["environment"]), key["documentation"]]
    rows.append("| " + " | ".join(cells) + " |")
  return "\n".join(rows) + "\n"


def blocks(path, language):
  return re.findall(rf"```{language}\n(.*?)```", path.read_text(), re.DOTALL)


class Pages(ConfigCase):
  def test_the_table_of_keys(self):
    expected = table(self.use("config", "keys", "--json").json)
    found = re.search(r"<!-- keys -->\n(.*)<!-- end of keys -->", PAGE.read_text(), re.DOTALL).group(1)
    self.assertEqual(found, expected, "put the table that `config keys` gives between the page's marks")

  def test_the_keys_as_text(self):
    keys = self.use("config", "keys", "--json").json
    text = self.use("config", "keys").text
    for key in keys:
      self.assertIn(key["key"], text)
      self.assertIn(key["documentation"], text)
    self.assertEqual([key["key"] for key in keys], list(self.settings()))

  def test_options_and_variables_exist(self):
    commands = ("snapshot", "forget", "prune", "auto", "schedule install")
    text = "".join(self.use(*command.split(), "--help").text for command in commands)
    for key in self.use("config", "keys", "--json").json:
      for option in (key["option"] or "").split(", "):
        self.assertIn(option, text)

  def test_samples(self):
    for page in (PAGE, README):
      for number, block in enumerate(blocks(page, "toml")):
        path = self.configure(block, self.home / f"{page.stem}-{number}.toml")
        shown = self.use("config", "show", "--config", path, "--json").json
        for profile in shown["profiles"]:
          self.use("config", "show", "--config", path, "--profile", profile)

  def test_the_readme_runs(self):
    self.configure(blocks(README, "toml")[0])
    shutil.copytree(FIXTURES / "chroma-1.5.9", self.place / "chroma")
    script = next(block for block in blocks(README, "sh") if "--profile app" in block)
    for line in script.splitlines():
      words = line.split()[1:]
      self.use(*words, *(["--kind", "windows"] if words[0] == "schedule" else []))
    self.assertEqual(len(self.use("list", "--json").json), 1)


if __name__ == "__main__":
  unittest.main()
