"""All that a verdict is made of: the journal, the rows, their histories, the metrics, the logs."""

import json
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property

from sqlalchemy import select

from cloudwatch.emf import EmfViolation
from showcase.database.tables import Player, Video, Vote
from tests.soak import audit
from tests.soak.audit import State
from tests.soak.fault_injector import Tally
from tests.soak.faults_of_queue import FaultsOfQueue
from tests.soak.journal import End, Event, read_journal
from tests.soak.quiescence import Rest
from tests.soak.system import SoakSystem

DEAD_LETTER_HIDDEN_SECONDS = 300
PAST_THE_LOG = ("Traceback", "Exception in thread", "Exception ignored", "Fatal Python error")


@dataclass(frozen=True)
class Call:
    """An upload, delete or vote as its player saw it."""

    who: str
    what: str
    end: End
    title: str
    video_id: uuid.UUID | None


@dataclass(frozen=True)
class LastState:
    """A row at the end."""

    id: uuid.UUID
    title: str
    status: str
    votes: int
    failure_code: str | None
    failure_reason: str | None
    processed_key: str | None


@dataclass
class Evidence:
    """Taken when everything has come to rest; nothing in it changes any more."""

    system: SoakSystem
    tallies: list[Tally]
    queue_faults: FaultsOfQueue
    rest: Rest
    base: bytes
    videos_wanted: int

    @cached_property
    def events(self) -> list[Event]:
        return list(read_journal(self.system.journal.path))

    @cached_property
    def calls(self) -> list[Call]:
        return [_call(event) for event in self.events if "end" in event]

    @cached_property
    def uploads(self) -> dict[str, Call]:
        """By title."""
        return {call.title: call for call in self.calls if call.what == "upload"}

    @cached_property
    def deletes(self) -> dict[uuid.UUID, End]:
        return {call.video_id: call.end for call in self.calls if call.what == "delete" and call.video_id}

    @cached_property
    def rows(self) -> dict[uuid.UUID, LastState]:
        columns = [getattr(Video, column.name) for column in fields(LastState)]
        with self.system.stage.database.reading() as connection:
            return {row.id: LastState(*row) for row in connection.execute(select(*columns))}

    @cached_property
    def votes(self) -> set[tuple[str, uuid.UUID]]:
        """(name of the player, video) as the database has them."""
        with self.system.stage.database.reading() as connection:
            query = select(Player.first_name, Vote.video_id).join(Player, Player.id == Vote.player_id)
            return {(row.first_name, row.video_id) for row in connection.execute(query)}

    @cached_property
    def histories(self) -> dict[uuid.UUID, list[State]]:
        return audit.histories(self.system.stage.database)

    @cached_property
    def counters(self) -> Counter[str]:
        """The sum of every metric over all processes. Raises EmfViolation."""
        counters: Counter[str] = Counter()
        for point in self.system.stage.datapoints():
            if len(point.dimensions) == 1 and point.unit == "Count":
                counters[point.name] += round(sum(point.values))
        return counters

    @cached_property
    def broken_records(self) -> str:
        """What is wrong with the metrics' log; empty when nothing is."""
        try:
            _ = self.counters
        except EmfViolation as error:
            return str(error)
        return ""

    @cached_property
    def dead_letters(self) -> list[str]:
        """The bodies of all dead letters."""
        queue = self.system.stage.queues.dead_letter
        bodies: list[str] = []
        while messages := self.system.stage.emulator.sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=DEAD_LETTER_HIDDEN_SECONDS
        ).get("Messages"):
            bodies += [message["Body"] for message in messages]
        return bodies

    def log_lines(self) -> Iterator[tuple[str, str]]:
        """(name of the log, line) of the product's processes."""
        for seat in self.system.seats:
            for log in sorted(self.system.logs.glob(f"{seat.name}.*.log")):
                for line in log.read_text(errors="replace").splitlines():
                    yield log.name, line


def _call(event: Event) -> Call:
    video_id = uuid.UUID(event["video_id"]) if "video_id" in event else None
    return Call(event["who"], event["what"], End(event["end"]), event.get("title", ""), video_id)


def is_unforeseen(line: str) -> bool:
    """A line that the product logs for what nobody thought of, or that Python writes past its log."""
    if line.startswith(PAST_THE_LOG):
        return True
    try:
        entry = json.loads(line)
    except ValueError:  # libpq's own words, why a start failed, the last line of who was killed
        return False
    return "unexpected error" in entry["message"] or (entry["logger"] == "waitress" and entry["level"] == "ERROR")
