"""The EMF records of jobs, read as an operator's query would read them."""

import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from telemetry.catalogue import JOB


@dataclass(frozen=True)
class JobRecord:
    """One record. ``video_id`` and ``fence`` are missing if the job claimed nothing."""

    outcome: str
    processed: int  # the value of VideosProcessed
    video_id: uuid.UUID | None
    fence: int | None


def job_records(logs: Iterable[Path]) -> Iterator[JobRecord]:
    """The records of all jobs in these logs."""
    for log in logs:
        for line in log.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            if record["Record"] == JOB.name:
                video_id = record.get("video_id")
                yield JobRecord(
                    record["outcome"],
                    record["VideosProcessed"],
                    uuid.UUID(video_id) if video_id else None,
                    record.get("fence"),
                )
