"""The worker process: starts its parts, runs until a signal, drains."""

import logging
import sys
import threading
from collections.abc import Callable

from showcase.database.tables import verify_schema
from showcase.errors import ShowcaseError
from showcase.settings import read_settings
from showcase.stop_signals import catch_stop_signals
from telemetry.logs import start_logging
from worker.crashes import notice_dead_threads
from worker.settings import WorkerSettings
from worker.wiring import Worker, build_worker

ALIVE_LOOK_SECONDS = 1.0
END_SECONDS = 60.0  # beside the drain: the poll under way, handing back, closing

log = logging.getLogger(__name__)


def main() -> int:
    """Run the worker; the exit code is 1 when it cannot start or one of its threads died, else 0."""
    try:
        settings = read_settings(WorkerSettings)
        start_logging(settings.log_level, "worker")
        worker = build_worker(settings)
        verify_schema(worker.database)
    except (ShowcaseError, OSError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - said to whoever starts it, before there is a log
        return 1
    return run(worker, settings.drain_seconds)


def run(worker: Worker, drain_seconds: float) -> int:
    """Until a signal; then end polling, let running jobs end or hand them back, and stop the rest."""
    wait, died = catch_stop_signals(), notice_dead_threads()
    for part in worker.beside:
        part.start()
    worker.loop.start()
    log.info("ready: polling")
    worker.surroundings.notifier.ready()
    _wait_for_the_end(worker, wait, died)
    with worker.surroundings.ending(drain_seconds + END_SECONDS):
        worker.loop.stop()
        # A worker that lost a thread hands its jobs back at once: others do them better.
        worker.loop.drain(0 if died.is_set() else drain_seconds, worker.heartbeat.interrupt_all)
        for part in worker.beside:
            part.stop()
        worker.close()  # before a leaving instance is let go: the last records must still get out
    log.info("stopped")
    return 1 if died.is_set() else 0


def _wait_for_the_end(worker: Worker, wait: Callable[[float], bool], died: threading.Event) -> None:
    """Vouch for the worker until a signal, a leaving instance or a dead thread."""
    while not (died.is_set() or worker.surroundings.leaving.is_set() or wait(ALIVE_LOOK_SECONDS)):
        worker.surroundings.watchdog.feed()
