"""What an answer of AWS must have, for each operation that this project calls.

botocore accepts any answer with a status below 300 as a success: the page of a proxy, an empty body, a body that was
cut, the answer to another request. ``watch_answers`` checks each answer of a client against ``EXPECTED`` before
botocore returns it, also inside paginators and transfers. An operation without an entry cannot be called.

A rule looks at what botocore has read anyway, so it costs microseconds. Only a checksum costs more: 4 ms for a part.

Refusing a true answer would be worse than accepting a false one. So a rule requires only what AWS documents for this
call and other storages also send. Two members of S3's answers are not examined for that reason. The name of the bucket
differs from the requested one if that was an alias of an access point. MinIO leaves out the region of the bucket.
"""

import base64
import hashlib
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from botocore.parsers import ResponseParserFactory

_ASKED = "anb_asked"  # the name of the parameters in the context of a call
_REQUEST_IDS = ("x-amzn-requestid", "x-amz-request-id")
_PIECE_BYTES = 1024 * 1024

_ROOT_OF_XML = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?<(?:[\w.-]+:)?([\w.-]+)")
# SQS says nothing in each of these ways: no body, {} and {"Messages": null}.
_NOTHING = re.compile(rb'\s*(?:\{\s*(?:"Messages"\s*:\s*null\s*)?\}\s*)?')
_COUNT = re.compile(r"[0-9]{1,15}")
_CRC32 = re.compile(r"[A-Za-z0-9+/]{6}==(?:-[0-9]{1,5})?")  # with the number of parts, it is a CRC of their CRCs
_CONTENT_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/")


class UnexpectedAnswer(Exception):
    """The answer is not AWS' answer to this call. The text says why, without quoting the answer."""


class GuardedParsers(ResponseParserFactory):
    """Makes parsers that raise UnexpectedAnswer for garbage. botocore's raise any error, and may quote the garbage."""

    def create_parser(self, protocol_name: str) -> Any:
        return _GuardedParser(super().create_parser(protocol_name))


class _GuardedParser:
    def __init__(self, parser: Any) -> None:
        self._parser = parser

    def parse(self, response: Any, shape: Any) -> Any:
        try:
            parsed = self._parser.parse(response, shape)
            # botocore takes for granted that an answer is an object, and the code of its error a text.
            is_readable = isinstance(parsed.get("Error", {}).get("Code"), str | None)
        except Exception as error:
            raise UnexpectedAnswer(f"unreadable ({type(error).__name__})") from error
        if not is_readable:
            raise UnexpectedAnswer("an error without a readable code")
        return parsed


@dataclass(frozen=True, slots=True)
class AwsAnswer:
    """One answer. ``asked`` has the parameters of the call, ``read`` what botocore read.

    ``body`` is None if the answer has none (HEAD), or if it is a stream that the caller reads.
    """

    asked: Mapping[str, Any]
    read: Mapping[str, Any]
    status: int
    headers: Mapping[str, str]
    body: bytes | None


Rule = Callable[[AwsAnswer], str]  # what is wrong with the answer, or ""


class Events(Protocol):
    """The events of a botocore client."""

    def register(self, event_name: str, handler: Callable[..., Any]) -> None:
        """Call ``handler`` at each event of that name."""


def watch_answers(events: Events) -> None:
    """From now on, a call of the client with these events raises UnexpectedAnswer for an answer that breaks a rule."""
    events.register("before-parameter-build.*.*", _remember_the_call)
    # botocore calls these handlers before its own, which trust the answer.
    events.register("after-call.*.*", _look_at_the_answer)


def _remember_the_call(params: Mapping[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
    if model.name not in EXPECTED and not context.get("is_presign_request"):
        raise NotImplementedError(f"{model.name}: add to EXPECTED in {__name__} what its answer must have")
    context[_ASKED] = params


def _look_at_the_answer(http_response: Any, parsed: Any, model: Any, context: dict[str, Any], **_: Any) -> None:
    has_body = model.http.get("method") != "HEAD" and not model.has_streaming_output
    answer = AwsAnswer(
        asked=context[_ASKED],
        read=parsed,
        status=http_response.status_code,
        headers=http_response.headers,
        body=http_response.content if has_body else None,
    )
    if fault := _find_fault(model.name, answer):
        raise UnexpectedAnswer(f"{model.name}: {fault}")


def _find_fault(operation: str, answer: AwsAnswer) -> str:
    """What is wrong with an answer, or "". Of an error, only the sender is examined: botocore raises its code."""
    rules = (_is_from_aws,) if answer.status >= 300 else (_is_from_aws, _is_whole, *EXPECTED[operation])
    return next((fault for rule in rules if (fault := rule(answer))), "")


def _is_from_aws(answer: AwsAnswer) -> str:
    """AWS gives each answer an id. Without one, a 404 is a proxy's, and says nothing about the object."""
    is_from_aws = any(name in answer.headers for name in _REQUEST_IDS)
    return "" if is_from_aws else f"status {answer.status} without a request id"


def _is_whole(answer: AwsAnswer) -> str:
    """botocore accepts a body that ends before its announced length. (It examines a stream.)"""
    announced = answer.headers.get("content-length", "")
    is_cut = answer.body is not None and _COUNT.fullmatch(announced) and int(announced) != len(answer.body)
    return "its body was cut" if is_cut else ""


def _status(status: int) -> Rule:
    return lambda answer: "" if answer.status == status else f"status {answer.status}"


def _is_json(answer: AwsAnswer) -> str:
    is_json = answer.headers.get("content-type", "").startswith("application/x-amz-json-")
    return "" if is_json or not answer.body else "not JSON of AWS"


def _is_xml(name: str) -> Rule:
    """XML with this root. Another operation's XML can have the same members."""

    def rule(answer: AwsAnswer) -> str:
        root = _ROOT_OF_XML.match(answer.body or b"")
        return "" if root and root.group(1) == name.encode() else f"no {name}"

    return rule


def _has_no_body(answer: AwsAnswer) -> str:
    return "a body where none belongs" if answer.body else ""


def _says_nothing(answer: AwsAnswer) -> str:
    """The answer is empty. An answer with content belongs to another request."""
    return "" if _NOTHING.fullmatch(answer.body or b"") else "a body where none belongs"


def _has(*members: str) -> Rule:
    def rule(answer: AwsAnswer) -> str:
        return next((f"no {name}" for name in members if answer.read.get(name) in (None, "")), "")

    return rule


def _repeats(*parameters: str) -> Rule:
    """The answer repeats these parameters of the call."""

    def rule(answer: AwsAnswer) -> str:
        return next((f"another {name}" for name in parameters if answer.read.get(name) != answer.asked[name]), "")

    return rule


def _is_list(member: str, **kinds: type) -> Rule:
    """A list that may be absent. Each of its items has these members."""

    def rule(answer: AwsAnswer) -> str:
        for item in answer.read.get(member, ()):
            for name, kind in kinds.items():
                value = item.get(name) if isinstance(item, dict) else None
                is_time_of_nowhere = isinstance(value, datetime) and value.tzinfo is None
                if not isinstance(value, kind) or value == "" or is_time_of_nowhere:
                    return f"{member} without {name}"
        return ""

    return rule


def _is_page(*markers: str) -> Rule:
    """A page of a list. If more pages follow, it says where they begin; without that, the list would end too early."""

    def rule(answer: AwsAnswer) -> str:
        if "IsTruncated" not in answer.read:
            return "no IsTruncated"
        return _has(*markers)(answer) if answer.read["IsTruncated"] else ""

    return rule


def _md5(text: str) -> str:
    # JSON can have half of a surrogate pair, which no encoding accepts.
    return hashlib.md5(text.encode(errors="surrogatepass"), usedforsecurity=False).hexdigest()


def _confirms_the_message(answer: AwsAnswer) -> str:
    is_ours = answer.read.get("MD5OfMessageBody") == _md5(answer.asked["MessageBody"])
    return "" if is_ours else "the MD5 of another message"


def _has_whole_messages(answer: AwsAnswer) -> str:
    messages = answer.read.get("Messages")
    if messages is None:
        return _says_nothing(answer)
    if len(messages) > answer.asked["MaxNumberOfMessages"]:
        return "more messages than asked for"
    for message in messages:
        if message["MD5OfBody"] != _md5(message["Body"]):
            return "a message with the MD5 of another"
        for name in answer.asked["MessageSystemAttributeNames"]:
            if not _is_count(message["Attributes"].get(name)):
                return f"a message without {name}"
    return ""


def _is_count(value: object) -> bool:
    return isinstance(value, str) and _COUNT.fullmatch(value) is not None


def _names_every_entry(answer: AwsAnswer) -> str:
    """A batch: each entry has succeeded or failed."""
    named = [entry["Id"] for member in ("Successful", "Failed") for entry in answer.read.get(member, ())]
    is_complete = sorted(named) == sorted(entry["Id"] for entry in answer.asked["Entries"])
    return "" if is_complete else "not every entry of the batch"


def _has_the_attributes(answer: AwsAnswer) -> str:
    found = answer.read.get("Attributes", {})
    for name in answer.asked["AttributeNames"]:
        value = found.get(name)
        if name == "RedrivePolicy":
            is_readable = value is None or isinstance(value, str)  # a queue may have none
        elif name == "QueueArn":
            is_readable = isinstance(value, str) and value.startswith("arn:")
        else:
            is_readable = _is_count(value)
        if not is_readable:
            return f"no readable {name}"
    return ""


def _has_our_checksum(answer: AwsAnswer) -> str:
    """The storage got our bytes. Emulators do not always say so; AWS does."""
    crc32 = answer.read.get("ChecksumCRC32")
    if not crc32:
        return ""
    checksum, body = 0, answer.asked["Body"]
    body.seek(0)
    while piece := body.read(_PIECE_BYTES):
        checksum = zlib.crc32(piece, checksum)
    is_ours = crc32 == base64.b64encode(checksum.to_bytes(4)).decode()
    return "" if is_ours else "the checksum of other bytes"


def _has_readable_checksums(answer: AwsAnswer) -> str:
    for name, value in answer.read.items():
        if name.startswith("Checksum") and name != "ChecksumType":
            try:
                base64.b64decode(value.partition("-")[0], validate=True)
            except ValueError:
                return f"an unreadable {name}"
    return ""


def _has_an_end(answer: AwsAnswer) -> str:
    """A stream that shows whether it is complete: by its announced length, or by its last chunk."""
    is_chunked = "chunked" in answer.headers.get("transfer-encoding", "")
    return "" if is_chunked or "ContentLength" in answer.read else "no ContentLength"


def _is_the_range(answer: AwsAnswer) -> str:
    """The bytes of the range that was asked for, or the whole object."""
    asked = answer.asked.get("Range")
    if not asked:
        return _status(200)(answer)
    first, last = map(int, asked.removeprefix("bytes=").split("-"))
    came = _CONTENT_RANGE.match(answer.read.get("ContentRange", ""))
    if not came or answer.status != 206:
        return "no range"
    return "" if int(came[1]) == first and int(came[2]) <= last else "another range"


def check_length(content_range: str, data: bytes) -> None:
    """Raises UnexpectedAnswer unless ``data`` has the length that the answer to GetObject announced."""
    came = _CONTENT_RANGE.match(content_range)
    if not came or len(data) != int(came[2]) - int(came[1]) + 1:
        raise UnexpectedAnswer("GetObject: another number of bytes")


def _has_a_copy(answer: AwsAnswer) -> str:
    copied = answer.read.get("CopyObjectResult", {})
    if not copied.get("ETag"):
        return "no ETag"
    crc32 = copied.get("ChecksumCRC32")
    return "" if crc32 is None or _CRC32.fullmatch(crc32) else "an unreadable checksum"


def _is_the_group(answer: AwsAnswer) -> str:
    """The group that was asked for, or none."""
    for group in answer.read["AutoScalingGroups"]:
        if group["AutoScalingGroupName"] not in answer.asked["AutoScalingGroupNames"]:
            return "another group"
        if not all(instance.get("LifecycleState") for instance in group["Instances"]):
            return "an instance without a state"
    return ""


def _json(*rules: Rule) -> tuple[Rule, ...]:
    return (_status(200), _is_json, *rules)


def _xml(root: str, *rules: Rule) -> tuple[Rule, ...]:
    return (_status(200), _is_xml(root), *rules)


_STORED = (_status(200), _has_no_body, _has("ETag"), _has_our_checksum)
_OBJECT = _has("ETag", "LastModified", "AcceptRanges")
_REMOVED = (_status(204),)

EXPECTED: Final[Mapping[str, tuple[Rule, ...]]] = {
    # SQS. The answers to an empty receive and to a delete have no content, so only their type and id can be checked.
    "SendMessage": _json(_has("MessageId"), _confirms_the_message),
    "ReceiveMessage": _json(
        _is_list("Messages", Body=str, MessageId=str, ReceiptHandle=str, MD5OfBody=str, Attributes=dict),
        _has_whole_messages,
    ),
    "DeleteMessage": _json(_says_nothing),
    "ChangeMessageVisibility": _json(_says_nothing),
    "ChangeMessageVisibilityBatch": _json(
        _is_list("Successful", Id=str), _is_list("Failed", Id=str, Code=str), _names_every_entry
    ),
    "GetQueueAttributes": _json(_has_the_attributes),
    "StartMessageMoveTask": _json(_has("TaskHandle")),
    # S3
    "PutObject": _STORED,
    "UploadPart": _STORED,
    "CopyObject": _xml("CopyObjectResult", _has_a_copy),
    "GetObject": (_OBJECT, _has_an_end, _is_the_range, _has_readable_checksums),
    "HeadObject": (_status(200), _OBJECT, _has("ContentLength")),
    "HeadBucket": (_status(200),),
    "DeleteObject": _REMOVED,
    "AbortMultipartUpload": _REMOVED,
    "CreateMultipartUpload": _xml("InitiateMultipartUploadResult", _repeats("Key"), _has("UploadId")),
    "CompleteMultipartUpload": (_status(200), _repeats("Key"), _has("ETag")),
    "ListObjectsV2": _xml(
        "ListBucketResult",
        _is_page("NextContinuationToken"),
        _is_list("Contents", Key=str, LastModified=datetime),
    ),
    "ListMultipartUploads": _xml(
        "ListMultipartUploadsResult",
        _is_page("NextKeyMarker", "NextUploadIdMarker"),
        _is_list("Uploads", Key=str, UploadId=str, Initiated=datetime),
    ),
    "ListParts": (
        _status(200),
        _repeats("Key", "UploadId"),
        _is_page("NextPartNumberMarker"),
        _is_list("Parts", PartNumber=int, Size=int, ETag=str),
    ),
    # Auto Scaling. botocore can read an answer only if it has the element that is named after the operation.
    "DescribeAutoScalingGroups": (
        _status(200),
        _has("AutoScalingGroups"),
        _is_list("AutoScalingGroups", AutoScalingGroupName=str, Instances=list),
        _is_the_group,
    ),
    "RecordLifecycleActionHeartbeat": (_status(200),),
    "CompleteLifecycleAction": (_status(200),),
    "SetInstanceProtection": (_status(200),),
}
