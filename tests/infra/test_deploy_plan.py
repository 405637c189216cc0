"""``make deploy-plan`` with a stub of ``aws`` that has two stacks: its calls, and that it changes nothing."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.infra.templates import INFRA, STACKS

AWS = """#!/bin/bash
printf '%q ' "$@" >>"$CALLS"; echo >>"$CALLS"
case "$*" in
  *describe-stacks*anb-worker*|*describe-stacks*anb-queue*) echo "Prefix	Release	Forgotten" ;;
  *describe-stacks*) echo "$UNKNOWN" >&2; exit 254 ;;
  *get-template-summary*worker*) echo "Prefix	Release	ReleaseSha256	BootSeconds" ;;
  *get-template-summary*) echo "Prefix" ;;
  *"wait change-set"*) exit 255 ;;
esac
"""
NOT_THERE = "An error occurred (ValidationError): Stack with id anb-x does not exist"


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """A folder with stubs of ``aws`` and ``python`` that only record their calls."""
    for name, text in (("aws", AWS), ("python", '#!/bin/bash\necho "sync $*"\n')):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    return tmp_path


def run(plan: Path, *arguments: str, unknown: str = NOT_THERE) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": f"{plan}:{os.defpath}", "CALLS": str(plan / "calls"), "PYTHON": str(plan / "python")}
    return subprocess.run(
        ["/bin/bash", str(INFRA / "deploy-plan"), *arguments],
        env={**environment, "UNKNOWN": unknown},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_every_stack_has_its_plan_and_nothing_is_changed(plan: Path) -> None:
    done = run(plan, "Release=1.2.3", 'ReleaseSha256=a "b", c')
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("==")] == [
        *(f"== anb-{stack}" for stack in STACKS),
        "== alarms, dashboards, policies",
    ]
    assert done.stdout.count("would be created") == 4
    assert done.stdout.rstrip().endswith("sync -m alarms.sync --plan")
    calls = (plan / "calls").read_text().splitlines()
    assert {call.split()[1] for call in calls} == {
        *("describe-stacks", "get-template-summary", "create-change-set", "wait"),
        *("describe-change-set", "delete-change-set"),
    }
    (worker,) = (call for call in calls if "create-change-set" in call and "anb-worker" in call)
    for wanted in (
        "ParameterKey=Prefix\\,UsePreviousValue=true",
        'ParameterKey=Release\\,ParameterValue=\\"1.2.3\\"',
        'ParameterKey=ReleaseSha256\\,ParameterValue=\\"a\\ \\\\\\"b\\\\\\"\\,\\ c\\"',
    ):
        assert wanted in worker
    assert "Forgotten" not in worker and "BootSeconds" not in worker, (
        "one is gone from the template, the other keeps its default"
    )
    assert sum("create-change-set" in call for call in calls) == sum("delete-change-set" in call for call in calls) == 2


def test_an_error_of_aws_is_not_taken_for_an_empty_account(plan: Path) -> None:
    done = run(plan, unknown="The security token included in the request is expired")
    assert done.returncode == 1 and "expired" in done.stderr
    assert "would be created" not in done.stdout


def test_wrong_usage_is_2(plan: Path) -> None:
    done = run(plan, "Release")
    assert done.returncode == 2 and "KEY=VALUE" in done.stderr
