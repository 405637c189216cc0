import json
import uuid
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcase.errors import UnreadableMessage
from showcase.jobs.job_message import JobMessage, parse_message

IDS = {"video_id": str(uuid.uuid4()), "task_id": str(uuid.uuid4()), "created_at": "2024-01-01T00:00:00Z"}


def test_the_body_is_that_of_the_contract() -> None:
    message = JobMessage(uuid.UUID(int=1), uuid.UUID(int=2), "s3://b/k.mp4", datetime(2024, 1, 1, tzinfo=UTC))
    assert json.loads(message.to_json()) == {
        "video_id": "00000000-0000-0000-0000-000000000001",
        "video_path": "s3://b/k.mp4",
        "task_id": "00000000-0000-0000-0000-000000000002",
        "created_at": "2024-01-01T00:00:00Z",
    }


@given(st.uuids(), st.uuids(), st.datetimes(timezones=st.just(UTC)).map(lambda t: t.replace(microsecond=0)))
def test_a_message_that_was_written_can_be_read(video_id: uuid.UUID, task_id: uuid.UUID, created_at: datetime) -> None:
    message = JobMessage(video_id, task_id, "s3://bucket/key", created_at.replace(year=max(1000, created_at.year)))
    assert parse_message(message.to_json()) == message


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 4000, "not JSON"),
        ("[]", "not a JSON object"),
        ('"text"', "not a JSON object"),
        ("{}", "'video_id' is missing"),
        (json.dumps(IDS | {"video_id": 7}), "no valid value"),
        (json.dumps(IDS | {"task_id": "../../etc"}), "no valid value"),
        (json.dumps(IDS | {"created_at": "yesterday"}), "no valid value"),
        (json.dumps(IDS | {"created_at": None}), "no valid value"),
        (json.dumps(IDS | {"padding": "x" * 5000}), "at most 4096"),
    ],
)
def test_a_body_that_is_not_a_message_is_refused_with_the_reason(body: str, reason: str) -> None:
    with pytest.raises(UnreadableMessage, match=reason):
        parse_message(body)


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(
    st.sampled_from(["video_id", "task_id", "created_at", "video_path"]), x)).map(json.dumps))  # fmt: skip
def test_no_body_raises_another_error(body: str) -> None:
    with suppress(UnreadableMessage):
        parse_message(body)
