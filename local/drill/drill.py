"""One drill: everything is started, the story told minute by minute, and what must hold is checked."""

import uuid
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from sqlalchemy import func, select

from alarms.definition_files import ROOT, read_definitions, read_variables
from local.client import ApiClient, PlayerAccount
from local.drill.autoscaler import Autoscaler
from local.drill.clip import render_plain_clip
from local.drill.clock import Clock
from local.drill.failure import DrillFailed
from local.drill.group import Group
from local.drill.invariants import HeldInvariant, check
from local.drill.outcome import count_messages, read_outcome
from local.drill.picture import draw
from local.drill.played_fleet import PlayedFleet
from local.drill.story import Bounds, tell
from local.drill.timeline import COLUMNS, TimelineRow, print_row
from local.system.ec2_stub import AwsProxy
from local.system.local_system import LocalSystem
from showcase.database.engine import Database
from showcase.database.tables import Video, VideoStatus
from worker.media.encoder import find_encoder

VARIABLES = ROOT / "alarms" / "variables.example.json"
MINUTES_MAX = 240  # of one chapter of the story
SETTINGS = {
    # Short, so that a job that was cut off comes back soon.
    "ANB_LEASE_SECONDS": "8",
    "ANB_HEARTBEAT_SECONDS": "1",
    "sqs_visibility_timeout": "10",
    "ANB_OUTBOX_INTERVAL_SECONDS": "1",
    "ANB_POLL_SECONDS": "1",
    "ANB_FFMPEG_THREADS": "1",
}


class Drill:
    """A context manager. ``minute_seconds``: real seconds of a simulated minute. See story.Scene."""

    def __init__(
        self, directory: Path, console: Console, *, minute_seconds: float, database_url: str | None = None
    ) -> None:
        self._directory = directory.resolve()
        self._console = console
        self._minute_seconds = minute_seconds
        self._database_url = database_url
        self._variables = read_variables(VARIABLES)
        self.bounds = Bounds(*(int(self._variables[n]) for n in ("WORKERS_MIN", "WORKERS_MAX", "BACKLOG_TARGET")))
        self._stack = ExitStack()
        self.accepted = 0

    def __enter__(self) -> "Drill":
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        self._clip = render_plain_clip(find_encoder(None).path, self._directory / "clip.mp4")
        system = LocalSystem(self._directory, database_url=self._database_url, overrides=SETTINGS, workers=0)
        self._system = self._stack.enter_context(system)
        self._database = Database(system.database_url, pool_size=2)
        self._stack.callback(self._database.close)
        if self._count(*VideoStatus):
            raise DrillFailed("there are videos in this database; a drill needs one of its own")
        front = self._stack.enter_context(AwsProxy(system.emulator.url)).start()
        self._group = Group(system.emulator, self.bounds.minimum, self.bounds.maximum)
        self._player = self._sign_in(system.api_url)
        self.fleet = PlayedFleet(system, self._group, front, self._database, minute_seconds=self._minute_seconds)
        self._stack.callback(self.fleet.close)
        self.fleet.start()
        self._clock = Clock(self._minute_seconds)
        self._autoscaler = self._watch_over(system.emf_log)

    def _watch_over(self, log: Path) -> Autoscaler:
        return Autoscaler(
            read_definitions(self._variables),
            str(self._variables["NAMESPACE"]),
            log,
            self._clock,
            minimum=self.bounds.minimum,
            maximum=self.bounds.maximum,
        )

    def _sign_in(self, api_url: str) -> ApiClient:
        account = PlayerAccount("Laura", "Gómez", f"laura.{uuid.uuid4().hex[:8]}@example.com", "Bogotá")
        client = ApiClient(api_url)
        self._stack.callback(client.close)
        client.sign_up(account)
        client.log_in(account)
        return client

    def run(self, burst: int) -> list[HeldInvariant]:
        """Tell the story to its end and draw it. Raises DrillFailed, LocalSystemError, RefusedByApi."""
        rows: list[TimelineRow] = []
        self._console.print(COLUMNS, style="bold")
        try:
            for minute, deed in enumerate(tell(self, burst=burst, minutes_max=MINUTES_MAX), start=1):
                rows.append(self._minute(minute, deed))
                print_row(self._console, rows[-1])
        finally:
            if rows:
                draw(rows, self.bounds.target, self._directory / "drill.png")
        self.fleet.close()  # then all records are written
        outcome = read_outcome(self._system, self._database, self.accepted)
        return check(rows, list(self.fleet.instances.values()), outcome, self.bounds)

    def upload(self) -> None:
        self._player.upload(self._clip, f"Jugada {self.accepted + 1}")
        self.accepted += 1

    def unfinished(self) -> int:
        return self.accepted - self._count(VideoStatus.PROCESSED, VideoStatus.FAILED)

    def is_queue_empty(self) -> bool:
        return not count_messages(self._system.emulator, self._system.environment["sqs_queue_url"])

    def _minute(self, minute: int, deed: str) -> TimelineRow:
        seen = self._autoscaler.minute(self._clock.wait_for(minute))
        events = []
        if seen.decision:
            self._group.resize(seen.decision.new)
            change = f"{seen.decision.old} → {seen.decision.new}"
            events.append(f"{change} by {seen.decision.policy}: {seen.decision.reason}")
        events += self.fleet.reconcile()
        return TimelineRow(
            minute,
            seen.queue_depth,
            seen.in_flight,
            seen.backlog_per_worker,
            workers=len(self.fleet.running()),
            desired=self._autoscaler.group.desired,
            processed=self._count(VideoStatus.PROCESSED),
            events=tuple(events),
            changes=seen.changes,
            deed=deed,
        )

    def _count(self, *statuses: VideoStatus) -> int:
        with self._database.reading() as connection:
            return connection.execute(select(func.count()).where(Video.status.in_(statuses))).scalar_one()
