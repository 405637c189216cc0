"""With a wrong setting, ``python -m service`` prints a sentence that says what is wrong, and ends with exit code 2."""

from pathlib import Path

import pytest

from local.system.aws_emulator import CREDENTIALS, REGION, AwsEmulator, Queues
from local.system.processes import ManagedProcess, free_port
from tests.service.conftest import SECRET
from tests.service.service_process import END_SECONDS, addresses


@pytest.mark.parametrize(
    ("variable", "setting", "said"),
    [
        ("ANB_EMF_DESTINATION", "file:{directory}", "ANB_EMF_DESTINATION: file:{directory} cannot be opened"),
        ("ANB_BUCKET", "no-such-bucket", "ANB_BUCKET: the queue or bucket does not exist (404)"),
        ("ANB_JWT_SECRET", "-", "ANB_JWT_SECRET: "),
        ("sqs_queue_url", "no url", "sqs_queue_url: "),
    ],
)
def test_a_wrong_setting_stops_the_start_and_its_variable_is_named(
    tmp_path: Path,
    sqlite_url: str,
    emulator: AwsEmulator,
    queues: Queues,
    bucket: str,
    variable: str,
    setting: str,
    said: str,
) -> None:
    environment = {
        **CREDENTIALS,
        **addresses(sqlite_url, emulator, queues, bucket),
        "ANB_JWT_SECRET": SECRET,
        "ANB_API_PORT": str(free_port()),
        "ANB_EMF_DESTINATION": "none",
        "sqs_region": REGION,
        variable: setting.format(directory=tmp_path),
    }
    process = ManagedProcess("service", [], environment, tmp_path / "api.log")
    assert process.wait(END_SECONDS) == 2
    assert process.logged(said.format(directory=tmp_path)) and not process.logged("Traceback")
