"""Every answer has the security headers for browsers. Only the configured web pages may call the API."""

import dataclasses
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from service.app import Api
from service.middleware.security_headers import HTTPS_HEADERS, SECURITY_HEADERS
from tests.service.conftest import Contest
from tests.service.http_server.server_thread import ServerThread

PAGE = "https://anb.example"
STRANGER = "https://evil.example"

Start = Callable[[str | None], str]

ANY_ANSWER = [
    (200, "GET", "/api/health/live"),
    (200, "GET", "/api/public/videos"),
    (200, "OPTIONS", "/api/videos"),
    (400, "GET", "/api/public/videos?limit=0"),
    (401, "GET", "/api/videos"),
    (401, "POST", "/api/videos/upload"),
    (404, "GET", "/api/nada"),
    (405, "PUT", "/api/videos"),
]


@pytest.fixture
def start(api: Api) -> Iterator[Start]:
    """Starts the API with ``ANB_CORS_ORIGINS``; returns its URL."""
    with ExitStack() as servers:

        def start(cors_origins: str | None) -> str:
            return servers.enter_context(ServerThread(dataclasses.replace(api, cors_origins=cors_origins))).url

        yield start


def preflight(url: str, origin: str, path: str = "/api/videos/upload", method: str = "POST") -> httpx.Response:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,x-anything",
    }
    return httpx.options(f"{url}{path}", headers=headers)


def cors_headers(answer: httpx.Response) -> set[str]:
    return {name for name in answer.headers if name.startswith("access-control-")}


class TestSecurityHeaders:
    def test_forbid_caching_scripts_frames_embedding_sniffing_and_referrers(self) -> None:
        assert dict(SECURITY_HEADERS) == {
            "Cache-Control": "no-store",
            "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }

    @pytest.mark.parametrize(("status", "method", "path"), ANY_ANSWER)
    def test_are_on_every_answer(self, contest: Contest, status: int, method: str, path: str) -> None:
        answer = contest.client().request(method, path)
        assert answer.status_code == status
        for name, value in SECURITY_HEADERS:
            assert answer.headers.get_list(name) == [value]

    def test_are_on_503_and_500_too(self, contest: Contest, monkeypatch: pytest.MonkeyPatch) -> None:
        contest.emulator.sqs.delete_queue(QueueUrl=contest.api.queue.url)
        answers = [contest.client().get("/health")]
        contest.api.database.close()
        monkeypatch.setattr(contest.api.database, "engine", None)  # causes an unexpected error
        answers.append(contest.client().get("/api/public/rankings"))
        assert [answer.status_code for answer in answers] == [503, 500]
        for answer in answers:
            assert [(name, answer.headers.get(name)) for name, _ in SECURITY_HEADERS] == list(SECURITY_HEADERS)

    def test_no_personal_answer_may_be_cached(self, contest: Contest) -> None:
        client = contest.sign_up(email="a@example.com")
        login = {"email": "a@example.com", "password": "una contraseña"}
        answers = [client.get("/api/videos"), contest.client().post("/api/auth/login", json=login)]
        assert [(answer.status_code, answer.headers["Cache-Control"]) for answer in answers] == [(200, "no-store")] * 2

    def test_no_header_names_the_server_software(self, contest: Contest) -> None:
        for path in ("/api/health/live", "/api/nada"):
            headers = contest.client().get(path).headers
            assert not {"server", "via", "x-powered-by"} & set(headers)

    def test_https_is_required_only_if_the_trusted_proxy_reports_it(self, api: Api) -> None:
        ((name, value),) = HTTPS_HEADERS
        came_by = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}
        with ServerThread(api, proxy="127.0.0.1") as trusting, ServerThread(api) as alone:
            assert httpx.get(f"{trusting.url}/api/health/live", headers=came_by).headers[name] == value
            for url, headers in ((trusting.url, {}), (alone.url, came_by)):
                assert name not in httpx.get(f"{url}/api/health/live", headers=headers).headers


class TestCors:
    def test_is_off_without_a_setting(self, start: Start) -> None:
        url = start(None)
        answers = [httpx.get(f"{url}/api/health/live", headers={"Origin": PAGE}), preflight(url, PAGE)]
        assert [cors_headers(answer) for answer in answers] == [set(), set()]
        assert "Vary" not in answers[0].headers

    def test_a_preflight_of_a_listed_origin_gets_methods_and_headers(self, start: Start) -> None:
        answer = preflight(start(f"https://other.example,{PAGE}"), PAGE)
        assert answer.status_code == 200 and answer.content == b""
        assert answer.headers["Access-Control-Allow-Origin"] == PAGE
        assert answer.headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type, X-Request-Id"
        assert answer.headers["Access-Control-Allow-Methods"] == "POST"
        assert answer.headers["Access-Control-Max-Age"]
        assert answer.headers["Vary"] == "Origin"
        assert "Access-Control-Allow-Credentials" not in answer.headers

    def test_a_listed_origin_reads_answers_and_errors_and_their_headers(self, start: Start) -> None:
        url = start(PAGE)
        for path, status in (("/api/public/rankings", 200), ("/api/videos", 401), ("/api/nada", 404)):
            answer = httpx.get(f"{url}{path}", headers={"Origin": PAGE})
            assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (status, PAGE)
            assert answer.headers["Access-Control-Expose-Headers"] == "Link, Retry-After, X-Request-Id"

    @pytest.mark.parametrize(
        "origin", [STRANGER, "http://anb.example", "https://anb.example:444", f"{PAGE}.evil.example", "null", ""]
    )
    def test_any_other_origin_gets_no_cors_header(self, start: Start, origin: str) -> None:
        url = start(PAGE)
        answers = [preflight(url, origin), httpx.get(f"{url}/api/public/videos", headers={"Origin": origin})]
        assert [cors_headers(answer) & {"access-control-allow-origin"} for answer in answers] == [set(), set()]
        assert [answer.headers["Vary"] for answer in answers] == ["Origin", "Origin"]

    def test_a_star_allows_every_origin_but_never_credentials(self, start: Start) -> None:
        url = start("*")
        for answer in (preflight(url, STRANGER), httpx.get(f"{url}/api/public/videos", headers={"Origin": STRANGER})):
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            assert "Access-Control-Allow-Credentials" not in answer.headers
            assert "Vary" not in answer.headers

    def test_a_preflight_needs_no_token_and_reaches_no_responder(self, start: Start) -> None:
        url = start(PAGE)
        answer = preflight(url, PAGE, f"/api/videos/{uuid.uuid4()}", "DELETE")
        assert answer.status_code == 200
        assert "DELETE" in answer.headers["Access-Control-Allow-Methods"]
