"""Captures a Chroma directory while a real Chroma writes to it as fast as it can, and examines each restored capture.

usage: live.py WORK --snapshot 'CMD with {src} {repo}' --restore 'CMD with {repo} {dst}' [--count 50] [--initial 3000]
               [--thresholds 0,100,0] [--pause 0] [--server] [--wal]

Run it with a Python that has the version of chromadb that is to write. A restored directory passes if SQLite's
integrity_check does, if counts, ids, documents, vectors, queries and full text agree, if the state is exactly one that
the writers' journals had between the start and the end of the snapshot, and if a write after the restore works.

The capture by itself:  --snapshot 'capture-folder {src} {repo}/c' --restore 'mv {repo}/c {dst}'
A blind copy:           --snapshot 'cp -r {src} {repo}/c'          --restore 'mv {repo}/c {dst}'
Exit status: 0 if all passed. The last line is JSON: counts, seconds, the writers' slowest operations, what was wrong.
"""

import argparse
import collections
import json
import os
import random
import shlex
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PORT = 8137


def parse():
  parser = argparse.ArgumentParser()
  parser.add_argument("work")
  parser.add_argument("--snapshot", required=True)
  parser.add_argument("--restore", required=True)
  parser.add_argument("--count", type=int, default=50)
  parser.add_argument("--initial", type=int, default=3000)
  parser.add_argument("--thresholds", default="0,100,0")
  parser.add_argument("--pause", type=float, default=0)
  parser.add_argument("--server", action="store_true", help="chroma run, with three writers")
  parser.add_argument("--wal", action="store_true", help="the database in WAL mode")
  return parser.parse_args()


def start_writers(options, source, work):
  processes, extra = [], []
  if options.wal:
    # Chroma keeps the mode of a database that is there already.
    import chromadb
    chromadb.PersistentClient(path=source)
    # The client lives on in this process, so another one changes the mode.
    code = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('PRAGMA journal_mode=wal').fetchone())"
    change = [sys.executable, "-c", code, source + "/chroma.sqlite3"]
    print(subprocess.run(change, capture_output=True, text=True).stdout.strip())
  if options.server:
    chroma = os.path.join(os.path.dirname(sys.executable), "chroma")
    log = open(work + "/server.log", "w")
    processes.append(subprocess.Popen([chroma, "run", "--path", source, "--port", str(PORT)], stdout=log, stderr=log))
    time.sleep(5)
    extra = ["--port", str(PORT)]
  journals = [f"{work}/journal-{i}" for i in range(3 if options.server else 1)]
  writers = []
  for i, journal in enumerate(journals):
    command = [sys.executable, HERE + "/writer.py", source, journal, "--writer", str(i), *extra]
    command += ["--initial", str(options.initial), "--thresholds", options.thresholds, "--pause", str(options.pause)]
    writers.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True))
  while not all(os.path.exists(j + ".ready") for j in journals):
    time.sleep(0.2)
    if any(w.poll() is not None for w in writers):
      sys.exit("a writer died")
  return processes, writers, journals


def take(options, source, repository, target):
  """One snapshot and its restore: when it began and ended, and what it printed; None where a command failed."""
  start = time.time()
  command = shlex.split(options.snapshot.format(src=source, repo=repository))
  run = subprocess.run(command, capture_output=True, text=True)
  end = time.time()
  if run.returncode == 0:
    again = shlex.split(options.restore.format(repo=repository, dst=target))
    restored = subprocess.run(again, capture_output=True, text=True)
    if restored.returncode == 0:
      return start, end, run.stdout
    run = restored
  print("a command failed:", run.returncode, run.stdout[-400:], run.stderr[-400:], flush=True)
  return None


def examine(taken, journals):
  """What is wrong with each restored directory."""
  lines = "".join(json.dumps([target, start, end]) + "\n" for target, start, end, _ in taken)
  run = subprocess.run([sys.executable, HERE + "/examine.py", *journals], input=lines, capture_output=True, text=True)
  results = [json.loads(line) for line in run.stdout.splitlines()]
  return results + [["the examiner died"]] * (len(taken) - len(results))


def holds(outputs):
  """The seconds of holding that the snapshots reported, where they did."""
  found = []
  for text in outputs:
    for line in text.splitlines():
      try:
        summary = json.loads(line)
      except ValueError:
        continue
      if isinstance(summary, dict) and summary.get("hold_seconds") is not None:
        found.append((summary["hold_seconds"], summary.get("tries", 1)))
  return found


def main():
  options = parse()
  work = os.path.abspath(options.work)
  shutil.rmtree(work, ignore_errors=True)
  source, repository = work + "/source", work + "/repository"
  os.makedirs(repository)
  os.makedirs(work + "/restored")
  processes, writers, journals = start_writers(options, source, work)
  taken, wrong, failures = [], collections.Counter(), 0
  for i in range(options.count):
    target = f"{work}/restored/{i:04}"
    one = take(options, source, repository, target)
    if one:
      taken.append((target, *one))
    else:
      failures += 1
    time.sleep(random.random() * 0.4)
  for journal in journals:
    open(journal + ".stop", "w").close()
  slowest = [json.loads(writer.communicate()[0].splitlines()[-1]) for writer in writers]
  for process in processes:
    process.terminate()
  bad = 0
  for found in examine(taken, journals):
    bad += bool(found)
    wrong.update({f[:80] for f in found})
  shutil.rmtree(work + "/restored")
  seconds = sorted(end - start for _, start, end, _ in taken) or [0]
  held = sorted(holds(output for *_, output in taken))
  summary = {
    "captures": options.count, "failed_commands": failures, "inconsistent": bad,
    "seconds": {"median": round(seconds[len(seconds) // 2], 3), "max": round(seconds[-1], 3)}, "writers": slowest,
  }
  if held:
    summary["hold_seconds"] = {"median": round(held[len(held) // 2][0], 4), "max": round(held[-1][0], 4)}
    summary["tries_max"] = max(tries for _, tries in held)
  print(json.dumps(summary | {"wrong": wrong.most_common(12)}))
  sys.exit(1 if bad or failures else 0)


if __name__ == "__main__":
  main()
