"""The worker process: starts its parts, runs until a signal, and drains."""

import logging

from cli.command_parser import ExitCode
from cli.screen import Screen
from showcase.database.tables import verify_schema
from showcase.deadlines import end_process_after
from showcase.errors import SettingsError, ShowcaseError
from showcase.settings import read_settings
from showcase.stop_signals import catch_stop_signals
from telemetry.destinations import UnusableDestination
from telemetry.logs import start_logging
from worker.crashes import watch_for_dead_threads
from worker.settings import WorkerSettings
from worker.wiring import Worker, build_worker

WATCHDOG_SECONDS = 1.0  # between two feeds of the watchdog
END_SECONDS = 60.0  # after the drain: for the current poll, handing back, and closing

log = logging.getLogger(__name__)


def main() -> int:
    """Run the worker, and return an ExitCode: FAILED when it cannot start or one of its threads died."""
    try:
        settings = read_settings(WorkerSettings)
        start_logging(settings.log_level, "worker")
        worker = build_worker(settings)
        verify_schema(worker.database)
    except (ShowcaseError, OSError) as error:
        Screen().fail(str(error))
        return ExitCode.REFUSED if isinstance(error, SettingsError | UnusableDestination) else ExitCode.FAILED
    return run(worker, settings.drain_seconds)


def run(worker: Worker, drain_seconds: float) -> int:
    """Poll until a signal, a leaving instance, or a thread that is dead or stuck; then drain and stop all parts.

    The end takes at most ``drain_seconds`` plus END_SECONDS, even if a thread hangs.
    """
    stop_requested, thread_died = catch_stop_signals(), watch_for_dead_threads()

    def is_sick() -> bool:
        return thread_died.is_set() or worker.heartbeat.stuck.is_set()

    host = worker.host
    for part in worker.background_parts:
        part.start()
    worker.loop.start()
    log.info("ready: polling")
    host.notifier.ready()
    while not (is_sick() or host.leaving.is_set() or stop_requested(WATCHDOG_SECONDS)):
        host.watchdog.feed()
    # A worker with a dead or stuck thread hands its jobs back at once, so that another worker does them.
    drain_seconds = 0.0 if is_sick() else drain_seconds
    end_process_after(drain_seconds + END_SECONDS)
    with host.draining(drain_seconds + END_SECONDS):
        for sweeper in worker.sweepers:
            sweeper.begin_stop()  # so that their last calls end while the jobs drain
        worker.loop.stop()
        worker.loop.drain(drain_seconds, worker.heartbeat.interrupt_all)
        for part in worker.background_parts:
            part.stop()
        worker.close()  # inside the block, so that the last records get out before the instance may go
    log.info("stopped")
    return ExitCode.FAILED if is_sick() else ExitCode.DONE
