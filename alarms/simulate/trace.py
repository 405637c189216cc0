"""What a simulation takes from recorded logs: the times of uploads and the processing times of jobs."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from alarms.recording import NothingRecorded
from cloudwatch.emf import Datapoint, EmfReader, log_lines

UPLOAD, PROCESSING_TIME = "UploadBytes", "ProcessingTime"
SECONDS_OF = {"Seconds": 1.0, "Milliseconds": 1e-3, "Microseconds": 1e-6}


class RecordedServiceTime:
    """Draws one of the recorded times (seconds, at least one), each with the same probability."""

    def __init__(self, times: Sequence[float]) -> None:
        self._times = times

    def __call__(self, chance: random.Random) -> float:
        return chance.choice(self._times)


@dataclass(frozen=True, slots=True)
class Trace:
    """The accepted uploads (seconds since the epoch, rising, at least one) and the processing times (seconds).

    A processing time lasts from the claim of a video to its published clip. Jobs without a clip have none.
    """

    uploads: Sequence[float]
    processing_seconds: Sequence[float]

    @property
    def begins(self) -> float:
        """The time of the first upload, in seconds since the epoch."""
        return self.uploads[0]

    @property
    def arrivals(self) -> list[float]:
        """Seconds from the first upload."""
        return [time - self.begins for time in self.uploads]

    def processing_text(self) -> str:
        """Where the processing times come from; there must be at least one."""
        jobs = len(self.processing_seconds)
        middle = f"median {median(self.processing_seconds):.1f} s"
        return f"processing times: those of {jobs} jobs in the log ({PROCESSING_TIME}, {middle}), drawn at random"


def read_trace(paths: Iterable[Path]) -> Trace:
    """Read EMF logs of API and worker, in any order. Raises NothingRecorded without an upload, and OSError."""
    reader = EmfReader()
    uploads, processing = [], []
    for path in paths:
        for point in reader.scan_datapoints(log_lines(path), str(path)):
            if point.name == UPLOAD and len(point.dimensions) == 1:
                uploads.append(point.timestamp_ms / 1000)
            elif point.name == PROCESSING_TIME and len(point.dimensions) == 1:
                processing += _seconds(point)
    if not uploads:
        raise NothingRecorded.among(f"These logs have no accepted upload (metric {UPLOAD}).", reader)
    return Trace(sorted(uploads), processing)


def _seconds(point: Datapoint) -> list[float]:
    """The values in seconds; none if the unit is not one of time."""
    factor = SECONDS_OF.get(point.unit)
    return [] if factor is None else [value * factor for value in point.values]
