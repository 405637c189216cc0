"""Compares a file of example settings with the settings that it documents."""

import re
from pathlib import Path

from pydantic_settings import BaseSettings


def undocumented(example: Path, *kinds: type[BaseSettings]) -> list[str]:
    """The variables that are only in the example or only in the settings, or that have another default there."""
    documented = dict(re.findall(r"^#?\s?(\w+)=(.*)$", example.read_text(), re.MULTILINE))
    fields = {str(field.validation_alias): field for kind in kinds for field in kind.model_fields.values()}
    wrong = sorted(documented.keys() ^ fields.keys())
    for variable in documented.keys() & fields.keys():
        field = fields[variable]
        default = "" if field.default is None else str(field.default).lower()
        if not field.is_required() and documented[variable].lower() != default:
            wrong.append(variable)
    return wrong
