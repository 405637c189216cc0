"""The runbook agrees with the definition of each alarm, and with the records of the worker."""

import re

from alarms.check.aws_metrics import read_known_metrics
from alarms.check.cloudwatch_rules import log_queries
from alarms.check.scope import Definitions
from alarms.definition_files import ALARM_KINDS, ROOT, Definition, Variables
from cloudwatch.log_queries import parse_log_query
from worker.job_record import Outcome

ROW = re.compile(r"^\| \[([a-z0-9-]+)\]\(#\1\) \| (.+?) \| (\d+) min \|$", re.MULTILINE)


def test_each_row_has_the_promise_and_the_minutes_of_its_alarm(definitions: list[Definition]) -> None:
    """The row of an objective has the minutes of its page."""
    alarms = [alarm for alarm in definitions if alarm.kind in ALARM_KINDS]
    shown = [alarm for alarm in alarms if not alarm.objective or alarm.stem == f"{alarm.objective}-page"]
    rows = ROW.findall((ROOT / "docs/RUNBOOK.md").read_text())
    assert {section: (promise, int(minutes)) for section, promise, minutes in rows} == {
        alarm.runbook_section: (alarm.why["promise"], alarm.why["fires_within_minutes"]) for alarm in shown
    }


def test_the_queries_of_runbook_and_dashboards_name_outcomes_that_jobs_have(
    definitions: list[Definition], variables: Variables
) -> None:
    runbook = re.findall(r"^```\n(.*?)^```$", (ROOT / "docs/RUNBOOK.md").read_text(), re.MULTILINE | re.DOTALL)
    dashboards = [text for *_, text in log_queries(Definitions(tuple(definitions), variables, read_known_metrics()))]
    compared = [pair for text in (*runbook, *dashboards) for pair in parse_log_query(text).compared]
    named = {token.text for field, token in compared if field == "outcome"}
    assert named
    assert named <= set(Outcome)
