"""Checks a declared equivalent: the definition and its mutant must agree on random series near their thresholds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from alarms.definition_files import Definition
from alarms.test.given_series import BEGIN, MINUTE
from alarms.test.mutants.mutant import Mutant, read_definition
from alarms.test.mutants.mutation_run import MutationResult
from alarms.test.mutants.random_series import random_states, random_store
from cloudwatch.alarm.alarm_machine import AlarmMachine
from cloudwatch.alarm.metric_alarm import MetricAlarm
from cloudwatch.composite.composite_alarm import CompositeAlarm
from cloudwatch.composite.composite_machine import CompositeMachine
from cloudwatch.mute.mute_rule import MuteRule
from cloudwatch.scaling.group_machine import GroupMachine
from cloudwatch.scaling.policy import Policy
from cloudwatch.scaling.scaling_group import ScalingGroup
from cloudwatch.store import MetricStore

SERIES = 10_000
YEAR = 365 * 86_400
INSTANCES_MAX = 10

History = Sequence[object]


def disagreements(original: Any, mutants: Iterable[Mutant], series: int = SERIES) -> dict[str, str]:
    """For each mutant that differs from ``original`` over random series: its change, and the first difference.

    ``original`` is what the definition makes (``read_definition``). The mutants are all of that definition.
    """
    known = list(mutants)
    if not known:
        return {}
    assumes = known[0].definition.assumes
    chance = Random(known[0].definition.file)  # noqa: S311
    first, *others = _histories([original, *(mutant.read for mutant in known)], assumes, series, chance)
    pairs = zip(known, others, strict=True)
    return {str(mutant.change): _difference(first, other) for mutant, other in pairs if other != first}


def with_check_of_equivalents(result: MutationResult, definitions: Iterable[Definition]) -> MutationResult:
    """The result with a sentence about each declared equivalent that differs from its definition."""
    if not result.equivalent:
        return result
    found = disagreements(read_definition(result.definition, definitions), result.equivalent)
    texts = [f"{change}: is declared equivalent, and differs: {difference}" for change, difference in found.items()]
    return replace(result, wrong=(*result.wrong, *texts))


def _difference(one: History, other: History) -> str:
    same = next((i for i, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), None)
    index = min(len(one), len(other)) if same is None else same
    shown = [str(each[index]) if index < len(each) else "nothing more" for each in (one, other)]
    return f"{shown[0]}; the mutant: {shown[1]}"


def _histories(read: Sequence[Any], assumes: Mapping[str, str], series: int, chance: Random) -> list[History]:
    """What each of the alarms, mute rules or policies does over the same random series."""
    match read[0]:
        case MetricAlarm():
            store, starts = random_store(read, assumes, series, chance)
            return [_states(alarm, store, starts.stop) for alarm in read]
        case CompositeAlarm():
            changes, end = random_states({name for alarm in read for name in alarm.watches}, series, chance)
            return [list(map(str, CompositeMachine([alarm]).run(changes, BEGIN, end))) for alarm in read]
        case MuteRule():
            times = [BEGIN + chance.randrange(YEAR) for _ in range(series)]
            names = sorted({name for rule in read for name in rule.alarms})
            return [[(at, name) for at in times for name in names if rule.mutes(name, at)] for rule in read]
        case _:
            alarms = [alarm for policy in read for alarm in policy.alarms]
            store, starts = random_store(alarms, assumes, series, chance)
            return [_capacities(policy, store, starts) for policy in read]


def _states(alarm: MetricAlarm, store: MetricStore, end: int) -> History:
    found = AlarmMachine(alarm, store).run(BEGIN, end)
    return [(change.at, change.new, alarm.actions.on(change.new) if change.new else ()) for change in found]


def _capacities(policy: Policy, store: MetricStore, starts: range) -> History:
    """Each series has a new group, so that no bound of a group ends the history."""
    decisions = []
    for number, start in enumerate(starts):
        group = ScalingGroup([policy], minimum=0, maximum=INSTANCES_MAX, desired=number % INSTANCES_MAX)
        machine = GroupMachine([policy], group, store)
        decisions += [machine.step(now) for now in range(start + MINUTE, start + starts.step, MINUTE)]
    return [(each.at, each.new) for each in decisions if each]
