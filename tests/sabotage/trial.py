"""Runs tests in a copy of the tree, and judges by the report of pytest whether they found a breakage."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tests.sabotage.breakages import ROOT, Breakage, apply, why_not_applicable

TEST_SECONDS_MAX = 120.0  # for each test; a test that hangs has failed then
END_SECONDS = 60.0  # beside its tests: the start of a run, and the end of its processes
INTERRUPTED_SECONDS = 20.0  # from an interruption until the fixtures have ended their processes
# A breakage is a mistake in what the product does. With these errors, the patch has only broken its text.
NOT_THE_PRODUCT = ("NameError", "UnboundLocalError", "ImportError", "ModuleNotFoundError", "SyntaxError")
PASSED, FAILED = 0, 1  # exit codes of pytest


@dataclass(frozen=True, slots=True)
class Run:
    """How pytest ended in a copy. ``exit_code`` is None if it had to be killed."""

    exit_code: int | None
    failures: tuple[str, ...]  # what each failed test says; not errors of fixtures, collection and imports
    skipped: int
    output: str

    @property
    def is_green(self) -> bool:
        """All tests ran and passed."""
        return self.exit_code == PASSED and not self.skipped

    @property
    def has_found(self) -> bool:
        """At least one test ran to a failure that is about what the product did."""
        told = [failure for failure in self.failures if not failure.startswith(NOT_THE_PRODUCT)]
        return self.exit_code == FAILED and bool(told)

    @property
    def last_line(self) -> str:
        return next((line for line in reversed(self.output.splitlines()) if line.strip()), "no output")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result for one breakage. ``why_not`` is empty if its test found it."""

    breakage: Breakage
    why_not: str
    seconds: float
    output: str = ""


def try_out(breakage: Breakage, tree: Path = ROOT) -> Verdict:
    """Break a copy of the tree, and run the test that must find it."""
    began = time.monotonic()
    if complaint := why_not_applicable(breakage.patch, tree):
        return Verdict(breakage, f"{breakage.patch.name} no longer applies: {complaint}", 0.0)
    with copy_of(tree) as copy:
        apply(breakage.patch, copy)
        run = run_tests([breakage.test], copy)
    why_not = "" if run.has_found else f"not found: {run.last_line}"
    return Verdict(breakage, why_not, time.monotonic() - began, run.output)


@contextmanager
def copy_of(tree: Path) -> Iterator[Path]:
    """A copy of all files that git knows or would add, and of the clips that tests have made."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=tree, capture_output=True, text=True, check=True).stdout.split("\0")
    with tempfile.TemporaryDirectory(prefix="sabotage-", ignore_cleanup_errors=True) as directory:
        copy = Path(directory) / "copy"
        for name in filter(None, names):
            if (tree / name).is_file():  # a file that was removed is listed until that is committed
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(tree / name, copy / name)
        (copy / ".local").mkdir()
        clips = tree / ".local" / "test-clips"
        clips.mkdir(parents=True, exist_ok=True)
        (copy / ".local" / "test-clips").symlink_to(clips.resolve())
        yield copy


def run_tests(tests: Sequence[str], tree: Path, *, processes: int = 0) -> Run:
    """Run the tests in the tree, with the interpreter of this process."""
    report = tree / ".local" / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
    command += ["-n", str(processes), f"--timeout={TEST_SECONDS_MAX:g}", *tests]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTHONPATH", None)  # the modules are those of the tree
    process = subprocess.Popen(
        command,
        cwd=tree,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    with process:
        output, was_killed = _output_of(process, TEST_SECONDS_MAX * len(tests) + END_SECONDS)
    failures, skipped = _read_report(report)
    return Run(None if was_killed else process.returncode, failures, skipped, output)


def _output_of(process: "subprocess.Popen[str]", seconds: float) -> tuple[str, bool]:
    """The output of the process, and whether it had to be killed."""
    try:
        return process.communicate(timeout=seconds)[0], False
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)  # so that fixtures end the processes that they have started
    try:
        return process.communicate(timeout=INTERRUPTED_SECONDS)[0], True
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return f"{process.communicate()[0]}\nit hangs", True


def _read_report(report: Path) -> tuple[tuple[str, ...], int]:
    """The failures in a report of pytest (JUnit's form), and the number of skipped tests. Without it, nothing ran."""
    if not report.exists():
        return (), 0
    cases = ElementTree.parse(report).getroot()  # noqa: S314 - pytest has just written it
    failures = tuple(failure.get("message", "") for failure in cases.iter("failure"))
    return failures, len(list(cases.iter("skipped")))
