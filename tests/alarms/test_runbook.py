"""The table of the runbook agrees with the definition of each alarm."""

import json
import re
from pathlib import Path

import pytest

from alarms.definition_files import ALARM_KINDS, FOLDERS, ROOT

ROW = re.compile(r"^\| \[([a-z0-9-]+)\]\(#\1\) \| (.+?) \| (\d+) min \|$", re.MULTILINE)
ROWS = {stem: (promise, int(minutes)) for stem, promise, minutes in ROW.findall((ROOT / "docs/RUNBOOK.md").read_text())}
FILES = [file for kind in ALARM_KINDS for file in sorted((ROOT / FOLDERS[kind]).glob("*.json"))]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_promise_and_the_minutes_of_an_alarm_are_those_of_its_definition(file: Path) -> None:
    why = json.loads(file.read_text())["why"]
    assert ROWS[file.stem] == (why["promise"], why["fires_within_minutes"])


def test_each_row_is_of_an_alarm() -> None:
    assert ROWS.keys() == {file.stem for file in FILES}
