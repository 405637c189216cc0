"""The database: SQLite on a laptop, PostgreSQL in production, with the same transactions and the same clock.

Functions of the domain take a ``Connection``. This module opens connections, and translates the errors of the driver.
Every decision about time (leases, resending) uses the database's clock and never the clock of a process.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Float,
    SQLColumnExpression,
    create_engine,
    event,
    literal,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import InterfaceError, InternalError, InvalidRequestError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from showcase.database.pooled_connections import check_at_checkout
from showcase.deadlines import DEADLINES, DeadlinePassed, limited
from showcase.errors import Unavailable

LOCK_WAIT_SECONDS = 15
CONNECT_SECONDS = 5
STATEMENT_SECONDS = 15
IDLE_TRANSACTION_SECONDS = 10


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime on both databases: sortable text in SQLite, timestamptz in PostgreSQL."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or value.tzinfo is UTC:
            return value
        return value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC)


class database_time(FunctionElement[datetime]):  # noqa: N801 - reads like the SQL function that it is
    """The time of the database's clock, ``seconds`` from now.

    The seconds are a bound parameter. So a statement that uses other seconds each time is still compiled only once.
    """

    inherit_cache = True
    type = UtcDateTime()

    def __init__(self, seconds: float | ColumnElement[float] = 0.0) -> None:
        super().__init__(seconds if isinstance(seconds, ColumnElement) else literal(float(seconds), Float()))


@compiles(database_time, "sqlite")
def _sqlite_time(element: database_time, compiler: SQLCompiler, **options: Any) -> str:
    seconds = compiler.process(element.clauses, **options)
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', printf('%.3f seconds', {seconds}))"


@compiles(database_time, "postgresql")
def _postgresql_time(element: database_time, compiler: SQLCompiler, **options: Any) -> str:
    return f"(now() + make_interval(secs => {compiler.process(element.clauses, **options)}))"


class time_after(FunctionElement[datetime]):  # noqa: N801 - reads like the SQL function that it is
    """The time ``seconds`` after a moment of the database's clock."""

    inherit_cache = True
    type = UtcDateTime()

    def __init__(self, moment: SQLColumnExpression[datetime], seconds: ColumnElement[float]) -> None:
        super().__init__(moment, seconds)


@compiles(time_after, "sqlite")
def _sqlite_time_after(element: time_after, compiler: SQLCompiler, **options: Any) -> str:
    moment, seconds = (compiler.process(clause, **options) for clause in element.clauses)
    return f"strftime('%Y-%m-%d %H:%M:%f000', {moment}, printf('%.3f seconds', {seconds}))"


@compiles(time_after, "postgresql")
def _postgresql_time_after(element: time_after, compiler: SQLCompiler, **options: Any) -> str:
    moment, seconds = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({moment} + make_interval(secs => {seconds}))"


class Database:
    """Opens transactions on one database. ``pool_size`` is the number of threads that may use it at once."""

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        self.engine = _create_engine(url, pool_size)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that only reads. Raises Unavailable when the database is away."""
        with _translated("read"), self._connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that commits at the end of the block.

        Raises Unavailable when the database is away. Then it is unknown whether the commit happened. So every write of
        the domain can be repeated.
        """
        with _translated("write"), self._connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.execution_options(sqlite_begin="IMMEDIATE")
            with connection.begin():
                yield connection

    def _connect(self) -> Connection:
        """A connection of the pool, or a new one."""
        try:
            return self.engine.connect()
        except InvalidRequestError as error:  # new connections are closed as soon as they are open
            raise Unavailable("database", "connect", kind=type(error).__name__) from error

    def ping(self) -> None:
        """Make one round trip. Raises Unavailable."""
        with self.reading() as connection:
            connection.execute(select(text("1")))

    def close(self) -> None:
        self.engine.dispose()


def _create_engine(url: str, pool_size: int) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        Path(parsed.database or "").parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed, pool_size=pool_size, max_overflow=0, connect_args={"timeout": LOCK_WAIT_SECONDS})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    engine = create_engine(
        parsed.set(drivername="postgresql+psycopg2"),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=LOCK_WAIT_SECONDS,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "options": f"-c statement_timeout={STATEMENT_SECONDS}s -c timezone=UTC"
            # A process that is suspended inside a transaction must not keep its row locked.
            f" -c idle_in_transaction_session_timeout={IDLE_TRANSACTION_SECONDS}s",
            "keepalives_idle": 30,
            "tcp_user_timeout": STATEMENT_SECONDS * 1000,
        },
    )
    check_at_checkout(engine)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # Python's driver must not begin transactions by itself, because _begin_sqlite does.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that will write takes the lock at once. If it took it later, a faster one could make it fail.
    kind = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {kind}")


@contextmanager
def _translated(operation: str) -> Iterator[None]:
    try:
        with limited(DEADLINES["database transaction"].seconds):
            yield
    except (OperationalError, InterfaceError, InternalError, PoolTimeoutError, DeadlinePassed) as error:
        cause = getattr(error, "orig", None) or error  # the error of the driver, if there is one
        raise Unavailable("database", operation, kind=type(cause).__name__) from error
