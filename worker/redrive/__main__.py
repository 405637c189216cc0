"""``python -m worker.redrive``: shows dead letters and failed videos, and gives the videos another chance."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from cli.command_parser import ExitCode
from cli.screen import Screen
from showcase.aws import Aws
from showcase.database.engine import Database
from showcase.database.tables import verify_schema
from showcase.errors import SettingsError, ShowcaseError, Unavailable
from showcase.jobs.failures import FailedVideo
from showcase.jobs.job_queue import JobQueue
from showcase.jobs.jobs import JobState
from showcase.jobs.outbox import Outbox
from showcase.settings import read_settings
from worker.redrive.dead_letters import DeadLetter, DeadLetters, Handling
from worker.redrive.failed_videos import FailedVideos
from worker.redrive.redrive_options import failures_of, parse_options
from worker.settings import WorkerSettings

POLL_SECONDS = 1  # a long poll reads all servers of SQS, so that an empty answer means an empty queue
REASON_CHARACTERS_SHOWN = 100


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line names, and return an ExitCode."""
    asked = parse_options(arguments)
    screen = Screen(quiet=asked.json)
    try:
        settings = read_settings(WorkerSettings)
        if asked.native:
            _move_natively(settings, asked, screen)
        elif asked.code:
            with _outbox(settings) as (database, outbox):
                _reopen_failed(FailedVideos(database, outbox, failures_of(asked)), asked, screen)
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


@contextmanager
def _outbox(settings: WorkerSettings) -> Iterator[tuple[Database, Outbox]]:
    aws = Aws(settings.region, settings.aws_endpoint_url)
    database = Database(settings.database_url, pool_size=1)
    try:
        verify_schema(database)
        queue = JobQueue(aws, settings.queue_url, settings.dead_letter_queue_url)
        yield database, Outbox(database, queue, settings.bucket)
    finally:
        database.close()


@contextmanager
def _dead_letters(settings: WorkerSettings, asked: argparse.Namespace) -> Iterator[DeadLetters]:
    aws = Aws(settings.region, settings.aws_endpoint_url)
    dead = JobQueue(aws, settings.dead_letter_queue_url, settings.dead_letter_queue_url, poll_seconds=POLL_SECONDS)
    with (
        _outbox(settings) as (database, outbox),
        DeadLetters(database, dead, outbox, discards_unreadable=asked.discard_unreadable) as letters,
    ):
        yield letters


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
    if shown or not failure:
        screen.line(_summary(shown, state, asked))
    if failure:
        raise failure


def _reopen_without_message(letters: DeadLetters, asked: argparse.Namespace) -> JobState | None:
    """Reopen the video of --video, if it failed after all its attempts and its message is gone. Return its state."""
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


def _reopen_failed(videos: FailedVideos, asked: argparse.Namespace, screen: Screen) -> None:
    """Reopen each video that the options name, then show it. Raises Unavailable at the first failure."""
    shown: list[FailedVideo] = []
    failure: Unavailable | None = None
    try:
        for video in videos.read():
            if not asked.dry_run:
                if not videos.reopen(video):
                    continue
                time.sleep(1 / asked.rate)
            screen.line(
                f"reopen   {video.video_id}  failed: {video.failure_code:<22} {video.failed_at:%Y-%m-%dT%H:%M:%SZ}"
            )
            shown.append(video)
    except Unavailable as error:
        failure = error
    if asked.json:
        screen.document(_document_of_failed(shown, failure, asked))
    done = "Nothing was changed: run would reopen them." if asked.dry_run else "They were reopened."
    screen.line(f"{len(shown)} failed video(s). {done}" if shown else "No failed video matches the options.")
    if failure:
        raise failure


def _document_of_failed(
    shown: list[FailedVideo], failure: Unavailable | None, asked: argparse.Namespace
) -> dict[str, Any]:
    return {
        "videos": [
            {
                "video_id": str(video.video_id),
                "action": Handling.REOPEN,
                "failure_code": video.failure_code,
                "failed_at": f"{video.failed_at:%Y-%m-%dT%H:%M:%S.%fZ}",
            }
            for video in shown
        ],
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
