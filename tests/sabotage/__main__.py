"""``make sabotage``: breaks copies of the product, and sees each breakage found by its test."""

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from cli.command_parser import ExitCode, command_parser
from cli.screen import Screen
from tests.sabotage.breakages import ROOT, Breakage, read_breakages
from tests.sabotage.trial import Verdict, copy_of, run_tests, try_out

JOBS = 2  # on 2 cores: the tests wait for processes, leases and polls
OUTPUTS = Path(".local/sabotage")
DESCRIPTION = """\
Apply each deliberate breakage (tests/sabotage/patches) to a copy of the tree, and run the test that must find it
(tests/sabotage/breakages.toml). First all those tests must pass on an unbroken copy. The outputs of the tests are in
.local/sabotage.
"""
EXAMPLES = [
    ("", "all breakages"),
    ("publishing-without-fence", "one of them"),
    ("--list", "the table of docs/RELIABILITY.md"),
]
EXIT_CODES = {
    ExitCode.DONE: "every breakage was found",
    ExitCode.FAILED: "one was not found, its patch no longer applies, or a test fails without any breakage",
    ExitCode.REFUSED: "nothing was done: wrong usage, or a breakage that does not exist",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the breakages, print a line for each, and return an ExitCode."""
    known = {breakage.name: breakage for breakage in read_breakages()}
    parser = command_parser("tests.sabotage", DESCRIPTION, examples=EXAMPLES, exit_codes=EXIT_CODES)
    parser.add_argument("names", metavar="NAME", nargs="*", help="of breakages; default: all")
    parser.add_argument("--list", action="store_true", help="print the table of the breakages, and do nothing else")
    parser.add_argument("--jobs", type=int, choices=range(1, 9), default=JOBS, help=f"at once (default {JOBS})")
    asked = parser.parse_args(arguments)
    screen = Screen()
    if strange := [name for name in asked.names if name not in known]:
        screen.fail(f"no such breakage: {', '.join(strange)} (python -m tests.sabotage --list)")
        return ExitCode.REFUSED
    breakages = [known[name] for name in asked.names] or list(known.values())
    if asked.list:
        screen.line("\n".join(breakage.row for breakage in breakages))
        return ExitCode.DONE
    return _sabotage(breakages, asked.jobs, screen)


def _sabotage(breakages: Sequence[Breakage], jobs: int, screen: Screen) -> ExitCode:
    outputs = ROOT / OUTPUTS
    outputs.mkdir(parents=True, exist_ok=True)
    tests = sorted({breakage.test for breakage in breakages})
    screen.line(f"{len(tests)} tests on an unbroken copy")
    with copy_of(ROOT) as copy:
        unbroken = run_tests(tests, copy, processes=jobs)
    (outputs / "unbroken.txt").write_text(unbroken.output)
    if not unbroken.is_green:
        screen.fail(f"The tests do not all pass on the unbroken tree: {unbroken.last_line} ({OUTPUTS}/unbroken.txt)")
        return ExitCode.FAILED
    found = 0
    threads = ThreadPoolExecutor(jobs)
    try:
        for trial in as_completed([threads.submit(try_out, breakage) for breakage in breakages]):
            verdict = trial.result()
            (outputs / f"{verdict.breakage.name}.txt").write_text(verdict.output)
            _show(verdict, screen)
            found += not verdict.why_not
    finally:
        threads.shutdown(cancel_futures=True)  # after Ctrl-C, only the trials under way end
    screen.line(f"{found} of {len(breakages)} found", "bold green" if found == len(breakages) else "bold red")
    return ExitCode.DONE if found == len(breakages) else ExitCode.FAILED


def _show(verdict: Verdict, screen: Screen) -> None:
    seconds = f"{verdict.seconds:4.0f} s"
    if verdict.why_not:
        screen.line(f"{seconds}  {verdict.breakage.name}: {verdict.why_not}", "red")
    else:
        screen.line(f"{seconds}  {verdict.breakage.name}: found by {verdict.breakage.test}")


if __name__ == "__main__":
    sys.exit(main())
