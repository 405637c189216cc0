"""One drill: start everything, tell the story minute by minute, check the invariants."""

from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import func, select

from alarms.definition_files import ROOT, read_variables
from alarms.definition_reading import read_definitions
from cli.screen import Screen
from local.client import signed_in_client
from local.drill.autoscaler import Autoscaler
from local.drill.clock import Clock
from local.drill.emulated_group import EmulatedGroup
from local.drill.errors import DrillFailed
from local.drill.invariants import InvariantCheck, check_invariants
from local.drill.outcome import count_messages, read_outcome
from local.drill.plain_clip import render_plain_clip
from local.drill.process_fleet import ProcessFleet
from local.drill.story import Bounds, tell_story
from local.drill.timeline import COLUMNS, TimelineRow, print_row
from local.system.ec2_stub import AwsProxy
from local.system.local_system import LocalSystem
from showcase.database.engine import Database
from showcase.database.tables import Video, VideoStatus
from worker.media.encoder import find_encoder

VARIABLES = ROOT / "alarms" / "variables.example.json"
MINUTES_MAX = 240  # the longest that one step of the story may take
SETTINGS = {
    # Short times, so that a job that was cut off is claimed again soon.
    "ANB_LEASE_SECONDS": "8",
    "ANB_HEARTBEAT_SECONDS": "1",
    "sqs_visibility_timeout": "10",
    "ANB_OUTBOX_INTERVAL_SECONDS": "1",
    "ANB_POLL_SECONDS": "1",
    "ANB_FFMPEG_THREADS": "1",
}


class Drill:
    """A context manager: the system runs inside the block. It is also the Scene (see story.py) of its story.

    ``minute_seconds``: real seconds of a simulated minute. ``database_url``: an empty database (default: SQLite in
    ``directory``). Entering raises DrillFailed, LocalSystemError, RefusedByApi.
    """

    def __init__(
        self, directory: Path, screen: Screen, *, minute_seconds: float, database_url: str | None = None
    ) -> None:
        self._directory = directory.resolve()
        self._screen = screen
        self._minute_seconds = minute_seconds
        self._database_url = database_url
        self._variables = read_variables(VARIABLES)
        self.bounds = Bounds(*(int(self._variables[n]) for n in ("WORKERS_MIN", "WORKERS_MAX", "BACKLOG_TARGET")))
        self.accepted = 0

    def __enter__(self) -> "Drill":
        with ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self, stack: ExitStack) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        self._clip = render_plain_clip(find_encoder(None).path, self._directory / "clip.mp4")
        system = LocalSystem(self._directory, database_url=self._database_url, overrides=SETTINGS, workers=0)
        self._system = stack.enter_context(system)
        self._database = Database(system.database_url, pool_size=2)
        stack.callback(self._database.close)
        if self._count(*VideoStatus):
            raise DrillFailed("there are videos in this database; a drill needs one of its own")
        aws_proxy = stack.enter_context(AwsProxy(system.emulator.url)).start()
        self._group = EmulatedGroup(system.emulator, self.bounds.minimum, self.bounds.maximum)
        self._player = stack.enter_context(signed_in_client(system.api_url))
        self.fleet = ProcessFleet(system, self._group, aws_proxy, self._database, minute_seconds=self._minute_seconds)
        stack.callback(self.fleet.close)
        self.fleet.start()
        self._clock = Clock(self._minute_seconds)
        self._autoscaler = Autoscaler(
            read_definitions(self._variables),
            str(self._variables["NAMESPACE"]),
            system.emf_log,
            self._clock,
            minimum=self.bounds.minimum,
            maximum=self.bounds.maximum,
        )

    def run(self, burst: int) -> list[InvariantCheck]:
        """Play the story to its end, and draw its timeline. Raises DrillFailed, LocalSystemError, RefusedByApi."""
        rows: list[TimelineRow] = []
        self._screen.line(COLUMNS, "bold")
        try:
            for minute, event in enumerate(tell_story(self, burst=burst, minutes_max=MINUTES_MAX), start=1):
                rows.append(self._minute(minute, event))
                print_row(self._screen, rows[-1])
        finally:
            if rows:
                from local.drill.timeline_picture import timeline_figure  # noqa: PLC0415 - matplotlib takes long to import

                timeline_figure(rows, self.bounds.target).savefig(self._directory / "drill.png", dpi=110)
        self.fleet.close()  # the workers write their last records when they end
        outcome = read_outcome(self._system, self._database, self.accepted)
        return check_invariants(rows, list(self.fleet.instances.values()), outcome, self.bounds)

    def upload(self) -> None:
        """Upload one clip, as a player would."""
        self._player.upload(self._clip, f"Jugada {self.accepted + 1}")
        self.accepted += 1

    def unfinished(self) -> int:
        """The number of accepted videos that are neither processed nor failed."""
        return self.accepted - self._count(VideoStatus.PROCESSED, VideoStatus.FAILED)

    def is_queue_empty(self) -> bool:
        """The queue of jobs has no message, visible or in flight."""
        return not count_messages(self._system.emulator, self._system.environment["sqs_queue_url"])

    def _minute(self, minute: int, story_event: str) -> TimelineRow:
        """Wait for the end of a minute, evaluate alarms and policies, and bring the fleet to the group's size."""
        report = self._autoscaler.minute(self._clock.wait_for(minute))
        events = []
        if report.decision:
            self._group.resize(report.decision.new)
            change = f"{report.decision.old} → {report.decision.new}"
            events.append(f"{change} by {report.decision.policy}: {report.decision.reason}")
        events += self.fleet.reconcile()
        return TimelineRow(
            minute,
            report.queue_depth,
            report.in_flight,
            report.backlog_per_worker,
            workers=len(self.fleet.running()),
            desired=self._autoscaler.group.desired,
            processed=self._count(VideoStatus.PROCESSED),
            events=tuple(events),
            changes=report.changes,
            story_event=story_event,
        )

    def _count(self, *statuses: VideoStatus) -> int:
        with self._database.reading() as connection:
            return connection.execute(select(func.count()).where(Video.status.in_(statuses))).scalar_one()
