"""An alarm that only CloudWatch can evaluate does not stop a command. It is skipped by name, with the reason."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alarms.check.definition_checks import check_definitions
from alarms.definition_files import Definition, DefinitionError, DefinitionKind, Variables
from alarms.recording import Recording
from alarms.replay import replay
from alarms.simulate.policies import defined_policies, skipped_policies
from alarms.test.case_files import read_cases
from alarms.test.cases import Case, Expectation, run_case
from cloudwatch.alarm.state import AlarmState
from cloudwatch.store import MetricStore
from local.drill.alarm_watch import AlarmWatch
from tests.alarms.emf_log import BEGIN, NAMESPACE, queue

PROMQL = {"EvaluationCriteria": {"PromQLCriteria": {"Query": "up == 0"}}, "EvaluationInterval": 60}
STEM = "dead-letters"


@pytest.fixture
def with_promql(definitions: list[Definition]) -> list[Definition]:
    """The definitions, and one of their alarms watches a PromQL query instead of its metric."""
    return [_as_promql(d) if d.stem == STEM and d.kind is DefinitionKind.METRIC_ALARM else d for d in definitions]


def _as_promql(definition: Definition) -> Definition:
    kept = {
        name: definition.parameters[name]
        for name in ("AlarmName", "AlarmDescription", "TreatMissingData")
        if name in definition.parameters
    }
    return replace(definition, parameters=kept | PROMQL, assumes={})


def test_backtest_names_the_alarm_and_what_depends_on_it(with_promql: list[Definition]) -> None:
    end = BEGIN + 600
    only_once = MetricStore.from_lines([json.dumps(queue(0))])
    histories = {h.definition.stem: h for h in replay(with_promql, Recording(only_once, BEGIN, end))}
    assert histories[STEM].skipped == "only CloudWatch can compute a PromQL query"
    dependent = next(h for h in histories.values() if f"anb-{STEM}" in h.unplayed)
    assert dependent.definition.kind is DefinitionKind.COMPOSITE_ALARM
    known_again = dependent.episodes[0].begins  # another of its alarms fires, which decides the state
    assert [(each.begins, each.ends) for each in dependent.unknown] == [(BEGIN, known_again)]


def test_unit_tests_of_the_alarm_are_skipped_with_the_reason(with_promql: list[Definition]) -> None:
    alarm = next(d for d in with_promql if d.stem == STEM)
    case = Case("some.json", alarm, "fires", {"DeadLetterDepth": "1x5"}, (Expectation(5, AlarmState.ALARM),))
    result = run_case(case)
    assert (result.problems, result.skipped) == ((), "only CloudWatch can compute a PromQL query")


def test_an_alarm_that_is_not_played_needs_no_unit_tests(definitions: list[Definition], tmp_path: Path) -> None:
    alarm = next(d for d in definitions if d.stem == STEM)
    with pytest.raises(DefinitionError, match=f"{STEM}.json is missing"):
        read_cases([alarm], tmp_path)
    assert read_cases([_as_promql(alarm)], tmp_path) == []


def test_the_drill_and_the_simulation_leave_the_alarm_out(with_promql: list[Definition]) -> None:
    watch = AlarmWatch(with_promql, [], NAMESPACE, MetricStore())
    assert f"anb-{STEM}" not in watch.states()
    watch.minute(BEGIN + 60)
    assert skipped_policies(with_promql) == []


def test_a_policy_whose_alarm_is_not_played_is_named_and_not_simulated(definitions: list[Definition]) -> None:
    def watching_promql(definition: Definition) -> Definition:
        changed = _as_promql(definition) if definition.stem == "worker-scale-up" else definition
        kept = {"AlarmActions": definition.parameters.get("AlarmActions", [])}
        is_alarm = definition.kind is DefinitionKind.METRIC_ALARM
        return replace(changed, parameters={**changed.parameters, **kept}) if is_alarm else definition

    spoilt = [watching_promql(definition) for definition in definitions]
    (sentence,) = skipped_policies(spoilt)
    assert "is not simulated: its alarm anb-worker-scale-up cannot be evaluated offline: only CloudWatch" in sentence
    assert len(defined_policies(spoilt)) == len(defined_policies(definitions)) - 1


def test_only_a_metric_alarm_runs_a_policy_in_the_simulation(definitions: list[Definition]) -> None:
    """AWS takes no policy as an action of a composite."""

    def with_the_action(definition: Definition) -> Definition:
        is_composite = definition.kind is DefinitionKind.COMPOSITE_ALARM
        action = {"AlarmActions": ["${policy:worker-scale-up}"]} if is_composite else {}
        return replace(definition, parameters={**definition.parameters, **action})

    metric_alarm = (DefinitionKind.METRIC_ALARM, "worker-scale-up")
    changed = [with_the_action(each) for each in definitions if (each.kind, each.stem) != metric_alarm]
    assert skipped_policies(changed) == ["anb-worker-scale-up is not simulated: no alarm has it as an action"]


def test_check_accepts_the_alarm(with_promql: list[Definition], variables: Variables) -> None:
    (found,) = [
        each for each in check_definitions(with_promql, variables) if f"{STEM}.json" in each.file and not each.is_error
    ]
    assert found.text == "is valid, but not evaluated offline: only CloudWatch can compute a PromQL query"


def test_a_refused_alarm_is_named_with_its_file_and_key(definitions: list[Definition]) -> None:
    def spoilt(definition: Definition) -> Definition:
        changes: dict[str, Any] = {"Period": 7} if definition.stem == STEM else {}
        return replace(definition, parameters={**definition.parameters, **changes})

    with pytest.raises(DefinitionError, match=rf"metric_alarms/{STEM}\.json: put_metric_alarm\.Period: is 7"):
        replay([spoilt(d) for d in definitions], Recording(MetricStore(), BEGIN, BEGIN + 60))
