"""The configuration file: where it is found, what it sets, who wins, and how its mistakes are told."""

import os
import re
import unittest

from support import ROOT, SourceCase


class ConfigCase(SourceCase):
  """A case whose program runs in `self.place`, with a user's configuration folder of its own, and no variables."""

  def setUp(self):
    super().setUp()
    self.place, self.folder = self.home / "place", self.home / "xdg"
    self.place.mkdir()
    self.folder.mkdir()
    self.bare = {"CHROMASNAP_REPO": None, "CHROMASNAP_CACHE_DIR": None, "XDG_CACHE_HOME": self.home / "cache",
                 "XDG_CONFIG_HOME": self.folder}

  def configure(self, text, path=None):
    path = path or self.place / "chromasnap.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o644)
    return path

  def use(self, *arguments, code=0, environment=None, **options):
    return self.call(*arguments, code=code, cwd=options.pop("cwd", self.place),
                     environment=self.bare | (environment or {}), **options)

  def settings(self, *arguments, environment=None):
    """Of each key what `config show` says."""
    shown = self.use("config", "show", "--json", *arguments, environment=environment).json
    return {setting.pop("key"): setting for setting in shown["settings"]}

  def refused(self, text, line, *words):
    """A file that is refused on a line with these words; returns the error."""
    path = self.configure(text)
    result = self.use("list", "--json", code=64)
    self.assertError(result, 64)
    error = result.summary
    self.assertEqual(error["code"], "usage")
    self.assertTrue(error["message"].startswith(f"{path}:{line}: "), error["message"])
    for word in words:
      self.assertIn(word, error["message"] + " " + error["hint"])
    return error


class Configuration(ConfigCase):
  def test_a_profile_does_the_whole_job(self):
    self.configure(f"""
      repository = "backups"
      source = "{self.source}"
      name = "nightly"
      tags = ["a", "b"]
      description = "from the file"
      exclude = ["*.log"]
      level = 3

      [retention]
      keep-last = 2
    """)
    summary = self.use("snapshot", "--json").summary
    self.assertEqual(summary["source"], str(self.source))
    self.assertRegex(summary["name"], r"^nightly_\d{8}_\d{6}$")
    self.assertTrue((self.place / "backups" / "config").is_dir())
    shown = self.use("show", "latest", "--json").json
    self.assertEqual((shown["tags"], shown["description"]), (["a", "b"], "from the file"))
    self.assertEqual(shown["files"], 2)
    for _ in range(3):
      self.use("snapshot")
    self.assertEqual(len(self.use("list", "--json").json), 4)
    self.use("forget")
    self.assertEqual(len(self.use("list", "--json").json), 2)

  def test_options_replace_what_the_file_says(self):
    self.configure(f"""
      repository = "backups"
      source = "{self.source}"
      name = "nightly"
      tags = ["a"]
      exclude = ["*.log"]
      skip-if-unchanged = true
      [retention]
      keep-last = 5
      keep-daily = 5
    """)
    other = self.home / "other"
    other.mkdir()
    (other / "kept.log").write_text("x")
    summary = self.use("snapshot", other, "--name", "mine", "--tag", "z", "--exclude", "*.tmp", "--json").summary
    self.assertEqual((summary["source"], summary["files_new"]), (str(other), 1))
    self.assertTrue(summary["name"].startswith("mine_"))
    self.assertEqual(self.use("show", "--source", other, "--json").json["tags"], ["z"])
    self.use("snapshot", "--repo", self.home / "elsewhere")
    self.assertEqual(len(self.use("list", "--json").json), 1)
    self.assertEqual(len(self.use("list", "--json", "--repo", self.home / "elsewhere").json), 1)
    # Nothing has changed: the file skips it, the command line does not.
    self.use("snapshot", "--repo", self.home / "elsewhere")
    self.assertEqual(len(self.use("list", "--json", "--repo", self.home / "elsewhere").json), 1)
    for _ in range(2):
      self.use("snapshot", "--repo", self.home / "elsewhere", "--no-skip-if-unchanged")
    # One rule of the command line replaces the file's policy as a whole.
    dry = self.use("forget", "--repo", self.home / "elsewhere", "--keep-last", "1", "--dry-run", "--json").summary
    self.assertEqual((dry["kept"], dry["forgotten"]), (1, 2))

  def test_forget_keeps_to_the_source_of_the_file(self):
    other = self.home / "other"
    other.mkdir()
    self.configure(f"""
      repository = "backups"
      [profiles.a]
      source = "{self.source}"
      retention.keep-last = 1
      [profiles.b]
      source = "{other}"
      retention.keep-last = 9
    """)
    for name in "aabb":
      self.use("snapshot", "--profile", name)
    self.use("forget", "--profile", "a")
    sources = [snapshot["source"] for snapshot in self.use("list", "--json").json]
    self.assertEqual(sorted(sources), sorted([str(self.source), str(other), str(other)]))
    # A policy without a rule is refused, whatever file there is.
    self.use("forget", code=64)

  def test_auto_keeps_what_the_file_says(self):
    path = self.configure(f"""
      repository = "backups"
      source = "{self.source}"
      name = "mine"
      tags = ["extra"]
      description = "automatic"
      [retention]
      keep-last = 2
    """)
    for number in range(4):
      self.write("one", b"%d" % number)
      self.use("auto")
    found = self.use("list", "--json").json
    self.assertEqual(len(found), 2)
    self.assertEqual((found[0]["tags"], found[0]["description"]), (["extra", "auto"], "automatic"))
    self.assertTrue(found[0]["name"].startswith("mine_"))
    self.write("one", b"last")
    self.use("auto", "--max-backups", "1")
    self.assertEqual(len(self.use("list", "--json").json), 1)
    # What nobody sets is as it always was.
    path.write_text(f'repository = "backups"\nsource = "{self.source}"\n')
    self.write("one", b"again")
    self.use("auto")
    self.assertRegex(self.use("show", "--json").json["name"], r"^auto_backup_\d{8}_\d{6}$")

  def test_latest_is_that_of_the_profile(self):
    other = self.home / "other"
    other.mkdir()
    (other / "alone").write_text("x")
    self.configure(f"""
      repository = "backups"
      [profiles.a]
      source = "{self.source}"
      [profiles.b]
      source = "{other}"
    """)
    mine = self.use("snapshot", "--profile", "a", "--json").summary["snapshot_id"]
    others = self.use("snapshot", "--profile", "b", "--json").summary["snapshot_id"]
    for profile, expected in (("a", mine), ("b", others)):
      self.assertEqual(self.use("show", "latest", "--profile", profile, "--json").json["id"], expected)
    self.assertEqual(self.use("show", "--json").json["id"], others)
    # A name or an id means what it says.
    self.assertEqual(self.use("show", mine[:8], "--profile", "b", "--json").json["id"], mine)
    target = self.home / "target"
    self.use("restore", "--to", target, "--profile", "a")
    self.assertSameTree(self.source, target)

  def test_where_a_file_is_found(self):
    named = self.configure("name = 'named'", self.home / "named.toml")
    user = self.configure("name = 'user'", self.folder / "chromasnap" / "chromasnap.toml")
    self.assertEqual(self.settings()["name"]["file"], str(user))
    here = self.configure("name = 'here'")
    self.assertEqual(self.settings()["name"]["file"], str(here))
    self.assertEqual(self.settings(environment={"CHROMASNAP_CONFIG": named})["name"]["value"], "named")
    self.assertEqual(self.settings("--config", user, environment={"CHROMASNAP_CONFIG": named})["name"]["value"], "user")
    here.unlink()
    user.unlink()
    shown = self.use("config", "show", "--json").json
    self.assertIsNone(shown["file"])
    self.assertError(self.use("list", "--config", self.home / "missing", "--json", code=1), 1, "configuration")

  @unittest.skipUnless(ROOT and not os.path.exists("/etc/chromasnap.toml"), "writes to /etc")
  def test_the_file_of_the_machine(self):
    path = "/etc/chromasnap.toml"
    self.addCleanup(os.unlink, path)
    with open(path, "w", encoding="utf-8") as file:
      file.write("name = 'machine'\nrepository = '/srv/backups'\n")
    found = self.settings()
    self.assertEqual((found["name"]["file"], found["name"]["line"]), (path, 1))
    self.assertEqual(found["repository"]["value"], "/srv/backups")

  def test_precedence_and_origins(self):
    path = self.configure("""
      repository = "from-file"
      lock-timeout = "5m"
      level = 4
      [profiles.p]
      level = 5
    """)
    found = self.settings()
    self.assertEqual(found["repository"],
                     {"value": str(self.place / "from-file"), "origin": "file", "file": str(path), "line": 2})
    self.assertEqual(found["lock-timeout"]["value"], 300)
    self.assertEqual(found["name"], {"value": "chromadb_backup", "origin": "default"})
    self.assertEqual(self.settings("--profile", "p")["level"],
                     {"value": 5, "origin": "file", "file": str(path), "line": 6})
    environment = {"CHROMASNAP_REPO": "relative", "CHROMASNAP_PROFILE": "p"}
    found = self.settings(environment=environment)
    self.assertEqual(found["repository"], {"value": str(self.place / "relative"), "origin": "environment",
                                           "environment": "CHROMASNAP_REPO"})
    self.assertEqual(found["level"]["value"], 5)
    found = self.settings("--repo", "by-option", "--lock-timeout", "0", environment=environment)
    self.assertEqual(found["repository"],
                     {"value": str(self.place / "by-option"), "origin": "option", "option": "--repo"})
    self.assertEqual(found["lock-timeout"]["value"], 0)

  def test_show_as_text(self):
    path = self.configure("name = 'x'\n[profiles.one]\n[profiles.two]\nlevel = 2\n")
    text = self.use("config", "show", "--profile", "two").text
    self.assertIn(f"file      {path}\n", text)
    self.assertIn("profile   two  of one, two\n", text)
    self.assertRegex(text, rf"(?m)^name +x +{re.escape(str(path))}:1$")
    self.assertRegex(text, rf"(?m)^level +2 +{re.escape(str(path))}:4$")
    self.assertRegex(text, r"(?m)^health +true +default$")
    for key in ("description", "exclude", "notify", "retention.keep-tag"):
      self.assertRegex(text, rf"(?m)^{key} +none +default$")
    self.assertEqual(self.use("config", "show", "--quiet").text, "")

  def test_a_retention_of_a_profile_is_whole(self):
    self.configure("""
      [retention]
      keep-last = 5
      keep-tag = ["x"]
      [profiles.p.retention]
      keep-daily = 7
      [profiles.q]
      level = 2
    """)
    found = self.settings("--profile", "p")
    self.assertEqual(found["retention.keep-daily"]["value"], 7)
    self.assertEqual((found["retention.keep-last"]["value"], found["retention.keep-tag"]["value"]), (None, []))
    self.assertEqual(self.settings("--profile", "q")["retention.keep-last"]["value"], 5)

  def test_secrets_are_masked(self):
    url = "https://user:word@hc.example/ping/c0ffee?x=1"
    self.configure(f"""
      notify = ["{url}", "/usr/bin/tell --password c0ffee", "https://plain.example"]
      notify-file = "urls"
    """)
    for result in (self.use("config", "show"), self.use("config", "show", "--json")):
      for secret in ("c0ffee", "word@", "x=1"):
        self.assertNotIn(secret, result.text)
    self.assertEqual(self.settings()["notify"]["value"],
                     ["https://hc.example/***", "/usr/bin/tell ***", "https://plain.example"])
    self.assertEqual(self.settings()["notify-file"]["value"], str(self.place / "urls"))

  def test_paths_start_at_the_file(self):
    path = self.configure("repository = '../store'\ncache-dir = '/c'\nlog-file = '~/x.log'",
                          self.home / "folder" / "my.toml")
    found = self.settings("--config", path)
    self.assertEqual(found["repository"]["value"], str(self.home / "store"))
    self.assertEqual(found["cache-dir"]["value"], "/c")
    self.assertEqual(found["log-file"]["value"], os.path.join(os.path.realpath(os.path.expanduser("~")), "x.log"))

  def test_files_of_others_must_be_named(self):
    path = self.configure("level = 2")
    path.chmod(0o646)
    self.assertIn("chmod o-w", self.use("list", "--json", code=64).summary["hint"])
    self.assertEqual(self.settings("--config", path)["level"]["value"], 2)
    if ROOT:
      path.chmod(0o644)
      os.chown(path, 12345, 12345)
      self.assertIn("--config", self.use("list", "--json", code=64).summary["hint"])

  def test_no_file_is_read_for_help(self):
    self.configure("this is not TOML")
    for arguments in (["--help"], ["snapshot", "--help"], ["version"], ["--version"],
                      ["--generate-completion-script", "bash"]):
      self.use(*arguments)
    self.use("list", code=64)


class Mistakes(ConfigCase):
  def test_keys(self):
    self.refused("\nlevel = 1\nrepositroy = 'x'", 3, "unknown key `repositroy`", "Did you mean `repository`?")
    self.refused("repo = 'x'", 1, "Did you mean `repository`?")
    self.refused("tag = ['x']", 1, "Did you mean `tags`?")
    self.refused("cache_dir = 'x'", 1, "Did you mean `cache-dir`?")
    self.refused("keep-daily = 3", 1, "`keep-daily` belongs in [retention]")
    self.refused("[retention]\nkeep_dayly = 3", 2, "in [retention]", "Did you mean `keep-daily`?")
    self.refused("[retention]\nlevel = 3", 2, "belongs at the top")
    self.refused("[retentoin]\nkeep-last = 1", 1, "Did you mean `retention`?")
    self.refused("completely-unheard-of = 3", 1, "Known here: repository, ")
    self.refused("[profiles.a]\n\nlevle = 1", 3, "Did you mean `level`?")
    self.refused("[profiles.a.retention]\nkeep-lst = 1", 2, "Did you mean `keep-last`?")
    self.refused("level = 1\nlevel = 2", 2, "is there already, on line 1")

  def test_types(self):
    self.refused("level = 'three'", 1, "`level` is \"three\", and must be an integer")
    self.refused("level = 1.0", 1, "must be an integer")
    self.refused("repository = 3", 1, "`repository` is 3, and must be a path")
    self.refused("tags = 'one'", 1, "must be an array of strings")
    self.refused("tags = ['one', 2]", 1, "must be an array of strings")
    self.refused("health = 'yes'", 1, "must be true or false")
    self.refused("lock-timeout = '5 parsecs'", 1, "must be a duration")
    self.refused("max-unused = 'half'", 1, "must be a part")
    for value in ("9223372036854775807", "'1e300'", "-1"):
      self.refused(f"lock-timeout = {value}", 1, "must be a duration")
    self.refused("max-unused = '1e300%'", 1, "must be a part")
    for part in ("1.5", "5", "1.0", "'5'"):
      self.refused(f"max-unused = {part}", 1, "below 1", "or a percentage")
    self.refused("retention = 3", 1, "must be a table")
    self.refused("profiles = 3", 1, "must be a table")
    self.refused("[profiles]\na = 3", 2, "must be a table")
    self.refused("[profiles.'a b']", 1, "no name for a profile")

  def test_values(self):
    self.refused("\nlevel = 0", 2, "from 1 to 19")
    self.refused("level = 20", 1, "from 1 to 19")
    self.refused("log-format = 'xml'", 1, "\"text\" or \"json\"")
    self.refused("[retention]\nkeep-last = 0", 2, "at least 1")
    self.refused("[retention]\nkeep-daily = -1", 2, "at least 0")
    self.configure("")
    self.assertError(self.use("snapshot", self.source, "--level", "20", "--json", code=64), 64, "from 1 to 19")

  def test_toml(self):
    self.refused("level = 1\nname = nightly\n", 2, "text is quoted")
    self.refused("name = \"x", 1, "no closing")
    self.refused("name = \"C:\\data\"", 1, "' '")

  def test_profiles(self):
    self.configure("[profiles.nightly]\n[profiles.weekly]")
    error = self.use("list", "--profile", "nihgtly", "--json", code=64).summary
    self.assertIn("Did you mean nightly?", error["hint"])
    self.assertIn("nightly, weekly", error["hint"])
    error = self.use("list", "--json", code=64, cwd=self.home, environment={"CHROMASNAP_PROFILE": "x"}).summary
    self.assertIn("no configuration file", error["message"])

  def test_environment(self):
    error = self.use("list", "--json", code=64, environment={"CHROMASNAP_LOCK_TIMEOUT": "soon"}).summary
    self.assertIn("CHROMASNAP_LOCK_TIMEOUT", error["message"])
    error = self.use("config", "show", "--json", code=64, environment={"CHROMASNAP_LOCK_TIMEOUT": "1e300"}).summary
    self.assertIn("CHROMASNAP_LOCK_TIMEOUT", error["message"])
    error = self.use("list", "--json", code=64, environment={"CHROMASNAP_LEVEL": "99"}).summary
    self.assertIn("from 1 to 19", error["message"])


if __name__ == "__main__":
  unittest.main()
