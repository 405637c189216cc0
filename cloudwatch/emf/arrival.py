"""Leaves out what CloudWatch drops because of its time.

Metric timestamps "up to two weeks in the past and up to two hours into the future" are taken (PutMetricData), counted
from the moment of ingestion. A single line with a wrong timestamp would otherwise stretch the range of a log by days or
decades. The moment of ingestion is in some transports only (``cloudwatch.emf.transports``). In any other log it has to
be estimated, and two things are known:

- CloudWatch took nothing before the format existed.
- The lines of a log are in the order of their arrival, more or less. So the neighbours of a line tell when it arrived.
  A single neighbour may be wrong itself, and a log may have pauses or be put together of several. So a line is only
  left out if the lines behind it go on where those before it were: a pause does not come back.
"""

from datetime import UTC, datetime

from cloudwatch.emf.findings import Findings, LineKind
from cloudwatch.emf.metadata import Record

OLDEST_MS = 14 * 24 * 3600 * 1000
AHEAD_MS = 2 * 3600 * 1000
# The format was announced on 2019-11-18, and no log has arrived from the year 2100. Documents beyond have their
# timestamp in seconds, microseconds or nanoseconds.
FIRST_MS = 1_574_035_200_000
END_MS = 4_102_444_800_000
NEIGHBOURS = 10

TOO_OLD = "Timestamp is more than 14 days before"
TOO_FAR_AHEAD = "Timestamp is more than 2 hours after"


def why_dropped(timestamp_ms: int, arrived_ms: int | None) -> str:
    """The reason why CloudWatch drops values with this timestamp, or nothing, as far as a line alone can say it."""
    if not FIRST_MS <= timestamp_ms < END_MS:
        return f"Timestamp is not in milliseconds: {_year(timestamp_ms)}"
    if arrived_ms is not None and timestamp_ms < arrived_ms - OLDEST_MS:
        return f"{TOO_OLD} the arrival"
    if arrived_ms is not None and timestamp_ms > arrived_ms + AHEAD_MS:
        return f"{TOO_FAR_AHEAD} the arrival"
    return ""


def _year(timestamp_ms: int) -> str:
    if timestamp_ms < END_MS:
        return f"it is in the year {datetime.fromtimestamp(timestamp_ms / 1000, UTC).year}"
    return "it is after the year 2099"


class Neighbourhood:
    """Judges the documents of one log by the times of their neighbours.

    A document with a timestamp from ``low_ms`` to ``high_ms`` is beyond doubt and needs no call. Any other is given to
    ``judge``, which holds back at most NEIGHBOURS documents in doubt.
    """

    def __init__(self, findings: Findings) -> None:
        self.low_ms, self.high_ms = 1, 0  # nothing is beyond doubt
        self._findings = findings
        self._now_ms: int | None = None  # the time of the log, as far as it was read
        self._held: list[tuple[Record, str, str]] = []  # with place and line
        self._back = 0  # documents since the first one held back that went on where the log was

    def judge(self, record: Record, place: str, line: str) -> list[Record]:
        """The documents of which it is now sure that CloudWatch takes them."""
        if self._now_ms is None:
            self._held.append((record, place, line))
            return self._begin() if len(self._held) >= NEIGHBOURS else []
        timestamp_ms = record[1]
        if self._now_ms - OLDEST_MS <= timestamp_ms <= self._now_ms + AHEAD_MS:
            self._now_ms = max(self._now_ms, timestamp_ms)
            self._back += bool(self._held)
            if self._back >= max(3, len(self._held)):
                self._drop()
            self._set_bounds()
            return [record]
        self._held.append((record, place, line))
        settled = self._accept() if len(self._held) >= NEIGHBOURS else []
        self._set_bounds()
        return settled

    def finish(self) -> list[Record]:
        """The documents that are left at the end of the log."""
        settled = self._begin() if self._now_ms is None else []
        if self._held and (self._back >= len(self._held) or self._held[-1][0][1] < (self._now_ms or 0)):
            self._drop()
        return settled + self._accept()

    def _begin(self) -> list[Record]:
        """The middle of the first timestamps is the time at which the log begins."""
        first, self._held = self._held, []
        if first:
            self._now_ms = sorted(record[1] for record, _, _ in first)[len(first) // 2]
        return [settled for each in first for settled in self.judge(*each)]

    def _accept(self) -> list[Record]:
        """The log has gone on at another time: it had a pause, or another log follows."""
        accepted = [record for record, _, _ in self._held]
        if accepted:
            self._now_ms = max(record[1] for record in accepted)
        self._held, self._back = [], 0
        return accepted

    def _drop(self) -> None:
        for record, place, line in self._held:
            reason = TOO_OLD if record[1] < (self._now_ms or 0) else TOO_FAR_AHEAD
            self._findings.note(LineKind.DROPPED, f"{reason} the lines around it", place, line)
        self._held, self._back = [], 0

    def _set_bounds(self) -> None:
        if self._held or self._now_ms is None:
            self.low_ms, self.high_ms = 1, 0
        else:  # the time of the log moves on when a quarter of what is allowed has gone by
            self.low_ms, self.high_ms = self._now_ms - OLDEST_MS, self._now_ms + AHEAD_MS // 4
