"""The invariants: for each, what breaks it. I1–I8 are those of docs/RELIABILITY.md."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from sqlalchemy import select

from showcase.database.tables import Player
from showcase.videos import original_key
from tests.faults import invariants
from tests.faults.invariants import Breach
from tests.soak.audit_rules import broken_rules
from tests.soak.clips import Kind, body_of, kind_of
from tests.soak.evidence import Call, Evidence, is_unforeseen
from tests.soak.journal import End

SHOWN_MAX = 5  # lines that nobody foresaw
LINE_CHARACTERS_MAX = 600

Check = Callable[[Evidence], Iterator[Breach]]


@dataclass(frozen=True)
class Finding:
    """One invariant, and what breaks it."""

    name: str
    breaches: list[Breach]


def judge(evidence: Evidence) -> list[Finding]:
    """Everything is looked at, also after a breach."""
    return [Finding(name, list(check(evidence))) for name, check in INVARIANTS.items()]


def unaccounted_uploads(evidence: Evidence) -> Iterator[Breach]:
    """What was answered 201 is there, at the end that its clip deserves, unless its owner deleted it."""
    ids = {row.title: row.id for row in evidence.rows.values()}
    for title, call in evidence.uploads.items():
        video_id = ids.get(title)
        if call.end is End.OK and video_id != call.video_id and call.video_id not in evidence.deletes:
            yield Breach("I1", f"{title}: answered 201, and gone", call.video_id)
        if complaint := _wrong_answer(call, video_id):
            yield Breach("I1", f"{title}: {complaint}", video_id)
    if not evidence.rest.came:
        yield Breach("I1", "the system did not come to rest in time")


def _wrong_answer(call: Call, video_id: uuid.UUID | None) -> str:
    is_cut = kind_of(call.title) is Kind.CUT
    if call.end is End.OK and is_cut:
        return "half a clip was accepted"
    if call.end is End.REFUSED and not is_cut:
        return "a good clip was refused"
    return f"{call.end}, and it has a row" if call.end in (End.REFUSED, End.FAILED) and video_id else ""


def wrong_ends(evidence: Evidence) -> Iterator[Breach]:
    """Every row, also that of an upload without an answer: settled, with the outcome that its clip deserves."""
    yield from invariants.unsettled_videos(evidence.system.stage)
    for row in evidence.rows.values():
        if row.title not in evidence.uploads:
            yield Breach("I1", f"{row.title}: nobody uploaded it", row.id)
            continue
        wanted = ("failed", "damaged") if kind_of(row.title) is Kind.DAMAGED else ("processed", None)
        if (row.status, row.failure_code) != wanted or (row.status == "failed" and not row.failure_reason):
            yield Breach("I1", f"{row.title}: {row.status} {row.failure_code} {row.failure_reason}", row.id)


def resurrected_videos(evidence: Evidence) -> Iterator[Breach]:
    for video_id, end in evidence.deletes.items():
        if end is End.OK and video_id in evidence.rows:
            yield Breach("delete", "answered 200, and still there", video_id)


def wrong_results(evidence: Evidence) -> Iterator[Breach]:
    titles = {row.id: row.title for row in evidence.rows.values()}
    yield from invariants.wrong_results(
        evidence.system.stage, lambda video_id: body_of(titles[video_id], evidence.base)
    )


def wrong_steps(evidence: Evidence) -> Iterator[Breach]:
    for video_id, states in evidence.histories.items():
        yield from (Breach("I3", rule, video_id) for rule in broken_rules(states))


def wrong_messages(evidence: Evidence) -> Iterator[Breach]:
    """Nothing waits, and the dead letters are the poison. What was sent before a purge may be lost by it."""
    poison, letters = evidence.queue_faults.poison, set(evidence.dead_letters)
    yield from invariants.messages_left(evidence.system.stage, dead_letters=bool(letters))
    for body in letters - poison.keys():
        yield Breach("I4", f"a dead letter that is no poison: {body[:200]}")
    for body, sent_at in poison.items():
        if sent_at > evidence.queue_faults.purge_ended and body not in letters:
            yield Breach("I4", f"poison is not in the dead-letter queue: {body[:80]}")


def processes_left(evidence: Evidence) -> Iterator[Breach]:
    for seat in evidence.system.seats:
        yield from (Breach("I6", what) for what in (*seat.orphans, *seat.deserters))
        if any(seat.exit_codes):
            yield Breach("I6", f"{seat.name} was asked to stop and ended with {seat.exit_codes}")
    for process in psutil.process_iter(("cwd", "cmdline")):
        if _is_below(process.info["cwd"], evidence.system.directory):
            yield Breach("I6", f"{process.info['cmdline']} is left")


def _is_below(cwd: str | None, directory: Path) -> bool:
    return bool(cwd) and str(cwd).startswith(f"{directory}/")


def things_left(evidence: Evidence) -> Iterator[Breach]:
    if evidence.rest.folders_left:
        yield Breach("I7", f"{evidence.rest.folders_left} folders of dead workers were not removed")
    yield from invariants.files_left(evidence.system.stage)
    wanted = {row.processed_key for row in evidence.rows.values()} | set(map(original_key, evidence.rows))
    for key in evidence.system.stage.objects() - wanted:
        yield Breach("I7", f"{key} is nobody's")
    uploads = evidence.system.stage.emulator.s3.list_multipart_uploads(Bucket=evidence.system.stage.bucket)
    for upload in uploads.get("Uploads", []):
        yield Breach("I7", f"the upload of {upload['Key']} is unfinished")


def paths_not_visited(evidence: Evidence) -> Iterator[Breach]:
    """Too few videos, a fault that never struck, or that left no trace in the metrics: nothing is proven."""
    accepted = sum(call.end is End.OK for call in evidence.uploads.values())
    if accepted < evidence.videos_wanted:
        yield Breach("I8", f"{accepted} videos were accepted, {evidence.videos_wanted} were wanted")
    for tally in evidence.tallies:
        if not tally.hits:
            yield Breach("I8", f"{tally.fault.name}: never struck")
        elif tally.fault.evidence and not evidence.counters[tally.fault.evidence]:
            yield Breach("I8", f"{tally.fault.name}: {tally.fault.evidence} is 0")


def miscounted_votes(evidence: Evidence) -> Iterator[Breach]:
    ends = {(call.who, call.video_id): set[End]() for call in evidence.calls if call.what == "vote"}
    for call in evidence.calls:
        if call.what == "vote":
            ends[call.who, call.video_id].add(call.end)
    for vote, found in ends.items():
        if End.OK in found and vote not in evidence.votes:
            yield Breach("votes", f"the vote of {vote[0]} was answered 200 and is lost", vote[1])
    for vote in evidence.votes:
        if not ends.get(vote, set()) & {End.OK, End.UNKNOWN}:
            yield Breach("votes", f"{vote[0]} has a vote that was not given", vote[1])
    yield from _wrong_sums(evidence)


def _wrong_sums(evidence: Evidence) -> Iterator[Breach]:
    for row in evidence.rows.values():
        if row.votes != (count := sum(video_id == row.id for _, video_id in evidence.votes)):
            yield Breach("votes", f"{row.votes} are counted, {count} were given", row.id)
    with evidence.system.stage.database.reading() as connection:
        ranking = sum(connection.execute(select(Player.votes)).scalars())
    if ranking != len(evidence.votes):
        yield Breach("votes", f"the ranking counts {ranking}, {len(evidence.votes)} were given")


def unforeseen_lines(evidence: Evidence) -> Iterator[Breach]:
    if evidence.broken_records:
        yield Breach("records", evidence.broken_records)
    elif dropped := evidence.counters["RecordsDropped"]:
        yield Breach("records", f"{dropped} were dropped")
    lines = [f"{log}: {line}" for log, line in evidence.log_lines() if is_unforeseen(line)]
    yield from (Breach("logs", line[:LINE_CHARACTERS_MAX]) for line in lines[:SHOWN_MAX])


INVARIANTS: dict[str, Check] = {
    "I1 every upload answered 201 is accounted for": unaccounted_uploads,
    "I1, I5 every video came to the end that its clip deserves": wrong_ends,
    "what was deleted stays deleted": resurrected_videos,
    "I2 every result is the one of its video": wrong_results,
    "I3 states follow each other as they may, fences rise, one commit a video": wrong_steps,
    "I4 the queue is drained, the dead letters are the poison": wrong_messages,
    "I6 nobody ends unasked, ends badly, or leaves children": processes_left,
    "I7 no file, folder or object is left that nobody needs": things_left,
    "I8 enough videos came, every fault struck and left its trace": paths_not_visited,
    "every vote counts once": miscounted_votes,
    "all records are valid, and the logs tell of nothing unforeseen": unforeseen_lines,
}
