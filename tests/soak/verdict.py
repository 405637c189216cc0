"""Checks the invariants on the evidence. I1–I8 are those of docs/RELIABILITY.md."""

import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psutil
from sqlalchemy import select

from showcase.database.tables import Player
from tests.faults import invariants
from tests.faults.invariants import Breach
from tests.soak.audit_rules import broken_rules
from tests.soak.clips import Kind, kind_of
from tests.soak.counts import messages_and_rows, objects_without_rows, records_and_rows, rows_without_objects
from tests.soak.evidence import Call, Evidence, is_unexpected
from tests.soak.fault_injector import Excuse
from tests.soak.growth import Bound
from tests.soak.journal import End
from tests.soak.owners_view import broken_views, views
from tests.soak.short_times import IN_WORK_SECONDS_MAX, REQUEST_SECONDS_MAX
from tests.soak.uploading import Way

SHOWN_MAX = 5  # lines with unexpected errors
LINE_CHARACTERS_MAX = 600
# How much a process may grow. The units of work are the jobs of a worker and the requests of an API. Each of the eight
# threads of an API may need 10 MB for uploads (ANB_API_THREADS).
GROWTH_BOUNDS = {
    "worker": {
        "memory": Bound(100_000, 4e6),
        "descriptors": Bound(0.5, 8),
        "threads": Bound(0.5, 8),
        "files": Bound(0.5, 8),
    },
    "api": {"memory": Bound(20_000, 80e6), "descriptors": Bound(0.1, 8), "threads": Bound(0.1, 8)},
}

Check = Callable[[Evidence], Iterator[Breach]]


@dataclass(frozen=True)
class Finding:
    """One invariant and its violations."""

    name: str
    breaches: list[Breach]


def check_invariants(evidence: Evidence) -> list[Finding]:
    """Check all invariants, also after a violation."""
    return [Finding(name, list(check(evidence))) for name, check in INVARIANTS.items()]


def unaccounted_uploads(evidence: Evidence) -> Iterator[Breach]:
    """An upload that got 201 has its row, unless its owner deleted it; one that was refused or failed has none."""
    ids = {row.title: row.id for row in evidence.rows.values()}
    for title, call in evidence.uploads.items():
        video_id = ids.get(title)
        if call.end is End.OK and video_id != call.video_id and call.video_id not in evidence.deletes:
            yield Breach("I1", f"{title}: answered 201, but its row is missing", call.video_id)
        if complaint := _wrong_answer(evidence, call, video_id):
            yield Breach("I1", f"{title}: {complaint}", video_id)


def _wrong_answer(evidence: Evidence, call: Call, video_id: uuid.UUID | None) -> str:
    is_cut = kind_of(call.title) is Kind.CUT
    if call.end is End.OK and is_cut:
        return "a truncated clip was accepted"
    if call.end is End.REFUSED and not is_cut:
        is_excused = call.way != Way.FORM and evidence.is_excused(Excuse.REFUSED, call.at - call.seconds, call.at)
        return "" if is_excused else "an intact clip was refused"
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


def wrong_steps(evidence: Evidence) -> Iterator[Breach]:
    for video_id, states in evidence.histories.items():
        yield from (Breach("I3", rule, video_id) for rule in broken_rules(states))


def processes_left(evidence: Evidence) -> Iterator[Breach]:
    for process in evidence.system.processes:
        yield from (Breach("I6", what) for what in (*process.surviving_children, *process.unexpected_ends))
        if any(process.exit_codes):
            yield Breach("I6", f"{process.name} was stopped and ended with {process.exit_codes}")
    for left in psutil.process_iter(("cwd", "cmdline")):
        if str(left.info["cwd"]).startswith(f"{evidence.system.directory}/"):
            yield Breach("I6", f"{left.info['cmdline']} is left")


def files_left(evidence: Evidence) -> Iterator[Breach]:
    """No folder of a dead worker or of an ended job was left while workers ran, and no file after all had ended."""
    for folder in evidence.recovery.folders_left:
        yield Breach("I7", f"{folder} was not removed")
    yield from invariants.files_left(evidence.system.resources)
    for file in evidence.system.temporary.iterdir():
        yield Breach("I7", f"{file.name} is left in the folder of temporary files")


def unsettled_while_half_of_the_system_hung(evidence: Evidence) -> Iterator[Breach]:
    yield from (Breach("hangs", complaint) for complaint in evidence.recovery.complaints)
    if not evidence.recovery.all_settled:
        yield Breach("I1", "not all videos were settled after all faults were removed")


def jobs_in_work_for_too_long(evidence: Evidence) -> Iterator[Breach]:
    """A claim ends by the deadline of its job; if its worker is gone, by its lease and the next sweep."""
    now = time.time()
    for video_id, states in evidence.histories.items():
        ends = [*(state.at.timestamp() for state in states[1:]), now]
        for state, end in zip(states, ends, strict=True):
            if state.status == "processing" and (seconds := end - state.at.timestamp()) > IN_WORK_SECONDS_MAX:
                yield Breach("hangs", f"fence {state.fence} was in work for {seconds:.0f} s", video_id)


def late_or_undocumented_answers(evidence: Evidence) -> Iterator[Breach]:
    for call in evidence.calls:
        if call.end is End.UNDOCUMENTED:
            yield Breach("answers", f"{call.what}: {call.status}", call.video_id)
        if call.api and call.seconds > REQUEST_SECONDS_MAX:
            yield Breach("answers", f"{call.what}: {call.status} after {call.seconds:.0f} s", call.video_id)


def views_that_go_backwards(evidence: Evidence) -> Iterator[Breach]:
    for video_id, told in views(evidence.events).items():
        yield from (Breach("owner's view", complaint, video_id) for complaint in broken_views(told))


def uploads_with_two_videos(evidence: Evidence) -> Iterator[Breach]:
    """Completing a direct upload again returns the same video."""
    found: dict[str, set[uuid.UUID | None]] = defaultdict(set)
    for call in evidence.calls:
        if call.what == "complete upload" and call.end is End.OK:
            found[call.upload_id].add(call.video_id)
    for upload_id, video_ids in found.items():
        if len(video_ids) > 1:
            yield Breach("I1", f"upload {upload_id} was completed as {sorted(map(str, video_ids))}")


def processes_that_grow(evidence: Evidence) -> Iterator[Breach]:
    """A process holds no more after many jobs or requests than before. The steady ones have done enough to show it."""
    for lifetime in evidence.lifetimes:
        for amount, bound in GROWTH_BOUNDS[lifetime.kind].items():
            found = evidence.growth_of(lifetime, amount)
            if found and found.exceeds(bound):
                growth = f"{amount} grow by {found.slope:.3g} with each of {found.work:.0f} pieces of work"
                yield Breach("growth", f"{lifetime.name} (pid {lifetime.pid}): {growth}")
    for process in evidence.system.steady:
        if evidence.growth_of(process.lifetimes[0], "memory") is None:
            yield Breach("I8", f"{process.name} did too little work to measure its growth")


def faults_without_effect(evidence: Evidence) -> Iterator[Breach]:
    """The soak proves nothing if it had too few videos, or if a fault hit nothing or does not show in the metrics."""
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
    "I1 a direct upload becomes one video": uploads_with_two_videos,
    "I1, I5 every video ended as the kind of its clip requires": wrong_ends,
    "while half of the system hung, the rest settled everything, and all processes ended in time": (
        unsettled_while_half_of_the_system_hung
    ),
    "no job is in work for longer than its deadline, its lease and a sweep": jobs_in_work_for_too_long,
    "every answer came before its deadline, and is one that is documented": late_or_undocumented_answers,
    "what owners see of their videos never goes backwards": views_that_go_backwards,
    "deleted videos stay deleted": undeleted_videos,
    "I2 every row has its original, and the result of its claim": rows_without_objects,
    "I7 no object is stored that no row needs": objects_without_rows,
    "I3 the states of a video follow the rules: fences rise, one commit": wrong_steps,
    "I4 the queue is empty, and the dead letters are the unreadable messages": messages_and_rows,
    "I6 no process ended by itself or with an error, or left child processes": processes_left,
    "I7 no unneeded file or folder is left": files_left,
    "VideosProcessed counts each published result once": records_and_rows,
    "no process grows with its work": processes_that_grow,
    "I8 enough videos were accepted, and every fault hit and shows in the metrics": faults_without_effect,
    "every vote counts once": miscounted_votes,
    "all records are valid, and the logs show no unexpected error": unexpected_errors,
}
