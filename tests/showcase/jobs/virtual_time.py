"""Replaces the clock of the database, so that a test decides when time passes.

The SQL of the domain stays as it is. In SQLite, the date functions of each connection are replaced. PostgreSQL finds
``now()`` in a schema that is searched before its own. Other ways to the real time raise an error where the database
allows to replace them. Where it does not, a test can see the real time, because START is years away from it.
"""

import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Any, Never

from sqlalchemy import Connection, Engine, event

from showcase.database.engine import Database

START = datetime(2031, 5, 1, tzinfo=UTC)

_PATTERN = "%Y-%m-%d %H:%M:%f000"  # the format of showcase.database.engine.database_time
_STORED = "%Y-%m-%d %H:%M:%S.%f"
_REAL_TIME = ("date", "time", "datetime", "julianday", "unixepoch")
_REAL_TIME_WORDS = ("current_date", "current_time", "current_timestamp")

_SCHEMA = """
CREATE SCHEMA virtual_time;
CREATE FUNCTION virtual_time.now() RETURNS timestamptz LANGUAGE sql STABLE
    AS $$ SELECT current_setting('virtual_time.now')::timestamptz $$;
"""
_REFUSED = """
CREATE FUNCTION virtual_time.{name}() RETURNS {type} LANGUAGE plpgsql STABLE
    AS $$ BEGIN RAISE 'the real time was asked for'; END $$;
"""
_REAL_CLOCKS = {
    "transaction_timestamp": "timestamptz",
    "statement_timestamp": "timestamptz",
    "clock_timestamp": "timestamptz",
    "timeofday": "text",
}


class VirtualClock:
    """A clock that stands still until it is advanced. It counts whole milliseconds, as SQLite does."""

    def __init__(self) -> None:
        self.now = START

    def advance(self, seconds: float) -> None:
        self.now = self.after(seconds)

    def after(self, seconds: float) -> datetime:
        return self.now + timedelta(milliseconds=round(seconds * 1000))


def set_clock(database: Database, clock: VirtualClock) -> None:
    """Make this the clock of every connection of ``database``."""
    if database.engine.dialect.name == "sqlite":
        _set_clock_of_sqlite(database.engine, clock)
    else:
        _set_clock_of_postgresql(database.engine, clock)
    database.engine.dispose()  # connections that were made before have the real clock


def _set_clock_of_sqlite(engine: Engine, clock: VirtualClock) -> None:
    def strftime(pattern: str, moment: str, shift: str) -> str:
        if pattern != _PATTERN:
            raise ValueError(f"not the clock that database_time() reads: {pattern} of {moment}")
        # time_after() adds to the time of a row and does not read the clock.
        start = clock.now if moment == "now" else datetime.strptime(moment, _STORED).replace(tzinfo=UTC)
        then = start + timedelta(milliseconds=round(float(shift.removesuffix(" seconds")) * 1000))
        return f"{then:{_STORED}}"

    def replace_functions(connection: sqlite3.Connection, _record: object) -> None:
        connection.create_function("strftime", -1, strftime)
        for name in _REAL_TIME:
            connection.create_function(name, -1, _refuse)
        for name in _REAL_TIME_WORDS:
            connection.create_function(name, 0, _refuse)

    event.listen(engine, "connect", replace_functions)


def _refuse(*_arguments: object) -> Never:
    raise ValueError("the real time was asked for")


def _set_clock_of_postgresql(engine: Engine, clock: VirtualClock) -> None:
    refused = (_REFUSED.format(name=name, type=kind) for name, kind in _REAL_CLOCKS.items())
    with engine.begin() as connection:
        connection.exec_driver_sql(_SCHEMA + "".join(refused))

    def search_virtual_time_first(connection: Any, _record: object) -> None:
        connection.cursor().execute("SET search_path TO virtual_time, public, pg_catalog")
        connection.commit()

    def note_begin(connection: Connection) -> None:
        # One moment for the whole transaction, as with the real now().
        connection.exec_driver_sql("SELECT set_config('virtual_time.now', %s, true)", (clock.now.isoformat(),))

    event.listen(engine, "connect", search_virtual_time_first)
    event.listen(engine, "begin", note_begin)
