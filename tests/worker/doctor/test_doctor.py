"""The doctor finds every fault, says what to do about each, and makes all checks in any case."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.system.aws_emulator import AwsEmulator, Queues
from showcase.settings import MIB, read_settings
from tests.worker.worker_variables import worker_variables
from worker.doctor.__main__ import main
from worker.doctor.checks import (
    CHECKS,
    Grade,
    check_bucket,
    check_clock,
    check_dead_letter_queue,
    check_disk,
    check_queue,
    check_schema,
)
from worker.media.artwork import find_artwork
from worker.settings import WorkerSettings

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MACHINE_CHECKS = {"ffmpeg", "confinement", "disk"}  # these may warn, depending on the machine that runs the tests


@pytest.fixture(autouse=True)
def environment(
    emulator: AwsEmulator,
    queues: Queues,
    database_url: str,
    bucket: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> pytest.MonkeyPatch:
    monkeypatch.chdir(tmp_path)  # no .env of the checkout
    variables = worker_variables(emulator, queues, database_url=database_url, bucket=bucket, directory=tmp_path)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def settings() -> WorkerSettings:
    return read_settings(WorkerSettings)


def examined(capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, dict[str, Any]], str]:
    """The exit code, the checks by name, and the whole output."""
    code = main(["--json"])
    printed = "".join(capsys.readouterr())
    document = json.loads(printed)
    assert document["ok"] == (code == 0)
    checks = {check["check"]: check for check in document["checks"]}
    assert list(checks) == ["settings", *(check.name for check in CHECKS)], "each check is made, also after failures"
    assert all(check["advice"] for check in checks.values() if check["grade"] != "ok")
    return code, checks, printed


def test_each_check_of_a_healthy_system_prints_one_good_line(
    capsys: pytest.CaptureFixture[str], emulator: AwsEmulator, bucket: str
) -> None:
    assert main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(CHECKS) + 1
    for line in lines:
        sign, name = line.split(":")[0].split(" ", maxsplit=1)
        assert sign == "✓" or (sign == "!" and name in MACHINE_CHECKS), line
    assert "Contents" not in emulator.s3.list_objects_v2(Bucket=bucket), "the probe is removed"


@sqlite_only
def test_all_faults_are_found_in_one_run_and_the_password_stays_secret(
    capsys: pytest.CaptureFixture[str], environment: pytest.MonkeyPatch, emulator: AwsEmulator, tmp_path: Path
) -> None:
    nowhere = f"{emulator.url}/123456789012/none"
    (tmp_path / "file").touch()
    faults = {
        "ANB_DATABASE_URL": "postgresql://anb:hunter2@127.0.0.1:1/anb",
        "sqs_queue_url": nowhere,
        "sqs_dead_letter_queue_url": nowhere,
        "ANB_BUCKET": "no-such-bucket",
        "ANB_FFMPEG": "/no/such/ffmpeg",
        "ANB_WORK_DIRECTORY": str(tmp_path / "file" / "work"),
    }
    for name, value in faults.items():
        environment.setenv(name, value)
    code, checks, printed = examined(capsys)
    assert code == 1
    failed = {name for name, check in checks.items() if check["grade"] == "failure"}
    assert failed == {"database", "queue", "bucket", "ffmpeg", "disk"}
    for name in ("schema", "clock"):
        assert checks[name]["message"] == "not checked: the database is away"
    assert checks["dead-letter queue"]["message"] == "not checked: the queue is away"
    assert "Connection refused" in checks["database"]["message"]
    assert "NoSuchBucket" in checks["bucket"]["message"]
    assert "/no/such/ffmpeg" in checks["ffmpeg"]["message"]
    assert "hunter2" not in printed


@sqlite_only
@pytest.mark.parametrize(
    "url", ["postgresql://anb:pass@host:hunter2/anb", "postgresql://anb:p@hunter2@127.0.0.1:1/anb"]
)
def test_a_database_url_that_cannot_be_read_is_not_printed(
    capsys: pytest.CaptureFixture[str], environment: pytest.MonkeyPatch, url: str
) -> None:
    environment.setenv("ANB_DATABASE_URL", url)
    code, checks, printed = examined(capsys)
    assert (code, checks["database"]["message"]) == (1, "ANB_DATABASE_URL is not a URL")
    assert "hunter2" not in printed
    assert "%XX" in checks["database"]["advice"]


@sqlite_only
def test_missing_settings_are_named_and_the_other_checks_are_not_made(
    capsys: pytest.CaptureFixture[str], environment: pytest.MonkeyPatch
) -> None:
    environment.delenv("sqs_queue_url")
    environment.delenv("ANB_BUCKET")
    code, checks, _ = examined(capsys)
    assert (code, checks["settings"]["grade"]) == (1, "failure")
    assert "sqs_queue_url" in checks["settings"]["message"]
    assert "ANB_BUCKET" in checks["settings"]["message"]
    assert {check["grade"] for name, check in checks.items() if name != "settings"} == {"warning"}


@sqlite_only
def test_an_unexpected_error_is_named_and_the_other_checks_are_made(
    capsys: pytest.CaptureFixture[str], environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("sqs_region", "not a region")
    code, checks, _ = examined(capsys)
    assert code == 1
    assert checks["queue"]["message"] == "unexpected InvalidRegionError"
    assert "sqs_region" in checks["queue"]["advice"]
    assert checks["database"]["grade"] == "ok"


@sqlite_only
def test_a_database_without_tables_is_distinguished_from_one_that_is_away(
    capsys: pytest.CaptureFixture[str], environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("ANB_DATABASE_URL", f"sqlite:///{tmp_path / 'empty.db'}")
    _, checks, _ = examined(capsys)
    assert (checks["database"]["grade"], checks["schema"]["grade"]) == ("ok", "failure")
    assert "python -m migrations" in checks["schema"]["message"]


def test_the_schema_of_both_databases_is_recognised(database_url: str) -> None:
    assert check_schema(settings()).grade is Grade.OK


@pytest.mark.parametrize(("seconds", "words"), [(60, "60 s ahead of"), (-60, "60 s behind")])
def test_a_wrong_clock_is_a_warning(seconds: float, words: str) -> None:
    verdict = check_clock(settings(), now=lambda: datetime.now(UTC) + timedelta(seconds=seconds))
    assert (verdict.grade, verdict.message) == (Grade.WARNING, f"{words} the database's")
    assert "chrony" in verdict.advice


@sqlite_only
@pytest.mark.parametrize(("setting", "grade"), [("30", Grade.OK), ("60", Grade.WARNING)])
def test_a_visibility_timeout_that_differs_from_the_settings_is_a_warning(
    environment: pytest.MonkeyPatch, setting: str, grade: Grade
) -> None:
    environment.setenv("sqs_visibility_timeout", setting)
    verdict = check_queue(settings())
    assert verdict.grade is grade
    if grade is Grade.WARNING:
        assert "VisibilityTimeout=60" in verdict.advice


@sqlite_only
def test_a_visibility_timeout_shorter_than_the_heartbeat_is_a_failure(emulator: AwsEmulator, queues: Queues) -> None:
    emulator.sqs.set_queue_attributes(QueueUrl=queues.jobs, Attributes={"VisibilityTimeout": "5"})
    verdict = check_queue(settings())
    assert verdict.grade is Grade.FAILURE
    assert "first heartbeat comes too late" in verdict.message


@sqlite_only
def test_the_wiring_of_the_dead_letter_queue_is_compared_with_the_settings(
    environment: pytest.MonkeyPatch, emulator: AwsEmulator, queues: Queues
) -> None:
    assert check_dead_letter_queue(settings()).grade is Grade.OK
    environment.setenv("sqs_max_receive_count", "7")
    verdict = check_dead_letter_queue(settings())
    assert verdict.grade is Grade.WARNING
    assert verdict.message == "the queue's maxReceiveCount is 5; sqs_max_receive_count says 7"
    other = emulator.create_queues(
        f"{queues.jobs.rsplit('/', maxsplit=1)[-1]}-b", visibility_seconds=30, receive_count_max=5
    )
    environment.setenv("sqs_dead_letter_queue_url", other.dead_letter)
    verdict = check_dead_letter_queue(settings())
    assert verdict.grade is Grade.FAILURE
    assert "points to" in verdict.message


@sqlite_only
def test_the_advice_for_a_queue_without_a_redrive_policy_sets_one(
    environment: pytest.MonkeyPatch, emulator: AwsEmulator, queues: Queues
) -> None:
    plain = emulator.sqs.create_queue(QueueName=f"{queues.jobs.rsplit('/', maxsplit=1)[-1]}-plain")["QueueUrl"]
    environment.setenv("sqs_queue_url", plain)
    verdict = check_dead_letter_queue(settings())
    assert verdict.grade is Grade.FAILURE
    attributes = json.loads(verdict.advice.split("--attributes ")[1].strip("'"))
    emulator.sqs.set_queue_attributes(QueueUrl=plain, Attributes=attributes)
    assert check_dead_letter_queue(settings()).grade is Grade.OK


@sqlite_only
def test_the_probe_of_the_bucket_leaves_other_objects_alone(emulator: AwsEmulator, bucket: str) -> None:
    emulator.s3.put_object(Bucket=bucket, Key="doctor/mine", Body=b"x")
    assert check_bucket(settings()).grade is Grade.OK
    assert [item["Key"] for item in emulator.s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["doctor/mine"]


@sqlite_only
@pytest.mark.parametrize(
    ("free_bytes", "grade"),
    [
        (512 * MIB - 1, Grade.FAILURE),
        (512 * MIB, Grade.WARNING),
        (2048 * MIB - 1, Grade.WARNING),
        (2048 * MIB, Grade.OK),
    ],
)
def test_a_disk_that_fills_up_warns_before_it_fails(free_bytes: int, grade: Grade) -> None:
    assert check_disk(settings(), free_bytes=lambda _directory: free_bytes).grade is grade


@sqlite_only
def test_the_disk_of_the_work_directory_is_measured(tmp_path: Path) -> None:
    seen: list[Path] = []

    def free_bytes(directory: Path) -> int:
        seen.append(directory)
        return shutil.disk_usage(directory).free

    verdict = check_disk(settings(), free_bytes=free_bytes)
    assert seen == [tmp_path / "work"]
    assert str(tmp_path / "work") in verdict.message
    assert list((tmp_path / "work").iterdir()) == []


@sqlite_only
def test_artwork_with_which_no_worker_starts_is_a_failure(
    capsys: pytest.CaptureFixture[str], environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    half = tmp_path / "half.mp4"
    half.write_bytes(find_artwork(None, None, None).opening.path.read_bytes()[:250_000])
    environment.setenv("ANB_CLOSING_BUMPER", str(half))
    code, checks, _ = examined(capsys)
    assert (code, checks["artwork"]["grade"]) == (1, "failure")
    assert checks["artwork"]["message"].startswith(f"ANB_CLOSING_BUMPER: {half} cannot be used: ffmpeg: ")


@sqlite_only
def test_help_documents_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "exit codes: 0 no ✗ 1 at least one ✗ 2 wrong usage; nothing was checked" in printed
