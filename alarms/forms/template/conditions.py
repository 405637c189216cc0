"""The conditions of one template. A condition holds, does not hold, or depends on a value that is not known.

Source: "Condition functions" in the user guide of CloudFormation.
"""

from collections.abc import Callable, Mapping
from typing import Any

from alarms.forms.template.function_arguments import Malformed, arguments_of, text_argument
from alarms.forms.template.placeholders import Placeholders

CONDITIONS_MAX = 10  # in one Fn::And or Fn::Or


class Conditions:
    """``resolve`` gives the values that the conditions compare."""

    def __init__(self, declared: Mapping[str, Any], resolve: Callable[[Any], Any], placeholders: Placeholders) -> None:
        self._declared = declared
        self._resolve = resolve
        self._placeholders = placeholders
        self._busy: list[str] = []  # the conditions that are being decided, to find circles

    def holds(self, name: Any) -> bool | None:
        """Whether a condition holds; None if that is not known. Raises Malformed."""
        if not isinstance(name, str) or name not in self._declared:
            raise Malformed(f"the template has no condition {name}")
        if name in self._busy:
            raise Malformed("it refers to itself")
        self._busy.append(name)
        try:
            return self._decide(self._declared[name])
        finally:
            self._busy.pop()

    def _decide(self, condition: Any) -> bool | None:
        if not isinstance(condition, Mapping) or len(condition) != 1:
            raise Malformed("a condition is one function")
        ((function, argument),) = condition.items()
        if function == "Condition":
            return self.holds(argument)
        if function == "Fn::Equals":
            return self._equal(*arguments_of(argument, 2, 2, "two values"))
        if function not in ("Fn::And", "Fn::Or", "Fn::Not"):
            return None
        answers = [self._decide(each) for each in arguments_of(argument, 1, CONDITIONS_MAX, "a list of conditions")]
        if function == "Fn::Not":
            return None if answers[0] is None else not answers[0]
        deciding = function == "Fn::Or"
        return deciding if deciding in answers else None if None in answers else not deciding

    def _equal(self, left: Any, right: Any) -> bool | None:
        sides = [self._resolve(side) for side in (left, right)]
        texts = [text_argument(side, "a side") if isinstance(side, str | int | float) else side for side in sides]
        if texts[0] == texts[1]:
            return True
        return None if self._placeholders.among(sides) else False
