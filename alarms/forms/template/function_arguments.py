"""Reads the arguments of a function of a template, and writes them in a placeholder."""

import json
from collections.abc import Sequence
from enum import Enum
from typing import Any

from alarms.forms.template.api_parameters import as_text


class NoValue(Enum):
    """The result of ``Ref`` to ``AWS::NoValue``: the property or the item is left out."""

    NO_VALUE = "AWS::NoValue"


class Malformed(Exception):
    """CloudFormation would refuse the expression. The text is the reason."""


def arguments_of(arguments: Any, least: int, most: int, form: str) -> Sequence[Any]:
    """The list of ``least`` to ``most`` arguments of a function. Raises Malformed: the function takes ``form``."""
    if not isinstance(arguments, list) or not least <= len(arguments) <= most:
        raise Malformed(f"it takes {form}")
    return arguments


def text_argument(value: Any, what: str) -> str:
    """A text, or a number as text. Raises Malformed for anything else."""
    text = as_text(value)
    if not isinstance(text, str):
        raise Malformed(f"{what} is not a text")
    return text


def written(function: str, argument: Any) -> str:
    """An expression on one line: ``Fn::Select(1, Fn::Split("/", Listener))``."""
    if function == "Ref":
        return _shown(argument).strip('"')
    if function == "Fn::GetAtt":
        return ".".join(map(str, argument)) if isinstance(argument, list) else str(argument)
    arguments = argument if isinstance(argument, list) else [argument]
    return f"{function}({', '.join(map(_shown, arguments))})"


def _shown(value: Any) -> str:
    if isinstance(value, dict) and len(value) == 1:
        ((name, argument),) = value.items()
        if name == "Ref" or str(name).startswith("Fn::"):
            return written(name, argument)
    if isinstance(value, str) and value.startswith("${") and value.endswith("}") and "${" not in value[2:]:
        return value[2:-1]
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    return json.dumps(value, ensure_ascii=False, default=str)
