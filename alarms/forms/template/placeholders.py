"""The placeholders of one template. ``${Topic.TopicArn}`` stands for an unknown value, which a variable can give."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alarms.definition_files import Variables


@dataclass(frozen=True, slots=True)
class Reason:
    """The reason why a value is not known. ``is_wrong`` is true if CloudFormation would refuse the expression."""

    text: str
    is_wrong: bool = False


class Placeholders:
    """``reasons`` has every placeholder that was created so far."""

    def __init__(self, variables: Variables) -> None:
        self.reasons: dict[str, Reason] = {}
        self._variables = variables

    def value_of(self, name: str, reason: Reason) -> str | int | float:
        """The variable of that name, else a placeholder."""
        if name in self._variables:
            return self._variables[name]
        text = f"${{{name}}}"
        self.reasons.setdefault(text, reason)
        return text

    def among(self, value: Any) -> list[str]:
        """The placeholders in a text, or in the texts of a list or an object."""
        if isinstance(value, str):
            return [text for text in self.reasons if text in value]
        items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
        return [text for item in items for text in self.among(item)]
