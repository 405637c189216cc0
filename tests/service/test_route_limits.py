"""Limits on log-in, sign-up and vote, over real HTTP."""

import dataclasses
import itertools
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest
from falcon.testing import create_req

from service.app import Api
from service.route_limits import RequestLimits, RouteLimits
from service.settings import ApiSettings
from showcase.errors import TooManyRequests
from showcase.rates import Limit
from showcase.settings import read_settings
from tests.fixtures import Recorded
from tests.records import new_player
from tests.service.conftest import SECRET, no_limits, signup_body
from tests.service.http_server.server_thread import ServerThread

FIVE_A_DAY = Limit(5, 86_400)
PROXY = "127.0.0.1"

Start = Callable[..., str]


@pytest.fixture
def start(api: Api) -> Iterator[Start]:
    """Starts an instance of the API with these limits, and returns its URL. All instances share one database."""
    with ExitStack() as servers:

        def start(proxy: str | None = None, **limits: RouteLimits) -> str:
            limited = dataclasses.replace(api, limits=dataclasses.replace(no_limits(api.rate_limits), **limits))
            return servers.enter_context(ServerThread(limited, proxy=proxy)).url

        yield start


def by_account(api: Api, purpose: str, limit: Limit = FIVE_A_DAY) -> RouteLimits:
    return RouteLimits(api.rate_limits, purpose, account=limit, address=None)


def by_address(api: Api, purpose: str, limit: Limit = FIVE_A_DAY) -> RouteLimits:
    return RouteLimits(api.rate_limits, purpose, account=None, address=limit)


def log_in(url: str, email: str, **headers: str) -> httpx.Response:
    body = {"email": email, "password": signup_body()["password1"]}
    return httpx.post(f"{url}/api/auth/login", json=body, headers=headers)


def vote(url: str, token: str, video_id: object) -> httpx.Response:
    return httpx.post(f"{url}/api/public/videos/{video_id}/vote", headers={"Authorization": f"Bearer {token}"})


def statuses(answers: list[httpx.Response]) -> list[int]:
    return [answer.status_code for answer in answers]


def test_too_many_log_ins_are_answered_429_with_the_wait_in_the_shape_of_every_error(api: Api, start: Start) -> None:
    url = start(login=by_account(api, "login"))
    answers = [log_in(url, "laura@example.com") for _ in range(7)]
    assert statuses(answers) == [401] * 5 + [429] * 2
    assert answers[-1].json() == {
        "code": "too_many_requests",
        "message": "Demasiadas peticiones. Inténtalo de nuevo más tarde.",
    }
    seconds = answers[-1].headers["Retry-After"]
    assert seconds.isdigit() and 0 < int(seconds) <= FIVE_A_DAY.interval_seconds
    assert answers[-1].headers["X-Request-Id"]


def test_an_account_is_the_same_in_any_spelling_and_another_account_is_free(api: Api, start: Start) -> None:
    url = start(login=by_account(api, "login"))
    for spelling in (
        "laura@example.com",
        "LAURA@example.com",
        " laura@Example.com ",
        "Laura@example.com",
        "laura@EXAMPLE.com",
    ):
        assert log_in(url, spelling).status_code == 401
    assert log_in(url, "laura@example.com").status_code == 429
    assert log_in(url, "eva@example.com").status_code == 401


def test_the_right_password_is_429_too_after_too_many_log_ins(api: Api, start: Start) -> None:
    url = start(login=by_account(api, "login"))
    body = signup_body()
    assert httpx.post(f"{url}/api/auth/signup", json=body).status_code == 201
    assert statuses([log_in(url, body["email"]) for _ in range(6)]) == [200] * 5 + [429]


def test_an_address_is_limited_for_all_accounts_together(api: Api, start: Start) -> None:
    url = start(login=by_address(api, "login"))
    assert statuses([log_in(url, f"{uuid.uuid4()}@example.com") for _ in range(6)]) == [401] * 5 + [429]


def test_behind_the_load_balancer_the_address_is_the_clients_and_an_ipv6_household_is_one(
    api: Api, start: Start
) -> None:
    url = start(proxy=PROXY, login=by_address(api, "login", Limit(1, 86_400)))

    def ask(client: str) -> int:
        return log_in(url, "a@example.com", **{"X-Forwarded-For": client}).status_code

    assert [ask("192.0.2.1"), ask("192.0.2.2"), ask("192.0.2.1")] == [401, 401, 429]
    assert [ask("2001:db8::1"), ask("2001:db8::2"), ask("2001:db8:0:1::1")] == [401, 429, 401]


def test_without_a_trusted_proxy_nobody_chooses_their_own_address(api: Api, start: Start) -> None:
    url = start(login=by_address(api, "login", Limit(1, 86_400)))
    answers = [log_in(url, "a@example.com", **{"X-Forwarded-For": f"192.0.2.{number}"}) for number in range(2)]
    assert statuses(answers) == [401, 429]


def test_sign_ups_are_limited_by_email_and_by_address(api: Api, start: Start) -> None:
    of_account = start(signup=by_account(api, "signup"))
    of_address = start(signup=by_address(api, "signup"))

    def sign_up(url: str, **fields: str) -> int:
        return httpx.post(f"{url}/api/auth/signup", json=signup_body(**fields)).status_code

    assert [sign_up(of_account, email="a@example.com") for _ in range(6)] == [201] + [400] * 4 + [429]
    assert [sign_up(of_address) for _ in range(6)] == [201] * 5 + [429]


def test_a_request_that_is_malformed_is_400_and_draws_on_no_limit(api: Api, start: Start) -> None:
    url = start(login=by_address(api, "login"), signup=by_address(api, "signup"))
    for _ in range(6):
        assert httpx.post(f"{url}/api/auth/login", content=b"{").status_code == 400
        assert httpx.post(f"{url}/api/auth/signup", json=signup_body(password2="otra cosa")).status_code == 400
    assert log_in(url, "a@example.com").status_code == 401
    assert httpx.post(f"{url}/api/auth/signup", json=signup_body()).status_code == 201


def test_votes_are_401_first_then_429_then_404(api: Api, start: Start) -> None:
    url = start(vote=by_account(api, "vote"))
    laura, eva = (api.tokens.issue(new_player(api.database)) for _ in range(2))
    answers = [vote(url, laura, video_id) for video_id in ("no-uuid", *(uuid.uuid4() for _ in range(5)))]
    assert statuses(answers) == [404] * 5 + [429]
    assert vote(url, "no.token.this", uuid.uuid4()).status_code == 401
    assert vote(url, eva, uuid.uuid4()).status_code == 404


def test_votes_are_limited_by_address_too(api: Api, start: Start) -> None:
    url = start(vote=by_address(api, "vote"))
    answers = [vote(url, api.tokens.issue(new_player(api.database)), uuid.uuid4()) for _ in range(6)]
    assert statuses(answers) == [404] * 5 + [429]


def test_fifty_at_once_over_two_instances_never_pass_more_than_the_burst(api: Api, start: Start) -> None:
    urls = [start(login=by_account(api, "login")) for _ in range(2)]
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(lambda number: log_in(urls[number % 2], "a@example.com"), range(50)))
    assert sorted(statuses(answers)) == [401] * 5 + [429] * 45


def test_a_refused_request_is_counted_as_too_many_and_as_a_client_error(
    api: Api, start: Start, recorded: Recorded
) -> None:
    url = start(login=by_account(api, "login", Limit(1, 86_400)))
    assert statuses([log_in(url, "a@example.com") for _ in range(3)]) == [401, 429, 429]
    assert recorded.values("RateLimited") == [0, 1, 1]
    assert recorded.values("ClientErrors") == [1, 1, 1]
    assert recorded.values("ServerErrors") == [0, 0, 0]
    assert "a@example.com" not in recorded.path.read_text()


@pytest.mark.parametrize("kind", ["account", "address"])
@pytest.mark.parametrize("purpose", ["login", "signup", "vote"])
def test_each_setting_limits_its_own_route_by_its_own_kind(
    api: Api, monkeypatch: pytest.MonkeyPatch, purpose: str, kind: str
) -> None:
    for other_purpose, other_kind in itertools.product(("login", "signup", "vote"), ("account", "address")):
        monkeypatch.setenv(f"ANB_LIMIT_{other_purpose}_{other_kind}".upper(), "off")
    monkeypatch.setenv(f"ANB_LIMIT_{purpose}_{kind}".upper(), "1/86400")
    for variable in ("sqs_queue_url", "sqs_dead_letter_queue_url"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1/queue")
    monkeypatch.setenv("ANB_BUCKET", "clips")
    monkeypatch.setenv("ANB_JWT_SECRET", SECRET)
    limits = RequestLimits.of(read_settings(ApiSettings, env_file=None), api.rate_limits)

    def refused(route: RouteLimits, account: str, address: str) -> bool:
        try:
            route.admit(create_req(remote_addr=address), account)
        except TooManyRequests:
            return True
        return False

    for name in ("login", "signup", "vote"):
        route = getattr(limits, name)
        assert not refused(route, "laura", "192.0.2.1")
        assert refused(route, "laura", "192.0.2.2") == (name == purpose and kind == "account")
        assert refused(route, "eva", "192.0.2.1") == (name == purpose and kind == "address")
