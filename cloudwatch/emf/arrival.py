"""Leaves out documents that CloudWatch drops because of their timestamps.

Metric timestamps "up to two weeks in the past and up to two hours into the future" are accepted (PutMetricData),
counted from the moment of ingestion. A single line with a wrong timestamp would otherwise stretch the range of a log by
days or decades. Only some transports record the moment of ingestion (``cloudwatch.emf.transports``). For any other log
it is estimated from two facts:

- CloudWatch accepted no document before the format existed.
- The lines of a log are roughly in the order of their arrival. So the time of a line is compared with its neighbours. A
  single neighbour may be wrong itself, and a log may have pauses or be composed of several logs. So a line is only left
  out if the times after it continue those before it. After a pause, the times do not return.
"""

from datetime import UTC, datetime

from cloudwatch.emf.findings import Findings, LineKind
from cloudwatch.emf.metadata import Record

OLDEST_MS = 14 * 24 * 3600 * 1000
AHEAD_MS = 2 * 3600 * 1000
# The format was announced on 2019-11-18, and no log has arrived from the year 2100. A timestamp outside these years is
# in seconds, microseconds or nanoseconds.
FIRST_MS = 1_574_035_200_000
END_MS = 4_102_444_800_000
NEIGHBOURS = 10

TOO_OLD = "Timestamp is more than 14 days before"
TOO_FAR_AHEAD = "Timestamp is more than 2 hours after"


def why_dropped(timestamp_ms: int, arrived_ms: int | None) -> str:
    """The reason why CloudWatch drops values with this timestamp; empty if the line alone gives no reason."""
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
    """Decides for each document of one log, by the times of its neighbours, whether CloudWatch drops it.

    A document with a timestamp from ``low_ms`` to ``high_ms`` is accepted without a call. Any other is given to
    ``judge``, which holds back at most NEIGHBOURS undecided documents.
    """

    def __init__(self, findings: Findings) -> None:
        self.low_ms, self.high_ms = 1, 0  # an empty range: every document is given to judge
        self._findings = findings
        self._now_ms: int | None = None  # the time that the log has reached
        self._held: list[tuple[Record, str, str]] = []  # with place and line
        self._back = 0  # documents since the first held one that continue the log

    def judge(self, record: Record, place: str, line: str) -> list[Record]:
        """The documents that are now decided, and that CloudWatch accepts."""
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
        """The undecided documents that CloudWatch accepts, at the end of the log."""
        settled = self._begin() if self._now_ms is None else []
        if self._held and (self._back >= len(self._held) or self._held[-1][0][1] < (self._now_ms or 0)):
            self._drop()
        return settled + self._accept()

    def _begin(self) -> list[Record]:
        """Decide the first documents. The median of their timestamps is the time at which the log begins."""
        first, self._held = self._held, []
        if first:
            self._now_ms = sorted(record[1] for record, _, _ in first)[len(first) // 2]
        return [settled for each in first for settled in self.judge(*each)]

    def _accept(self) -> list[Record]:
        """Accept the held documents, because the log continues at their time after a pause, or another log follows."""
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
        else:  # the bounds move on after a quarter of the allowed time
            self.low_ms, self.high_ms = self._now_ms - OLDEST_MS, self._now_ms + AHEAD_MS // 4
