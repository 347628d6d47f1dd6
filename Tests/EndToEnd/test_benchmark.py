"""The benchmark still fits the library, and the makers of its data work. Nothing is measured here."""

import shutil
import subprocess
import unittest

from support import TESTS, TIMEOUT

ROOT = TESTS.parent
BENCHMARKS = ROOT / "Benchmarks"
PYTHON = TESTS / ".venvs" / "1.5.9" / "bin" / "python"


def run(*command):
  return subprocess.run(
    [str(part) for part in command], cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT, stdin=subprocess.DEVNULL)


class BenchmarkTest(unittest.TestCase):
  def test_its_sources_fit_the_library(self):
    """Checked against the modules of the root package's build: building the package would take as long as that did."""
    build = ROOT / ".build" / "release"
    if not shutil.which("swiftc") or not (build / "Modules" / "ChromaSnap.swiftmodule").exists():
      self.skipTest("needs swiftc and the modules of `swift build -c release`")
    maps = [*build.glob("*.build/module.modulemap"), *(ROOT / "Sources").glob("*/module.modulemap"),
            *(ROOT / ".build" / "checkouts").glob("*/Sources/*/include/module.modulemap"),
            *(ROOT / ".build" / "checkouts").glob("*/Sources/*/module.modulemap")]
    package = "".join(letter if letter.isalnum() else "_" for letter in ROOT.resolve().name.lower())
    with open(BENCHMARKS / "Package.swift") as manifest:
      features = [line.split('"')[1] for line in manifest if ".enableUpcomingFeature(" in line]
    self.assertTrue(features)
    headers = BENCHMARKS / "Sources" / "CMeasurement" / "include"
    done = run(
      "swiftc", "-typecheck", "-parse-as-library", "-warnings-as-errors", "-swift-version", "6",
      "-module-name", "chromasnap_benchmark", "-package-name", package, "-I", build / "Modules",
      *(part for feature in features for part in ("-enable-upcoming-feature", feature)),
      *(part for path in [*maps, headers / "module.modulemap"] for part in ("-Xcc", f"-fmodule-map-file={path}")),
      *sorted((BENCHMARKS / "Sources" / "chromasnap-benchmark").rglob("*.swift")))
    self.assertEqual(done.returncode, 0, done.stderr[-4000:])
    if shutil.which("cc"):
      for source in sorted((BENCHMARKS / "Sources").rglob("*.c")):
        done = run("cc", "-fsyntax-only", "-Wall", "-Werror", "-D_GNU_SOURCE", "-I", headers, source)
        self.assertEqual(done.returncode, 0, done.stderr[-4000:])

  def test_the_makers_of_data_explain_themselves(self):
    if not PYTHON.exists():
      self.skipTest("needs Tests/environments 1.5.9")
    for maker in ("mix/make_mix.py", "mix/change_mix.py", "chroma/life.py", "chroma/large.py"):
      done = run(PYTHON, BENCHMARKS / maker, "--help")
      self.assertEqual(done.returncode, 0, done.stderr[-2000:])
      self.assertIn("usage:", done.stdout)


if __name__ == "__main__":
  unittest.main()
