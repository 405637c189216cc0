"""If the headers alone are a reason to refuse a request, it is refused before its body is received."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.app import Api
from service.middleware.security_headers import SECURITY_HEADERS
from tests.fixtures import Recorded
from tests.service.conftest import UPLOAD_BYTES_MAX, Contest
from tests.service.http_server.raw_http import Answer, RawClient, head
from tests.service.http_server.scenes import MULTIPART, OTHER_SECRET, TemporaryFiles, form, padding, token, wait_until
from tests.service.http_server.server_thread import ServerThread

UPLOAD = "POST /api/videos/upload"
MIB = 1024 * 1024
A_BIT = b"x" * 70_000  # the beginning of a body whose rest is never sent


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The server does not use the database, so one kind of database is enough."""
    return sqlite_url


@pytest.fixture
def server(api: Api) -> Iterator[ServerThread]:
    with ServerThread(api) as server:
        yield server


@pytest.fixture
def client(server: ServerThread) -> Iterator[RawClient]:
    with RawClient(server.port) as client:
        yield client


@pytest.fixture
def temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TemporaryFiles:
    folder = tmp_path / "bodies"
    folder.mkdir()
    return TemporaryFiles(folder, monkeypatch)


def ends_with(client: RawClient, status: int, code: str) -> Answer:
    """The answer, which must be this refusal and must be followed by the end of the connection."""
    answer = client.answer()
    assert (answer.status, answer.code) == (status, code)
    assert answer.headers["connection"] == "close"
    assert client.is_closed_by_server()
    return answer


NO_PROOF = {
    "none": None,
    "empty": "",
    "scheme only": "Bearer",
    "nonsense": "Bearer nonsense",
    "strange": "Bearer é.ñ.\x85",
    "endless": f"Bearer {'x' * 9000}",
    "another key": token(secret=OTHER_SECRET),
    "expired": token(seconds=-60),
    "another scheme": token("Basic"),
}


@pytest.mark.parametrize("authorization", NO_PROOF.values(), ids=NO_PROOF)
@pytest.mark.parametrize("size", [UPLOAD_BYTES_MAX, 500 * MIB])
def test_an_upload_without_a_valid_token_is_401_before_its_body(
    client: RawClient, temporary_files: TemporaryFiles, authorization: str | None, size: int
) -> None:
    proof = {} if authorization is None else {"Authorization": authorization}
    client.send(head(UPLOAD, Content_Length=size, Content_Type=MULTIPART, **proof), A_BIT)
    answer = ends_with(client, 401, "not_authenticated")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert temporary_files.bytes() == 0


@pytest.mark.parametrize(
    "path", ["/api/videos/upload", "/api/videos/upload/", "//api/videos/upload", "/api/videos/%75pload"]
)
@pytest.mark.parametrize("size", [UPLOAD_BYTES_MAX + 65_537, 500 * MIB, 10**30])
def test_a_clip_that_is_announced_too_large_is_400_before_its_body(client: RawClient, path: str, size: int) -> None:
    client.send(head(f"POST {path}", Content_Length=size, Content_Type=MULTIPART, Authorization=token()), A_BIT)
    answer = ends_with(client, 400, "clip_too_large")
    assert answer.json()["fields"] == ["video_file"]


@pytest.mark.parametrize("content_type", ["application/json", "video/mp4", ""])
def test_an_upload_that_is_no_form_is_400_before_its_body(client: RawClient, content_type: str) -> None:
    client.send(head(UPLOAD, Content_Length=MIB, Content_Type=content_type, Authorization=token()), A_BIT)
    ends_with(client, 400, "video_file_missing")


@pytest.mark.parametrize(
    ("line", "authorization", "status", "code"),
    [
        ("POST /api/auth/login", None, 400, "body_too_large"),
        ("POST /api/auth/signup", token(), 400, "body_too_large"),
        ("GET /api/public/videos", None, 400, "body_too_large"),
        ("POST /api/public/videos/7/vote", token(), 400, "body_too_large"),
        ("POST /api/public/videos/7/vote", None, 401, "not_authenticated"),
        ("GET /api/videos", None, 401, "not_authenticated"),
        ("POST /api/videos/upload//", token(), 404, "not_found"),
        ("POST /no/such/path", None, 404, "not_found"),
        ("PUT /api/videos/upload", token(), 405, "method_not_allowed"),
        ("TRACE /api/videos/upload", token(), 405, "method_not_allowed"),
        ("PATCH /api/auth/login", None, 405, "method_not_allowed"),
    ],
)
def test_all_other_bodies_are_limited_to_64_kib(
    client: RawClient, line: str, authorization: str | None, status: int, code: str
) -> None:
    proof = {} if authorization is None else {"Authorization": authorization}
    client.send(head(line, Content_Length=65_537, **proof), "{")
    ends_with(client, status, code)


def test_a_body_of_64_kib_is_taken(client: RawClient) -> None:
    client.send(head("POST /api/auth/login", Content_Length=65_536), b" " * 65_536)
    answer = client.answer()
    assert (answer.status, answer.code) == (400, "invalid_body")
    assert "connection" not in answer.headers


class TestChunks:
    def test_an_upload_without_a_token_is_refused_before_the_first(self, client: RawClient) -> None:
        client.send(head(UPLOAD, Transfer_Encoding="chunked", Content_Type=MULTIPART))
        ends_with(client, 401, "not_authenticated")

    def test_are_counted_while_they_arrive(self, client: RawClient, temporary_files: TemporaryFiles) -> None:
        proof = {"Authorization": token()}
        client.send(head(UPLOAD, Transfer_Encoding="chunked", Content_Type=MULTIPART, **proof))
        chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
        for _ in range((UPLOAD_BYTES_MAX + 65_536) // 65_536):
            client.send(chunk)
        assert not client.has_something_to_read()
        client.send(chunk)
        ends_with(client, 400, "clip_too_large")
        assert temporary_files.bytes() == 0

    def test_of_other_bodies_are_limited_to_64_kib(self, client: RawClient) -> None:
        client.send(head("POST /api/auth/login", Transfer_Encoding="chunked"))
        client.send(b"ffffffff\r\n", b"x" * 65_537)
        ends_with(client, 400, "body_too_large")

    def test_that_consist_mostly_of_size_lines_are_limited_too(self, client: RawClient) -> None:
        client.send(head("POST /api/auth/login", Transfer_Encoding="chunked"), b"1;e=xxxxxxxxxxxx\r\nx\r\n" * 8000)
        ends_with(client, 400, "body_too_large")

    @pytest.mark.parametrize("endless", [b"0" * 9000, b"1;" + b"x" * 9000, b"0\r\nTrailer: " + b"x" * 9000])
    def test_with_an_endless_size_line_or_trailer_are_refused(self, client: RawClient, endless: bytes) -> None:
        client.send(head("POST /api/auth/login", Transfer_Encoding="chunked"), endless)
        ends_with(client, 400, "malformed_request")

    @pytest.mark.parametrize("nonsense", [b"five\r\nhello\r\n", b"-1\r\n", b"5\r\nhelloworld\r\n", b"5 ;x=\x00\r\n"])
    def test_that_are_malformed_are_refused(self, client: RawClient, nonsense: bytes) -> None:
        client.send(head("POST /api/auth/login", Transfer_Encoding="chunked"), nonsense)
        ends_with(client, 400, "malformed_request")

    def test_of_an_allowed_body_arrive(self, client: RawClient) -> None:
        client.send(head("POST /api/auth/login", Transfer_Encoding="chunked"), b"2\r\n{}\r\n0\r\n\r\n")
        answer = client.answer()
        assert (answer.status, answer.code) == (400, "invalid_field")


class TestExpectContinue:
    def test_is_not_answered_with_100_when_the_request_is_refused(self, client: RawClient) -> None:
        client.send(head(UPLOAD, Content_Length=MIB, Content_Type=MULTIPART, Expect="100-continue"))
        ends_with(client, 401, "not_authenticated")

    def test_is_answered_with_100_when_the_body_may_come(self, client: RawClient) -> None:
        client.send(head("POST /api/auth/login", Content_Length=2, Expect="100-continue"))
        assert client.answer().status == 100
        assert client.send("{}").answer().code == "invalid_field"

    def test_does_not_hold_up_a_request_without_a_body(self, client: RawClient) -> None:
        for _ in range(2):
            assert client.send(head("GET /api/health/live", Expect="100-continue")).answer().status == 200


def test_a_client_that_sends_everything_before_it_reads_still_gets_the_answer(server: ServerThread) -> None:
    body = b"x" * 30 * MIB  # far more than the buffers of the sockets
    answer = httpx.post(
        f"{server.url}/api/videos/upload", content=body, headers={"Content-Type": MULTIPART}, timeout=60
    )
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


def test_bytes_after_a_refusal_are_never_read_as_a_request(client: RawClient) -> None:
    behind = head("GET /api/health/live").encode()
    client.send(head(UPLOAD, Content_Length=len(behind)), behind, behind)
    ends_with(client, 401, "not_authenticated")


def test_a_refusal_looks_like_every_other_answer(client: RawClient) -> None:
    client.send(head(UPLOAD, Content_Length=MIB, X_Request_Id="request-of-mine"), A_BIT)
    answer = ends_with(client, 401, "not_authenticated")
    assert answer.headers["x-request-id"] == "request-of-mine"
    assert dict(SECURITY_HEADERS).items() <= {name.title(): value for name, value in answer.headers.items()}.items()


def test_a_refusal_is_counted_once_and_under_its_route(api: Api, recorded: Recorded) -> None:
    with ServerThread(api) as server, RawClient(server.port) as client:
        client.send(head(UPLOAD, Content_Length=MIB), A_BIT)
        ends_with(client, 401, "not_authenticated")
    routes = [dict(point.dimensions)["Route"] for point in recorded.datapoints()
              if point.name == "ClientErrors" and len(point.dimensions) == 2 and point.values == (1.0,)]  # fmt: skip
    assert routes == ["POST /api/videos/upload"]


class TestDisk:
    ROOM = 100_000
    MIN = 1_000_000

    def upload(self, server: ServerThread, size: int) -> RawClient:
        fields = {"Content_Type": MULTIPART, "Authorization": token(), "Expect": "100-continue"}
        return RawClient(server.port).send(head(UPLOAD, Content_Length=size, **fields))

    @pytest.fixture
    def tight(self, api: Api) -> Iterator[ServerThread]:
        with ServerThread(api, disk_free_bytes_min=self.MIN, bytes_free=lambda: self.MIN + self.ROOM) as server:
            yield server

    def test_nearly_full_refuses_uploads_for_now(self, tight: ServerThread) -> None:
        with self.upload(tight, self.ROOM + 1) as client:
            answer = ends_with(client, 503, "unavailable")
            assert int(answer.headers["retry-after"]) > 0

    def test_with_enough_room_admits_uploads(self, tight: ServerThread) -> None:
        with self.upload(tight, self.ROOM) as client:
            assert client.answer().status == 100

    def test_counts_the_bytes_that_may_still_arrive_for_admitted_bodies(self, tight: ServerThread) -> None:
        with self.upload(tight, self.ROOM - 10) as first:
            assert first.answer().status == 100
            with self.upload(tight, 11) as second:
                ends_with(second, 503, "unavailable")
            with self.upload(tight, 10) as third:
                assert third.answer().status == 100

    def test_counts_a_chunked_body_as_the_largest_that_may_come(self, tight: ServerThread) -> None:
        with RawClient(tight.port) as client:
            fields = {"Content_Type": MULTIPART, "Authorization": token()}
            client.send(head(UPLOAD, Transfer_Encoding="chunked", **fields))
            ends_with(client, 503, "unavailable")

    def test_nearly_full_refuses_no_other_request(self, tight: ServerThread) -> None:
        with RawClient(tight.port) as client:
            assert client.send(head("POST /api/auth/login", Content_Length=2), "{}").answer().status == 400

    def test_that_cannot_be_written_refuses_the_body(
        self, api: Api, temporary_files: TemporaryFiles, tmp_path: Path
    ) -> None:
        (tmp_path / "bodies").rmdir()  # from now on, no temporary file can be made
        fields = {"Content_Type": MULTIPART, "Authorization": token()}
        with ServerThread(api, bytes_free=lambda: 10 * MIB) as server, RawClient(server.port) as client:
            client.send(head(UPLOAD, Content_Length=MIB, **fields), b"x" * 600_000)
            ends_with(client, 503, "unavailable")

    def test_that_does_not_exist_refuses_uploads(
        self, client: RawClient, temporary_files: TemporaryFiles, tmp_path: Path
    ) -> None:
        (tmp_path / "bodies").rmdir()
        client.send(head(UPLOAD, Content_Length=MIB, Content_Type=MULTIPART, Authorization=token()), A_BIT)
        ends_with(client, 503, "unavailable")


def test_an_admitted_upload_is_taken(contest: Contest, temporary_files: TemporaryFiles, clip: Path) -> None:
    body = form(clip.read_bytes() + padding(MIB))
    proof = {"Authorization": contest.sign_up().headers["Authorization"]}
    with RawClient(contest.port) as client:
        client.send(head(UPLOAD, Content_Length=len(body), Content_Type=MULTIPART, **proof), body[:-1])
        wait_until(lambda: temporary_files.bytes() > MIB, "the body is on the disk")
        answer = client.send(body[-1:]).answer()
        assert answer.status == 201, answer.body
