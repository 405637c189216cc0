"""A log-in costs much CPU time. So a password that is too long is not hashed, and a burst of log-ins is limited."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from showcase import passwords as module
from showcase.passwords import CONCURRENT_MAX
from tests.service.conftest import Contest, signup_body
from tests.service.player_requests import error

LOGIN = "/api/auth/login"


@pytest.fixture
def full(contest: Contest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Takes all slots for hashing."""
    monkeypatch.setattr(module, "WAIT_SECONDS_MAX", 0.05)
    with ExitStack() as slots:
        for _ in range(CONCURRENT_MAX):
            slots.enter_context(contest.api.passwords._slot())
        yield


@pytest.mark.usefixtures("full")
def test_a_password_that_is_too_long_or_too_short_is_refused_before_it_is_hashed(contest: Contest) -> None:
    client = contest.client()
    long = "x" * 1025
    answers = [client.post(LOGIN, json={"email": "a@example.com", "password": long})]
    for password in ("x" * 129, "x" * 7):
        body = signup_body(password1=password, password2=password)
        answers.append(client.post("/api/auth/signup", json=body))
    assert [error(answer) for answer in answers] == [(400, "invalid_field")] * 3


@pytest.mark.usefixtures("full")
def test_a_log_in_without_a_free_slot_is_503_and_other_requests_are_served(contest: Contest) -> None:
    client = contest.client()
    for answer in (
        client.post(LOGIN, json={"email": "a@example.com", "password": "x"}),
        client.post("/api/auth/signup", json=signup_body()),
    ):
        assert error(answer) == (503, "unavailable")
        assert answer.headers["Retry-After"] == "5"
    assert client.get("/api/public/rankings").status_code == 200


def test_more_log_ins_than_slots_are_all_answered(contest: Contest) -> None:
    client = contest.sign_up(email="a@example.com")
    statuses: list[int] = []

    def log_in() -> None:
        body = {"email": "a@example.com", "password": signup_body()["password1"]}
        statuses.append(client.post(LOGIN, json=body).status_code)

    threads = [threading.Thread(target=log_in) for _ in range(4 * CONCURRENT_MAX)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * len(threads)
