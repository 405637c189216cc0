"""The evidence for the verdict: the journal, the rows, their histories, the metrics, the logs."""

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
from tests.soak.fault_injector import FaultTally
from tests.soak.faults_of_queue import FaultsOfQueue
from tests.soak.journal import End, Event, read_journal
from tests.soak.recovery import Recovery
from tests.soak.system import SoakSystem

DEAD_LETTER_HIDDEN_SECONDS = 300
WRITTEN_BY_PYTHON = ("Traceback", "Exception in thread", "Exception ignored", "Fatal Python error")


@dataclass(frozen=True)
class Call:
    """An upload, delete or vote, with the end that its player saw."""

    who: str
    what: str
    end: End
    title: str
    video_id: uuid.UUID | None


@dataclass(frozen=True)
class FinalRow:
    """A row of ``videos`` at the end."""

    id: uuid.UUID
    title: str
    status: str
    votes: int
    failure_code: str | None
    failure_reason: str | None
    processed_key: str | None


@dataclass
class Evidence:
    """Collected when all processes have stopped, so nothing in it changes any more."""

    system: SoakSystem
    tallies: list[FaultTally]
    queue_faults: FaultsOfQueue
    recovery: Recovery
    base: bytes
    videos_wanted: int

    @cached_property
    def events(self) -> list[Event]:
        return list(read_journal(self.system.journal.path))

    @cached_property
    def calls(self) -> list[Call]:
        return [
            Call(
                event["who"],
                event["what"],
                End(event["end"]),
                event.get("title", ""),
                uuid.UUID(event["video_id"]) if "video_id" in event else None,
            )
            for event in self.events
            if "end" in event
        ]

    @cached_property
    def uploads(self) -> dict[str, Call]:
        """The uploads, by title."""
        return {call.title: call for call in self.calls if call.what == "upload"}

    @cached_property
    def deletes(self) -> dict[uuid.UUID, End]:
        return {call.video_id: call.end for call in self.calls if call.what == "delete" and call.video_id}

    @cached_property
    def rows(self) -> dict[uuid.UUID, FinalRow]:
        columns = [getattr(Video, column.name) for column in fields(FinalRow)]
        with self.system.resources.database.reading() as connection:
            return {row.id: FinalRow(*row) for row in connection.execute(select(*columns))}

    @cached_property
    def votes(self) -> set[tuple[str, uuid.UUID]]:
        """The votes in the database: (name of the player, video)."""
        with self.system.resources.database.reading() as connection:
            query = select(Player.first_name, Vote.video_id).join(Player, Player.id == Vote.player_id)
            return {(row.first_name, row.video_id) for row in connection.execute(query)}

    @cached_property
    def histories(self) -> dict[uuid.UUID, list[State]]:
        return audit.histories(self.system.resources.database)

    @cached_property
    def counters(self) -> Counter[str]:
        """The sum of every metric over all processes. Raises EmfViolation."""
        counters: Counter[str] = Counter()
        for point in self.system.resources.datapoints():
            if len(point.dimensions) == 1 and point.unit == "Count":
                counters[point.name] += round(sum(point.values))
        return counters

    @cached_property
    def broken_records(self) -> str:
        """What is invalid in the EMF log; empty if it is valid."""
        try:
            _ = self.counters
        except EmfViolation as error:
            return str(error)
        return ""

    @cached_property
    def dead_letters(self) -> list[str]:
        """The bodies of all dead letters."""
        queue = self.system.resources.queues.dead_letter
        bodies: list[str] = []
        while messages := self.system.resources.emulator.sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=DEAD_LETTER_HIDDEN_SECONDS
        ).get("Messages"):
            bodies += [message["Body"] for message in messages]
        return bodies

    def log_lines(self) -> Iterator[tuple[str, str]]:
        """All log lines of the product's processes: (name of the log, line)."""
        for process in self.system.processes:
            for log in sorted((self.system.directory / "logs").glob(f"{process.name}.*.log")):
                for line in log.read_text(errors="replace").splitlines():
                    yield log.name, line


def is_unexpected(line: str) -> bool:
    """Whether a line reports an unexpected error: one that the product logged, or that Python itself wrote."""
    if line.startswith(WRITTEN_BY_PYTHON):
        return True
    try:
        entry = json.loads(line)
    except ValueError:  # a line of libpq, a failed start, or the last line of a killed process
        return False
    return "unexpected error" in entry["message"] or (entry["logger"] == "waitress" and entry["level"] == "ERROR")
