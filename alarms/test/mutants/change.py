"""One changed parameter of a call: its path, what it was, what it is, and all parameters with it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Parameters = Mapping[str, Any]
Path = Sequence[str | int]


class _Removed:
    def __str__(self) -> str:
        return "none"


REMOVED: Final = _Removed()  # as a value: the parameter is left out


@dataclass(frozen=True, slots=True)
class ParameterChange:
    """``key`` is the path of the parameter: ``Metrics[0].MetricStat.Stat``; ``text`` is like ``Sum -> Average``."""

    key: str
    text: str
    parameters: Parameters

    def __str__(self) -> str:
        return f"{self.key}: {self.text}"


def key_of(path: Path) -> str:
    """The path as text."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def changes(
    parameters: Parameters, path: Path, values: Iterable[Any], default: Any = REMOVED
) -> Iterator[ParameterChange]:
    """A change of one parameter to each of ``values`` that is not its own. Without it, its value is ``default``."""
    old = value_at(parameters, path, default)
    for value in values:
        if value != old:
            yield ParameterChange(key_of(path), f"{shown(old)} -> {shown(value)}", with_value(parameters, path, value))


def value_at(parameters: Any, path: Path, default: Any = REMOVED) -> Any:
    """The value of a parameter."""
    for part in path:
        missing = part not in parameters if isinstance(part, str) else part >= len(parameters)
        if missing:
            return default
        parameters = parameters[part]
    return parameters


def with_value(parameters: Any, path: Path, value: Any) -> Any:
    """A copy of the parameters in which one is changed or REMOVED."""
    part, rest = path[0], path[1:]
    copied: Any = dict(parameters) if isinstance(part, str) else list(parameters)
    if rest:
        copied[part] = with_value(copied[part], rest, value)
    elif value is REMOVED:
        del copied[part]
    else:
        copied[part] = value
    return copied


def shown(value: Any) -> str:
    """A value in a message."""
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def near_numbers(number: float, *, least: float | None = None) -> list[float]:
    """Half, double, one less and one more, without those below ``least``. Whole numbers stay whole if they can."""
    found = {number / 2, number - 1, number + 1, number * 2} - {number}
    kept = sorted(each for each in found if least is None or each >= least)
    return [int(each) if isinstance(number, int) and each == int(each) else each for each in kept]


def near_minutes(seconds: int) -> list[int]:
    """Half, double, a minute less and a minute more: other numbers of seconds."""
    found = {seconds // 2, seconds - 60, seconds + 60, seconds * 2} - {seconds}
    return sorted(each for each in found if each >= 0)


def whole(numbers: Iterable[float]) -> list[int]:
    """Those of the numbers that are whole."""
    return [int(number) for number in numbers if number == int(number)]
