"""Bad input gets a 4xx in the shape of all errors, and never a 500.

The client checks that every answer has that shape, and a status and code that the OpenAPI document promises.
"""

import socket

import pytest

from tests.service.conftest import Contest, signup_body
from tests.service.player_requests import error
from tests.service.promises import Operation, operations

DEEP = 20_000
BODIES = {
    "nothing": b"",
    "no JSON": b"hola",
    "half of JSON": b'{"email": "a@b.c"',
    "another value": b"[]",
    "a text": b'"{}"',
    "null": b"null",
    "NaN": b"NaN",
    "a number without end": b"1" * 5000,
    "two values": b"{}{}",
    "a byte-order mark": b'\xef\xbb\xbf{"email": "a@b.c", "password": "x"}',
    "UTF-16": '{"email": "a@b.c", "password": "x"}'.encode("utf-16"),
    "invalid UTF-8": b'{"email": "\xff\xfe@b.c", "password": "x"}',
    "overlong UTF-8": b'{"email": "\xc0\x80@b.c", "password": "x"}',
    "a lone surrogate": b'{"email": "\\ud800@b.c", "password": "x"}',
    "a lone surrogate in UTF-8": b'{"email": "\xed\xa0\x80@b.c", "password": "x"}',
    "NUL": b'{"email": "a\\u0000@b.c", "password": "x"}',
    "deep arrays": b"[" * DEEP,
    "deep objects": b'{"email":' * (DEEP // 5),
    "deep in a field": b'{"email": ' + b"[" * DEEP + b"]" * DEEP + b', "password": "x"}',
    "deep in an unknown field": b'{"x": ' + b"[" * DEEP + b"]" * DEEP + b', "email": "a@b.c", "password": 1}',
    "wrong types": b'{"email": {"$ne": null}, "password": ["x"]}',
    "null fields": b'{"email": null, "password": null}',
    "a form": b"email=a%40b.c&password=x",
    "too much": b'{"email": "' + b"a" * 70_000 + b'"}',
}
TARGETS = ("/api/auth/signup", "/api/auth/login", "/api/videos/uploads")


@pytest.mark.parametrize("path", TARGETS)
def test_a_body_that_is_not_a_json_object_is_refused(contest: Contest, path: str) -> None:
    client = contest.sign_up()
    for name, body in BODIES.items():
        answer = client.post(path, content=body)
        assert answer.status_code == 400, f"{name}: {answer.status_code} {answer.text}"
        assert answer.json()["code"] in ("invalid_body", "invalid_field", "body_too_large"), name


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/json;"])
def test_json_is_read_under_any_content_type(contest: Contest, content_type: str | None) -> None:
    """Clients may forget the header, and no rule depends on it."""
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = contest.client().post("/api/auth/login", content=b'{"email": "a@b.c", "password": "x"}', headers=headers)
    assert error(answer) == (401, "bad_credentials")


def test_of_two_fields_with_one_name_the_last_counts(contest: Contest) -> None:
    contest.sign_up(email="a@example.com", password1="secreta-123", password2="secreta-123")
    body = b'{"email": "a@example.com", "password": "falsa", "password": "secreta-123"}'
    assert contest.client().post("/api/auth/login", content=body).status_code == 200


@pytest.mark.parametrize(
    ("first", "second"),
    [("josé@example.com", "JOSÉ@EXAMPLE.COM"), ("jose\u0301@example.com", "jos\u00e9@example.com"),
     ("ΑΣ@example.com", "ας@example.com"), ("straße@example.com", "STRASSE@example.com"),
     ("\u212a@example.com", "k@example.com")],
)  # fmt: skip
def test_an_email_is_the_same_in_every_letter_case_and_encoding(contest: Contest, first: str, second: str) -> None:
    client = contest.sign_up(email=first, password1="secreta-123", password2="secreta-123")
    assert error(client.post("/api/auth/signup", json=signup_body(email=second))) == (400, "email_taken")
    assert client.post("/api/auth/login", json={"email": f" {second} ", "password": "secreta-123"}).status_code == 200


IDS = ("no-uuid", "%00", "%ff%fe", "%c0%80", "%ed%a0%80", "%F0%9F%8F%80", "0", "-1", "x" * 5000, "..%2f..%2fvideos",
       "%7B0b9f4d5e-6f57-4e0c-9a0e-2f6a1c9d7b11%7D", "urn:uuid:0b9f4d5e-6f57-4e0c-9a0e-2f6a1c9d7b11",
       "0b9f4d5e6f574e0c9a0e2f6a1c9d7b11", "%EF%BC%90" * 32, "' OR 1=1 --", "{video_id}", "%25")  # fmt: skip


@pytest.mark.parametrize("operation", [each for each in operations() if "{" in each.path], ids=lambda each: each.id)
def test_an_id_that_is_not_a_uuid_is_not_found(contest: Contest, operation: Operation) -> None:
    client = contest.sign_up()
    for text in IDS:
        address = operation.address(video_id=text, upload_id=text)
        answer = client.request(operation.method, address)
        assert answer.status_code == 404, f"{text}: {answer.status_code} {answer.text}"


QUERIES = ("?", "?&&==&", "?limit", "?limit=%00", "?limit=%ff", "?limit=%c0%80", "?limit=%ED%A0%80", "?limit[]=1",
           "?offset=%EF%BC%91", "?city=%00", "?city=%ff%fe", "?city=%ED%A0%80", "?city=a&city=b", "?from=%", "?to=%zz",
           "?" + "&".join(f"p{number}=1" for number in range(400)), "?city=" + "%C3%9F" * 100)  # fmt: skip


@pytest.mark.parametrize("path", ["/api/videos", "/api/public/videos", "/api/public/rankings", "/api/public/ranking"])
def test_a_query_is_read_or_refused(contest: Contest, path: str) -> None:
    client = contest.sign_up()
    for query in QUERIES:
        answer = client.get(path + query)
        assert answer.status_code in (200, 400), f"{query}: {answer.status_code} {answer.text}"
        if answer.is_error:
            assert error(answer) == (400, "bad_parameter")


def _part(content: bytes, name: str = "title", rest: str = "", content_type: str = "text/plain") -> bytes:
    head = f'Content-Disposition: form-data; name="{name}"{rest}\r\nContent-Type: {content_type}\r\n\r\n'
    return b"--b\r\n" + head.encode() + content + b"\r\n"


END = b"--b--\r\n"
B = "multipart/form-data; boundary=b"
FORMS = {
    "no boundary": ("multipart/form-data", END),
    "an empty boundary": ("multipart/form-data; boundary=", b"----\r\n"),
    "a long boundary": (f"multipart/form-data; boundary={'b' * 2000}", END),
    "an odd boundary": ('multipart/form-data; boundary="\\"', END),
    "no end": (B, _part(b"x")),
    "no names": (B, b"--b\r\n\r\nx\r\n" + END),
    "an unknown charset": (B, _part(b"x", content_type="text/plain; charset=nada") + END),
    "a surrogate in UTF-7": (B, _part(b"+2AA-", content_type="text/plain; charset=utf-7") + END),
    "a codec that is not a charset": (B, _part(b"zz", content_type="text/plain; charset=hex") + END),
    "a title that is not UTF-8": (B, _part(b"\xff\xfe") + END),
    "a title that is a file": (B, _part(b"{}", rest='; filename="a"', content_type="application/json") + END),
    "a long title": (B, _part(b"x" * 100_000) + END),
    "a part of parts": (B, _part(b"--c--", "video_file", content_type="multipart/mixed; boundary=c") + END),
    "many parts": (B, _part(b"x", "x") * 100 + END),
    "JSON": ("application/json", b'{"title": "x"}'),
}


def test_a_malformed_form_is_refused(contest: Contest) -> None:
    client = contest.sign_up()
    for name, (content_type, body) in FORMS.items():
        answer = client.post("/api/videos/upload", content=body, headers={"Content-Type": content_type})
        assert answer.status_code == 400, f"{name}: {answer.status_code} {answer.text}"
    assert client.get("/api/videos").json() == []


@pytest.mark.parametrize("operation", operations(), ids=lambda each: each.id)
def test_a_method_that_a_route_lacks_is_405_and_the_answer_names_its_methods(
    contest: Contest, operation: Operation
) -> None:
    client = contest.client()
    address = operation.address(video_id="x", upload_id="x")
    own = {each.method.upper() for each in operations() if each.path == operation.path}
    own |= {"OPTIONS"} | ({"HEAD"} if "GET" in own else set())
    for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "INVENTED"} - own:
        answer = client.request(method, address)
        assert answer.status_code == 405, method
        assert set(answer.headers["Allow"].split(", ")) == own, method
    assert set(client.options(address).headers["Allow"].split(", ")) == own - {"OPTIONS"}


@pytest.mark.parametrize("operation", operations(), ids=lambda each: each.id)
def test_a_trailing_slash_changes_nothing(contest: Contest, operation: Operation) -> None:
    client = contest.client()
    address = operation.address(video_id="x", upload_id="x")
    method = operation.method
    plain, slashed = client.request(method, address), client.request(method, f"{address}/")
    assert (slashed.status_code, slashed.content) == (plain.status_code, plain.content)


def test_bytes_that_no_client_sends_are_answered_too(contest: Contest) -> None:
    for target in (b"/api/videos/\xff\xfe", b"/api/videos/%", b"/api/public/rankings?city=\xff", b"/\x01", b"*"):
        with socket.create_connection(("127.0.0.1", contest.port), timeout=10) as connection:
            connection.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            status = connection.makefile("rb").readline().split()[1]
        assert status in (b"200", b"400", b"401", b"404"), target
