"""Checks the invariants on the evidence. I1–I8 are those of docs/RELIABILITY.md."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psutil
from sqlalchemy import select

from showcase.database.tables import Player
from showcase.videos import original_key
from tests.faults import invariants
from tests.faults.invariants import Breach
from tests.soak.audit_rules import broken_rules
from tests.soak.clips import Kind, content_of, kind_of
from tests.soak.evidence import Call, Evidence, is_unexpected
from tests.soak.journal import End

SHOWN_MAX = 5  # lines with unexpected errors
LINE_CHARACTERS_MAX = 600

Check = Callable[[Evidence], Iterator[Breach]]


@dataclass(frozen=True)
class Finding:
    """One invariant and its violations."""

    name: str
    breaches: list[Breach]


def judge(evidence: Evidence) -> list[Finding]:
    """Check all invariants, also after a violation."""
    return [Finding(name, list(check(evidence))) for name, check in INVARIANTS.items()]


def unaccounted_uploads(evidence: Evidence) -> Iterator[Breach]:
    """An upload that got 201 has its row, unless its owner deleted it; one that was refused or failed has none."""
    ids = {row.title: row.id for row in evidence.rows.values()}
    for title, call in evidence.uploads.items():
        video_id = ids.get(title)
        if call.end is End.OK and video_id != call.video_id and call.video_id not in evidence.deletes:
            yield Breach("I1", f"{title}: answered 201, but its row is missing", call.video_id)
        if complaint := _wrong_answer(call, video_id):
            yield Breach("I1", f"{title}: {complaint}", video_id)
    if not evidence.recovery.all_settled:
        yield Breach("I1", "not all videos were settled in time")


def _wrong_answer(call: Call, video_id: uuid.UUID | None) -> str:
    is_cut = kind_of(call.title) is Kind.CUT
    if call.end is End.OK and is_cut:
        return "a truncated clip was accepted"
    if call.end is End.REFUSED and not is_cut:
        return "an intact clip was refused"
    return f"{call.end}, but it has a row" if call.end in (End.REFUSED, End.FAILED) and video_id else ""


def wrong_ends(evidence: Evidence) -> Iterator[Breach]:
    """Every row is settled, with the outcome that the kind of its clip requires, even if the upload got no answer."""
    yield from invariants.unsettled_videos(evidence.system.resources)
    for row in evidence.rows.values():
        if row.title not in evidence.uploads:
            yield Breach("I1", f"{row.title}: no player uploaded it", row.id)
            continue
        wanted = ("failed", "damaged") if kind_of(row.title) is Kind.DAMAGED else ("processed", None)
        if (row.status, row.failure_code) != wanted or (row.status == "failed" and not row.failure_reason):
            yield Breach("I1", f"{row.title}: {row.status} {row.failure_code} {row.failure_reason}", row.id)


def undeleted_videos(evidence: Evidence) -> Iterator[Breach]:
    for video_id, end in evidence.deletes.items():
        if end is End.OK and video_id in evidence.rows:
            yield Breach("delete", "answered 200, but the row still exists", video_id)


def wrong_results(evidence: Evidence) -> Iterator[Breach]:
    titles = {row.id: row.title for row in evidence.rows.values()}
    yield from invariants.wrong_results(
        evidence.system.resources, lambda video_id: content_of(titles[video_id], evidence.base)
    )


def wrong_steps(evidence: Evidence) -> Iterator[Breach]:
    for video_id, states in evidence.histories.items():
        yield from (Breach("I3", rule, video_id) for rule in broken_rules(states))


def wrong_messages(evidence: Evidence) -> Iterator[Breach]:
    """The queue is empty, and the dead letters are the unreadable bodies. A purge may have removed earlier ones."""
    poison, letters = evidence.queue_faults.poison, set(evidence.dead_letters)
    yield from invariants.messages_left(evidence.system.resources, dead_letters=bool(letters))
    for body in letters - poison.keys():
        yield Breach("I4", f"a dead letter that no fault sent: {body[:200]}")
    for body, sent_at in poison.items():
        if sent_at > evidence.queue_faults.purge_ended and body not in letters:
            yield Breach("I4", f"an unreadable body is not in the dead-letter queue: {body[:80]}")


def processes_left(evidence: Evidence) -> Iterator[Breach]:
    for process in evidence.system.processes:
        yield from (Breach("I6", what) for what in (*process.surviving_children, *process.unexpected_ends))
        if any(process.exit_codes):
            yield Breach("I6", f"{process.name} was stopped and ended with {process.exit_codes}")
    for left in psutil.process_iter(("cwd", "cmdline")):
        if str(left.info["cwd"]).startswith(f"{evidence.system.directory}/"):
            yield Breach("I6", f"{left.info['cmdline']} is left")


def things_left(evidence: Evidence) -> Iterator[Breach]:
    if evidence.recovery.folders_left:
        yield Breach("I7", f"{evidence.recovery.folders_left} folders of dead workers were not removed")
    yield from invariants.files_left(evidence.system.resources)
    wanted = {row.processed_key for row in evidence.rows.values()} | set(map(original_key, evidence.rows))
    for key in evidence.system.resources.objects() - wanted:
        yield Breach("I7", f"no row needs {key}")
    uploads = evidence.system.resources.emulator.s3.list_multipart_uploads(Bucket=evidence.system.resources.bucket)
    for upload in uploads.get("Uploads", []):
        yield Breach("I7", f"the upload of {upload['Key']} is unfinished")


def faults_without_effect(evidence: Evidence) -> Iterator[Breach]:
    """Too few videos, or a fault that hit nothing or does not show in the metrics. Then the soak proves nothing."""
    accepted = sum(call.end is End.OK for call in evidence.uploads.values())
    if accepted < evidence.videos_wanted:
        yield Breach("I8", f"{accepted} videos were accepted, {evidence.videos_wanted} were wanted")
    for tally in evidence.tallies:
        if not tally.hits:
            yield Breach("I8", f"{tally.fault.name}: never hit anything")
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
            yield Breach("votes", f"the database has a vote of {vote[0]} that was never sent", vote[1])
    for row in evidence.rows.values():
        if row.votes != (count := sum(video_id == row.id for _, video_id in evidence.votes)):
            yield Breach("votes", f"{row.votes} are counted, {count} were given", row.id)
    with evidence.system.resources.database.reading() as connection:
        ranking = sum(connection.execute(select(Player.votes)).scalars())
    if ranking != len(evidence.votes):
        yield Breach("votes", f"the ranking counts {ranking}, {len(evidence.votes)} were given")


def unexpected_errors(evidence: Evidence) -> Iterator[Breach]:
    if evidence.broken_records:
        yield Breach("records", evidence.broken_records)
    elif dropped := evidence.counters["RecordsDropped"]:
        yield Breach("records", f"{dropped} were dropped")
    lines = [f"{log}: {line}" for log, line in evidence.log_lines() if is_unexpected(line)]
    yield from (Breach("logs", line[:LINE_CHARACTERS_MAX]) for line in lines[:SHOWN_MAX])


INVARIANTS: dict[str, Check] = {
    "I1 every upload answered 201 is accounted for": unaccounted_uploads,
    "I1, I5 every video ended as the kind of its clip requires": wrong_ends,
    "deleted videos stay deleted": undeleted_videos,
    "I2 every result belongs to its video": wrong_results,
    "I3 the states of a video follow the rules: fences rise, one commit": wrong_steps,
    "I4 the queue is empty, and the dead letters are the unreadable messages": wrong_messages,
    "I6 no process ended by itself or with an error, or left child processes": processes_left,
    "I7 no unneeded file, folder or object is left": things_left,
    "I8 enough videos were accepted, and every fault hit and shows in the metrics": faults_without_effect,
    "every vote counts once": miscounted_votes,
    "all records are valid, and the logs show no unexpected error": unexpected_errors,
}
