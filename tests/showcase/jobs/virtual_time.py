"""The database's clock in the hands of a test: hours pass at once, and never by themselves.

SQL of the domain is not changed for it. SQLite's date functions are replaced for each connection; PostgreSQL finds
``now()`` in a schema that is searched before its own. Whoever asks for the real time in another way gets an error
where the database allows to replace that way; else the time of START gives it away.
"""

import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Any, Never

from sqlalchemy import Connection, Engine, event

from showcase.database.engine import Database

START = datetime(2031, 5, 1, tzinfo=UTC)

_PATTERN = "%Y-%m-%d %H:%M:%f000"  # of showcase.database.engine.database_time
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
    """Stands still until it is advanced. Whole milliseconds, as SQLite's."""

    def __init__(self) -> None:
        self.now = START

    def advance(self, seconds: float) -> None:
        self.now = self.after(seconds)

    def after(self, seconds: float) -> datetime:
        return self.now + timedelta(milliseconds=round(seconds * 1000))


def govern(database: Database, clock: VirtualClock) -> None:
    """From now on this is the clock of the database, on every connection of ``database``."""
    if database.engine.dialect.name == "sqlite":
        _govern_sqlite(database.engine, clock)
    else:
        _govern_postgresql(database.engine, clock)
    database.engine.dispose()  # connections that were made before know the real time


def _govern_sqlite(engine: Engine, clock: VirtualClock) -> None:
    def strftime(pattern: str, moment: str, shift: str) -> str:
        if pattern != _PATTERN:
            raise ValueError(f"not the clock that database_time() reads: {pattern} of {moment}")
        # A moment of a row is read as it stands: time_after() asks nobody for the time.
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


def _govern_postgresql(engine: Engine, clock: VirtualClock) -> None:
    refused = (_REFUSED.format(name=name, type=kind) for name, kind in _REAL_CLOCKS.items())
    with engine.begin() as connection:
        connection.exec_driver_sql(_SCHEMA + "".join(refused))

    def search_ours_first(connection: Any, _record: object) -> None:
        connection.cursor().execute("SET search_path TO virtual_time, public, pg_catalog")
        connection.commit()

    def note_begin(connection: Connection) -> None:
        # As the real now(): one moment for the whole transaction. Without a transaction there is none.
        connection.exec_driver_sql("SELECT set_config('virtual_time.now', %s, true)", (clock.now.isoformat(),))

    event.listen(engine, "connect", search_ours_first)
    event.listen(engine, "begin", note_begin)
