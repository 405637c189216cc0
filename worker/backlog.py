"""``python -m worker.backlog``: publish how much work waits for each worker, until SIGTERM.

The worker does the same in a thread of its own, unless ANB_PUBLISH_BACKLOG says otherwise. Any number of
publishers may run: each of their records says the same, the scaling policy's statistic is Average, and so
should be the alarms'. (Never Sum: it would count each publisher.)
"""

import logging
import sys
import threading
import time
from collections.abc import Callable

from showcase.aws import Aws
from showcase.database.engine import Database
from showcase.database.tables import verify_schema
from showcase.errors import ShowcaseError
from showcase.jobs.job_queue import JobQueue
from showcase.jobs.jobs import oldest_wait_seconds
from showcase.settings import read_settings
from showcase.stop_signals import catch_stop_signals
from telemetry.catalogue import QUEUE, WORKER
from telemetry.logs import start_logging
from telemetry.recorder import Recorder, open_process_recorder
from worker.ec2.fleet_size import FleetSize
from worker.settings import WorkerSettings

log = logging.getLogger(__name__)


class BacklogPublisher:
    """Writes one record every ``interval_seconds``, the first at once.

    ``failures`` counts the turns that wrote none; it goes with each record, as a property.
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
        """Ends after the turn that is under way."""
        self._stopping.set()
        self._thread.join()

    def run(self, pause: Callable[[float], bool]) -> None:
        """Publish in this thread until ``pause``, which waits so many seconds, says that it is time to stop.

        Turns keep to a schedule, unscattered: a minute without a datapoint is missing data to an alarm.
        """
        due_at = time.monotonic()
        while not pause(max(0.0, due_at - time.monotonic())):
            self.publish()
            due_at = max(due_at + self._interval_seconds, time.monotonic())

    def publish(self) -> bool:
        """Write one record; none at all (False) if anything cannot be read.

        A zero in place of what is not known would let the fleet shrink; missing data raises an alarm.
        """
        try:
            metrics = self._read()
        except ShowcaseError as error:
            self.failures += 1
            log.warning("backlog not published: %s", error)
            return False
        self._recorder.record(QUEUE, metrics, properties={"failures": self.failures})
        return True

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


def build_publisher(settings: WorkerSettings, database: Database, recorder: Recorder) -> BacklogPublisher:
    """A publisher with clients of its own. It uses one connection of ``database`` at a time."""
    aws = Aws(settings.region, settings.aws_endpoint_url)
    queue = JobQueue(aws, settings.queue_url, settings.dead_letter_queue_url)
    fleet = FleetSize(aws, settings.auto_scaling_group)
    return BacklogPublisher(database, queue, fleet, recorder, interval_seconds=settings.backlog_interval_seconds)


def main() -> int:
    """Publish until SIGTERM or SIGINT: 0. 1 when it cannot start."""
    pause = catch_stop_signals()
    try:
        settings = read_settings(WorkerSettings)
        start_logging(settings.log_level, "backlog")
        database = Database(settings.database_url, pool_size=1)
        verify_schema(database)
        recorder = open_process_recorder(settings, WORKER)
    except (ShowcaseError, OSError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - said to whoever starts it, before there is a log
        return 1
    try:
        build_publisher(settings, database, recorder).run(pause)
    finally:
        database.close()
        recorder.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
