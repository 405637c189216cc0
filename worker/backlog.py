"""``python -m worker.backlog``: publish how much work waits for each worker, until SIGTERM.

The worker does the same in a thread, unless ANB_PUBLISH_BACKLOG is false. Several publishers may run, because they
all publish the same values. So the statistic of the scaling policy is Average, and that of the alarms must be Average
too: Sum would count each publisher.
"""

import logging
import sys
import threading
import time
from collections.abc import Callable, Sequence

from cli.command_parser import ExitCode, command_parser
from cli.screen import Screen
from showcase.aws import Aws
from showcase.database.engine import Database
from showcase.database.tables import verify_schema
from showcase.errors import SettingsError, ShowcaseError
from showcase.jobs.job_queue import JobQueue
from showcase.jobs.jobs import oldest_wait_seconds
from showcase.places import check_places
from showcase.settings import read_settings
from showcase.stop_signals import catch_stop_signals
from telemetry.catalogue import QUEUE, WORKER
from telemetry.destinations import UnusableDestination
from telemetry.logs import start_logging
from telemetry.recorder import Recorder, open_process_recorder
from worker.ec2.fleet_size import FleetSize
from worker.settings import WorkerSettings

DESCRIPTION = """\
Publish the backlog, the depths of the queues and the number of workers until SIGTERM or SIGINT.

Each worker does the same in a thread of its own, unless ANB_PUBLISH_BACKLOG is false.
"""

NOTES = """\
Settings are those of the worker (.env.example). ANB_BACKLOG_INTERVAL_SECONDS is the time between two records.
"""

EXAMPLES = [("", "publish with the settings of the environment")]
EXIT_CODES = {
    ExitCode.DONE: "stopped by a signal",
    ExitCode.FAILED: "the publisher cannot start; the text says why",
    ExitCode.REFUSED: "wrong usage or settings; nothing was started",
}

STOP_SECONDS = 5.0  # how long the end of the process waits for a turn

log = logging.getLogger(__name__)


class BacklogPublisher:
    """Writes one record every ``interval_seconds``, the first one at once.

    ``failures`` counts the turns without a record. It is a property of each record.
    """

    def __init__(
        self, database: Database, queue: JobQueue, fleet: FleetSize, recorder: Recorder, *, interval_seconds: float
    ) -> None:
        self._database = database
        self._queue = queue
        self._fleet = fleet
        self._recorder = recorder
        self._interval_seconds = interval_seconds
        self.failures = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self.run, args=(self._stopping.wait,), name="backlog", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the current turn. A turn that hangs is waited for only briefly, and dropped."""
        self._stopping.set()
        self._thread.join(STOP_SECONDS)

    def run(self, pause: Callable[[float], bool]) -> None:
        """Publish in this thread until ``pause`` returns True. ``pause`` waits for the given seconds.

        Turns keep to a schedule without jitter, because a minute without a datapoint is missing data to an alarm.
        """
        due_at = time.monotonic()
        while not pause(max(0.0, due_at - time.monotonic())):
            self.publish()
            due_at = max(due_at + self._interval_seconds, time.monotonic())

    def publish(self) -> bool:
        """Write one record. If a value cannot be read, write nothing and return False.

        A zero instead of an unknown value would shrink the fleet. Missing data raises an alarm.
        """
        try:
            metrics = self._read()
        except ShowcaseError as error:
            log.warning("backlog not published: %s", error)
        except Exception:
            # A broad handler, because a thread that dies ends the worker, and no job needs this record.
            log.exception("backlog not published: unexpected error")
        else:
            self._recorder.record(QUEUE, metrics, properties={"failures": self.failures})
            return True
        self.failures += 1
        return False

    def _read(self) -> dict[str, float]:
        depth = self._queue.depth()
        workers = self._fleet.in_service()
        with self._database.reading() as connection:
            age_seconds = oldest_wait_seconds(connection)
        return {
            "BacklogPerWorker": (depth.visible + depth.in_flight) / max(1, workers),
            "QueueDepth": depth.visible,
            "MessagesInFlight": depth.in_flight,
            "OldestMessageAge": round(age_seconds, 1),
            "DeadLetterDepth": depth.dead,
            "Workers": workers,
        }


def build_publisher(
    settings: WorkerSettings, aws: Aws, queue: JobQueue, database: Database, recorder: Recorder
) -> BacklogPublisher:
    """A publisher that uses one connection of ``database`` at a time."""
    fleet = FleetSize(aws, settings.auto_scaling_group)
    return BacklogPublisher(database, queue, fleet, recorder, interval_seconds=settings.backlog_interval_seconds)


def main(arguments: Sequence[str] | None = None) -> int:
    """Publish until SIGTERM or SIGINT, and return an ExitCode."""
    parser = command_parser("worker.backlog", DESCRIPTION, notes=NOTES, examples=EXAMPLES, exit_codes=EXIT_CODES)
    parser.parse_args(arguments)
    pause = catch_stop_signals()
    try:
        settings = read_settings(WorkerSettings)
        start_logging(settings.log_level, "backlog")
        database = Database(settings.database_url, pool_size=1)
        verify_schema(database)
        aws = Aws(settings.region, settings.aws_endpoint_url)
        queue = JobQueue(aws, settings.queue_url, settings.dead_letter_queue_url)
        check_places({"sqs_queue_url": queue.ping, "sqs_dead_letter_queue_url": queue.ping_dead_letters})
        recorder = open_process_recorder(settings, WORKER)
    except (ShowcaseError, OSError) as error:
        Screen().fail(str(error))
        return ExitCode.REFUSED if isinstance(error, SettingsError | UnusableDestination) else ExitCode.FAILED
    try:
        build_publisher(settings, aws, queue, database, recorder).run(pause)
    finally:
        database.close()
        recorder.close()
    return ExitCode.DONE


if __name__ == "__main__":
    sys.exit(main())
