"""The first section of docs/ALARMS.md: its commands print what it shows, and its files are those of the example."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from alarms.check.metric_catalogue import read_catalogue
from alarms.definition_files import ROOT
from cli.command_parser import ExitCode

COMMAND_SECONDS_MAX = 60
EXAMPLE = ROOT / "docs/examples/shop"
EXIT_CODES = {
    "alarms.check": ExitCode.FAILED,  # one of the alarms is wrong
    "alarms.backtest": ExitCode.DONE,
    "alarms.test": ExitCode.DONE,
}


def section() -> str:
    text = (ROOT / "docs/ALARMS.md").read_text()
    return text.split("## A stranger's five minutes\n")[1].split("\n## ")[0]


SHOWN = dict(re.findall(r"^```console\n\$ python -m ([^\n]+)\n(.*?)^```$", section(), re.MULTILINE | re.DOTALL))


def test_the_section_shows_the_three_commands() -> None:
    assert [command.split()[0] for command in SHOWN] == list(EXIT_CODES)


@pytest.mark.parametrize("command", SHOWN)
def test_a_command_prints_what_the_document_shows(command: str) -> None:
    module, *arguments = command.split()
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=COMMAND_SECONDS_MAX,
    )
    assert (done.stdout, done.stderr, done.returncode) == (SHOWN[command], "", EXIT_CODES[module])


def test_the_cases_in_the_document_are_those_of_the_file() -> None:
    cases, _ = re.findall(r"^```json\n(.*?)^```$", section(), re.MULTILINE | re.DOTALL)
    assert cases == (EXAMPLE / "payment-errors.json").read_text()


def test_the_catalogue_in_the_document_can_be_read_and_has_a_metric_of_the_log(
    tmp_path: Path,
) -> None:
    _, catalogue = re.findall(r"^```json\n(.*?)^```$", section(), re.MULTILINE | re.DOTALL)
    path = tmp_path / "catalogue.json"
    path.write_text(catalogue)
    shown, _ = read_catalogue([path], [])
    recorded, _ = read_catalogue([], [EXAMPLE / "emf.log"])
    assert shown.units.items() <= recorded.units.items()
