"""Values that a file does not give: references of a CloudFormation template that only the deployed stack can resolve.

A placeholder, ``${Topic.TopicArn}``, stands for such a value among the parameters. In free text (an action, a
dimension, a name) the rest of the definition is checked and played. Elsewhere (a threshold, a statistic) it is not
known whether AWS would refuse the call: it is neither refused nor played.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cloudwatch.call_form import form_faults, input_shape
from cloudwatch.parameters import ParametersRefused, Problem

EXISTENCE = "Condition"  # the key of an open value that decides whether the alarm exists


@dataclass(frozen=True, slots=True)
class OpenValue:
    """``key`` is the path of the parameter, ``text`` the placeholder in it, and ``reason`` why it is not known.

    ``is_wrong`` is true if CloudFormation would refuse the expression, too.
    """

    key: str
    text: str
    reason: str
    is_wrong: bool = False

    @property
    def is_generated(self) -> bool:
        """Whether the text is not a placeholder, but a name like the one that CloudFormation makes."""
        return not self.text.startswith("${")

    def is_in(self, text: str) -> bool:
        """Whether a text has the placeholder, or is the generated name."""
        return self.text == text if self.is_generated else self.text in text

    def __str__(self) -> str:
        return f"{self.text} is not known: {self.reason}"


def open_in(text: str, values: Iterable[OpenValue]) -> list[OpenValue]:
    """The ``values`` whose placeholders are in a text, each placeholder once."""
    return list({value.text: value for value in values if value.is_in(text)}.values())


def certain_problems(
    refusal: ParametersRefused, values: Iterable[OpenValue], parameters: Mapping[str, Any], call: tuple[str, str]
) -> list[Problem]:
    """The problems of a call that do not depend on its open values.

    A value outside free text shows as a problem of its own. Then only the form of the other parameters is certain,
    because a rule may compare them with that value.
    """
    known = list(values)
    others = [problem for problem in refusal.problems if not any(_concerns(problem, value) for value in known)]
    if len(others) == len(refusal.problems):
        return others
    fields = {field for field, _ in form_faults(parameters, input_shape(*call))}
    return [problem for problem in others if problem.field in fields]


def blocking_text(refusal: ParametersRefused, values: Iterable[OpenValue]) -> str:
    """The open values that decide whether AWS would refuse the call, as text."""
    blocking = [value for value in values if any(_concerns(problem, value) for problem in refusal.problems)]
    return "; ".join(dict.fromkeys(f"{value.key}: {value}" for value in blocking))


def _concerns(problem: Problem, value: OpenValue) -> bool:
    return value.is_in(problem.message) or _lies_in(problem.field, value.key) or _lies_in(value.key, problem.field)


def _lies_in(path: str, other: str) -> bool:
    return not other or path == other or path.startswith((f"{other}.", f"{other}["))
