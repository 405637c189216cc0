"""Replays alarms over recorded EMF logs, by CloudWatch's own rules, to see when they would have fired."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from alarms.absence import has_data, late_data, missing_data
from alarms.alarm_reading import alarm_of, composite_of, mute_rules_of
from alarms.definition_files import ALARM_KINDS, Definition, DefinitionError, DefinitionKind
from alarms.recording import Recording, watched_values
from cloudwatch.alarm.alarm_machine import AlarmMachine
from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.alarm.missing_data import TreatMissingData
from cloudwatch.alarm.state import AlarmState, Transition
from cloudwatch.alarm.unplayed_alarm import UnplayedAlarm
from cloudwatch.alarm.watched_query import WatchedQuery
from cloudwatch.composite.composite_alarm import CompositeAlarm, CompositeCycle
from cloudwatch.composite.composite_machine import CompositeMachine
from cloudwatch.metric import MetricId
from cloudwatch.mute.mute_rule import MuteRule
from cloudwatch.mute.muted_actions import MutedActions, muted_actions

FLAP_SECONDS = 900  # an alarm flaps if it fires again within this time after its end


@dataclass(frozen=True, slots=True)
class Episode:
    """A stay in one state, in seconds since the epoch. If it did not end, ``ends`` is the end of the recording."""

    begins: int
    ends: int

    @property
    def seconds(self) -> int:
        return self.ends - self.begins


@dataclass(frozen=True, slots=True)
class History:
    """The states that one alarm would have had. ``skipped`` is the reason why it was not replayed; empty if it was.

    The state of a composite is not known at some times (``unknown``) if it watches alarms that were not replayed or
    have no definition: ``unplayed`` are their names. ``watched`` has the changes of each alarm that a composite
    watches, or None if that alarm was not replayed.

    ``actions`` are the times at which actions would have run, each with its state; those that a suppressor holds back
    are left out. ``muted`` are the actions that mute rules would have held back, and ``mute_windows`` the times at
    which each rule (by name) holds back actions of the alarm. ``notes`` name data that a replayed alarm lacked.
    """

    definition: Definition
    end: int
    transitions: tuple[Transition, ...] = ()
    skipped: str = ""
    unplayed: tuple[str, ...] = ()
    watched: Mapping[str, Sequence[Transition] | None] = field(default_factory=dict)
    actions: tuple[tuple[int, AlarmState], ...] = ()
    muted: tuple[MutedActions, ...] = ()
    mute_windows: Mapping[str, Sequence[tuple[int, int]]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    episodes: tuple[Episode, ...] = field(init=False)
    unknown: tuple[Episode, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "episodes", tuple(find_episodes(self.transitions, self.end)))
        object.__setattr__(self, "unknown", tuple(find_episodes(self.transitions, self.end, None)))

    @property
    def flaps(self) -> int:
        """How often the alarm fired again within FLAP_SECONDS of its end."""
        pairs = zip(self.episodes, self.episodes[1:], strict=False)
        return sum(later.begins - earlier.ends < FLAP_SECONDS for earlier, later in pairs)


def find_episodes(
    transitions: Sequence[Transition], end: int, state: AlarmState | None = AlarmState.ALARM
) -> Iterator[Episode]:
    """The times at which one alarm was in ``state``, from its transitions in order. None: its state is not known."""
    begins: int | None = None
    for transition in transitions:
        if transition.new is state:
            begins = transition.at
        elif begins is not None:
            yield Episode(begins, transition.at)
            begins = None
    if begins is not None:
        yield Episode(begins, end)


def replay(definitions: Sequence[Definition], recording: Recording) -> list[History]:
    """Replay the metric alarms, then the composites over them.

    An alarm is skipped if the recording has none of its metrics, because their absence would count as missing data. An
    alarm that only CloudWatch can evaluate is skipped, too. A composite over skipped alarms has a known state while the
    states of the other alarms are enough to decide it. Raises DefinitionError for an alarm that AWS would refuse, and
    for composites that watch each other.
    """
    return [history for account in by_account(definitions) for history in _replay_account(account, recording)]


def by_account(definitions: Sequence[Definition]) -> list[list[Definition]]:
    """Groups of definitions that can be in one account and region, where the name of an alarm is unique.

    There is one group of all definitions, or one for each file if two files have alarms of the same name, as the stacks
    of two environments do.
    """
    files: dict[str, list[Definition]] = {}
    holders: dict[str, set[str]] = {}
    for definition in definitions:
        files.setdefault(definition.file, []).append(definition)
        if definition.kind in ALARM_KINDS:
            holders.setdefault(definition.name, set()).add(definition.file)
    return list(files.values()) if any(len(each) > 1 for each in holders.values()) else [list(definitions)]


def _replay_account(definitions: Sequence[Definition], recording: Recording) -> list[History]:
    mutes = mute_rules_of(definitions)
    alarms = [d for d in definitions if d.kind is DefinitionKind.METRIC_ALARM]
    histories = [_replay_alarm(d, recording, mutes) for d in alarms]
    return histories + _replay_composites(definitions, histories, recording, mutes)


def _replay_composites(
    definitions: Iterable[Definition], histories: Sequence[History], recording: Recording, mutes: Sequence[MuteRule]
) -> list[History]:
    read = [(d, composite_of(d)) for d in definitions if d.kind is DefinitionKind.COMPOSITE_ALARM]
    composites = [composite for _, composite in read if isinstance(composite, CompositeAlarm)]
    known = {h.definition.name for h in histories if not h.skipped} | {composite.name for composite in composites}
    unplayed = {name for composite in composites for name in composite.watches} - known
    by_name = {composite.name: composite for composite in composites}
    try:
        machine = CompositeMachine(composites, unplayed=unplayed)
    except CompositeCycle as cycle:
        first = next(definition for definition, _ in read if definition.name == cycle.names[0])
        raise DefinitionError([f"{first.file}: {first.place_of('AlarmRule')}: {cycle}"]) from cycle
    changes = [transition for history in histories for transition in history.transitions]
    events = list(machine.run(changes, recording.start, recording.end))
    due: defaultdict[str, list[tuple[int, AlarmState]]] = defaultdict(list)
    by_alarm: defaultdict[str, list[Transition]] = defaultdict(list)
    for event in [*changes, *events]:
        if isinstance(event, Transition):
            by_alarm[event.name].append(event)
        elif event.actions and event.suppressed_by is None:
            due[event.name].append((event.at, event.state))
    found = []
    for definition, composite in read:
        if isinstance(composite, UnplayedAlarm):
            found.append(History(definition, recording.end, skipped=composite.reason))
            continue
        history = _with_actions(definition, due[composite.name], by_alarm[composite.name], mutes, recording)
        missing = tuple(_unplayed_below(composite, by_name, unplayed))
        watched = {name: None if name in unplayed else by_alarm[name] for name in composite.watches}
        found.append(replace(history, unplayed=missing, watched=watched))
    return found


def _unplayed_below(
    composite: CompositeAlarm, composites: Mapping[str, CompositeAlarm], unplayed: Collection[str]
) -> list[str]:
    """The alarms that are not played among those that a composite watches, directly or through other composites."""
    found: dict[str, None] = {}
    waiting, seen = list(composite.watches), {composite.name}
    while waiting:
        name = waiting.pop(0)
        if name in unplayed:
            found[name] = None
        elif name in composites and name not in seen:
            seen.add(name)
            waiting += composites[name].watches
    return list(found)


def _replay_alarm(definition: Definition, recording: Recording, mutes: Sequence[MuteRule]) -> History:
    alarm = alarm_of(definition)
    if isinstance(alarm, UnplayedAlarm):
        return History(definition, recording.end, skipped=alarm.reason)
    missing = missing_data(alarm, recording, definition.open_values)
    if not has_data(alarm, recording):
        return History(definition, recording.end, skipped="; ".join(missing))
    machine = AlarmMachine(alarm, recording.store)
    transitions = tuple(machine.run(first_evaluation(alarm, recording.start), recording.end))
    due = [(t.at, t.new) for t in transitions if t.new is not None and alarm.actions.on(t.new)]
    history = _with_actions(definition, due, transitions, mutes, recording)
    return replace(history, notes=(*missing, *late_data(alarm, recording)))


def _with_actions(
    definition: Definition,
    due: Sequence[tuple[int, AlarmState]],
    transitions: Sequence[Transition],
    mutes: Sequence[MuteRule],
    recording: Recording,
) -> History:
    """The states of an alarm, its actions, and those that mute rules hold back."""
    states = [(change.at, change.new) for change in transitions]
    return History(
        definition,
        recording.end,
        tuple(transitions),
        actions=tuple(due),
        muted=tuple(muted_actions(definition.name, due, states, mutes, end=recording.end)),
        mute_windows=_mute_windows(definition.name, mutes, recording),
    )


def _mute_windows(name: str, mutes: Sequence[MuteRule], recording: Recording) -> dict[str, list[tuple[int, int]]]:
    windows = {rule.name: list(rule.windows(recording.start, recording.end)) for rule in mutes if name in rule.alarms}
    return {rule: spans for rule, spans in windows.items() if spans}


def is_recorded(alarm: MetricAlarm, namespace: str) -> bool:
    """Whether EMF records of ``namespace`` can hold any metric of the alarm."""
    if isinstance(alarm.watched, WatchedQuery):
        return alarm.watched.query.namespace.text == namespace
    return any(metric.namespace == namespace for metric in watched_metrics(alarm))


def first_evaluation(alarm: MetricAlarm, start: int) -> int:
    """The time of the first evaluation, in seconds since the epoch.

    If missing data breaches, the first window lies within the records, because the time before ``start`` must not
    count as missing.
    """
    if alarm.treat_missing_data is not TreatMissingData.BREACHING:
        return start
    # The first period on the wall clock may begin before the records.
    periods = alarm.evaluation_periods + (alarm.time_zone is not None)
    return start + periods * alarm.period


def watched_metrics(alarm: MetricAlarm) -> list[MetricId]:
    """The metrics that the alarm reads, each once."""
    return list(dict.fromkeys(each.metric for each in watched_values(alarm)))
