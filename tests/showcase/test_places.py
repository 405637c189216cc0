"""At its start, a process names the variable of a queue or bucket that does not exist or refuses access."""

import logging
from collections.abc import Callable

import pytest

from local.system.aws_emulator import REGION, AwsEmulator, Queues
from showcase.aws import Aws
from showcase.errors import SettingsError, Unavailable
from showcase.jobs.job_queue import JobQueue
from showcase.places import check_places
from showcase.storage.media_store import MediaStore

AWAY = "http://127.0.0.1:1"


def pings_of(url: str, queues: Queues, bucket: str) -> dict[str, Callable[[], None]]:
    aws = Aws(REGION, url)
    queue = JobQueue(aws, queues.jobs, queues.dead_letter)
    return {
        "sqs_queue_url": queue.ping,
        "sqs_dead_letter_queue_url": queue.ping_dead_letters,
        "ANB_BUCKET": MediaStore(aws, bucket).ping,
    }


@pytest.mark.parametrize("wrong", ["sqs_queue_url", "sqs_dead_letter_queue_url", "ANB_BUCKET", "ANB_BUCKET=a/b"])
def test_a_place_that_does_not_exist_stops_the_start_and_its_variable_is_named(
    emulator: AwsEmulator, queues: Queues, bucket: str, wrong: str
) -> None:
    none = f"{emulator.url}/123456789012/none"
    chosen = Queues(
        jobs=none if wrong == "sqs_queue_url" else queues.jobs,
        dead_letter=none if wrong == "sqs_dead_letter_queue_url" else queues.dead_letter,
    )
    name = {"ANB_BUCKET": "no-such-bucket", "ANB_BUCKET=a/b": "a/b"}.get(wrong, bucket)
    with pytest.raises(SettingsError, match=wrong.partition("=")[0]):
        check_places(pings_of(emulator.url, chosen, name))


def test_places_that_are_away_do_not_stop_the_start(
    queues: Queues, bucket: str, caplog: pytest.LogCaptureFixture
) -> None:
    check_places(pings_of(AWAY, queues, bucket))
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 3
    assert "ANB_BUCKET: no answer yet" in caplog.text


def test_a_place_that_refuses_this_process_is_named_and_does_not_stop_the_start(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The permission may be given later. The test raises the error itself: the emulator never refuses access."""

    def refuse() -> None:
        raise Unavailable("storage", "ping", kind="403")

    check_places({"ANB_BUCKET": refuse})
    (record,) = caplog.records
    assert (record.levelno, "ANB_BUCKET: access is refused (403)" in record.message) == (logging.ERROR, True)
