"""``python -m worker.redrive``: shows the dead-letter queue, and gives its videos another chance."""

import argparse
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from cli.command_parser import ExitCode, command_parser
from cli.screen import Screen
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

POLL_SECONDS = 1  # a long poll reads all servers of SQS, so that an empty answer means an empty queue
RATE_MIN, RATE_MAX = 0.1, 500.0
REASON_CHARACTERS_SHOWN = 100

DESCRIPTION = """\
Show the dead-letter queue, and give its videos another chance.

The row of its video decides what to do with a message:
  reopen   the video failed after all its attempts: reset the attempts and send the message again
  resend   the video waits or is in work: send the message again (a duplicate message is harmless)
  discard  the video is processed, refused for good, or gone: delete the message
  keep     it is not a job message: leave it (see --discard-unreadable)
With --video, a video that failed after all its attempts is reopened even if its message is gone.
"""

NOTES = f"""\
Mend the cause of the failures first. Each run may be stopped and repeated, because a message leaves the dead-letter
queue last. If a run is killed, the messages that it was reading stay hidden for up to {HIDDEN_SECONDS // 60} minutes.

Settings are those of the worker (.env.example).
"""

EXAMPLES = [
    ('list --reason "attempt 5"', "show the messages with this reason"),
    ("run --dry-run --video 7c9e6679-7425-40de-944b-e07fc1f90ae7", "what would be done with one video"),
    ("run --rate 2", "do it with all messages, two a second"),
]
EXIT_CODES = {
    ExitCode.DONE: "done",
    ExitCode.FAILED: "something failed: run it again",
    ExitCode.REFUSED: "wrong usage or settings; nothing was done",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line names, and return an ExitCode."""
    asked = _parse(arguments)
    screen = Screen(quiet=asked.json)
    try:
        settings = read_settings(WorkerSettings)
        if asked.native:
            _move_natively(settings, asked, screen)
        else:
            with _dead_letters(settings, asked) as letters:
                _go_through(letters, asked, screen)
    except ShowcaseError as error:
        screen.fail(str(error))
        return ExitCode.REFUSED if isinstance(error, SettingsError) else ExitCode.FAILED
    except KeyboardInterrupt:
        screen.fail("Interrupted; the rest is untouched.")
        return ExitCode.FAILED
    return ExitCode.DONE


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = command_parser("worker.redrive", DESCRIPTION, notes=NOTES, examples=EXAMPLES, exit_codes=EXIT_CODES)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--reason", metavar="TEXT", default="", help="only messages with this text in their reason")
    common.add_argument("--video", metavar="ID", type=uuid.UUID, help="only messages of this video")
    common.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    commands = parser.add_subparsers(dest="command", required=True, metavar="list | run")
    listing = commands.add_parser("list", parents=[common], help="show the messages, and what run would do")
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
    if asked.native and (asked.reason or asked.video or asked.dry_run or asked.discard_unreadable):
        run.error("--native moves every message: it goes with no other option than --rate and --json")
    return asked


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


def _go_through(letters: DeadLetters, asked: argparse.Namespace, screen: Screen) -> None:
    """Settle each message that matches the options, then show it. Raises Unavailable at the first failure."""
    shown: list[DeadLetter] = []
    failure: Unavailable | None = None
    try:
        for letter in letters.read():
            if not _matches(letter, asked):
                continue
            if not asked.dry_run:
                letters.settle(letter)
                if letter.action in (Handling.REOPEN, Handling.RESEND):
                    time.sleep(1 / asked.rate)
            screen.line(_row(letter))
            shown.append(letter)
    except Unavailable as error:
        failure = error
    state = None if shown or failure else _reopen_without_message(letters, asked)
    if asked.json:
        screen.document(_document(shown, failure, state, asked))
    screen.line(_summary(shown, state, asked))
    if failure:
        raise failure


def _reopen_without_message(letters: DeadLetters, asked: argparse.Namespace) -> JobState | None:
    """The video of --video, if it failed after all its attempts and its message is gone."""
    state = letters.given_up(asked.video) if asked.video and not asked.reason else None
    if state and not asked.dry_run:
        letters.reopen(state)
    return state


def _matches(letter: DeadLetter, asked: argparse.Namespace) -> bool:
    video_id = letter.message.video_id if letter.message else None
    return asked.reason.casefold() in letter.reason.casefold() and asked.video in (None, video_id)


def _row(letter: DeadLetter) -> str:
    video = str(letter.message.video_id) if letter.message else f"message {letter.delivery.message_id[:28]}"
    code = letter.state.failure_code if letter.state else None
    status = f"{letter.status}: {code}" if code else letter.status
    # The reason may contain bytes from a foreign message, which must not control the terminal.
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
        done = "run would reopen it" if asked.dry_run else "it was reopened"
        return f"Video {state.video_id} failed, and the dead-letter queue has no message of it: {done} from its row."
    if not shown:
        return "No matching message in the dead-letter queue (a message that another run reads now is hidden)."
    counts = Counter(letter.action for letter in shown)
    parts = ", ".join(f"{counts[action]} {action}" for action in Handling if counts[action])
    return f"{len(shown)} message(s): {parts}." + (" Nothing was changed." if asked.dry_run else "")


def _document(
    shown: list[DeadLetter], failure: Unavailable | None, state: JobState | None, asked: argparse.Namespace
) -> dict[str, Any]:
    return {
        "messages": [
            {
                "message_id": letter.delivery.message_id,
                "video_id": str(letter.message.video_id) if letter.message else None,
                "action": letter.action,
                "status": letter.status,
                "failure_code": letter.state.failure_code if letter.state else None,
                "reason": letter.reason,
                "receive_count": letter.delivery.receive_count,
                "age_seconds": round(letter.age_seconds, 1),
            }
            for letter in shown
        ],
        "given_up_without_message": str(state.video_id) if state else None,
        "changed": not asked.dry_run,
        "error": str(failure) if failure else None,
    }


def _move_natively(settings: WorkerSettings, asked: argparse.Namespace, screen: Screen) -> None:
    aws = Aws(settings.region, settings.aws_endpoint_url)
    queue = JobQueue(aws, settings.queue_url, settings.dead_letter_queue_url)
    try:
        queue.move_dead_letters(per_second=max(1, round(asked.rate)))
    except Unavailable as error:
        raise ShowcaseError(f"{error}. Only SQS of AWS has --native; without it, run works anywhere.") from error
    screen.line("SQS moves the messages now; watch it with `aws sqs list-message-move-tasks`.")
    if asked.json:
        screen.document({"started": True})


if __name__ == "__main__":
    sys.exit(main())
