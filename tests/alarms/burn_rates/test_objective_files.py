"""A wrong file of an objective is refused, with its name, the key, and what to do."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alarms.burn_rates.objective_files import FOLDER, read_objective_file
from alarms.check.definition_checks import check_definitions
from alarms.definition_files import ROOT, DefinitionError, Variables
from alarms.definition_reading import read_definitions, read_document, read_objectives

FILE = f"{FOLDER}/clips-processed.json"
DOCUMENT = json.loads((ROOT / FILE).read_text())

Json = dict[str, Any]
Edit = Callable[[Json], object]

WRONG: dict[str, tuple[Edit, str]] = {
    "unknown key": (
        lambda objective: objective.update(valid_event_min=3),
        "objective.valid_event_min: there is no such key; did you mean valid_events_min?",
    ),
    "unknown key of a metric": (
        lambda objective: objective["bad_events"][0].update(Statistic="Sum"),
        "objective.bad_events[0].Statistic: there is no such key; did you mean Stat?",
    ),
    "missing key": (lambda objective: objective.pop("owner"), "objective.owner: is missing"),
    "missing name": (
        lambda objective: objective["valid_events"][1].pop("MetricName"),
        "objective.valid_events[1].MetricName: is missing",
    ),
    "nothing may fail": (
        lambda objective: objective.update(target_percent=100),
        "objective.target_percent: Input should be less than 100",
    ),
    "a text in place of a number": (
        lambda objective: objective.update(target_percent="99"),
        "objective.target_percent: Input should be a valid number",
    ),
    "a threshold of more than everything": (
        lambda objective: objective.update(target_percent=90),
        "objective.target_percent: with this target the fast alarm would need 134.4 % of bad events, "
        "and could never fire; promise more",
    ),
    "a threshold that four decimals cannot hold": (
        lambda objective: objective.update(target_percent=99.999),
        "objective.target_percent: with this target the slow alarm would fire at 0.0009 % of bad events, "
        "less than 0.005 %; promise less",
    ),
    "bad and good events": (
        lambda objective: objective.update(good_events=objective["valid_events"]),
        "objective: give either bad_events or good_events",
    ),
    "neither bad nor good events": (
        lambda objective: objective.pop("bad_events"),
        "objective: give either bad_events or good_events",
    ),
    "unknown statistic": (
        lambda objective: objective["bad_events"][0].update(Stat="Summ"),
        "objective.bad_events[0].Stat: 'Summ' is not a statistic of CloudWatch",
    ),
    "a statistic that counts nothing": (
        lambda objective: objective["bad_events"][0].update(Stat="Average"),
        "objective.bad_events[0].Stat: Average does not count events; give Sum, SampleCount or TC(…)",
    ),
    "no least number of events": (
        lambda objective: objective.update(valid_events_min=0),
        "objective.valid_events_min: Input should be greater than 0",
    ),
    "an example of another metric": (
        lambda objective: objective["examples"].update(bad=[{"JobErrors{Service=worker}": 1}, {"JobErrosr": 1}]),
        "objective.examples: JobErrosr is no metric of the events; did you mean JobErrors?",
    ),
    "unknown variable": (
        lambda objective: objective["bad_events"][0].update(Dimensions={"Service": "${WORKR}"}),
        "objective.bad_events[0].Dimensions.Service: ${WORKR} is not set; add it to the variables of this environment",
    ),
}


def changed(edit: Edit) -> Json:
    document: Json = copy.deepcopy(DOCUMENT)
    edit(document["objective"])
    return document


@pytest.mark.parametrize(("edit", "problem"), WRONG.values(), ids=WRONG)
def test_a_wrong_key_is_named_with_its_file(edit: Edit, problem: str, variables: Variables) -> None:
    with pytest.raises(DefinitionError) as caught:
        read_objective_file(changed(edit), FILE, variables)
    assert caught.value.problems == [f"{FILE}: {problem}"]


def test_all_wrong_keys_are_named_at_once(variables: Variables) -> None:
    document = changed(lambda objective: (objective.pop("owner"), objective.pop("promise")))
    with pytest.raises(DefinitionError) as caught:
        read_objective_file(document, FILE, variables)
    assert len(caught.value.problems) == 2


def test_units_that_are_no_object_are_refused(variables: Variables) -> None:
    with pytest.raises(DefinitionError, match=r"clips-processed\.json: assumes: is not a JSON object"):
        read_objective_file({**DOCUMENT, "assumes": ["JobErrors"]}, FILE, variables)


@pytest.mark.parametrize("name", ["PREFIX", "NAMESPACE", "PAGE_TOPIC_ARN", "TICKET_TOPIC_ARN"])
def test_a_missing_variable_of_all_alarms_is_named(name: str, variables: Variables) -> None:
    with pytest.raises(DefinitionError, match=f"the variable {name} is not set; give it by --variables"):
        read_document(DOCUMENT, FILE, {key: value for key, value in variables.items() if key != name})


def test_a_file_in_the_folder_of_objectives_must_hold_one(tmp_path: Path, variables: Variables) -> None:
    path = tmp_path / FILE
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"objectiv": DOCUMENT["objective"]}))
    for read in (read_definitions, read_objectives):
        with pytest.raises(DefinitionError, match=r'clips-processed\.json: needs a member "objective"'):
            read(variables, tmp_path)


def test_an_unknown_alarm_that_holds_the_page_back_is_found_by_alarms_check(variables: Variables) -> None:
    document = changed(lambda objective: objective.update(suppressed_by="workers-dwn"))
    others = [each for each in read_definitions(variables) if each.objective != "clips-processed"]
    notices = check_definitions([*others, *read_document(document, FILE, variables)], variables)
    (error,) = [notice for notice in notices if notice.is_error]
    assert FILE in str(error)
    assert "there is no alarm anb-workers-dwn among the definitions" in str(error)
