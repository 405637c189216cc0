"""Reads the parameters of an API call and collects every problem before it refuses the call."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """``field`` is the path of the parameter: ``Metrics[0].MetricStat.Period``."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class ParametersRefused(ValueError):
    """The API would refuse the call, or the call cannot be computed offline. ``problems`` lists every reason."""

    def __init__(self, call: str, problems: Collection[Problem]) -> None:
        super().__init__(f"{call}: " + "; ".join(map(str, problems)))
        self.problems = tuple(problems)


class Parameters:
    """One object of a call. Each reader returns a usable value even when it records a problem.

    A reader without a default records a missing parameter as a problem.
    """

    def __init__(self, values: Mapping[str, Any], path: str = "", problems: list[Problem] | None = None) -> None:
        self.values = values
        self._path = path
        self._problems: list[Problem] = [] if problems is None else problems

    def refuse(self, name: str, message: str) -> None:
        """Record a problem with the parameter ``name``."""
        self._problems.append(Problem(self._path + name, message))

    def raise_problems(self, call: str) -> None:
        """Raise ParametersRefused if any problem was recorded."""
        if self._problems:
            raise ParametersRefused(call, self._problems)

    def __contains__(self, name: str) -> bool:
        return self.values.get(name) is not None

    def allow_only(self, known: Collection[str]) -> None:
        """Record a problem for every parameter that the API does not have."""
        for name in self.values:
            if name not in known:
                self.refuse(name, "there is no such parameter")

    def text(self, name: str, *, longest: int, default: str | None = None) -> str:
        """A string of 1 to ``longest`` characters."""
        value: str = self._read(name, str, default, "")
        if value != default and not 1 <= len(value) <= longest and name in self:
            self.refuse(name, f"has {len(value)} characters, 1 to {longest} are allowed")
        return value

    def texts(self, name: str, *, most: int) -> tuple[str, ...]:
        """A list of at most ``most`` strings; empty if it is missing."""
        values = self._list(name, str)
        if len(values) > most:
            self.refuse(name, f"has {len(values)} items, at most {most} are allowed")
        return tuple(values)

    def choice(self, name: str, options: Collection[str], default: str | None = None) -> str:
        """One of ``options``."""
        value: str = self._read(name, str, default, "")
        if value not in options and name in self:
            self.refuse(name, f"{value!r} is none of {', '.join(options)}")
        return value

    def integer(self, name: str, *, least: int | None = None, default: int | None = None) -> int:
        """An integer of at least ``least``."""
        value: int = self._read(name, int, default, least or 0)
        if least is not None and value < least:
            self.refuse(name, f"is {value}, at least {least} is allowed")
            return least
        return value

    def number(self, name: str, default: float | None = None) -> float:
        """A finite number."""
        value = self._read(name, (int, float), default, 0.0)
        if not math.isfinite(value):
            self.refuse(name, f"{value} is not a finite number")
        return float(value)

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.values.get(name, default)
        if not isinstance(value, bool):
            self.refuse(name, "is neither true nor false")
        return bool(value)

    def object(self, name: str) -> "Parameters":
        return Parameters(self._read(name, Mapping, None, {}), f"{self._path}{name}.", self._problems)

    def objects(self, name: str) -> list["Parameters"]:
        return [
            Parameters(values, f"{self._path}{name}[{index}].", self._problems)
            for index, values in enumerate(self._list(name, Mapping))
        ]

    def _read(self, name: str, kind: type | tuple[type, ...], default: Any, fallback: Any) -> Any:
        """The value; ``fallback`` if it has another type, or is missing and has no default."""
        value = self.values.get(name)
        if value is None:
            if default is None:
                self.refuse(name, "is missing")
            return fallback if default is None else default
        if isinstance(value, bool) or not isinstance(value, kind):
            self.refuse(name, f"{str(value)[:50]!r} has the wrong type")
            return fallback
        return value

    def _list(self, name: str, kind: type) -> list[Any]:
        values = self.values.get(name)
        if values is None:
            return []
        if not isinstance(values, list | tuple) or not all(isinstance(value, kind) for value in values):
            self.refuse(name, "is not a list, or has an item of the wrong type")
            return []
        return list(values)
