"""A database whose commits a test can watch, prevent, or leave without an answer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from showcase.database.engine import Database
from showcase.errors import Unavailable


def away() -> None:
    """As a hook: the commit fails, or happens without an answer."""
    raise Unavailable("database", "write")


def nothing() -> None:
    """As a hook: the commit happens and is answered."""


def in_turn(*hooks: Callable[[], None]) -> Callable[[], None]:
    """A hook that calls the next of ``hooks`` at each commit, and does nothing after the last one."""
    left = iter(hooks)

    def call() -> None:
        next(left, nothing)()

    return call


class WatchedDatabase(Database):
    """Calls a hook before and after the commit of each write. An error of a hook reaches the caller.

    If ``before_commit`` raises, the commit does not happen.
    """

    before_commit: Callable[[], None] = staticmethod(nothing)
    after_commit: Callable[[], None] = staticmethod(nothing)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with super().writing() as connection:
            yield connection
            self.before_commit()
        self.after_commit()
