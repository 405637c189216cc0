"""The contributors of an alarm on a query with GROUP BY: each time series has a state of its own.

Source: "Create a CloudWatch alarm based on a Metrics Insights query" in the CloudWatch user guide: "each returned time
series becomes a contributor", and "the alarm activates when any contributor enters the ALARM state". The guide does not
cover these cases; here they are decided as follows:

- a series without data in the evaluation range is not returned, so it is no contributor any more and its state is lost;
- an alarm without a contributor in ALARM is OK if one is OK, else INSUFFICIENT_DATA;
- if no series is returned, the way to treat missing data decides.
"""

from collections.abc import Callable, Mapping, Sequence

from cloudwatch.alarm.missing_data import Point
from cloudwatch.alarm.state import AlarmState
from cloudwatch.alarm.watched_query import Group, Values, WatchedQuery

Decide = Callable[[Sequence[Point]], AlarmState | None]


class Contributors:
    """The contributors of one alarm with their states, which begin as INSUFFICIENT_DATA."""

    def __init__(self, watched: object, points: Callable[[Values], list[Point]], decide: Decide) -> None:
        self._watched = watched
        self._points = points
        self._decide = decide
        self._before: dict[Group, AlarmState] = {}
        self._states: dict[Group, AlarmState] = {}

    def evaluate(self, windows: Mapping[Group, Values]) -> AlarmState | None:
        """The state of the alarm after an evaluation of these windows. None means that it keeps its state."""
        self._before = self._states
        self._states = self._states_after(windows)
        return self._together(self._states, windows)

    def would_be(self, windows: Mapping[Group, Values]) -> AlarmState | None:
        """The state of the alarm if the last evaluation had used these windows."""
        return self._together(self._states_after(windows), windows)

    def reason(self, state: AlarmState) -> str:
        """The reason in the style of CloudWatch's StateReason, which gives no details of several time series."""
        names = [" ".join(group) for group, own in self._states.items() if own is state]
        number = "1 contributor" if len(names) == 1 else f"{len(names)} contributors"
        return f"{number} in {state}: {', '.join(names)}" if names else "No time series was returned"

    def _states_after(self, windows: Mapping[Group, Values]) -> dict[Group, AlarmState]:
        assert isinstance(self._watched, WatchedQuery)  # noqa: S101 - only a query has several time series
        found = {}
        for group in self._watched.first(windows):
            before = self._before.get(group, AlarmState.INSUFFICIENT_DATA)
            found[group] = self._decide(self._points(windows[group])) or before
        return found

    def _together(self, states: Mapping[Group, AlarmState], windows: Mapping[Group, Values]) -> AlarmState | None:
        if not states:
            return self._decide([None] * max((len(window) for window in windows.values()), default=1))
        for state in (AlarmState.ALARM, AlarmState.OK):
            if state in states.values():
                return state
        return AlarmState.INSUFFICIENT_DATA
