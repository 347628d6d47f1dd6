#!/usr/bin/env python3
"""Runs the end-to-end tests against the built program (.build/release/chromasnap, or $CHROMASNAP_PROGRAM).

usage: run.py [--quick] [PATTERN ...]     tests whose module, class or method name holds a PATTERN; all without one
"""

import argparse
import os
import sys
import time
import unittest
from pathlib import Path


class TimedResult(unittest.TextTestResult):
  """Says how long each test took."""

  passed = 0

  def startTest(self, test):
    self.started = time.monotonic()
    super().startTest(test)

  def addSuccess(self, test):
    self.passed += 1
    unittest.TestResult.addSuccess(self, test)
    self.stream.writeln(f"ok ({time.monotonic() - self.started:.1f} s)")
    self.stream.flush()

  def getDescription(self, test):
    return test.id()


def main():
  parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument("patterns", nargs="*", metavar="PATTERN")
  parser.add_argument("--quick", action="store_true", help="two versions of ChromaDB, fewer random rounds")
  arguments = parser.parse_args()
  if arguments.quick:
    os.environ["CHROMASNAP_QUICK"] = "1"
  folder = Path(__file__).resolve().parent
  sys.path.insert(0, str(folder))
  import support
  if not support.PROGRAM.is_file():
    sys.exit(f"run.py: no program at {support.PROGRAM}; swift build -c release makes it")

  loader = unittest.TestLoader()
  if arguments.patterns:
    loader.testNamePatterns = [f"*{pattern}*" for pattern in arguments.patterns]
  tests = loader.discover(str(folder), top_level_dir=str(folder))
  result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=TimedResult).run(tests)
  failed = len({test.id() for test, _ in result.failures + result.errors})
  if not result.testsRun:
    print("run.py: no test has such a name")
  print(f"{result.passed} passed, {failed} failed, {len(result.skipped)} skipped")
  sys.exit(0 if result.wasSuccessful() and result.testsRun else 1)


if __name__ == "__main__":
  main()
