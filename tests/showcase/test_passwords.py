"""Passwords: argon2id, the same work for every log-in, and a limit on hashes at the same time."""

import threading
import uuid
from typing import Literal

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError
from sqlalchemy import select, update

from showcase import passwords as module
from showcase.accounts import NewPlayer, log_in, open_account
from showcase.database.engine import Database
from showcase.database.tables import Player
from showcase.errors import NotAuthenticated, Overloaded
from showcase.passwords import CONCURRENT_MAX, Passwords

EMAIL, PASSWORD = "laura@example.com", "una contraseña"
ACCOUNT = NewPlayer(EMAIL, "Laura", "Gómez", "Bogotá", "Colombia", PASSWORD)


class CountedHasher(PasswordHasher):
    """A hasher that counts in ``count`` how many hashes it computes. Refusing a text that is not a hash needs none."""

    count = 0

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self.count += 1
        return super().hash(password, salt=salt)

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - argon2's name
        try:
            return super().verify(hash, password)
        except InvalidHashError:
            self.count -= 1
            raise
        finally:
            self.count += 1


class CountedPasswords(Passwords):
    """Cheap passwords, which count the hashes that were made and checked."""

    def __init__(self, time_cost: int = 1) -> None:
        super().__init__(time_cost=time_cost, memory_kib=8)
        self.hasher = CountedHasher(time_cost=time_cost, memory_cost=8, parallelism=1)
        self._hasher = self.hasher


@pytest.fixture
def passwords() -> CountedPasswords:
    return CountedPasswords()


@pytest.fixture
def player_id(database: Database, passwords: CountedPasswords) -> uuid.UUID:
    player_id = open_account(database, passwords, ACCOUNT)
    passwords.hasher.count = 0
    return player_id


def hash_of(database: Database, player_id: uuid.UUID) -> str:
    with database.reading() as connection:
        return connection.execute(select(Player.password_hash).where(Player.id == player_id)).scalar_one()


def refused_code(database: Database, passwords: Passwords, email: str, password: str) -> str:
    with pytest.raises(NotAuthenticated) as caught:
        log_in(database, passwords, email, password)
    return caught.value.code


def test_hashes_are_argon2id_with_owasps_cost() -> None:
    assert Passwords().hash(PASSWORD).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_hash_verifies_its_own_password_and_no_other(passwords: Passwords) -> None:
    known = passwords.hash(PASSWORD)
    assert passwords.verify(known, PASSWORD)
    for password_hash, password in ((known, "otra"), (known, ""), (None, PASSWORD), ("no hash", PASSWORD)):
        assert not passwords.verify(password_hash, password)
    assert not passwords.verify(None, "nobody has this password")


def test_an_unknown_email_a_wrong_password_and_a_closed_account_get_the_same_answer_for_the_same_work(
    database: Database, passwords: CountedPasswords, player_id: uuid.UUID
) -> None:
    def cost_and_answer(email: str, password: str) -> tuple[int, str]:
        passwords.hasher.count = 0
        code = refused_code(database, passwords, email, password)
        return passwords.hasher.count, code

    found = {cost_and_answer("nadie@example.com", PASSWORD), cost_and_answer(EMAIL, "otra")}
    with database.writing() as connection:
        connection.execute(update(Player).values(is_active=False))
    found.add(cost_and_answer(EMAIL, PASSWORD))
    assert found == {(1, "bad_credentials")}


def test_the_dummy_hash_costs_as_much_as_a_new_hash() -> None:
    """When the cost is raised, log-ins with unknown e-mails must take longer too."""
    for cost in (1, 3):
        passwords = CountedPasswords(time_cost=cost)
        assert not passwords.is_outdated(passwords._dummy_hash)


def test_a_log_in_renews_a_hash_of_another_cost_once(
    database: Database, passwords: CountedPasswords, player_id: uuid.UUID
) -> None:
    raised, old = CountedPasswords(time_cost=2), hash_of(database, player_id)
    assert refused_code(database, raised, EMAIL, "otra") == "bad_credentials"
    assert hash_of(database, player_id) == old, "only the right password makes a new hash"
    assert log_in(database, raised, EMAIL, PASSWORD) == player_id
    renewed = hash_of(database, player_id)
    assert ",t=2," in renewed and not raised.is_outdated(renewed)
    raised.hasher.count = 0
    assert log_in(database, raised, EMAIL, PASSWORD) == player_id
    assert (hash_of(database, player_id), raised.hasher.count) == (renewed, 1)


def test_a_hash_that_waits_too_long_for_a_slot_is_refused_and_slots_are_released(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "WAIT_SECONDS_MAX", 0.05)
    passwords, leave = CountedPasswords(), threading.Event()
    inside = threading.Barrier(CONCURRENT_MAX + 1)

    def stay() -> None:
        with passwords._slot():
            inside.wait(30)
            leave.wait(30)

    threads = [threading.Thread(target=stay) for _ in range(CONCURRENT_MAX)]
    for thread in threads:
        thread.start()
    inside.wait(30)
    for attempt in (passwords.hash, lambda password: passwords.verify(None, password)):
        with pytest.raises(Overloaded):
            attempt(PASSWORD)
    leave.set()
    for thread in threads:
        thread.join()
    assert passwords.verify(passwords.hash(PASSWORD), PASSWORD)


def test_a_slot_is_released_after_an_error(passwords: Passwords) -> None:
    for _ in range(CONCURRENT_MAX + 1):
        with pytest.raises(AttributeError):
            passwords.hash(None)  # type: ignore[arg-type]
        assert not passwords.verify("$argon2id$broken", PASSWORD)
    assert passwords.verify(passwords.hash(PASSWORD), PASSWORD)
