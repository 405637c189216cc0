"""Runs ``python -m celery_bridge``: its passes through the queue, and its output."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from celery_bridge.celery_tasks import CeleryTasks
from celery_bridge.moves import Bridge, Fate, Tally
from celery_bridge.settings import CeleryBridgeSettings
from cli.command_parser import ExitCode
from cli.screen import Screen
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
REASONS_SHOWN = 20


def run_command(asked: argparse.Namespace) -> int:
    """Move what the options name, print the result, and return an ExitCode."""
    screen = Screen(quiet=asked.json)
    tally = Tally()
    trouble = ""
    try:
        stopped = catch_stop_signals()
        with _bridge(read_settings(CeleryBridgeSettings), asked, stopped) as bridge:
            if not run_passes(bridge, asked, tally, screen):
                trouble = "Stopped before the end"
    except SettingsError as error:
        screen.fail(str(error))
        return ExitCode.REFUSED
    except ShowcaseError as error:
        trouble = str(error)
    if asked.json:
        screen.document(_document(tally, trouble, asked))
    screen.line(_summary(tally, asked))
    if trouble:
        screen.fail(f"{trouble}. Run it again: nothing is lost.")
    is_all_done = asked.follow or not tally.in_work
    return ExitCode.FAILED if trouble or tally.fates[Fate.PARKED] or not is_all_done else ExitCode.DONE


def run_passes(bridge: Bridge, asked: argparse.Namespace, tally: Tally, screen: Screen) -> bool:
    """One pass; with ``--follow``, passes until a stop. False if the only pass was stopped before its end.

    With ``--follow``, a pass that fails is repeated, and the wait doubles after each further failure in a row.
    """
    failures = 0
    while True:
        try:
            is_complete = _pass(bridge, asked, tally)
            failures = 0
        except Unavailable as error:
            if not asked.follow:
                raise
            failures += 1
            screen.fail(f"{error}; trying again.")
        if not asked.follow:
            return is_complete
        if bridge.stopped(min(FOLLOW_SECONDS_MAX, FOLLOW_SECONDS * 2.0 ** min(max(failures - 1, 0), 10))):
            return True


def _pass(bridge: Bridge, asked: argparse.Namespace, tally: Tally) -> bool:
    if asked.command == "to-celery":
        return bridge.to_celery(tally)
    return bridge.to_sqs(tally, abandoned_seconds=asked.abandoned, dry_run=asked.dry_run)


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


def _summary(tally: Tally, asked: argparse.Namespace) -> str:
    counts = ", ".join(f"{tally.fates[fate]} {fate}" for fate in Fate)
    unchanged = " Nothing was changed." if getattr(asked, "dry_run", False) else ""
    lines = [f"{counts}.{unchanged}"]
    for fate, reasons in ((Fate.PARKED, tally.parked), (Fate.LEFT, tally.left)):
        lines += [f"  {count} {fate}: {reason}" for reason, count in reasons.most_common(REASONS_SHOWN)]
    if tally.is_name_in_doubt:
        lines.append("No task has the expected name: is ANB_CELERY_TASK right?")
    if tally.in_work:
        lines.append(f"{tally.in_work} are with workers: run it again when these have stopped.")
    return "\n".join(lines)


def _document(tally: Tally, trouble: str, asked: argparse.Namespace) -> dict[str, object]:
    return {
        **{fate: tally.fates[fate] for fate in Fate},
        "reasons": dict(tally.parked),
        "other_tasks": dict(tally.left),
        "is_name_in_doubt": tally.is_name_in_doubt,
        "in_work": tally.in_work,
        "changed": not getattr(asked, "dry_run", False),
        "error": trouble or None,
    }
