"""The command ``python -m celery_bridge``: its options, its passes, and what it prints."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from celery_bridge.celery_tasks import CeleryTasks
from celery_bridge.moves import Bridge, Fate, Tally
from celery_bridge.settings import CeleryBridgeSettings
from showcase.aws import Aws
from showcase.database.engine import Database
from showcase.database.tables import verify_schema
from showcase.errors import SettingsError, ShowcaseError, Unavailable
from showcase.jobs.job_queue import JobQueue
from showcase.jobs.outbox import Outbox
from showcase.settings import read_settings
from showcase.stop_signals import catch_stop_signals

FOLLOW_SECONDS = 1.0
FOLLOW_SECONDS_MAX = 60.0
POLL_SECONDS = 1
RATE_MAX = 10_000.0
REASONS_SHOWN = 20

DESCRIPTION = """\
Move the videos that wait from Celery's queue in Redis to SQS (to-sqs), or from SQS to Celery's queue (to-celery).

The row of a video decides what becomes of its task or message:
  moved      the video waits or is in work: it is queued on the other side, then removed on this one
  settled    the video is processed or failed: removed, nothing is left to do
  parked     it has no row, or nobody can tell its video (not JSON, no id): to-sqs puts it aside in the list
             QUEUE.parked, to-celery into the dead-letter queue
  left       a task of another name, or of none that can be read: not touched
"""

EPILOG = """\
Any run may be killed and repeated: a task is removed only after the other side has it. One that is on both
sides for a moment does no harm, because a worker claims a video before it works on it.

For example, while Celery's producers still run:
  python -m celery_bridge to-sqs --follow

What was parked for a reason that is mended goes back into the queue, here up to 500 tasks:
  redis-cli -r 500 RPOPLPUSH celery.parked celery

Settings: the worker's, and ANB_CELERY_BROKER_URL, ANB_CELERY_QUEUE, ANB_CELERY_TASK (.env.example).
Exit code: 0 done (tasks of other names may be left; --follow was ended), 1 something failed, was parked, was
stopped before the end or, without --follow, is still with workers (look, run it again), 2 wrong usage or
settings, or packages are missing.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; the exit code is documented in EPILOG."""
    asked = _parse(arguments)
    tally = Tally()
    trouble = ""
    try:
        stopped = catch_stop_signals()
        with _bridge(read_settings(CeleryBridgeSettings), asked, stopped) as bridge:
            if not _run(bridge, asked, tally):
                trouble = "Stopped before the end"
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a tool for the terminal
        return 2
    except ShowcaseError as error:
        trouble = str(error)
    print(_document(tally, trouble, asked) if asked.json else _summary(tally, asked))  # noqa: T201 - as above
    if trouble:
        print(f"{trouble}. Run it again: nothing is lost.", file=sys.stderr)  # noqa: T201 - as above
    is_all_done = asked.follow or not tally.in_work
    return 1 if trouble or tally.fates[Fate.PARKED] or not is_all_done else 0


def _run(bridge: Bridge, asked: argparse.Namespace, tally: Tally) -> bool:
    """One pass, or passes until it is stopped. False if the only one was ended before its end."""
    failures = 0
    while True:
        try:
            is_complete = _pass(bridge, asked, tally)
            failures = 0
        except Unavailable as error:
            if not asked.follow:
                raise
            failures += 1
            print(f"{error}; trying again.", file=sys.stderr, flush=True)  # noqa: T201 - a tool for the terminal
        if not asked.follow:
            return is_complete
        if bridge.stopped(_seconds_to_next(failures)):
            return True


def _pass(bridge: Bridge, asked: argparse.Namespace, tally: Tally) -> bool:
    if asked.command == "to-celery":
        return bridge.to_celery(tally)
    return bridge.to_sqs(tally, abandoned_seconds=asked.abandoned, dry_run=asked.dry_run)


def _seconds_to_next(failures: int) -> float:
    """Twice as long after each further failure in a row."""
    return min(FOLLOW_SECONDS_MAX, FOLLOW_SECONDS * 2.0 ** min(max(failures - 1, 0), 10))


@contextmanager
def _bridge(
    settings: CeleryBridgeSettings, asked: argparse.Namespace, stopped: Callable[[float], bool]
) -> Iterator[Bridge]:
    tasks = CeleryTasks(settings.celery_broker_url.get_secret_value(), settings.celery_queue, settings.celery_task)
    aws = Aws(settings.region, settings.aws_endpoint_url)
    database = Database(settings.database_url, pool_size=1)
    queue = JobQueue(aws, settings.queue_url, settings.dead_letter_queue_url, poll_seconds=POLL_SECONDS)
    outbox = Outbox(database, queue, settings.bucket)
    try:
        verify_schema(database)
        yield Bridge(database, tasks, queue, outbox, stopped, seconds_each=1 / asked.rate if asked.rate else 0.0)
    finally:
        tasks.close()
        database.close()


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m celery_bridge",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--follow", action="store_true", help="go on until SIGTERM or Ctrl-C")
    common.add_argument("--rate", metavar="N", type=_rate, help="at most so many moved a second (default: no limit)")
    common.add_argument("--json", action="store_true", help="one JSON document instead of a sentence")
    commands = parser.add_subparsers(dest="command", required=True, metavar="to-sqs | to-celery")
    forth = commands.add_parser("to-sqs", parents=[common], help="from Celery's queue to SQS")
    forth.add_argument("--dry-run", action="store_true", help="change nothing, only count")
    forth.add_argument(
        "--abandoned",
        metavar="SECONDS",
        type=_seconds,
        default=3600.0,
        help="a task that a worker took so long ago counts as left behind (default 3600); 0 once all have stopped",
    )
    commands.add_parser("to-celery", parents=[common], help="from SQS to Celery's queue")
    asked = parser.parse_args(arguments)
    if asked.command == "to-sqs" and asked.dry_run and asked.follow:
        forth.error("--dry-run goes once through the queue: not with --follow")
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


def _summary(tally: Tally, asked: argparse.Namespace) -> str:
    counts = ", ".join(f"{tally.fates[fate]} {fate}" for fate in Fate)
    unchanged = " Nothing was changed." if getattr(asked, "dry_run", False) else ""
    lines = [f"{counts}.{unchanged}", *_lines("parked", tally.parked), *_lines("left", tally.left)]
    if tally.is_name_in_doubt:
        lines.append("No task bears the name that is looked for: is ANB_CELERY_TASK right?")
    if tally.in_work:
        lines.append(f"{tally.in_work} are with workers: run it again when these have stopped.")
    return "\n".join(lines)


def _lines(fate: str, reasons: Counter[str]) -> list[str]:
    return [f"  {count} {fate}: {reason}" for reason, count in reasons.most_common(REASONS_SHOWN)]


def _document(tally: Tally, trouble: str, asked: argparse.Namespace) -> str:
    document: dict[str, object] = {
        **{fate: tally.fates[fate] for fate in Fate},
        "reasons": dict(tally.parked),
        "other_tasks": dict(tally.left),
        "is_name_in_doubt": tally.is_name_in_doubt,
        "in_work": tally.in_work,
        "changed": not getattr(asked, "dry_run", False),
        "error": trouble or None,
    }
    return json.dumps(document, ensure_ascii=False, indent=2)
