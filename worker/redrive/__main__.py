"""``python -m worker.redrive``: the operator's tool for the dead-letter queue."""

import argparse
import json
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from showcase.aws import Aws
from showcase.database.engine import Database
from showcase.database.tables import verify_schema
from showcase.errors import SettingsError, ShowcaseError, Unavailable
from showcase.jobs.job_queue import JobQueue
from showcase.jobs.jobs import JobState
from showcase.jobs.outbox import Outbox
from showcase.settings import read_settings
from worker.redrive.dead_letters import HIDDEN_SECONDS, DeadLetter, DeadLetters, Handling
from worker.settings import WorkerSettings

POLL_SECONDS = 1  # a long poll asks all of SQS' servers, so that nothing means nothing
RATE_MIN, RATE_MAX = 0.1, 500.0
REASON_CHARACTERS_SHOWN = 100

DESCRIPTION = """\
Look at the dead-letter queue, and give its videos another chance.

What becomes of a message follows from its video:
  reopen   the video was given up after all its attempts: it gets fresh ones, and its message is sent
  resend   the video waits or is in work: its message is sent (one too many does no harm)
  discard  the video is processed, refused for good, or gone: the message is deleted
  keep     the message is not one of ours: it stays (see --discard-unreadable)
With --video, a video that was given up is reopened even if its message is gone.
"""

EPILOG = f"""\
Any run may be stopped and repeated: a message leaves the dead-letter queue only after its video is taken care
of. A run that is killed keeps what it was reading hidden for up to {HIDDEN_SECONDS // 60} minutes.

Fix the cause first. Then, for example:
  python -m worker.redrive list --reason "attempt 5"
  python -m worker.redrive run --dry-run --video 7c9e6679-7425-40de-944b-e07fc1f90ae7
  python -m worker.redrive run --rate 2

Settings are the worker's (.env.example). Exit code: 0 done, 1 something failed (run it again), 2 wrong usage
or settings.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; the exit code is documented in EPILOG."""
    asked = _parse(arguments)
    try:
        settings = read_settings(WorkerSettings)
        if asked.native:
            return _move_natively(settings, asked)
        with _dead_letters(settings, asked) as letters:
            return _go_through(letters, asked)
    except ShowcaseError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a tool for the terminal
        return 2 if isinstance(error, SettingsError) else 1
    except KeyboardInterrupt:
        print("Interrupted; the rest is untouched.", file=sys.stderr)  # noqa: T201 - as above
        return 1


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m worker.redrive",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    chosen = argparse.ArgumentParser(add_help=False)
    chosen.add_argument("--reason", metavar="TEXT", default="", help="only messages whose reason has this text")
    chosen.add_argument("--video", metavar="ID", type=uuid.UUID, help="only messages of this video")
    chosen.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    commands = parser.add_subparsers(dest="command", required=True, metavar="list | run")
    listing = commands.add_parser("list", parents=[chosen], help="show the messages, and what run would do")
    listing.set_defaults(dry_run=True, rate=RATE_MAX, discard_unreadable=False, native=False)
    run = commands.add_parser("run", parents=[chosen], help="reopen, resend, discard")
    _add_run_options(run)
    asked = parser.parse_args(arguments)
    if asked.native and (asked.reason or asked.video or asked.dry_run or asked.discard_unreadable):
        run.error("--native moves every message: it goes with no other option than --rate and --json")
    return asked


def _add_run_options(run: argparse.ArgumentParser) -> None:
    run.add_argument("--dry-run", action="store_true", help="change nothing, only say what would be done")
    run.add_argument("--rate", metavar="N", type=_rate, default=5.0, help="messages sent a second (default 5)")
    run.add_argument("--discard-unreadable", action="store_true", help="delete what is not one of our messages")
    run.add_argument(
        "--native",
        action="store_true",
        help="have SQS move the messages by itself (StartMessageMoveTask; AWS only). It cannot reopen videos: "
        "those that were given up stay failed, and their messages are dropped as duplicates",
    )


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not RATE_MIN <= rate <= RATE_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of messages a second, {RATE_MIN} to {RATE_MAX:.0f}")
    return rate


@contextmanager
def _dead_letters(settings: WorkerSettings, asked: argparse.Namespace) -> Iterator[DeadLetters]:
    aws = Aws(settings.region, settings.aws_endpoint_url)
    database = Database(settings.database_url, pool_size=1)
    dead = JobQueue(aws, settings.dead_letter_queue_url, settings.dead_letter_queue_url, poll_seconds=POLL_SECONDS)
    outbox = Outbox(database, JobQueue(aws, settings.queue_url, settings.dead_letter_queue_url), settings.bucket)
    try:
        verify_schema(database)
        with DeadLetters(database, dead, outbox, discards_unreadable=asked.discard_unreadable) as letters:
            yield letters
    finally:
        database.close()


def _go_through(letters: DeadLetters, asked: argparse.Namespace) -> int:
    """Show each chosen message, after it is settled; stop at the first that cannot be."""
    shown: list[DeadLetter] = []
    failure: Unavailable | None = None
    try:
        for letter in letters.read():
            if not _is_chosen(letter, asked):
                continue
            if not asked.dry_run:
                letters.settle(letter)
                if letter.action in (Handling.REOPEN, Handling.RESEND):
                    time.sleep(1 / asked.rate)
            if not asked.json:
                print(_row(letter))  # noqa: T201 - a tool for the terminal
            shown.append(letter)
    except Unavailable as error:
        failure = error
    state = None if shown or failure else _reopen_from_the_row(letters, asked)
    print(_document(shown, failure, state, asked) if asked.json else _summary(shown, state, asked))  # noqa: T201
    if failure:
        raise failure
    return 0


def _reopen_from_the_row(letters: DeadLetters, asked: argparse.Namespace) -> JobState | None:
    """The one video that was asked for, if it was given up and its letter is gone."""
    state = letters.given_up(asked.video) if asked.video and not asked.reason else None
    if state and not asked.dry_run:
        letters.reopen(state)
    return state


def _is_chosen(letter: DeadLetter, asked: argparse.Namespace) -> bool:
    video_id = letter.message.video_id if letter.message else None
    return asked.reason.casefold() in letter.reason.casefold() and asked.video in (None, video_id)


def _row(letter: DeadLetter) -> str:
    video = str(letter.message.video_id) if letter.message else f"message {letter.delivery.message_id[:28]}"
    code = letter.state.failure_code if letter.state else None
    status = f"{letter.status}: {code}" if code else letter.status
    # The reason may quote a stranger's bytes: nothing of it may steer the terminal.
    reason = "".join(c if c.isprintable() else "?" for c in letter.reason)[:REASON_CHARACTERS_SHOWN]
    received = f"{letter.delivery.receive_count}×"
    return f"{letter.action:<8} {video:<36} {status:<26} {received:>4} {_age(letter.age_seconds):>5}  {reason}"


def _age(seconds: float) -> str:
    for length, unit in ((86_400, "d"), (3600, "h"), (60, "m")):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def _summary(shown: list[DeadLetter], state: JobState | None, asked: argparse.Namespace) -> str:
    if state:
        done = "run reopens it" if asked.dry_run else "it was reopened"
        return (
            f"Video {state.video_id} was given up, but the dead-letter queue has no message of it: {done} from its row."
        )
    if not shown:
        return "No such message in the dead-letter queue (one that another run reads now is hidden)."
    counts = Counter(letter.action for letter in shown)
    parts = ", ".join(f"{counts[action]} {action}" for action in Handling if counts[action])
    return f"{len(shown)} message(s): {parts}." + (" Nothing was changed." if asked.dry_run else "")


def _document(
    shown: list[DeadLetter], failure: Unavailable | None, state: JobState | None, asked: argparse.Namespace
) -> str:
    document = {
        "messages": [_member(letter) for letter in shown],
        "given_up_without_message": str(state.video_id) if state else None,
        "changed": not asked.dry_run,
        "error": str(failure) if failure else None,
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _member(letter: DeadLetter) -> dict[str, Any]:
    return {
        "message_id": letter.delivery.message_id,
        "video_id": str(letter.message.video_id) if letter.message else None,
        "action": letter.action,
        "status": letter.status,
        "failure_code": letter.state.failure_code if letter.state else None,
        "reason": letter.reason,
        "receive_count": letter.delivery.receive_count,
        "age_seconds": round(letter.age_seconds, 1),
    }


def _move_natively(settings: WorkerSettings, asked: argparse.Namespace) -> int:
    aws = Aws(settings.region, settings.aws_endpoint_url)
    queue = JobQueue(aws, settings.queue_url, settings.dead_letter_queue_url)
    try:
        queue.move_dead_letters(per_second=max(1, round(asked.rate)))
    except Unavailable as error:
        raise ShowcaseError(f"{error}. Only SQS of AWS has --native; without it, run works anywhere.") from error
    text = "SQS moves the messages now; watch it with `aws sqs list-message-move-tasks`."
    print(json.dumps({"started": True}) if asked.json else text)  # noqa: T201 - a tool for the terminal
    return 0


if __name__ == "__main__":
    sys.exit(main())
