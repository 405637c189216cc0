"""The evidence for the verdict: the journal, the rows, their histories, the metrics, the logs."""

import json
import uuid
from bisect import bisect
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property

from sqlalchemy import select

from cloudwatch.emf import EmfViolation, read_lines
from showcase.database.tables import DirectUpload, Player, UploadStatus, Video, Vote
from showcase.uploads.direct_uploads import inbox_key
from tests.soak import audit
from tests.soak.audit import State
from tests.soak.fault_injector import Excuse, FaultTally
from tests.soak.faults_of_queue import FaultsOfQueue
from tests.soak.growth import Growth, growth
from tests.soak.job_records import JobRecord, job_records
from tests.soak.journal import End, Event, read_journal
from tests.soak.recovery import Recovery
from tests.soak.supervised_processes import Lifetime
from tests.soak.system import SoakSystem
from tests.soak.watch import Sample

DEAD_LETTER_HIDDEN_SECONDS = 300
WRITTEN_BY_PYTHON = ("Traceback", "Exception in thread", "Exception ignored", "Fatal Python error")


@dataclass(frozen=True)
class Call:
    """A request, or an upload with all its requests. ``end`` is what its player saw, at the time ``at``."""

    who: str
    what: str
    end: End
    at: float
    seconds: float
    status: int | str
    title: str
    video_id: uuid.UUID | None
    api: int  # 0: not a request to the API
    upload_id: str
    way: str


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
    original_bytes: int


@dataclass(frozen=True)
class Published:
    """A result that was published: its claim, and the pid of its worker."""

    video_id: uuid.UUID
    fence: int
    at: float
    pid: int


@dataclass
class Evidence:
    """Collected when all processes have stopped, so nothing in it changes any more."""

    system: SoakSystem
    tallies: list[FaultTally]
    queue_faults: FaultsOfQueue
    recovery: Recovery
    samples: list[Sample]
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
                event["at"],
                event["seconds"],
                event.get("status", ""),
                event.get("title", ""),
                uuid.UUID(event["video_id"]) if event.get("video_id") else None,
                event.get("api", 0),
                event.get("upload_id", ""),
                event.get("way", ""),
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
        for log in self.system.record_logs():
            with log.open() as lines:
                for point in read_lines(lines):
                    if len(point.dimensions) == 1 and point.unit == "Count":
                        counters[point.name] += round(sum(point.values))
        return counters

    @cached_property
    def job_records(self) -> list[JobRecord]:
        return list(job_records(self.system.record_logs()))

    @cached_property
    def published(self) -> list[Published]:
        """All results that were ever published, also of videos that were deleted later."""
        found = []
        for video_id, states in self.histories.items():
            workers = {state.fence: state.worker for state in states if state.status == "processing"}
            found += [
                Published(video_id, state.fence, state.at.timestamp(), pid_of(workers.get(state.fence)))
                for state in states
                if state.status == "processed"
            ]
        return found

    @cached_property
    def lifetimes(self) -> list[Lifetime]:
        return [lifetime for process in self.system.processes for lifetime in process.lifetimes]

    def work_of(self, lifetime: Lifetime) -> list[float]:
        """The times at which a process did a unit of work: claimed a job, or answered a request."""
        if lifetime.kind == "api":
            number = int(lifetime.name.rpartition("-")[2])
            return sorted(
                call.at for call in self.calls if call.api == number and lifetime.began <= call.at < lifetime.ended
            )
        claims = (state for states in self.histories.values() for state in states if state.status == "processing")
        return sorted(state.at.timestamp() for state in claims if pid_of(state.worker) == lifetime.pid)

    def growth_of(self, lifetime: Lifetime, amount: str) -> Growth | None:
        """How an amount of Sample grew with the work of a process, until its last work. None if it did too little."""
        work = self.work_of(lifetime)
        if not work:
            return None
        samples = (each for each in self.samples if each.pid == lifetime.pid and work[0] <= each.at <= work[-1])
        return growth([(bisect(work, each.at), getattr(each, amount)) for each in samples])

    def is_excused(self, excuse: Excuse, began: float, ended: float) -> bool:
        """Whether a fault with that excuse lasted at a moment between the two times."""
        spans = (span for tally in self.tallies if tally.fault.excuses is excuse for span in tally.spans)
        return any(span[0] <= ended and began <= span[1] for span in spans)

    @cached_property
    def awaited_keys(self) -> set[str]:
        """The inbox keys of direct uploads that their players never completed. They may stay until they expire."""
        query = select(DirectUpload.id).where(DirectUpload.status == UploadStatus.OPEN)
        with self.system.resources.database.reading() as connection:
            return {inbox_key(upload_id) for upload_id in connection.execute(query).scalars()}

    @cached_property
    def object_sizes(self) -> dict[str, int]:
        """The bytes of each object, by key."""
        s3, bucket = self.system.resources.emulator.s3, self.system.resources.bucket
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", [])}

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


def pid_of(worker: str | None) -> int:
    """The pid in the name of a worker (host-pid-token); 0 without one."""
    return int(worker.rsplit("-", 2)[1]) if worker else 0


def is_unexpected(line: str) -> bool:
    """Whether a line reports an unexpected error: one that the product logged, or that Python itself wrote."""
    if line.startswith(WRITTEN_BY_PYTHON):
        return True
    try:
        entry = json.loads(line)
    except ValueError:  # a line of libpq, a failed start, or the last line of a killed process
        return False
    return "unexpected error" in entry["message"] or (entry["logger"] == "waitress" and entry["level"] == "ERROR")
