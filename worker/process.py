"""The worker process: starts its parts, runs until a signal, drains."""

import logging
import os
import select
import signal
import sys
from collections.abc import Callable

from showcase.errors import ShowcaseError
from showcase.settings import WorkerSettings, read_settings
from showcase.tables import verify_schema
from telemetry.logs import start_logging
from worker.wiring import Worker, build_worker

ALIVE_LOOK_SECONDS = 1.0

log = logging.getLogger(__name__)


def main() -> int:
    """Run the worker; the exit code is 1 when it cannot start or its poller died, else 0."""
    try:
        settings = read_settings(WorkerSettings)
        start_logging(settings.log_level, "worker")
        worker = build_worker(settings)
        verify_schema(worker.database)
    except (ShowcaseError, OSError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - said to whoever starts it, before there is a log
        return 1
    try:
        return run(worker, settings.drain_seconds)
    finally:
        worker.close()


def run(worker: Worker, drain_seconds: float) -> int:
    """Until a signal; then end polling, let running jobs end or hand them back, and stop the rest."""
    for part in worker.beside:
        part.start()
    worker.loop.start()
    log.info("ready: polling")
    asked_to_stop = _wait_for_signal(worker.loop.is_alive)
    worker.loop.stop()
    worker.loop.drain(drain_seconds, worker.heartbeat.interrupt_all)
    for part in worker.beside:
        part.stop()
    log.info("stopped")
    return 0 if asked_to_stop else 1


def _wait_for_signal(is_alive: Callable[[], bool]) -> bool:
    """Sleep until SIGTERM or SIGINT (True), or until ``is_alive`` is no more (False).

    The signal only writes a byte to a pipe: a handler that took locks could deadlock with the thread it
    interrupts. Further signals change nothing.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: None)
    while is_alive():
        if select.select([reader], [], [], ALIVE_LOOK_SECONDS)[0]:
            return True
    log.error("the poller has died")
    return False
