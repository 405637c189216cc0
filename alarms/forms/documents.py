"""Reads a file as JSON or YAML. The short forms of CloudFormation (``!Ref``) become their long forms (``Ref``)."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from alarms.definition_files import DefinitionError
from alarms.strict_json import parse_json

YAML_ENDINGS = (".yaml", ".yml")
ENDINGS = (".json", *YAML_ENDINGS, ".template")

_TEMPLATE = re.compile(r"""AWSTemplateFormatVersion["']?\s*:|\bType["']?\s*:\s*["']?AWS::""")
_YAML = "tag:yaml.org,2002:"
_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


def read_any_document(path: Path) -> Any:
    """The content of a JSON or YAML file. Raises DefinitionError, with the line that cannot be read.

    A number of YAML that is not written as JSON writes it (``1.10``, ``012``) stays a text, because CloudFormation
    keeps it as a text wherever a text is expected.
    """
    try:
        text = path.read_text()
        if path.suffix in YAML_ENDINGS or (path.suffix != ".json" and not text.lstrip().startswith(("{", "["))):
            return _value(yaml.compose(text, Loader=_LOADER))
        return parse_json(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise DefinitionError([f"{path}: {place}{error.problem or error.context}"]) from error
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise DefinitionError([f"{path}: {error}"]) from error


def is_meant_as_template(path: Path) -> bool:
    """Whether a file that cannot be read looks like a template. Raises no error."""
    try:
        return bool(_TEMPLATE.search(path.read_text(errors="replace")))
    except OSError:
        return False


def _value(node: yaml.Node | None) -> Any:
    """The value of a YAML node. A short form becomes an object with the long form as its only member."""
    if node is None:
        return None
    if node.tag.startswith("!") and node.tag != "!":
        name = node.tag[1:]
        return {name if name in ("Ref", "Condition") else f"Fn::{name}": _content(node, f"{_YAML}str")}
    return _content(node, node.tag)


def _content(node: yaml.Node, tag: str) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [_value(item) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        return _members(node)
    return _scalar(str(node.value), tag.removeprefix(_YAML))


def _members(node: yaml.MappingNode) -> dict[str, Any]:
    """The members of an object. Merged members (``<<: *anchor``) come first, so that its own members override them."""
    merged: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for key, item in node.value:
        if key.tag == f"{_YAML}merge":
            for each in item.value if isinstance(item, yaml.SequenceNode) else [item]:
                merged |= _value(each) if isinstance(each, yaml.MappingNode) else {}
        else:
            if key.value in own:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value!r} stands twice", problem_mark=key.start_mark)
            own[str(key.value)] = _value(item)
    return merged | own


def _scalar(text: str, kind: str) -> Any:
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() in ("true", "yes", "on")
    if kind in ("int", "float"):
        try:
            number = json.loads(text)
        except ValueError:
            return text
        return number if json.dumps(number) == text else text
    return text
