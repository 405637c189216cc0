"""How often an account or an address may ask, counted in the database: it holds across instances.

The generic cell rate algorithm (ITU-T I.371), the leaky bucket without a timer: a row says when all that was drawn
will have flowed back (``free_at``). A draw moves that moment on by one interval, unless it is already further ahead
than the burst allows. One guarded statement does both, so no concurrency lets more through.
"""

import hmac
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from ipaddress import IPv6Address, ip_address

from sqlalchemy import Connection, Executable, Float, bindparam, case, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from showcase.database.engine import Database, database_time, time_after
from showcase.database.tables import RateLimit
from showcase.errors import TooManyRequests
from showcase.rates import Limit

IPV6_NETWORK_BITS = 64  # what one household gets: counting single addresses would count nothing
SWEEP_ROWS = 5000


@dataclass(frozen=True, slots=True)
class Draw:
    """One request, drawn on the limit of one holder. ``purpose`` keeps counts of different kinds apart."""

    purpose: str
    holder: str
    limit: Limit


class RateLimits:
    """Counts for all instances. ``secret`` keys the digests: no table of addresses or e-mails can undo them."""

    def __init__(self, database: Database, secret: bytes) -> None:
        self._database = database
        self._secret = secret

    def take(self, *draws: Draw) -> None:
        """Let the request pass, if it keeps all the limits; one that is refused draws on none.

        Raises TooManyRequests, and Unavailable: without the database nobody passes, for nothing behind would work.
        The transaction is its own, and short: a row of an address that a whole school shares is locked by nothing else.
        """
        if not draws:
            return
        with self._database.writing() as connection:
            waits = [self._take(connection, draw) for draw in draws]
            if seconds := max(waits):
                raise TooManyRequests(seconds)

    def _take(self, connection: Connection, draw: Draw) -> int:
        """0, or the seconds until it would pass."""
        key = hmac.digest(self._secret, f"{draw.purpose}\0{draw.holder}".encode(), "sha256")
        if _drawn(connection, key, draw.limit):
            return 0
        # The refused statement has locked the row all the same: it is there, and it stands still.
        free_at, now = connection.execute(select(RateLimit.free_at, database_time()).where(RateLimit.key == key)).one()
        return _wait_seconds(free_at, now, draw.limit)

    def sweep(self) -> int:
        """Remove rows that say nothing any more, at most SWEEP_ROWS; return how many. Raises Unavailable."""
        idle = (
            select(RateLimit.key)
            .where(RateLimit.free_at < database_time())
            .limit(SWEEP_ROWS)
            .with_for_update(skip_locked=True)
        )
        with self._database.writing() as connection:
            return connection.execute(delete(RateLimit).where(RateLimit.key.in_(idle))).rowcount


def _drawn(connection: Connection, key: bytes, limit: Limit) -> bool:
    values = {"key": key, "interval": limit.interval_seconds, "tolerance": limit.tolerance_seconds}
    return connection.execute(_draw_statement(connection.dialect.name), values).rowcount == 1


@cache
def _draw_statement(dialect_name: str) -> Executable:
    """Built once: that costs more than to run it."""
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


def _wait_seconds(free_at: datetime, now: datetime, limit: Limit) -> int:
    passes_at = free_at - timedelta(seconds=limit.tolerance_seconds)
    return max(1, math.ceil((passes_at - now).total_seconds()))


def network_of(address: str) -> str:
    """Who counts as one at this address: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        found = ip_address(address)
    except ValueError:
        return address  # a socket without addresses: all of it is one
    if isinstance(found, IPv6Address):
        return _network_of_ipv6(found)
    return str(found)


def _network_of_ipv6(address: IPv6Address) -> str:
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    network = int(address) >> (128 - IPV6_NETWORK_BITS)
    return f"{IPv6Address(network << (128 - IPV6_NETWORK_BITS))}/{IPV6_NETWORK_BITS}"
