"""The unit tests of each metric alarm notice every change of a single value of it."""

from dataclasses import replace
from pathlib import Path

import pytest

from alarms.definition_files import FOLDERS, ROOT, Definition, DefinitionKind
from alarms.test.case_files import read_cases
from alarms.test.cases import Case, run_case
from tests.alarms.test.mutants import mutants

STEMS = sorted(path.stem for path in Path(ROOT, FOLDERS[DefinitionKind.METRIC_ALARM]).glob("*.json"))
_FILLED = "FILL gives a value in every period, also without any data, so no point is ever missing."
_OF_FILL = {f"TreatMissingData notBreaching -> {other}": _FILLED for other in ("missing", "ignore", "breaching")}
# Changes that no data can show, with the reason.
EQUIVALENT: dict[str, dict[str, str]] = {
    "api-errors": {
        "rate: IF(requests >= 5, 100 * errors, 0) -> IF(requests >= 5, 100 * errors, 1)": (
            "A minute with too few requests counts as 0 % or as 1 %, and neither is more than 2 %."
        ),
    },
    "backlog-metric-missing": {
        "Threshold 1 -> 0": "A minute with data has a SampleCount of at least 1, so only missing data breach.",
        "Threshold 1 -> 0.5": "A SampleCount is a whole number of at least 1, so only missing data breach.",
    },
    "fleet-at-maximum": {
        "Threshold 1 -> 0.5": "The expression is 0 or 1, and nothing lies between 0.5 and 1.",
        "short: IF(workers >= 3 AND backlog > 10, 1, 0) -> IF(workers >= 3 AND backlog > 10, 2, 0)": (
            "2 reaches the threshold of 1, like 1."
        ),
    },
    "messages-resent": _OF_FILL,
    "records-dropped": _OF_FILL,
    "refusals-high": {
        "rate: IF(jobs >= 10, 100 * refused, 0) -> IF(jobs >= 10, 100 * refused, 1)": (
            "Below ten jobs any rate below the threshold of 50 is OK."
        ),
    },
    "worker-errors": {
        "rate: IF(jobs >= 5, 100 * errors, 0) -> IF(jobs >= 5, 100 * errors, 1)": (
            "Below five jobs any rate up to the threshold of 25 is OK."
        ),
    },
}


@pytest.fixture(scope="module")
def cases(definitions: list[Definition]) -> list[Case]:
    return read_cases(definitions)


@pytest.mark.parametrize("stem", STEMS)
def test_every_change_of_one_value_is_noticed(stem: str, definitions: list[Definition], cases: list[Case]) -> None:
    (alarm,) = (d for d in definitions if (d.kind, d.stem) == (DefinitionKind.METRIC_ALARM, stem))
    own = [case for case in cases if case.alarm is alarm]
    unnoticed = [
        mutant.change
        for mutant in mutants(alarm)
        if not any(run_case(replace(case, alarm=mutant.definition)).problems for case in own)
    ]
    assert sorted(unnoticed) == sorted(EQUIVALENT.get(stem, {}))
