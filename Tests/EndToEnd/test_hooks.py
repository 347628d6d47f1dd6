"""--notify: commands, webhooks and dead man's switches are told what happened, and can not hurt a backup."""

import http.server
import json
import os
import threading
import time
import unittest
from pathlib import Path

from support import FIXTURES, SourceCase


class Receiver(http.server.ThreadingHTTPServer):
  """Keeps what it is sent, and answers with `status`, or with each of `statuses` in turn."""

  daemon_threads = True

  def __init__(self):
    super().__init__(("127.0.0.1", 0), Handler)
    self.requests, self.statuses, self.status, self.delay = [], [], 200, 0
    self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
  def do_POST(self):
    body = self.rfile.read(int(self.headers["Content-Length"]))
    self.server.requests.append((self.path, self.headers["Content-Type"], body))
    time.sleep(self.server.delay)
    status = self.server.statuses.pop(0) if self.server.statuses else self.server.status
    self.send_response(status)
    if status == 301:
      self.send_header("Location", "/moved")
    self.end_headers()

  do_GET = do_PUT = do_POST

  def log_message(self, *arguments):
    pass


class Hooks(SourceCase):
  def setUp(self):
    super().setUp()
    self.receiver = Receiver()
    threading.Thread(target=self.receiver.serve_forever, daemon=True).start()
    self.addCleanup(self.receiver.server_close)
    self.addCleanup(self.receiver.shutdown)

  def paths(self):
    return [path for path, _, _ in self.receiver.requests]

  def hook(self, name="hook"):
    """A command that keeps its environment and its standard input; returns it, and a function that reads them."""
    folder = self.home / name
    folder.mkdir()
    command = f"env -0 > {folder}/environment; cat > {folder}/input"

    def read():
      text = (folder / "environment").read_text()
      environment = dict(line.split("=", 1) for line in text.split("\0") if "=" in line)
      return environment, json.loads((folder / "input").read_bytes())
    return command, read

  # Commands.

  def test_a_command_is_told_everything(self):
    command, read = self.hook()
    summary = self.snapshot(self.source, "--notify", f"success={command}")
    environment, message = read()
    for name, value in {
      "EVENT": "success", "COMMAND": "snapshot", "EXIT_CODE": "0", "SNAPSHOT_ID": summary["snapshot_id"],
      "SNAPSHOT_NAME": summary["name"], "SOURCE": str(self.source), "REPO": str(self.program.repository),
      "BYTES_STORED": str(summary["bytes_stored"]), "WARNINGS": "0", "ALERTS": "",
    }.items():
      self.assertEqual(environment["CHROMASNAP_" + name], value, name)
    self.assertIn("snapshot ok", environment["CHROMASNAP_MESSAGE"])
    self.assertFields(message, {
      "message_type": str, "event": str, "command": str, "time": str, "hostname": str, "repository": str, "message": str,
      "exit_code": int, "duration": (int, float), "source": str, "snapshot_id": str, "name": str, "alerts": list,
      "warnings": list, "free_bytes": int, "summary": dict})
    self.assertEqual((message["event"], message["error"]), ("success", None))
    # What the program prints with --json is in it, whether it prints that or not.
    self.assertEqual(message["summary"], summary)
    command, read = self.hook("second")
    self.call("snapshot", self.source, "--quiet", "--notify", f"success={command}")
    self.assertEqual(read()[1]["summary"]["message_type"], "summary")

  def test_failure(self):
    command, read = self.hook()
    other, _ = self.hook("other")
    self.call("snapshot", self.home / "missing", "--notify", f"failure={command}", "--notify", f"success={other}", code=1)
    environment, message = read()
    self.assertEqual((environment["CHROMASNAP_EVENT"], environment["CHROMASNAP_ERROR"]), ("failure", "source_missing"))
    self.assertEqual(environment["CHROMASNAP_EXIT_CODE"], "1")
    self.assertEqual(message["error"]["code"], "source_missing")
    self.assertFalse((self.home / "other" / "input").exists())

  def test_incomplete_is_a_failure_too(self):
    os.mkfifo(self.source / "pipe")
    command, read = self.hook()
    self.call("snapshot", self.source, "--notify", f"failure={command}", code=3)
    environment, message = read()
    self.assertEqual((environment["CHROMASNAP_EVENT"], environment["CHROMASNAP_WARNINGS"]), ("warning", "1"))
    self.assertEqual(message["warnings"][0]["code"], "unsupported_kind")

  def test_other_commands(self):
    self.snapshot(self.source)
    command, read = self.hook()
    self.call("restore", "latest", "--to", self.home / "target", "--notify", f"restore={command}")
    self.assertEqual(read()[1]["command"], "restore")
    command, read = self.hook("check")
    pack = next(path for path in (self.program.repository / "packs").rglob("*") if path.is_file())
    pack.chmod(0o600)
    data = bytearray(pack.read_bytes())
    data[100] ^= 1
    pack.write_bytes(data)
    self.call("check", "--read-data", "--notify", f"check:failure={command}", code=1)
    _, message = read()
    self.assertEqual((message["command"], message["event"]), ("check", "failure"))
    self.assertIn("hurt", [alert["code"] for alert in message["alerts"]])
    # What only looks tells nobody.
    self.call("list", "--notify", "success,failure,start=false")

  def test_start(self):
    folder = self.home / "events"
    self.call("snapshot", self.source, "--notify", f"start,success=echo $CHROMASNAP_EVENT >> {folder}")
    self.assertEqual(folder.read_text(), "start\nsuccess\n")

  def test_health_and_sizes_are_alerts(self):
    source = self.copy(FIXTURES / "chroma-1.5.9")
    for number in range(4):
      (source / "large").write_bytes(os.urandom(4 << 20))
      self.snapshot(source)
    (source / "large").unlink()
    command, read = self.hook()
    self.snapshot(source, "--notify", f"alert={command}")
    environment, message = read()
    self.assertEqual([alert["code"] for alert in message["alerts"]], ["size"])
    self.assertEqual((environment["CHROMASNAP_EVENT"], message["event"]), ("alert", "alert"))
    self.assertIn("usual", environment["CHROMASNAP_ALERTS"])
    # For a switch it is a failure. Who is told of the end anyway is told once.
    (source / "large").write_bytes(os.urandom(4 << 20))
    self.snapshot(source)
    (source / "large").unlink()
    command, read = self.hook("told")
    self.snapshot(source, "--notify", f"alert=ping:{self.receiver.url}/id", "--notify", f"success,alert={command}")
    self.assertEqual(self.paths(), ["/id/fail"])
    self.assertIn("alert: ", self.receiver.requests[0][2].decode())
    self.assertEqual(read()[1]["event"], "success")
    self.assertEqual([alert["code"] for alert in read()[1]["alerts"]], ["size"])
    next(source.glob("*-*/link_lists.bin")).write_bytes(b"torn")
    command, read = self.hook("damaged")
    self.snapshot(source, "--notify", f"warning={command}", code=3)
    environment, message = read()
    self.assertEqual((message["health"], environment["CHROMASNAP_HEALTH"]), ("damaged", "damaged"))
    self.assertIn("health", [alert["code"] for alert in message["alerts"]])

  def test_a_hook_that_fails_changes_nothing(self):
    for command, word in (("exit 7", "exit code 7"), ("kill -9 $$", "signal 9"), ("/no/such/program", "exit code 127")):
      with self.subTest(command=command):
        result = self.call("snapshot", self.source, "--notify", f"start,success={command}", "--json")
        self.assertEqual(result.summary["message_type"], "summary")
        result = self.call("snapshot", self.source, "--notify", f"success={command}")
        self.assertIn("warning: notifying", result.errors)
        self.assertIn(word, result.errors)
    # Much output of a hook does not get in the way of data, and standard input that nobody reads of nothing.
    result = self.call("snapshot", self.source, "--json", "--notify", "success=exec <&-; echo to stdout; echo to stderr >&2")
    self.assertEqual(len(result.lines), 1)
    self.assertIn("to stdout", result.errors)

  def test_a_hook_that_hangs_is_ended(self):
    pid = self.home / "pid"
    for hook in (f"sleep 1000 & echo $! > {pid}; wait",
                 # The hook itself ends when it is told to.
                 f"(trap '' TERM; exec sleep 1000) & echo $! > {pid}; exec sleep 1000"):
      with self.subTest(hook=hook):
        began = time.monotonic()
        result = self.call("snapshot", self.source, "--notify", f"start={hook}")
        self.assertLess(time.monotonic() - began, 60)
        self.assertIn("took too long", result.errors)
        # What it had started is gone too; an orphan may wait for somebody to take note of that.
        process = Path(f"/proc/{int(pid.read_text())}/stat")
        self.assertTrue(not process.exists() or process.read_text().rsplit(")", 1)[1].split()[0] == "Z")

  def test_a_hook_inherits_nothing(self):
    found = self.home / "found"
    log = self.home / "log"
    self.snapshot(self.source)
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    self.call("snapshot", self.source, "--log-file", log, "--notify", f"start,success=ls -l /proc/self/fd >> {found}",
              close_fds=False)
    os.close(reading)
    os.close(writing)
    text = found.read_text()
    for name in ("locks/", "catalogue", "log", "repository", "pipe:["):
      # Standard error is a pipe of ours.
      self.assertEqual(text.count(name), 2 if name == "pipe:[" else 0, text)

  def test_a_hook_can_use_the_repository(self):
    output = self.home / "output"
    command = f"{self.program.path} list --json > {output}; {self.program.path} prune --notify 'success=false'"
    result = self.call("snapshot", self.source, "--lock-timeout", "0", environment={"CHROMASNAP_NOTIFY": f"success={command}"})
    # The one of the hook's own prune: it is not called for itself.
    self.assertEqual(result.errors.count("notifying"), 1, result.errors)
    self.assertEqual(len(json.loads(output.read_bytes())), 1)

  def test_a_chromasnap_in_a_hook_notifies_nobody(self):
    calls, configuration, hooks = (self.home / name for name in ("calls", "chromasnap.toml", "hooks"))
    # Were it called for its own run, it would end at the third time.
    command = (f"echo x >> {calls}; test $(wc -l < {calls}) -gt 2 || "
               f"{self.program.path} snapshot {self.source} --config {configuration}")
    hooks.write_text(f"success={command}\n")
    environment = {"CHROMASNAP_NOTIFY_FILE": hooks}
    for text in (f"notify = ['success={command}']", "notify-file = 'hooks'", f"notify-command = 'cat {hooks}'", ""):
      calls.write_text("")
      configuration.write_text(text + "\n")
      self.call("snapshot", self.source, "--config", configuration, environment={} if text else environment)
      self.assertEqual(calls.read_text(), "x\n", text)

  def test_a_mistake_in_the_settings_is_told(self):
    command, read = self.hook()
    log = self.home / "log"
    result = self.call("auto", self.source, "--notify", f"failure={command}", "--log-file", log, "--repo", self.home / "r",
                       code=64, environment={"CHROMASNAP_LEVEL": "99"})
    environment, message = read()
    self.assertEqual((environment["CHROMASNAP_EVENT"], environment["CHROMASNAP_ERROR"]), ("failure", "usage"))
    self.assertEqual((message["exit_code"], message["repository"]), (64, str(self.home / "r")))
    for text in (message["message"], log.read_text(), result.errors):
      self.assertIn("CHROMASNAP_LEVEL", text)
    self.assertEqual(result.errors.count("CHROMASNAP_LEVEL: "), 1, result.errors)

  # Webhooks.

  def test_webhook(self):
    summary = self.snapshot(self.source, "--notify", f"success={self.receiver.url}/a?b=[c]&d={{e,f}}")
    self.assertEqual(self.paths(), ["/a?b=[c]&d={e,f}"])
    _, kind, body = self.receiver.requests[0]
    self.assertEqual(kind, "application/json")
    self.assertEqual(json.loads(body)["summary"], summary)

  def test_ping(self):
    url = self.receiver.url + "/secret-id"
    self.call("snapshot", self.source, "--notify", url)
    self.call("snapshot", self.home / "missing", environment={"CHROMASNAP_NOTIFY": url}, code=1)
    self.call("pin", "latest", environment={"CHROMASNAP_NOTIFY": url})
    self.assertEqual(self.paths(), ["/secret-id/start", "/secret-id", "/secret-id/start", "/secret-id/fail"])
    bodies = [body.decode() for _, _, body in self.receiver.requests]
    self.assertIn("snapshot ok", bodies[1])
    self.assertIn("can't be read", bodies[3])

  def test_a_service_that_is_down_for_a_moment(self):
    self.receiver.statuses = [503, 500]
    result = self.call("snapshot", self.source, "--notify", f"success={self.receiver.url}/x")
    self.assertEqual((self.paths(), result.errors), (["/x"] * 3, ""))

  def test_a_redirected_message_arrives(self):
    self.receiver.statuses = [301]
    result = self.call("snapshot", self.source, "--notify", f"success={self.receiver.url}/x")
    self.assertEqual((self.paths(), result.errors), (["/x", "/moved"], ""))
    self.assertEqual(self.receiver.requests[0][2], self.receiver.requests[1][2])

  def test_a_service_that_fails_changes_nothing(self):
    self.receiver.status = 404
    result = self.call("snapshot", self.source, "--notify", f"success={self.receiver.url}/secret")
    self.assertIn("warning: notifying", result.errors)
    self.assertIn("404", result.errors)
    self.assertNotIn("secret", result.errors)
    result = self.call("snapshot", self.source, "--notify", "success=http://127.0.0.1:1/secret", "--json")
    self.assertEqual(result.summary["message_type"], "summary")
    self.assertNotIn("secret", result.errors)

  def test_no_process_shows_a_secret_url(self):
    self.receiver.delay = 1
    (self.home / "url").write_text(f"{self.receiver.url}/secret-id\nrest\n")
    process = self.program.start("snapshot", self.source, "--notify", f"success=@{self.home}/url")
    seen = set()
    while process.poll() is None:
      for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
          seen.add(path.read_bytes())
        except OSError:
          pass
    process.communicate()
    self.assertEqual(self.paths(), ["/secret-id"])
    self.assertTrue(any(line.startswith(b"curl\0") for line in seen))
    self.assertFalse([line for line in seen if b"secret-id" in line])

  def test_files(self):
    (self.home / "spec").write_text(f"snapshot:success={self.receiver.url}/from-file\n")
    self.call("snapshot", self.source, "--notify", f"@{self.home}/spec")
    self.assertEqual(self.paths(), ["/from-file"])
    result = self.call("snapshot", self.source, "--notify", f"success=@{self.home}/missing")
    self.assertIn("warning: nobody is notified", result.errors)

  def test_a_file_named_in_the_configuration_lies_beside_it(self):
    folder, elsewhere = self.home / "folder", self.home / "elsewhere"
    for place in (folder, elsewhere):
      place.mkdir()
      (place / "url").write_text(f"{self.receiver.url}/{place.name}\n")
    (folder / "c.toml").write_text('notify = ["success=@url"]\n')
    self.call("snapshot", self.source, "--config", folder / "c.toml", cwd=elsewhere)
    self.call("snapshot", self.source, "--notify", "success=@url", cwd=elsewhere)
    self.assertEqual(self.paths(), ["/folder", "/elsewhere"])

  def test_the_configuration_names_hooks(self):
    (self.home / "urls").write_text(f"# secret\nsuccess={self.receiver.url}/a\n\nsuccess={self.receiver.url}/b\n")
    (self.home / "chromasnap.toml").write_text(
      f'notify = ["success={self.receiver.url}/own"]\nnotify-file = "urls"\n'
      f"notify-command = 'echo success={self.receiver.url}/c'\nmetrics-file = \"m.prom\"\nlog-file = \"log\"\n")
    self.call("snapshot", self.source, "--config", self.home / "chromasnap.toml")
    self.assertEqual(self.paths(), ["/own", "/a", "/b", "/c"])
    self.assertIn("snapshot ok", (self.home / "log").read_text())
    self.assertIn("chromasnap_info", (self.home / "m.prom").read_text())
    self.call("snapshot", self.source, "--config", self.home / "chromasnap.toml", "--notify", "none")
    self.assertEqual(len(self.paths()), 4)
    (self.home / "chromasnap.toml").write_text("notify-command = 'exit 9'\n")
    result = self.call("snapshot", self.source, "--config", self.home / "chromasnap.toml")
    self.assertIn("exit code 9", result.errors)

  def test_a_line_that_is_no_hook_ends_no_backup(self):
    good = f"success=touch {self.home}/told"
    lines = self.home / "lines"
    lines.write_text(f"# hooks\nfailure mail --password c0ffee\n{good}\nc0ffee=\n")
    empty = self.home / "empty"
    empty.write_text("")
    configuration = self.home / "chromasnap.toml"
    for text, origins, is_told in (
      (f'notify-file = "{lines}"', (f"line 2 of {lines}", f"line 4 of {lines}"), True),
      (f'notify-command = "cat {lines}"', ("line 2 of what notify-command prints",), True),
      ('notify-command = "echo Agent was restarted"', ("line 1 of what notify-command prints",), False),
      (f'notify = ["failure=@{empty}", "{good}"]', (f"line 1 of {empty}",), True),
      (f'notify = ["@{empty}", "@{lines}"]', (f"line 1 of {empty}", f"line 2 of {lines}"), False),
    ):
      with self.subTest(text=text):
        (self.home / "told").unlink(missing_ok=True)
        configuration.write_text(text + "\n")
        result = self.call("snapshot", self.source, "--config", configuration)
        for origin in origins:
          self.assertIn(f"warning: nobody is notified by {origin}: ", result.errors)
        self.assertNotIn("c0ffee", result.errors)
        # The others are told all the same.
        self.assertEqual((self.home / "told").exists(), is_told)
    # What was given itself is a mistake of whoever gave it.
    self.call("snapshot", self.source, "--notify", f"failre=@{lines}", code=64)

  def test_messages_show_no_secret(self):
    log = self.home / "log.txt"
    self.snapshot(self.source)
    result = self.call("check", "--notify", "success=false --password c0ffee", "--log-file", log, "--verbose")
    self.assertIn("notifying false *** of success failed", result.errors)
    self.assertNotIn("c0ffee", result.errors + log.read_text())
    configuration = self.home / "chromasnap.toml"
    configuration.write_text("notify = 'success=x --password c0ffee'\n")
    result = self.call("snapshot", self.source, "--config", configuration, code=64)
    self.assertIn("must be an array", result.errors)
    self.assertNotIn("c0ffee", result.errors)

  def test_without_curl(self):
    folder = self.home / "bin"
    folder.mkdir()
    (folder / "sh").symlink_to("/bin/sh")
    result = self.call("snapshot", self.source, "--notify", f"success={self.receiver.url}/x", environment={"PATH": folder})
    self.assertIn("apt-get install curl", result.errors)

  def test_curl_reads_no_configuration_of_the_user(self):
    (self.home / ".curlrc").write_text("url = http://127.0.0.1:1/other\n")
    self.call("snapshot", self.source, "--notify", f"success={self.receiver.url}/x",
              environment={"HOME": self.home, "CURL_HOME": self.home})
    self.assertEqual(self.paths(), ["/x"])

  # What was asked for.

  def test_several_and_none(self):
    lines = f"success={self.receiver.url}/a\nsuccess={self.receiver.url}/b"
    self.call("snapshot", self.source, environment={"CHROMASNAP_NOTIFY": lines})
    self.call("snapshot", self.source, "--notify", f"success={self.receiver.url}/c", environment={"CHROMASNAP_NOTIFY": lines})
    self.call("snapshot", self.source, "--notify", "none", environment={"CHROMASNAP_NOTIFY": lines})
    self.assertEqual(self.paths(), ["/a", "/b", "/c"])
    self.call("snapshot", self.source, environment={"CHROMASNAP_NOTIFY": lines.replace("\n", "\r\n") + "\r\n"})
    self.assertEqual(self.paths()[3:], ["/a", "/b"])

  def test_what_makes_no_sense_is_refused(self):
    for text in ("mail me", "failed=mail me", "success="):
      self.assertError(self.call("snapshot", self.source, "--json", "--notify", text, code=64), 64)
    self.assertFalse(self.program.repository.exists())


if __name__ == "__main__":
  unittest.main()
