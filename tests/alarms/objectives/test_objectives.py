"""``python -m alarms.objectives`` shows what is promised, and writes the frame of a section of the runbook."""

import json
from pathlib import Path

import pytest

from alarms.burn_rates.objective_files import FOLDER
from alarms.definition_files import ROOT
from alarms.objectives.__main__ import main
from alarms.options import EXAMPLE

VARIABLES = ("--variables", str(EXAMPLE))
STEMS = sorted(path.stem for path in (ROOT / FOLDER).glob("*.json"))


def test_each_objective_is_shown_with_its_budget_and_its_alarms(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(VARIABLES) == 0
    out = capsys.readouterr().out
    for stem in STEMS:
        target = json.loads((ROOT / FOLDER / f"{stem}.json").read_text())["objective"]["target_percent"]
        assert f"{stem}: {target:g} % of all " in out
        assert f"error budget: {100 - target:g} % of all events in 28 days" in out
    for burn_rate in ("13.44", "5.6", "0.9333"):
        assert out.count(f"  {burn_rate} ") == len(STEMS)


@pytest.mark.parametrize("stem", STEMS)
def test_the_frame_of_the_runbook_has_the_row_and_the_section(stem: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*VARIABLES, "--runbook", stem]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"| [{stem}](#{stem}) | ")
    for part in (f"\n## {stem}\n", f"`{stem}-page`", f"`{stem}-ticket`", "**Look at**", "**Do**", "**Escalate.**"):
        assert part in out


def test_the_runbook_has_the_row_that_the_frame_gives(capsys: pytest.CaptureFixture[str]) -> None:
    """The minutes of the row change with the objective."""
    runbook = (ROOT / "docs" / "RUNBOOK.md").read_text()
    for stem in STEMS:
        main([*VARIABLES, "--runbook", stem])
        minutes = capsys.readouterr().out.splitlines()[0].split("|")[-2]
        (row,) = [line for line in runbook.splitlines() if line.startswith(f"| [{stem}](#{stem})")]
        assert row.split("|")[-2] == minutes


def test_an_unknown_objective_is_refused_with_the_nearest_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*VARIABLES, "--runbook", "api-latncy"]) == 2
    assert capsys.readouterr() == ("", "there is no objective api-latncy; did you mean api-latency?\n")


def test_variables_that_cannot_be_read_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--variables", str(tmp_path / "missing.json")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "missing.json" in err
