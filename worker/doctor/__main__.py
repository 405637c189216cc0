"""``python -m worker.doctor``: checks whether a worker would work on this machine. Each check prints one line."""

import sys
from collections.abc import Sequence

from cli.command_parser import ExitCode, command_parser
from cli.screen import Screen
from worker.doctor.checks import Grade, diagnose

SIGNS = {Grade.OK: "✓", Grade.WARNING: "!", Grade.FAILURE: "✗"}

DESCRIPTION = """\
Check whether a worker would work on this machine: settings, database, clock, queues, bucket, ffmpeg and disk.

It changes nothing, except that it stores a small object below doctor/ in the bucket and removes it again. It prints no
secrets.
"""

NOTES = """\
signs:
  ✓ nothing is wrong    ! works, but needs attention    ✗ must be mended
"""

EXAMPLES = [
    ("", "one line for each check, with what to do"),
    ("--json", "the same as one JSON document"),
]
EXIT_CODES = {
    ExitCode.DONE: "no ✗",
    ExitCode.FAILED: "at least one ✗",
    ExitCode.REFUSED: "wrong usage; nothing was checked",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Make all checks, print each as soon as it is made, and return an ExitCode."""
    parser = command_parser("worker.doctor", DESCRIPTION, notes=NOTES, examples=EXAMPLES, exit_codes=EXIT_CODES)
    parser.add_argument("--json", action="store_true", help="one JSON document instead of lines")
    asked = parser.parse_args(arguments)
    screen = Screen(quiet=asked.json)
    checks = []
    for finding in diagnose():
        verdict = finding.verdict
        advice = f" → {verdict.advice}" if verdict.advice else ""
        screen.line(f"{SIGNS[verdict.grade]} {finding.check}: {verdict.message}{advice}")
        checks.append(
            {
                "check": finding.check,
                "grade": verdict.grade,
                "message": verdict.message,
                "advice": verdict.advice,
            }
        )
    is_ok = all(check["grade"] != Grade.FAILURE for check in checks)
    if asked.json:
        screen.document({"ok": is_ok, "checks": checks})
    return ExitCode.DONE if is_ok else ExitCode.FAILED


if __name__ == "__main__":
    sys.exit(main())
