"""Limits on the requests of an account or an address, counted in the database so that they hold for all instances.

The generic cell rate algorithm (ITU-T I.371), a leaky bucket without a timer: ``free_at`` in a row is the moment at
which the bucket is empty again. A request moves it one interval into the future, unless it lies further ahead than the
burst allows. One guarded statement does both, so concurrent requests cannot exceed the limit.
"""

import hmac
import math
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from ipaddress import IPv6Address, ip_address

from sqlalchemy import Connection, Executable, Float, bindparam, case, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from showcase.database.engine import Database, database_time, time_after
from showcase.database.tables import RateLimit
from showcase.errors import TooManyRequests
from showcase.rates import Limit

IPV6_NETWORK_BITS = 64  # a household gets a /64, so a limit on single addresses would limit nothing
SWEEP_ROWS = 5000


@dataclass(frozen=True, slots=True)
class Draw:
    """One request, counted against the limit of one holder. Requests of different ``purpose`` are counted apart."""

    purpose: str
    holder: str
    limit: Limit


class RateLimits:
    """Counts requests for all instances.

    The table holds digests of the holders, keyed with ``secret``. Without it, nobody can find addresses or e-mails in
    the table by hashing a list of them.
    """

    def __init__(self, database: Database, secret: bytes) -> None:
        self._database = database
        self._secret = secret

    def take(self, *draws: Draw) -> None:
        """Let a request pass if it keeps all the limits. A refused request counts against none of them.

        Raises TooManyRequests. Raises Unavailable without the database: the request could do nothing without it.
        The transaction is a short one of its own, because a row can belong to an address that a whole school shares.
        """
        if not draws:
            return
        with self._database.writing() as connection:
            waits = [self._take_one(connection, draw) for draw in draws]
            if seconds := max(waits):
                raise TooManyRequests(seconds)

    def _take_one(self, connection: Connection, draw: Draw) -> int:
        """Return 0 if the request passes, or the seconds until it would pass."""
        key = hmac.digest(self._secret, f"{draw.purpose}\0{draw.holder}".encode(), "sha256")
        interval, tolerance = draw.limit.interval_seconds, draw.limit.tolerance_seconds
        values = {"key": key, "interval": interval, "tolerance": tolerance}
        if connection.execute(_draw_statement(connection.dialect.name), values).rowcount == 1:
            return 0
        # A refused statement locks the row too, so the row exists and does not change.
        free_at, now = connection.execute(select(RateLimit.free_at, database_time()).where(RateLimit.key == key)).one()
        passes_at = free_at - timedelta(seconds=tolerance)
        return max(1, math.ceil((passes_at - now).total_seconds()))

    def sweep(self) -> int:
        """Remove at most SWEEP_ROWS rows whose bucket is empty; return how many. Raises Unavailable."""
        idle = (
            select(RateLimit.key)
            .where(RateLimit.free_at < database_time())
            .limit(SWEEP_ROWS)
            .with_for_update(skip_locked=True)
        )
        with self._database.writing() as connection:
            return connection.execute(delete(RateLimit).where(RateLimit.key.in_(idle))).rowcount


@cache
def _draw_statement(dialect_name: str) -> Executable:
    """Cached, because building the statement costs more than executing it."""
    insert = postgresql.insert if dialect_name == "postgresql" else sqlite.insert
    interval, tolerance = bindparam("interval", type_=Float()), bindparam("tolerance", type_=Float())
    first = database_time(interval)
    return (
        insert(RateLimit)
        .values(key=bindparam("key"), free_at=first)
        .on_conflict_do_update(
            index_elements=[RateLimit.key],
            set_={
                "free_at": case(
                    (RateLimit.free_at > database_time(), time_after(RateLimit.free_at, interval)), else_=first
                )
            },
            where=RateLimit.free_at <= database_time(tolerance),
        )
    )


def network_of(address: str) -> str:
    """The addresses that count as one: an IPv4 address alone, or the /64 of an IPv6 address."""
    try:
        found = ip_address(address)
    except ValueError:
        return address  # not an IP address, for example of a Unix socket
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    host_bits = 128 - IPV6_NETWORK_BITS
    return f"{IPv6Address(int(found) >> host_bits << host_bits)}/{IPV6_NETWORK_BITS}"
