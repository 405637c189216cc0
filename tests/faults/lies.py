"""Lies: false answers that a broken proxy, a cut connection or a faulty server sends in place of the true one."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from local.system.ec2_stub import Answer

PAGE = b"<html><body><h1>Welcome</h1></body></html>"
BROKEN_PAGE = b"<!doctype html><html><body>Welcome<br></body></html>"
NONSENSE = "\u00bf?"
# ``nonsense`` leaves these headers, because they describe the body or the sender of the answer.
ABOUT_THE_ANSWER = frozenset(
    {"content-length", "content-type", "x-amzn-requestid", "x-amz-request-id", "x-amz-id-2", "x-amz-crc32"}
)

STRANGE_ERRORS = (
    (404, b""),
    (404, b"<Error/>"),
    (400, b""),
    (400, b"null"),
    (400, b'{"__type": 5}'),
    (400, b"<x><Error>text</Error></x>"),
    (400, b"<Error><Code><x/></Code></Error>"),
)
_GONE = object()

Lie = Callable[[Answer], Answer]


def cut(true: Answer) -> Answer:
    """The connection ends in the middle of the body."""
    length = {"content-length": str(len(true.body) + 1)}
    return Answer(true.status, true.body[: len(true.body) // 2], {**true.headers, **length})


def empty(_true: Answer) -> Answer:
    return Answer(200)


def page(_true: Answer) -> Answer:
    return Answer(200, PAGE, {"content-type": "text/html"})


def broken_page(_true: Answer) -> Answer:
    """HTML that is not XML."""
    return Answer(200, BROKEN_PAGE, {"content-type": "text/html"})


def page_of_a_404(_true: Answer) -> Answer:
    return Answer(404, PAGE, {"content-type": "text/html"})


def bare_null(_true: Answer) -> Answer:
    """JSON that is not an object, without the headers of AWS."""
    return Answer(200, b"null")


def accepted(true: Answer) -> Answer:
    """The true answer with the status "accepted" (202)."""
    return Answer(202, true.body, true.headers)


def called_html(true: Answer) -> Answer:
    """The true answer with the content type of HTML."""
    return Answer(true.status, true.body, {**true.headers, "content-type": "text/html"})


def strange_error(status: int, body: bytes) -> Lie:
    """An error with the headers of AWS and a body that AWS does not send."""
    return lambda true: Answer(status, body, {**true.headers, "content-length": str(len(body))})


def other_type(body: bytes) -> Lie:
    """The true headers, with a body that is JSON of another type."""

    def lie(true: Answer) -> Answer:
        return Answer(true.status, body, {**true.headers, "content-length": str(len(body))})

    return lie


LIES: Mapping[str, Lie] = {
    "cut": cut,
    "empty": empty,
    "page": page,
    "broken page": broken_page,
    "page of a 404": page_of_a_404,
    "a list": other_type(b"[]"),
    "a text": other_type(b'"text"'),
    "null": other_type(b"null"),
    "a bare null": bare_null,
    "accepted": accepted,
}


def instead(other: Answer) -> Lie:
    """This answer instead of the true one."""
    return lambda _true: other


def without(member: str) -> Lie:
    """The answer without a member of its JSON, an element of its XML, or a header. It must have been there."""
    return lambda true: _with_other(true, member, "", _GONE)


def replaced(member: str, value: Any) -> Lie:
    """The answer with another value of this member. It must have been there."""
    return lambda true: _with_other(true, member, value, value)


def _with_other(true: Answer, member: str, header: str, value: object) -> Answer:
    headers = {**true.headers, member: header} if member in true.headers else dict(true.headers)
    body = _other_body(true, lambda name, old: value if name == member else old)
    if body == true.body and headers == true.headers:
        raise LookupError(f"the true answer has no {member}: {true}")
    return Answer(true.status, body, _with_length(headers, true, body))


def nonsense(true: Answer) -> Answer:
    """The answer with nonsense for each value. It is the same where there is no value."""
    headers = {k: v if k in ABOUT_THE_ANSWER else "?" for k, v in true.headers.items()}
    body = _other_body(true, lambda _name, value: NONSENSE if isinstance(value, str | int) else value)
    return Answer(true.status, body, _with_length(headers, true, body))


def _with_length(headers: dict[str, str], true: Answer, body: bytes) -> dict[str, str]:
    return headers if body == true.body else {**headers, "content-length": str(len(body))}


def _other_body(true: Answer, change: Callable[[str, Any], Any]) -> bytes:
    """The body after ``change(name, value)`` of each member. _GONE removes it."""
    if "json" in true.headers.get("content-type", ""):
        return json.dumps(_changed(json.loads(true.body or b"{}"), change)).encode()
    if "xml" in true.headers.get("content-type", ""):
        return _other_xml(true.body.decode(), change).encode()
    return true.body


def _changed(value: Any, change: Callable[[str, Any], Any]) -> Any:
    if isinstance(value, list):
        return [_changed(item, change) for item in value]
    if not isinstance(value, dict):
        return value
    pairs = ((name, change(name, _changed(inner, change))) for name, inner in value.items())
    return {name: inner for name, inner in pairs if inner is not _GONE}


def _other_xml(xml: str, change: Callable[[str, Any], Any]) -> str:
    names = set(re.findall(r"<(\w+)", xml))
    for name in names:
        if change(name, {}) is _GONE:
            xml = re.sub(rf"<{name}(?:\s[^>]*)?/>|<{name}(?:\s[^>]*)?>.*?</{name}>", "", xml, flags=re.DOTALL)
    return re.sub(r"<(\w+)>([^<]+)</", lambda found: f"<{found[1]}>{change(found[1], found[2])}</", xml)
