"""``python -m celery_bridge``: moves waiting videos from the old Celery queue to SQS, and back for a rollback."""

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from cli.command_parser import ExitCode, command_parser
from cli.screen import Screen

RATE_MAX = 10_000.0

DESCRIPTION = """\
Move waiting videos from Celery's queue in Redis to SQS (to-sqs), or from SQS to Celery's queue (to-celery).

The row of its video decides what happens to a task or message:
  moved      the video waits or is in work: queue it on the other side, then remove it on this side
  settled    the video is processed or failed: remove it
  parked     there is no row, or no video id can be read (not JSON, no id): to-sqs puts it into the Redis list
             QUEUE.parked, to-celery into the dead-letter queue
  left       the task has another name, or a name that cannot be read: leave it
"""

NOTES = """\
Each run may be killed and repeated, because a task is removed only after the other side has it. A task that is on both
sides for a moment is harmless, because a worker claims a video before it works on it.

When the cause is mended, parked tasks can be put back into the queue; here up to 500 tasks:
  redis-cli -r 500 RPOPLPUSH celery.parked celery

Settings are those of the worker (.env.example), and ANB_CELERY_BROKER_URL, ANB_CELERY_QUEUE and ANB_CELERY_TASK
(celery_bridge/env.example).
"""

EXAMPLES = [
    ("to-sqs --dry-run", "count what would be moved, settled, parked and left"),
    ("to-sqs --follow", "move tasks while Celery's producers still run"),
    ("to-sqs --abandoned 0", "move the rest, once all Celery workers have stopped"),
    ("to-celery", "move everything back"),
]
EXIT_CODES = {
    ExitCode.DONE: "done (tasks of other names may be left), or --follow was stopped",
    ExitCode.FAILED: "something failed or was parked; or, without --follow, the run was stopped before its end, or "
    "workers still have tasks: look, and run it again",
    ExitCode.REFUSED: "wrong usage or settings, or packages are missing; nothing was done",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line names, and return an ExitCode."""
    asked = _parse(arguments)
    if missing := [name for name in ("celery", "redis") if find_spec(name) is None]:
        needed = "The bridge needs more packages than the worker: pip install -r celery_bridge/requirements.txt"
        Screen().fail(f"No package {' and '.join(missing)}. {needed}")
        return ExitCode.REFUSED
    from celery_bridge.command import run_command  # noqa: PLC0415 - needs these packages

    return run_command(asked)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = command_parser("celery_bridge", DESCRIPTION, notes=NOTES, examples=EXAMPLES, exit_codes=EXIT_CODES)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--follow", action="store_true", help="go on until SIGTERM or Ctrl-C")
    common.add_argument("--rate", metavar="N", type=_rate, help="move at most N tasks a second (default: no limit)")
    common.add_argument("--json", action="store_true", help="one JSON document instead of text")
    commands = parser.add_subparsers(dest="command", required=True, metavar="to-sqs | to-celery")
    to_sqs = commands.add_parser("to-sqs", parents=[common], help="from Celery's queue to SQS")
    to_sqs.add_argument("--dry-run", action="store_true", help="change nothing, only count")
    to_sqs.add_argument(
        "--abandoned",
        metavar="SECONDS",
        type=_seconds,
        default=3600.0,
        help="tasks that workers took longer ago count as abandoned (default 3600); 0 once all workers have stopped",
    )
    commands.add_parser("to-celery", parents=[common], help="from SQS to Celery's queue")
    asked = parser.parse_args(arguments)
    if asked.command == "to-sqs" and asked.dry_run and asked.follow:
        to_sqs.error("--dry-run goes through the queue once: it cannot be used with --follow")
    return asked


def _rate(text: str) -> float:
    rate = _seconds(text)
    if not 0 < rate <= RATE_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of tasks a second, up to {RATE_MAX:.0f}")
    return rate


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 0 or more")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
