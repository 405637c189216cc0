"""The table of the runbook agrees with the definition of each alarm."""

import re

from alarms.definition_files import ALARM_KINDS, ROOT, Definition

ROW = re.compile(r"^\| \[([a-z0-9-]+)\]\(#\1\) \| (.+?) \| (\d+) min \|$", re.MULTILINE)


def test_each_row_has_the_promise_and_the_minutes_of_its_alarm(definitions: list[Definition]) -> None:
    """The row of an objective has the minutes of its page."""
    alarms = [alarm for alarm in definitions if alarm.kind in ALARM_KINDS]
    shown = [alarm for alarm in alarms if not alarm.objective or alarm.stem == f"{alarm.objective}-page"]
    rows = ROW.findall((ROOT / "docs/RUNBOOK.md").read_text())
    assert {section: (promise, int(minutes)) for section, promise, minutes in rows} == {
        alarm.runbook_section: (alarm.why["promise"], alarm.why["fires_within_minutes"]) for alarm in shown
    }
