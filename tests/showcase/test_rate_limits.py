"""Rate limits hold for concurrent requests and for several processes."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, insert, select

from showcase.database.engine import Database
from showcase.database.tables import RateLimit
from showcase.errors import TooManyRequests, Unavailable
from showcase.rate_limits import SWEEP_ROWS, Draw, RateLimits, network_of
from showcase.rates import Limit, read_limit
from tests.showcase.jobs.virtual_time import VirtualClock, set_clock

SECRET = b"a secret of the tests"
TEN_A_MINUTE = Limit(10, 60)


@pytest.fixture
def clock(database: Database) -> VirtualClock:
    clock = VirtualClock()
    set_clock(database, clock)
    return clock


@pytest.fixture
def limits(database: Database) -> RateLimits:
    return RateLimits(database, SECRET)


def draw(holder: str = "laura", limit: Limit = TEN_A_MINUTE, purpose: str = "login") -> Draw:
    return Draw(purpose, holder, limit)


def passes(limits: RateLimits, *draws: Draw) -> bool:
    try:
        limits.take(*draws)
    except TooManyRequests:
        return False
    return True


def wait_seconds(limits: RateLimits, *draws: Draw) -> int:
    with pytest.raises(TooManyRequests) as caught:
        limits.take(*draws)
    return caught.value.retry_after_seconds


def rows(database: Database) -> int:
    with database.reading() as connection:
        return connection.execute(select(func.count()).select_from(RateLimit)).scalar_one()


def test_a_burst_up_to_the_limit_passes_and_the_next_request_is_refused(
    limits: RateLimits, clock: VirtualClock
) -> None:
    assert [passes(limits, draw()) for _ in range(12)] == [True] * 10 + [False] * 2


@pytest.mark.parametrize("limit", [Limit(1, 1), Limit(3, 7), Limit(7, 60), Limit(10, 60), Limit(1000, 1)])
def test_a_request_passes_after_the_announced_wait_and_not_much_sooner(
    limits: RateLimits, clock: VirtualClock, limit: Limit
) -> None:
    while passes(limits, draw(limit=limit)):
        pass
    seconds = wait_seconds(limits, draw(limit=limit))
    clock.advance(max(0.0, limit.interval_seconds - 0.001))
    assert not passes(limits, draw(limit=limit))
    clock.advance(seconds - max(0.0, limit.interval_seconds - 0.001))
    assert passes(limits, draw(limit=limit))


def test_one_more_request_passes_after_each_interval_and_a_whole_burst_after_the_period(
    limits: RateLimits, clock: VirtualClock
) -> None:
    for _ in range(10):
        assert passes(limits, draw())
    clock.advance(6)
    assert [passes(limits, draw()) for _ in range(2)] == [True, False]
    clock.advance(60)
    assert [passes(limits, draw()) for _ in range(11)] == [True] * 10 + [False]


def test_a_refused_request_does_not_make_the_wait_longer(limits: RateLimits, clock: VirtualClock) -> None:
    """Otherwise an attacker could lock a player out by sending requests in the player's name."""
    for _ in range(100):
        passes(limits, draw())
    assert wait_seconds(limits, draw()) == 6
    clock.advance(6)
    assert passes(limits, draw())


def test_in_any_window_no_more_pass_than_a_burst_and_one_for_each_interval(database: Database) -> None:
    clock, limit = VirtualClock(), Limit(4, 8)
    set_clock(database, clock)
    limits = RateLimits(database, SECRET)
    holders = iter(range(1_000_000))

    @given(st.lists(st.floats(0, 6), min_size=1, max_size=30))
    def check(pauses: list[float]) -> None:
        holder, passed, start = str(next(holders)), [], clock.now
        for pause in pauses:
            clock.advance(pause)
            if passes(limits, draw(holder, limit)):
                passed.append((clock.now - start).total_seconds())
        for index, first in enumerate(passed):
            for count, last in enumerate(passed[index:], start=1):
                assert count <= limit.requests + (last - first) / limit.interval_seconds

    check()


def test_holders_and_purposes_are_counted_apart(limits: RateLimits, clock: VirtualClock) -> None:
    one = Limit(1, 60)
    assert passes(limits, draw("laura", one))
    assert passes(limits, draw("eva", one))
    assert passes(limits, draw("laura", one, purpose="signup"))
    assert not passes(limits, draw("laura", one))


def test_a_request_that_one_limit_refuses_counts_against_no_other(limits: RateLimits, clock: VirtualClock) -> None:
    account, address = draw("laura", Limit(1, 60)), draw("192.0.2.1", Limit(2, 60))
    assert passes(limits, account, address)
    for _ in range(5):
        assert not passes(limits, account, address)
    assert passes(limits, draw("eva", Limit(1, 60)), address)


def test_the_wait_is_that_of_the_slowest_limit(limits: RateLimits, clock: VirtualClock) -> None:
    slow, quick = draw("laura", Limit(1, 600)), draw("192.0.2.1", Limit(1, 5))
    limits.take(slow, quick)
    assert wait_seconds(limits, quick, slow) == wait_seconds(limits, slow, quick) == 600


def test_of_fifty_requests_at_the_same_moment_only_a_burst_passes(database: Database, limits: RateLimits) -> None:
    with ThreadPoolExecutor(10) as threads:
        passed = sum(threads.map(lambda _: passes(limits, draw(limit=Limit(10, 86_400))), range(50)))
    assert passed == 10


def test_accounts_behind_one_address_do_not_deadlock(limits: RateLimits) -> None:
    """Every request locks its rows in the same order."""
    address = draw("192.0.2.1", Limit(25, 86_400))

    def ask(number: int) -> bool:
        return passes(limits, draw(f"player {number % 5}", Limit(1000, 60)), address)

    with ThreadPoolExecutor(10) as threads:
        assert sum(threads.map(ask, range(50))) == 25


ASK_TWENTY_TIMES = """
import sys
from showcase.database.engine import Database
from showcase.rate_limits import Limit, RateLimits
from tests.showcase.test_rate_limits import SECRET, draw, passes

database = Database(sys.argv[1])
limits = RateLimits(database, SECRET)
print(sum(passes(limits, draw(limit=Limit(10, 86_400))) for _ in range(20)))
database.close()
"""


def test_two_processes_share_a_limit(database_url: str) -> None:
    command = [sys.executable, "-c", ASK_TWENTY_TIMES, database_url]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert sum(int(process.communicate(timeout=120)[0]) for process in processes) == 10
    assert [process.returncode for process in processes] == [0, 0]


def test_a_sweep_removes_the_rows_of_empty_buckets_and_no_others(
    database: Database, limits: RateLimits, clock: VirtualClock
) -> None:
    limits.take(draw("empty"))
    clock.advance(6.001)
    limits.take(draw("in use"))
    assert limits.sweep() == 1
    assert rows(database) == 1
    assert [passes(limits, draw("in use")) for _ in range(10)] == [True] * 9 + [False]


def test_a_sweep_removes_at_most_its_number_of_rows(
    database: Database, limits: RateLimits, clock: VirtualClock
) -> None:
    with database.writing() as connection:
        keys = (number.to_bytes(32, "big") for number in range(SWEEP_ROWS + 1))
        connection.execute(insert(RateLimit), [{"key": key, "free_at": clock.now} for key in keys])
    clock.advance(0.001)
    assert [limits.sweep() for _ in range(3)] == [SWEEP_ROWS, 1, 0]


def test_the_table_holds_no_addresses_or_emails(database: Database, limits: RateLimits) -> None:
    limits.take(draw("laura@example.com"), draw("192.0.2.1"))
    RateLimits(database, b"another secret").take(draw("laura@example.com"))
    with database.reading() as connection:
        keys = connection.execute(select(RateLimit.key)).scalars().all()
    assert len({bytes(key) for key in keys}) == 3, "a digest without the secret would be the same"
    assert all(len(key) == 32 and b"example" not in bytes(key) for key in keys)


def test_no_request_passes_while_the_database_is_away() -> None:
    away = RateLimits(Database("postgresql://nobody@127.0.0.1:1/nothing"), SECRET)
    with pytest.raises(Unavailable):
        away.take(draw())


def test_without_limits_the_database_is_not_queried() -> None:
    RateLimits(Database("postgresql://nobody@127.0.0.1:1/nothing"), SECRET).take()


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::1", "::/64"),
        ("localhost", "localhost"),
        ("", ""),
    ],
)
def test_an_ipv6_household_counts_as_one(address: str, network: str) -> None:
    assert network_of(address) == network


def test_a_limit_is_written_as_requests_and_seconds_or_off() -> None:
    assert read_limit("10/60") == Limit(10, 60)
    assert str(read_limit("7/60")) == "7/60"
    assert read_limit("off") is None


@pytest.mark.parametrize(
    "text", ["", "10", "0/60", "10/0", "-1/60", "1.5/60", "60001/60", "1/86401", "1/", "/1", "a/b", "١/60", "1/2/3"]
)
def test_a_text_that_is_not_a_limit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"REQUESTS/SECONDS|at least one request"):
        read_limit(text)
