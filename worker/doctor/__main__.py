"""``python -m worker.doctor``: would a worker work here? One line a check: what is wrong, and what to do."""

import argparse
import json
import sys
from collections.abc import Sequence

from worker.doctor.checks import Finding, Grade, diagnose

SIGNS = {Grade.OK: "✓", Grade.WARNING: "!", Grade.FAILURE: "✗"}

DESCRIPTION = """\
Would a worker work here? Checks settings, database, clock, queues, bucket, ffmpeg and disk; changes nothing
(a small object is stored below doctor/ in the bucket, and removed). Prints no secrets.
"""

EPILOG = """\
  ✓ is as it should be    ! works, but look at it    ✗ must be put right

Exit code: 0 no ✗, 1 at least one, 2 wrong usage.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Make all checks; print each as soon as it is made."""
    asked = _parser().parse_args(arguments)
    findings: list[Finding] = []
    for finding in diagnose():
        findings.append(finding)
        if not asked.json:
            print(_line(finding), flush=True)  # noqa: T201 - a tool for the terminal
    if asked.json:
        print(_document(findings))  # noqa: T201 - as above
    return int(_has_failure(findings))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m worker.doctor",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="one JSON document instead of lines")
    return parser


def _line(finding: Finding) -> str:
    verdict = finding.verdict
    line = f"{SIGNS[verdict.grade]} {finding.check}: {verdict.message}"
    return f"{line} → {verdict.advice}" if verdict.advice else line


def _has_failure(findings: Sequence[Finding]) -> bool:
    return any(finding.verdict.grade is Grade.FAILURE for finding in findings)


def _document(findings: Sequence[Finding]) -> str:
    checks = [
        {"check": f.check, "grade": f.verdict.grade, "message": f.verdict.message, "advice": f.verdict.advice}
        for f in findings
    ]
    return json.dumps({"ok": not _has_failure(findings), "checks": checks}, ensure_ascii=False, indent=2)


if __name__ == "__main__":
    sys.exit(main())
