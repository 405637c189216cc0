"""Behind a balancer, a client has the address that the balancer reports. A client cannot choose its own address."""

from dataclasses import replace
from typing import Any

import pytest

from service.app import Api
from service.middleware.security_headers import HTTPS_HEADERS
from service.route_limits import RouteLimits
from showcase.rates import Limit
from tests.service.http_server.raw_http import Answer, RawClient, head
from tests.service.http_server.server_thread import ServerThread

BODY = '{"email": "somebody@example.com", "password": "something"}'
WRONG, TOO_MANY = 401, 429


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The server does not use the database, so one kind of database is enough."""
    return sqlite_url


@pytest.fixture
def strict(api: Api) -> Api:
    """The API with a limit of one log-in from each address."""
    login = RouteLimits(api.rate_limits, "login", account=None, address=Limit(1, 3600))
    return replace(api, limits=replace(api.limits, login=login))


def log_in(server: ServerThread, forwarded_for: str | None) -> int:
    fields = {} if forwarded_for is None else {"X-Forwarded-For": forwarded_for}
    with RawClient(server.port) as client:
        return client.send(head("POST /api/auth/login", Content_Length=len(BODY), **fields), BODY).answer().status


def live(server: ServerThread, **fields: str) -> Answer:
    with RawClient(server.port) as client:
        return client.send(head("GET /api/health/live", **fields)).answer()


@pytest.mark.parametrize("proxy", ["127.0.0.1", "*"])
def test_clients_behind_the_proxy_are_distinguished(strict: Api, proxy: str) -> None:
    with ServerThread(strict, proxy=proxy) as server:
        statuses = [log_in(server, address) for address in ("198.51.100.1", "198.51.100.2", "198.51.100.1")]
    assert statuses == [WRONG, WRONG, TOO_MANY]


def test_addresses_that_a_client_forges_before_that_of_the_proxy_do_not_count(strict: Api) -> None:
    with ServerThread(strict, proxy="*") as server:
        statuses = [log_in(server, f"{forged}, 198.51.100.1") for forged in ("203.0.113.1", "203.0.113.2", '"nonsense')]
    assert statuses[:2] == [WRONG, TOO_MANY]
    assert statuses[2] in (400, TOO_MANY)


def test_with_two_proxies_the_last_address_but_one_counts(strict: Api) -> None:
    with ServerThread(strict, proxy="*", hops=2) as server:
        statuses = [log_in(server, f"203.0.113.9, {client}, 10.0.0.1") for client in ("198.51.100.1", "198.51.100.2")]
        assert statuses == [WRONG, WRONG]
        assert log_in(server, "203.0.113.8, 198.51.100.1, 10.0.0.2") == TOO_MANY


@pytest.mark.parametrize("proxy", [None, "192.0.2.1"], ids=["no proxy", "another proxy"])
def test_proxy_headers_of_any_other_peer_are_ignored(strict: Api, proxy: str | None) -> None:
    with ServerThread(strict, proxy=proxy) as server:
        statuses = [log_in(server, forged) for forged in ("198.51.100.1", "198.51.100.2")]
        https = live(server, X_Forwarded_Proto="https")
    assert statuses == [WRONG, TOO_MANY]
    assert not {name.lower() for name, _ in HTTPS_HEADERS} & https.headers.keys()


@pytest.mark.parametrize("proxy", [None, "*"])
def test_other_proxy_headers_never_reach_the_application(api: Api, proxy: str | None) -> None:
    seen: list[str] = []

    def note(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.extend(name for name in environ if "FORWARDED" in name)
        start_response("200 OK", [("Content-Length", "0")])
        return [b""]

    with ServerThread(api, application=note, proxy=proxy) as server:
        forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Port": "1", "Forwarded": "for=198.51.100.1"}
        assert live(server, **forged).status == 200
    assert seen == []


def test_the_scheme_that_the_proxy_reports_is_used(api: Api) -> None:
    with ServerThread(api, proxy="*") as server:
        headers = live(server, X_Forwarded_Proto="https").headers
    assert {name.lower(): value for name, value in HTTPS_HEADERS}.items() <= headers.items()


@pytest.mark.parametrize("fields", [{"X-Forwarded-Proto": "gopher"}, {"X-Forwarded-For": '"'}])
def test_an_unreadable_proxy_header_gets_an_error_of_the_api(api: Api, fields: dict[str, str]) -> None:
    with ServerThread(api, proxy="*") as server:
        answer = live(server, **fields)
    assert (answer.status, answer.code) == (400, "malformed_request")


def test_a_probe_of_the_balancer_itself_needs_no_header(strict: Api) -> None:
    with ServerThread(strict, proxy="*") as server:
        assert log_in(server, None) == WRONG
