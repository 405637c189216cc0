"""schemathesis sends the running API requests that it generates from the OpenAPI document."""

import subprocess
import sys
from pathlib import Path

import pytest

from showcase.settings import child_environment
from tests.service.conftest import Contest
from tests.service.player_requests import processed

ROOT = Path(__file__).resolve().parents[3]
CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
SECONDS_MAX = 3600


def schemathesis(contest: Contest, clip: Path, examples: int, report: Path) -> subprocess.CompletedProcess[str]:
    owner, _ = processed(contest, clip)
    command = [
        str(Path(sys.executable).with_name("st")),
        f"--config-file={CONFIGURATION}",
        "run",
        f"{contest.url}/api/openapi.json",
        "--phases=examples,coverage,fuzzing,stateful",
        "--checks=all",
        f"--max-examples={examples}",
        "--seed=1",
        "--generation-database=none",
        "--continue-on-failure",
        "--no-color",
        "--report=ndjson",
        f"--report-ndjson-path={report}",
    ]
    environment = child_environment({"CONTEST_TOKEN": owner.headers["Authorization"].removeprefix("Bearer ")})
    return subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS_MAX, check=False
    )


def _counts(output: str) -> str:
    return next((line.strip() for line in output.splitlines() if " generated, " in line), "")


@pytest.mark.timeout(SECONDS_MAX)
def test_each_generated_request_gets_an_answer_that_the_document_promises(
    contest: Contest, clip: Path, tmp_path: Path, pytestconfig: pytest.Config, capfd: pytest.CaptureFixture[str]
) -> None:
    examples = pytestconfig.getoption("--fuzz-examples", default=3)
    ended = schemathesis(contest, clip, examples, tmp_path / "report.ndjson")
    with capfd.disabled():
        print(_counts(ended.stdout))  # noqa: T201 - how much was tried
    assert ended.returncode == 0, ended.stdout + ended.stderr
