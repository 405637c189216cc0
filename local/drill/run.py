"""One drill: everything is started, the story told minute by minute, and what must hold is checked."""

import uuid
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from sqlalchemy import func, select

from alarms.definitions import ROOT, read_definitions, read_variables
from local.client import Account, ApiClient
from local.drill.autoscaler import Autoscaler
from local.drill.clip import render_plain_clip
from local.drill.clock import Clock
from local.drill.fleet import Fleet
from local.drill.group import Group
from local.drill.invariants import Finding, check
from local.drill.story import tell
from local.drill.timeline import COLUMNS, Row, draw, print_row
from local.ec2 import Front
from local.system import LocalSystem
from showcase.database import Database
from showcase.tables import Video, VideoStatus
from worker.encoder import find_encoder

VARIABLES = ROOT / "alarms" / "variables.example.json"
MINUTES_MAX = 150  # of one chapter of the story
# Short, so that a job that was cut off comes back soon.
LEASE_SECONDS, HEARTBEAT_SECONDS, VISIBILITY_SECONDS = 8, 1, 10


class Drill:
    """A context manager. ``minute_seconds``: real seconds of a simulated minute. See story.Scene."""

    def __init__(self, directory: Path, console: Console, *, minute_seconds: float) -> None:
        self._directory = directory.resolve()
        self._console = console
        self._minute_seconds = minute_seconds
        self._variables = read_variables(VARIABLES)
        self._minimum, self._maximum = (int(self._variables[name]) for name in ("WORKERS_MIN", "WORKERS_MAX"))
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
        overrides = {
            "ANB_LEASE_SECONDS": str(LEASE_SECONDS),
            "ANB_HEARTBEAT_SECONDS": str(HEARTBEAT_SECONDS),
            "sqs_visibility_timeout": str(VISIBILITY_SECONDS),
            "ANB_OUTBOX_INTERVAL_SECONDS": "1",
            "ANB_FFMPEG_THREADS": "1",
            "ANB_POLL_SECONDS": "1",
        }
        system = self._stack.enter_context(LocalSystem(self._directory, overrides=overrides, workers=0))
        self._log = system.emf_log
        self._database = Database(system.database_url, pool_size=2)
        self._stack.callback(self._database.close)
        front = self._stack.enter_context(Front(system.emulator.url)).start()
        self._group = Group(system.emulator, self._minimum, self._maximum)
        self._player = self._sign_in(system.api_url)
        self._clock = Clock(self._minute_seconds)
        self._autoscaler = Autoscaler(
            read_definitions(self._variables),
            str(self._variables["NAMESPACE"]),
            self._log,
            self._clock,
            minimum=self._minimum,
            maximum=self._maximum,
        )
        self.fleet = Fleet(system, self._group, front, self._database, self._clock)
        self._stack.callback(self.fleet.close)

    def _sign_in(self, api_url: str) -> ApiClient:
        account = Account("Laura", "Gómez", f"laura.{uuid.uuid4().hex[:8]}@example.com", "Bogotá")
        client = ApiClient(api_url)
        self._stack.callback(client.close)
        client.sign_up(account)
        client.log_in(account)
        return client

    def run(self, burst: int) -> list[Finding]:
        """Tell the story to its end and draw it. Raises DrillFailed, LocalSystemError, RefusedByApi."""
        rows: list[Row] = []
        self._console.print(COLUMNS, style="bold")
        try:
            for minute, deed in enumerate(
                tell(self, burst=burst, maximum=self._maximum, minutes_max=MINUTES_MAX), start=1
            ):
                rows.append(self._minute(minute, deed))
                print_row(self._console, rows[-1])
        finally:
            if rows:
                draw(rows, float(self._variables["BACKLOG_TARGET"]), self._directory / "drill.png")
        return check(rows, list(self.fleet.instances.values()), self._database, self._log, self.accepted)

    def upload(self) -> None:
        self._player.upload(self._clip, f"Jugada {self.accepted + 1}")
        self.accepted += 1

    def unfinished(self) -> int:
        return self.accepted - self._count(VideoStatus.PROCESSED, VideoStatus.FAILED)

    def _minute(self, minute: int, deed: str) -> Row:
        seen = self._autoscaler.minute(self._clock.wait_for(minute))
        events = []
        if seen.decision:
            self._group.resize(seen.decision.new)
            change = f"{seen.decision.old} → {seen.decision.new}"
            events.append(f"{change} by {seen.decision.policy}: {seen.decision.reason}")
        events += self.fleet.reconcile()
        return Row(
            minute,
            seen.queue_depth,
            seen.in_flight,
            seen.backlog_per_worker,
            workers=len(self.fleet.running()),
            desired=self._autoscaler.group.desired,
            processed=self._count(VideoStatus.PROCESSED),
            events=tuple(events),
            deed=deed,
        )

    def _count(self, *statuses: VideoStatus) -> int:
        with self._database.reading() as connection:
            return connection.execute(select(func.count()).where(Video.status.in_(statuses))).scalar_one()
