"""``python -m worker.celery_bridge``: moves what waits from the old Celery queue to SQS and, for a rollback, back."""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from showcase.aws import Aws
from showcase.database import Database
from showcase.errors import SettingsError, ShowcaseError, Unavailable, UnreadableMessage
from showcase.job_message import parse_message
from showcase.job_queue import BATCH_MAX, Delivery, JobQueue
from showcase.jobs import JobState, job_states
from showcase.outbox import Entry, Outbox
from showcase.settings import CeleryBridgeSettings, read_settings
from showcase.tables import VideoStatus, verify_schema
from worker.signals import catch_stop_signals

try:
    from worker.celery_tasks import CeleryTasks, OldTask
except ModuleNotFoundError as error:
    raise SystemExit(
        f"{error}. The bridge needs more than the worker: pip install -r requirements-celery.txt"
    ) from None

FOLLOW_SECONDS = 1.0
POLL_SECONDS = 1
RATE_MAX = 10_000.0

DESCRIPTION = """\
Move the videos that wait from Celery's queue in Redis to SQS (to-sqs), or from SQS to Celery's queue (to-celery).

The row of a video decides what becomes of its task or message:
  moved      the video waits or is in work: it is queued on the other side, then removed on this one
  settled    the video is processed, failed or gone: removed, nothing is left to do
  parked     nobody can tell its video (another task, not JSON): to-sqs puts it aside in the list QUEUE.parked,
             to-celery into the dead-letter queue
"""

EPILOG = """\
Any run may be killed and repeated: a task is removed only after the other side has it. One that is on both
sides for a moment does no harm, because a worker claims a video before it works on it.

For example, while Celery's producers still run:
  python -m worker.celery_bridge to-sqs --follow

Settings: the worker's, and ANB_CELERY_BROKER_URL, ANB_CELERY_QUEUE, ANB_CELERY_TASK (.env.example).
Exit code: 0 done, 1 something failed or was parked (look, run it again), 2 wrong usage or settings.
"""


class Fate(StrEnum):
    """What becomes of a task or message."""

    MOVED = "moved"
    SETTLED = "settled"
    PARKED = "parked"


@dataclass
class Tally:
    """What a run did, or would do."""

    fates: Counter[Fate] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    in_work: int = 0  # on the side that was emptied, with workers: not the bridge's to move

    def count(self, fate: Fate, reason: str = "") -> None:
        self.fates[fate] += 1
        if reason:
            self.reasons[reason] += 1


@dataclass(frozen=True)
class Bridge:
    """Both queues and the rows between them. ``pause`` is called after each task that was moved."""

    database: Database
    tasks: CeleryTasks
    queue: JobQueue
    outbox: Outbox
    pause: Callable[[], None]

    def to_sqs(self, tally: Tally, *, abandoned_seconds: float, dry_run: bool) -> None:
        """Once through everything that waits, then what dead workers left. Raises Unavailable."""
        for pages in (self.tasks.waiting(removing=not dry_run), self.tasks.abandoned(abandoned_seconds)):
            for page in pages:
                states = self._states([task.video_id for task in page if task.video_id])
                for task in page:
                    self._settle_task(task, states.get(task.video_id) if task.video_id else None, tally, dry_run)
        tally.in_work = self.tasks.in_work()

    def to_celery(self, tally: Tally) -> None:
        """Everything that SQS gives. Raises Unavailable; what was received then comes back at once."""
        while batch := self.queue.receive(BATCH_MAX):
            pending = list(batch)
            try:
                while pending:
                    self._settle_delivery(pending[0], tally)
                    pending.pop(0)
            finally:
                for delivery in pending:
                    self.queue.release(delivery, 0)
        tally.in_work = self.queue.depth().in_flight

    def _settle_task(self, task: OldTask, state: JobState | None, tally: Tally, dry_run: bool) -> None:
        fate = Fate.PARKED if task.problem else _fate(state)
        if not dry_run:
            if fate is Fate.PARKED:
                self.tasks.park(task)
            else:
                if state and fate is Fate.MOVED:
                    self._send_to_sqs(state)
                self.tasks.remove(task)
        tally.count(fate, task.problem)

    def _settle_delivery(self, delivery: Delivery, tally: Tally) -> None:
        try:
            message = parse_message(delivery.body)
        except UnreadableMessage as error:
            self.queue.dead_letter(delivery, str(error))
            tally.count(Fate.PARKED, str(error))
            return
        state = self._states([message.video_id]).get(message.video_id)
        is_ours = state is not None and state.task_id == message.task_id
        fate = _fate(state) if is_ours else Fate.SETTLED
        if fate is Fate.MOVED:
            self.tasks.send(message.video_id, message.task_id)
            self.pause()
        self.queue.delete(delivery)
        tally.count(fate)

    def _send_to_sqs(self, state: JobState) -> None:
        entry = Entry(state.video_id, state.task_id, state.original_key, state.uploaded_at, state.request_id)
        if not self.outbox.send(entry):
            raise Unavailable("queue", f"send video {state.video_id}")
        self.pause()

    def _states(self, video_ids: Sequence[object]) -> dict[object, JobState]:
        with self.database.reading() as connection:
            return dict(job_states(connection, video_ids))  # type: ignore[arg-type]


def _fate(state: JobState | None) -> Fate:
    waits = state is not None and state.status in (VideoStatus.UPLOADED, VideoStatus.PROCESSING)
    return Fate.MOVED if waits else Fate.SETTLED


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; the exit code is documented in EPILOG."""
    asked = _parse(arguments)
    tally = Tally()
    failure: ShowcaseError | None = None
    try:
        stopped = catch_stop_signals()
        with _bridge(read_settings(CeleryBridgeSettings), asked) as bridge:
            _run(bridge, asked, tally, stopped)
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a tool for the terminal
        return 2
    except ShowcaseError as error:
        failure = error
    print(_document(tally, failure, asked) if asked.json else _summary(tally, asked))  # noqa: T201 - as above
    if failure:
        print(f"{failure}. Run it again: nothing is lost.", file=sys.stderr)  # noqa: T201 - as above
    return 1 if failure or tally.fates[Fate.PARKED] else 0


def _run(bridge: Bridge, asked: argparse.Namespace, tally: Tally, stopped: Callable[[float], bool]) -> None:
    while True:
        try:
            if asked.command == "to-celery":
                bridge.to_celery(tally)
            else:
                bridge.to_sqs(tally, abandoned_seconds=asked.abandoned, dry_run=asked.dry_run)
        except Unavailable as error:
            if not asked.follow:
                raise
            print(f"{error}; trying again.", file=sys.stderr)  # noqa: T201 - a tool for the terminal
        if not asked.follow or stopped(FOLLOW_SECONDS):
            return


@contextmanager
def _bridge(settings: CeleryBridgeSettings, asked: argparse.Namespace) -> Iterator[Bridge]:
    aws = Aws(settings.region, settings.aws_endpoint_url)
    database = Database(settings.database_url, pool_size=1)
    queue = JobQueue(aws, settings.queue_url, settings.dead_letter_queue_url, poll_seconds=POLL_SECONDS)
    tasks = CeleryTasks(settings.celery_broker_url.get_secret_value(), settings.celery_queue, settings.celery_task)
    pause = (lambda: time.sleep(1 / asked.rate)) if asked.rate else (lambda: None)
    try:
        verify_schema(database)
        yield Bridge(database, tasks, queue, Outbox(database, queue, settings.bucket), pause)
    finally:
        tasks.close()
        database.close()


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m worker.celery_bridge",
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
    reasons = "".join(f"\n  {count} parked: {reason}" for reason, count in tally.reasons.most_common())
    unchanged = " Nothing was changed." if getattr(asked, "dry_run", False) else ""
    in_work = f"\n{tally.in_work} are with workers: run it again when these have stopped." if tally.in_work else ""
    return f"{counts}.{unchanged}{reasons}{in_work}"


def _document(tally: Tally, failure: ShowcaseError | None, asked: argparse.Namespace) -> str:
    document: dict[str, object] = {
        **{fate: tally.fates[fate] for fate in Fate},
        "reasons": dict(tally.reasons),
        "in_work": tally.in_work,
        "changed": not getattr(asked, "dry_run", False),
        "error": str(failure) if failure else None,
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


if __name__ == "__main__":
    sys.exit(main())
