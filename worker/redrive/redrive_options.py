"""The command line of ``python -m worker.redrive``."""

import argparse
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from cli.command_parser import ExitCode, command_parser
from showcase.jobs.failures import Failures
from showcase.jobs.jobs import FAILURE_CODES
from worker.redrive.dead_letters import HIDDEN_SECONDS

RATE_MIN, RATE_MAX = 0.1, 500.0

DESCRIPTION = """\
Show the dead-letter queue, and give its videos another chance.

The row of its video decides what to do with a message:
  reopen   the video failed after all its attempts: reset the attempts and send the message again
  resend   the video waits or is in work: send the message again (a duplicate message is harmless)
  discard  the video is processed, refused for good, or gone: delete the message
  keep     it is not a job message: leave it (see --discard-unreadable)
With --video, a video that failed after all its attempts is reopened even if its message is gone.

With --code, the rows decide alone: every video that failed with the code is reopened, also one whose clip was refused.
No dead letter is needed, and none is touched. --since and --until limit it to the failures of an incident.
"""

NOTES = f"""\
Mend the cause of the failures first. Each run may be stopped and repeated, because a message leaves the dead-letter
queue last, and because a video that is open is not reopened again. If a run is killed, the messages that it was reading
stay hidden for up to {HIDDEN_SECONDS // 60} minutes.

The times of --since and --until are those of the database, in UTC unless they have another offset. A clip that is
really at fault fails again, so a repeated run without --until reopens it again.

Settings are those of the worker (.env.example).
"""

EXAMPLES = [
    ('list --reason "attempt 5"', "show the messages with this reason"),
    ("run --dry-run --video 7c9e6679-7425-40de-944b-e07fc1f90ae7", "what would be done with one video"),
    ("run --rate 2", "do it with all messages, two a second"),
    ("run --code damaged --since 2026-11-27T14:00 --dry-run", "which videos failed as damaged since 14:00 (UTC)"),
    ("run --code damaged --since 2026-11-27T14:00 --until 2026-11-27T15:30", "reopen those of an incident"),
]
EXIT_CODES = {
    ExitCode.DONE: "done",
    ExitCode.FAILED: "something failed: run it again",
    ExitCode.REFUSED: "wrong usage or settings; nothing was done",
}


def parse_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options of the command line. Ends the process with REFUSED if they contradict each other."""
    parser = command_parser("worker.redrive", DESCRIPTION, notes=NOTES, examples=EXAMPLES, exit_codes=EXIT_CODES)
    common = _common_options()
    commands = parser.add_subparsers(dest="command", required=True, metavar="list | run")
    listing = commands.add_parser("list", parents=[common], help="show what there is, and what run would do")
    listing.set_defaults(dry_run=True, rate=RATE_MAX, discard_unreadable=False, native=False)
    run = commands.add_parser("run", parents=[common], help="reopen, resend, discard")
    run.add_argument("--dry-run", action="store_true", help="change nothing, only show what would be done")
    run.add_argument("--rate", metavar="N", type=_rate, default=5.0, help="messages sent a second (default 5)")
    run.add_argument("--discard-unreadable", action="store_true", help="delete messages that are not job messages")
    run.add_argument(
        "--native",
        action="store_true",
        help="let SQS itself move the messages (StartMessageMoveTask; AWS only). It cannot reopen videos: "
        "those that failed stay failed, and their messages are dropped as duplicates",
    )
    asked = parser.parse_args(arguments)
    if fault := _contradiction(asked):
        (run if asked.command == "run" else listing).error(fault)
    return asked


def failures_of(asked: argparse.Namespace) -> Failures:
    """The failures that --code, --since, --until and --video name."""
    return Failures(tuple(asked.code), asked.since, asked.until, asked.video)


def _common_options() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--reason", metavar="TEXT", default="", help="only messages with this text in their reason")
    common.add_argument("--video", metavar="ID", type=uuid.UUID, help="only this video")
    common.add_argument(
        "--code",
        metavar="CODE",
        action="append",
        choices=FAILURE_CODES,
        default=[],
        help=f"videos that failed with this code, instead of messages; may be given again ({', '.join(FAILURE_CODES)})",
    )
    common.add_argument("--since", metavar="TIME", type=_time, help="only failures at this time or later, by --code")
    common.add_argument("--until", metavar="TIME", type=_time, help="only failures at this time or earlier, by --code")
    common.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    return common


def _contradiction(asked: argparse.Namespace) -> str:
    """What is wrong with the options together; empty if nothing is."""
    by_row = asked.code or asked.since or asked.until
    if asked.native and (asked.reason or asked.video or asked.dry_run or asked.discard_unreadable or by_row):
        return "--native moves every message: it goes with no other option than --rate and --json"
    if (asked.since or asked.until) and not asked.code:
        return "--since and --until need --code: a dead letter has no time of failure"
    if asked.code and (asked.reason or asked.discard_unreadable):
        return "--code looks at rows: --reason and --discard-unreadable are about messages"
    if asked.since and asked.until and asked.since > asked.until:
        return "--since is later than --until"
    return ""


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time like 2026-11-27T14:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not RATE_MIN <= rate <= RATE_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of messages a second, {RATE_MIN} to {RATE_MAX:.0f}")
    return rate
