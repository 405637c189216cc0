"""A false answer to any request of any public method of a facade over AWS raises Unavailable.

Each call is first made on the emulator, and its true answers are recorded. Then it is made again and again on a server
that plays them back, with a lie (tests.faults.lies) in place of one of them.
"""

import ast
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from local.system.aws_emulator import REGION, AwsEmulator
from local.system.ec2_stub import Answer, Imds
from showcase.aws import Aws
from showcase.aws_answers import EXPECTED
from showcase.errors import Unavailable
from tests.architecture.sources import ROOT, product_files
from tests.faults.facade_calls import BUCKET, CALLS, FACADES, GROUP, MESSAGE, QUEUE, Rig
from tests.faults.lies import (
    LIES,
    STRANGE_ERRORS,
    Lie,
    called_html,
    instead,
    nonsense,
    replaced,
    strange_error,
    without,
)
from tests.faults.playback import Playback, Player, RecordedAws, Recording, case_of, record
from tests.worker.ec2.groups import create_group

# Their answers have no body, so these lies change nothing.
WITHOUT_BODY = frozenset({"HeadObject", "HeadBucket", "DeleteObject", "AbortMultipartUpload"})
BODY_LIES = frozenset({"cut", "a list", "a text", "null"})
# The values are opaque, so any text is valid.
OPAQUE = frozenset({"StartMessageMoveTask"})
# Their answers have only a status and a request id.
SILENT = frozenset({"HeadBucket"})
# The answers of a service are tried on its own facades, and on one that has another protocol.
AROUND = {
    "JobQueue": {"JobQueue", "FleetSize"},
    "MediaStore": {"MediaStore", "Inbox", "JobQueue"},
    "Inbox": {"MediaStore", "Inbox"},
    "FleetSize": {"FleetSize", "GroupMember", "MediaStore"},
    "GroupMember": {"FleetSize", "GroupMember", "JobQueue"},
    "InstanceMetadata": {"InstanceMetadata", "FleetSize"},
}
# For each operation, the operations whose answers are valid for it, too.
ALIKE = {
    "DeleteMessage": {"ChangeMessageVisibility", "empty ReceiveMessage"},
    "ChangeMessageVisibility": {"DeleteMessage", "empty ReceiveMessage"},
    "ReceiveMessage": {"DeleteMessage", "ChangeMessageVisibility", "empty ReceiveMessage"},
    "empty ReceiveMessage": {"DeleteMessage", "ChangeMessageVisibility", "ReceiveMessage"},
    "GetQueueAttributes of the ping": {"GetQueueAttributes"},
    "DeleteObject": {"AbortMultipartUpload"},
    "AbortMultipartUpload": {"DeleteObject"},
    "HeadObject": {"GetObject"},
    "token": {"target state", "instance id"},
}


@pytest.fixture(scope="module")
def recordings(emulator: AwsEmulator, tmp_path_factory: pytest.TempPathFactory) -> tuple[Recording, ...]:
    emulator.create_queues(QUEUE, visibility_seconds=60, receive_count_max=5)
    emulator.create_bucket(BUCKET)
    create_group(emulator, GROUP, instances=2)
    with Imds() as imds, RecordedAws(emulator.url, imds) as aws:
        rig = Rig(aws.start().url, tmp_path_factory.mktemp("honest"))
        return tuple(record(aws, rig, call) for call in CALLS)


@pytest.fixture(scope="module")
def player(tmp_path_factory: pytest.TempPathFactory, aws_credentials: None) -> Iterator[Player]:
    with ExitStack() as stack:
        yield Player(stack, tmp_path_factory.mktemp("played"))


def steps(recordings: tuple[Recording, ...]) -> Iterator[tuple[Recording, int, str]]:
    for recording in recordings:
        for at, step in enumerate(recording.call.steps):
            yield recording, at, step.operation


def test_every_public_method_of_every_facade_is_called() -> None:
    methods = {
        f"{facade.__name__}.{name}"
        for facade in FACADES
        for name, value in vars(facade).items()
        if callable(value) and not name.startswith("_")
    }
    assert methods == {call.name.partition(" ")[0] for call in CALLS}
    facades = {facade.__module__ for facade in FACADES} - {"worker.ec2.instance"}
    assert set(_modules_that_import("showcase.aws", "translated")) == facades


def _modules_that_import(module: str, name: str) -> Iterator[str]:
    for path in product_files(ROOT):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == module and name in {n.name for n in node.names}:
                yield ".".join(path.relative_to(ROOT).with_suffix("").parts)


def test_each_operation_with_rules_is_tested() -> None:
    operations = {word for call in CALLS for step in call.steps for word in step.operation.split()}
    assert set(EXPECTED) <= operations


def test_a_call_with_true_answers_returns_its_result(recordings: tuple[Recording, ...], player: Player) -> None:
    for recording in recordings:
        returned, count = player.replay(recording, recording.answers)
        assert count == len(recording.call.steps), recording.call.name
        if recording.call.steps:  # a presigned link differs each second
            assert returned == recording.returned, recording.call.name
    assert recordings[0].returned == [], "the queue was not empty"


@pytest.mark.parametrize("name", LIES)
def test_a_false_answer_is_unavailable(recordings: tuple[Recording, ...], player: Player, name: str) -> None:
    is_about_the_body = name in BODY_LIES
    cases = [
        case_of(recording, at, name, LIES[name])
        for recording, at, operation in steps(recordings)
        if not (is_about_the_body and operation in WITHOUT_BODY)
        and not (operation == "token" and "null" in name)  # a token is opaque
        and name not in recording.call.true_lies
    ]
    assert not player.failures(cases)


def test_the_answer_of_another_operation_is_unavailable(recordings: tuple[Recording, ...], player: Player) -> None:
    answers = {operation: recording.answers[at] for recording, at, operation in steps(recordings)}
    facades = {operation: recording.call.facade for recording, _at, operation in steps(recordings)}
    cases = [
        case_of(recording, at, f"the answer of {other}", instead(given))
        for recording, at, operation in steps(recordings)
        for other, given in answers.items()
        if operation not in SILENT
        and other not in {operation, *ALIKE.get(operation, ())}
        and facades[other] in AROUND[facades[operation]]
    ]
    assert not player.failures(cases)


def test_json_that_is_called_html_is_unavailable(recordings: tuple[Recording, ...], player: Player) -> None:
    cases = [
        case_of(recording, at, "called HTML", called_html)
        for recording, at, _operation in steps(recordings)
        if "json" in recording.answers[at].headers.get("content-type", "")
    ]
    assert not player.failures(cases)


def test_a_strange_error_is_unavailable(recordings: tuple[Recording, ...], player: Player) -> None:
    """In particular, a 404 means that an object is missing only if the body is that of the storage."""
    cases = [
        case_of(recording, at, f"{status} {body!r}", strange_error(status, body))
        for recording, at, operation in steps(recordings)
        for status, body in STRANGE_ERRORS
        # For these two, a 404 is an answer: a HEAD has no body, and the metadata service sends a page of its own.
        if not (status == 404 and operation in ("HeadObject", "target state"))
    ]
    assert not player.failures(cases)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"Messages": null}', b'{"Messages": []}'])
def test_an_empty_answer_of_sqs_may_have_several_forms(
    recordings: tuple[Recording, ...], player: Player, body: bytes
) -> None:
    empty = recordings[0]
    headers = {"x-amzn-requestid": "id"} | ({"content-type": "application/x-amz-json-1.0"} if body else {})
    assert player.replay(empty, (Answer(200, body, headers),)) == ([], 1)


# Answers of S3 and other storages that the emulator does not give: a call, a change of its answer, what it returns.
# An answer behind an alias of an access point has the name of the bucket. MinIO names no region.
SAME = object()
TRUE_ANSWERS: tuple[tuple[str, Lie, object], ...] = (
    ("MediaStore.ping", without("x-amz-bucket-region"), SAME),
    ("MediaStore.pages", replaced("Name", "behind-the-alias"), SAME),
    ("MediaStore.unfinished_uploads", replaced("Bucket", "behind-the-alias"), SAME),
    ("Inbox.begin_parts", replaced("Bucket", "behind-the-alias"), SAME),
    ("Inbox.received_parts", replaced("Bucket", "behind-the-alias"), SAME),
    ("Inbox.join_parts", replaced("Bucket", "behind-the-alias"), SAME),
    ("MediaStore.download", replaced("x-amz-checksum-crc32", "AAAAAA==-2"), SAME),
    ("MediaStore.copy", replaced("ChecksumCRC32", "AAAAAA==-2"), None),
)


def test_true_answers_of_other_storages_are_accepted(recordings: tuple[Recording, ...], player: Player) -> None:
    by_name = {recording.call.name: recording for recording in recordings}
    for name, change, returned in TRUE_ANSWERS:
        recording = by_name[name]
        changed = case_of(recording, 0, "a true answer", change).answers
        expected = recording.returned if returned is SAME else returned
        assert player.replay(recording, changed)[0] == expected, name


def test_an_answer_without_a_needed_member_is_unavailable(recordings: tuple[Recording, ...], player: Player) -> None:
    cases = [
        case_of(recording, at, f"without {member}", without(member))
        for recording, at, _operation in steps(recordings)
        for member in recording.call.steps[at].needed
    ]
    assert not player.failures(cases)


def test_nonsense_in_place_of_all_values_is_unavailable(recordings: tuple[Recording, ...], player: Player) -> None:
    cases = [
        case_of(recording, at, "nonsense", nonsense)
        for recording, at, operation in steps(recordings)
        if operation not in OPAQUE
        and recording.call.steps[at].needed
        and nonsense(recording.answers[at]) != recording.answers[at]
    ]
    assert not player.failures(cases)


WRONG_VALUES: tuple[tuple[str, str, object], ...] = (
    ("JobQueue.send", "MD5OfMessageBody", "0" * 32),
    ("JobQueue.receive", "MD5OfBody", "0" * 32),
    ("JobQueue.receive", "Body", "another body"),
    ("JobQueue.receive", "Body", 5),
    ("JobQueue.receive", "Body", "\ud800"),
    ("JobQueue.receive", "Messages", [None]),
    ("JobQueue.receive", "Messages", "none"),
    ("JobQueue.receive", "ApproximateReceiveCount", "many"),
    ("JobQueue.extend", "Id", "0"),
    ("JobQueue.extend", "Successful", [{}]),
    ("JobQueue.extend", "Failed", [{"Id": "1"}]),
    ("JobQueue.depth", "ApproximateNumberOfMessages", "many"),
    ("JobQueue.depth", "ApproximateNumberOfMessages", "-1"),
    ("JobQueue.depth", "ApproximateNumberOfMessages", "1e3"),
    ("JobQueue.depth", "ApproximateNumberOfMessages", None),
    ("JobQueue.depth", "ApproximateNumberOfMessages", []),
    ("JobQueue.wiring", "RedrivePolicy", "{"),
    ("JobQueue.wiring", "RedrivePolicy", "[]"),
    ("JobQueue.wiring", "RedrivePolicy", '{"deadLetterTargetArn": "arn:x", "maxReceiveCount": "many"}'),
    ("MediaStore.put_stream", "x-amz-checksum-crc32", "AAAAAA=="),
    ("MediaStore.put_file", "x-amz-checksum-crc32", "AAAAAA=="),
    ("MediaStore.download", "x-amz-checksum-crc32", "A"),
    ("MediaStore.copy", "ChecksumCRC32", "A"),
    ("MediaStore.copy", "ChecksumCRC32", "AAAAAA==-"),
    ("MediaStore.read_range", "content-range", "bytes 0-19/1000"),
    ("MediaStore.read_range", "content-range", "bytes 10-14/1000"),
    ("MediaStore.pages", "IsTruncated", "true"),
    ("MediaStore.pages", "LastModified", "yesterday"),
    ("MediaStore.pages", "LastModified", "2026-01-01T00:00:00"),
    ("MediaStore.unfinished_uploads", "Initiated", "2026-01-01T00:00:00"),
    ("MediaStore.unfinished_uploads", "IsTruncated", "true"),
    ("Inbox.received_parts", "IsTruncated", "true"),
    ("Inbox.received_parts", "Size", "much"),
    ("Inbox.received_parts", "UploadId", "another"),
    ("Inbox.begin_parts", "Key", "another"),
    ("Inbox.join_parts", "Key", "another"),
    ("FleetSize.in_service", "AutoScalingGroupName", "another"),
)


def test_a_wrong_value_is_unavailable(recordings: tuple[Recording, ...], player: Player) -> None:
    by_name = {recording.call.name: recording for recording in recordings}
    cases = [
        case_of(by_name[name], 0, f"{member} = {value!r}", replaced(member, value))
        for name, member, value in WRONG_VALUES
    ]
    assert not player.failures(cases)


def test_more_messages_than_asked_for_are_unavailable(recordings: tuple[Recording, ...], player: Player) -> None:
    (recording,) = (recording for recording in recordings if recording.call.name == "JobQueue.receive")

    def twice(true: Answer) -> Answer:
        message = true.body.partition(b"[")[2].rpartition(b"]")[0]
        return Answer(
            true.status, b'{"Messages": [%b, %b]}' % (message, message), {**true.headers, "content-length": ""}
        )

    assert not player.failures([case_of(recording, 0, "the message twice", twice)])


def test_the_error_says_what_is_wrong_and_does_not_quote_the_answer(tmp_path: Path, aws_credentials: None) -> None:
    secret = Answer(200, b'{"password": "secret"}', {"content-type": "application/json", "x-amzn-requestid": "id"})
    with Playback() as server:
        server.play((secret,))
        rig = Rig(server.start().url, tmp_path)
        with pytest.raises(Unavailable, match="UnexpectedAnswer: SendMessage: not JSON of AWS") as raised:
            rig.queue.send(MESSAGE)
    assert "secret" not in f"{raised.value} {raised.value.__cause__}"


def test_an_operation_without_rules_cannot_be_called(aws_credentials: None) -> None:
    with pytest.raises(NotImplementedError, match="ListQueues: add to EXPECTED"):
        Aws(REGION, "http://127.0.0.1:1").sqs().list_queues()
