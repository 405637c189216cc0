"""Reads the parameters of an API call and collects every problem before it refuses the call."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Self

from cloudwatch.call_form import form_faults, input_shape


@dataclass(frozen=True, slots=True)
class Problem:
    """``field`` is the path of the parameter: ``Metrics[0].MetricStat.Period``.

    ``position`` is the index of the faulty character if the parameter is an expression or a rule; the text counts
    from 1.
    """

    field: str
    message: str
    position: int | None = None

    @property
    def text(self) -> str:
        """The message, with its position if it has one."""
        return self.message if self.position is None else f"character {self.position + 1}: {self.message}"

    def __str__(self) -> str:
        return f"{self.field}: {self.text}"


class ParametersRefused(ValueError):
    """AWS would refuse the call. ``problems`` lists every reason."""

    def __init__(self, call: str, problems: Collection[Problem]) -> None:
        super().__init__(f"{call}: " + "; ".join(map(str, problems)))
        self.problems = tuple(problems)


class Parameters:
    """One object of a call. Each reader returns a usable value, even if the form of the parameter is wrong.

    ``of_call`` has recorded all problems of form: names, types, enumerations, limits, missing parameters. The readers
    record no further ones. With ``refuse``, a caller adds the problems that the model does not cover.
    """

    def __init__(self, values: Mapping[str, Any], path: str = "", problems: dict[str, Problem] | None = None) -> None:
        self.values = values
        self._path = path
        self._problems: dict[str, Problem] = {} if problems is None else problems

    @classmethod
    def of_call(cls, service: str, operation: str, values: Mapping[str, Any]) -> Self:
        """The parameters of a call, with the problems of their form."""
        faults = form_faults(values, input_shape(service, operation))
        return cls(values, problems={field: Problem(field, message) for field, message in faults})

    def refuse(self, name: str, message: str, position: int | None = None) -> None:
        """Record a problem with the parameter ``name``. Only the first problem of a parameter is recorded."""
        field = self._path + name
        self._problems.setdefault(field, Problem(field, message, position))

    def is_refused(self, name: str) -> bool:
        """Whether the parameter, or one below it, has a problem already."""
        field = self._path + name
        return any(known == field or known.startswith((f"{field}.", f"{field}[")) for known in self._problems)

    def raise_problems(self, call: str) -> None:
        """Raise ParametersRefused if any problem was recorded."""
        if self._problems:
            raise ParametersRefused(call, tuple(self._problems.values()))

    def __contains__(self, name: str) -> bool:
        """An empty list counts as missing: DescribeAlarms and the console write ``Dimensions: []`` beside Metrics."""
        return self.values.get(name) not in (None, [], ())

    def require(self, name: str) -> None:
        """Record a problem if the parameter is missing. The model does not require it, but other parameters do."""
        if name not in self:
            self.refuse(name, "is missing")

    def allow_only(self, known: Collection[str]) -> None:
        """Record a problem for every parameter that this kind of call does not take."""
        for name in self.values:
            if name not in known:
                self.refuse(name, "there is no such parameter")

    def text(self, name: str, default: str = "") -> str:
        value: str = self._read(name, str, default)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """The strings of a list; empty if it is missing."""
        return tuple(value for value in self._list(name) if isinstance(value, str))

    def choice(self, name: str, options: Collection[str], default: str | None = None) -> str:
        """One of ``options``, for a parameter that is only a string in the model. Without a default, it is required."""
        if default is None:
            self.require(name)
        value: str = self._read(name, str, default or "")
        if value not in options and name in self:
            self.refuse(name, f"{value!r} is none of {', '.join(options)}")
        return value

    def integer(self, name: str, *, least: int | None = None, default: int | None = None) -> int:
        """An integer of at least ``least``. Without a default, the parameter is required."""
        if default is None:
            self.require(name)
        value: int = self._read(name, int, default if default is not None else least or 0)
        if least is not None and value < least:
            self.refuse(name, f"is {value}, at least {least} is allowed")
            return least
        return value

    def number(self, name: str, default: float = 0.0) -> float:
        return float(self._read(name, (int, float), default))

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.values.get(name)
        return value if isinstance(value, bool) else default

    def object(self, name: str) -> "Parameters":
        """The object of that name; an empty one if it is missing."""
        return Parameters(self._read(name, Mapping, {}), f"{self._path}{name}.", self._problems)

    def objects(self, name: str) -> list["Parameters"]:
        return [
            Parameters(values, f"{self._path}{name}[{index}].", self._problems)
            for index, values in enumerate(self._list(name))
            if isinstance(values, Mapping)
        ]

    def _read(self, name: str, kind: type | tuple[type, ...], fallback: Any) -> Any:
        value = self.values.get(name)
        return value if isinstance(value, kind) and not isinstance(value, bool) else fallback

    def _list(self, name: str) -> list[Any]:
        values = self.values.get(name)
        return list(values) if isinstance(values, list | tuple) else []
