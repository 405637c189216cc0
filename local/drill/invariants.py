"""What must hold after a drill, each with its evidence."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from local.drill.fleet import Instance
from local.drill.timeline import Row
from showcase.database import Database
from showcase.tables import Video


@dataclass(frozen=True, slots=True)
class Finding:
    """One invariant."""

    name: str
    held: bool
    evidence: str


def check(
    rows: Sequence[Row], instances: Sequence[Instance], database: Database, log: Path, accepted: int
) -> list[Finding]:
    """All of them. ``accepted``: how many uploads were answered 201."""
    with database.reading() as connection:
        statuses = dict(connection.execute(select(Video.id, Video.status)).tuples().all())
    most, last = max(row.workers for row in rows), rows[-1].workers
    killed = [i for i in instances if i.killed]
    retired = [i for i in instances if i.leaving]
    cut_off = [video for i in killed for video in i.interrupted]
    drained = [video for i in retired for video in i.interrupted]
    counts = Counter(statuses.values())
    twice = _published_twice(log)
    return [
        Finding("scale-out seen", most == max(row.desired for row in rows) > rows[0].workers, f"up to {most} workers"),
        Finding("scale-in seen", bool(retired) and last == rows[0].workers, f"{len(retired)} drained, back to {last}"),
        Finding(
            "zone loss survived",
            bool(cut_off) and all(statuses.get(v) == "processed" for v in cut_off),
            f"{len(killed)} workers killed, {len(cut_off)} jobs cut off and done elsewhere",
        ),
        Finding(
            "scale-in finishes its jobs",
            bool(drained)
            and all(statuses.get(v) == "processed" for v in drained)
            and all(i.exit_code == 0 for i in retired),
            f"{len(drained)} jobs in work on instances told to go; exit codes {[i.exit_code for i in retired]}",
        ),
        Finding("0 lost", counts == {"processed": accepted}, f"{accepted} accepted: {dict(counts)}"),
        Finding("0 doubled", not twice, f"{len(twice)} published more than once"),
    ]


def _published_twice(log: Path) -> list[str]:
    """Videos that more than one record of a worker calls published."""
    with log.open() as lines:
        records = (json.loads(line) for line in lines)
        counts = Counter(str(r["video_id"]) for r in records if r.get("VideosProcessed"))
    return [video for video, count in counts.items() if count > 1]
