"""``python -m tests.faults.wrong_clock SECONDS MODULE``: run a module whose clock is ahead by SECONDS, or behind.

Only what Python code reads of the clock is wrong, and only in this process: the database and the emulator keep theirs.
``time.monotonic`` is right, because nothing sets it.
"""

import datetime as datetime_module
import runpy
import sys
import time
from datetime import date, datetime, timedelta, tzinfo
from typing import Any


class _LooksLikeDatetime(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, datetime)


class _LooksLikeDate(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, date)


def make_clock_wrong(seconds: float) -> None:
    """Replace the readers of the clock. Modules that are imported from now on get the wrong ones."""
    ahead = timedelta(seconds=seconds)
    right_time, right_time_ns = time.time, time.time_ns
    time.time = lambda: right_time() + seconds
    time.time_ns = lambda: right_time_ns() + round(seconds * 1e9)

    class WrongDatetime(datetime, metaclass=_LooksLikeDatetime):
        def __new__(cls, *arguments: Any, **keywords: Any) -> Any:
            return datetime(*arguments, **keywords)

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.now(tz) + ahead

        @classmethod
        def utcnow(cls) -> Any:
            return datetime.now(datetime_module.UTC).replace(tzinfo=None) + ahead

        @classmethod
        def today(cls) -> Any:
            return cls.now()

    class WrongDate(date, metaclass=_LooksLikeDate):
        def __new__(cls, *arguments: Any, **keywords: Any) -> Any:
            return date(*arguments, **keywords)

        @classmethod
        def today(cls) -> Any:
            return WrongDatetime.now().date()

    replaced: Any = datetime_module
    replaced.datetime, replaced.date = WrongDatetime, WrongDate


if __name__ == "__main__":
    seconds, module = float(sys.argv[1]), sys.argv[2]
    make_clock_wrong(seconds)
    sys.argv = [module, *sys.argv[3:]]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
