"""Computes the references and functions of a CloudFormation template, if the file and the variables give their values.

Sources: "Intrinsic function reference", "Pseudo parameters reference" and "Conditions" in the user guide of
CloudFormation.

A placeholder, ``${Topic.TopicArn}``, stands for an unknown value. The variable of that name can give it: the same
way as the value of a parameter, or of ``AWS::StackName``.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from alarms.definition_files import NAME_KEYS, DefinitionKind, Variables
from alarms.forms.template.conditions import Conditions
from alarms.forms.template.function_arguments import Malformed, NoValue, arguments_of, text_argument, written
from alarms.forms.template.placeholders import Placeholders, Reason
from alarms.forms.template.resource_types import KINDS, NAMED_BY_REF, SCALABLE_TARGET, TARGET_PROPERTIES

# The variables of this project that give the values of two pseudo parameters.
_OWN_NAMES = {"AWS::Region": "REGION", "AWS::AccountId": "ACCOUNT"}
_PARTITIONS = (("cn-", "aws-cn", "amazonaws.com.cn"), ("us-gov-", "aws-us-gov", "amazonaws.com"))
_PARTITION = ("", "aws", "amazonaws.com")
_IN_TEXT = re.compile(r"\$\{(!?)([^${}]+)\}")
_DYNAMIC = re.compile(r"\{\{(resolve:[^{}]+)\}\}")
_PSEUDO = "AWS::"


class Resolver:
    """The values of one template. ``placeholders`` are the placeholders that were created so far."""

    def __init__(self, template: Mapping[str, Any], variables: Variables, stack: str) -> None:
        self.placeholders = Placeholders(variables)
        self._variables = variables
        self._stack = stack
        self._parameters = _section(template, "Parameters")
        self._mappings = _section(template, "Mappings")
        self._conditions = Conditions(_section(template, "Conditions"), self.resolve, self.placeholders)
        self._resources = _section(template, "Resources")
        self._is_transformed = "Transform" in template  # a macro may add resources
        self._busy: list[str] = []  # the properties that are being resolved, to find circles
        self._functions: Mapping[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::FindInMap": self._find_in_map,
            "Fn::GetAtt": self._get_att,
            "Fn::If": self._if,
            "Fn::ImportValue": self._import_value,
            "Fn::Join": self._join,
            "Fn::Length": self._length,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::Sub": self._sub,
            "Fn::ToJsonString": lambda value: json.dumps(self.resolve(value)),
        }

    def resolve(self, value: Any) -> Any:
        """``value`` with its expressions resolved, at any depth."""
        if isinstance(value, list):
            items = [self.resolve(item) for item in value]
            return [item for item in items if item is not NoValue.NO_VALUE]
        if isinstance(value, str):
            return _DYNAMIC.sub(lambda match: self._read_later(match[1]), value)
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or str(name).startswith("Fn::"):
                return self._call(str(name), argument)
        members = {name: self.resolve(item) for name, item in value.items()}
        return {name: item for name, item in members.items() if item is not NoValue.NO_VALUE}

    def decide(self, condition: Any) -> bool | Reason:
        """Whether a condition of the template holds, or the reason why that is not known."""
        try:
            holds = self._conditions.holds(condition)
        except Malformed as error:
            return Reason(str(error), is_wrong=True)
        return Reason("it depends on what is not known") if holds is None else holds

    def name_of(self, logical_id: str) -> str:
        """The name of a definition: that in the template, or else one like the name that CloudFormation makes."""
        kind = KINDS[self._resources[logical_id]["Type"]]
        given = self._property(logical_id, NAME_KEYS.get(kind, ""))
        return given if isinstance(given, str) and given else f"{self._stack}-{logical_id}"

    def _call(self, function: str, argument: Any) -> Any:
        try:
            if known := self._functions.get(function):
                return known(argument)
            return self._open(function, argument, "only CloudFormation can compute it")
        except Malformed as error:
            return self._open(function, argument, str(error), is_wrong=True)

    def _open(self, function: str, argument: Any, reason: str, *, is_wrong: bool = False) -> Any:
        return self.placeholders.value_of(written(function, argument), Reason(reason, is_wrong))

    def _missing(self, function: str, argument: str, fault: str) -> Any:
        """The placeholder of a resource that a macro may add. Raises Malformed if the template has no macro."""
        if not self._is_transformed:
            raise Malformed(fault)
        return self._open(function, argument, "a macro of the template may make it")

    def _read_later(self, reference: str) -> str:
        return str(self.placeholders.value_of(reference, Reason("it is read at deployment")))

    def _ref(self, name: Any) -> Any:
        name = text_argument(name, "the name")
        if name == NoValue.NO_VALUE.value:
            return NoValue.NO_VALUE
        if name.startswith(_PSEUDO):
            return self._pseudo(name)
        if name in self._parameters:
            return self._parameter(name)
        if name in self._variables:
            return self._variables[name]
        if name not in self._resources:
            return self._missing("Ref", name, "the template has no parameter and no resource of that name")
        return self._ref_of_resource(name)

    def _pseudo(self, name: str) -> Any:
        own = _OWN_NAMES.get(name, name)
        if own in self._variables:
            return str(self._variables[own])
        region = self._variables.get("REGION", self._variables.get("AWS::Region"))
        if region and name in ("AWS::Partition", "AWS::URLSuffix"):
            _, partition, suffix = next((each for each in _PARTITIONS if str(region).startswith(each[0])), _PARTITION)
            return partition if name == "AWS::Partition" else suffix
        return self._open("Ref", name, f"the variable {own} is not set")

    def _parameter(self, name: str) -> Any:
        declared = self._parameters[name]
        kind = str(declared.get("Type", "String"))
        value = self._variables.get(name, declared.get("Default"))
        if value is None:
            return self._open("Ref", name, "the parameter has no default value")
        if name not in self._variables and kind.startswith("AWS::SSM::Parameter::Value"):
            return self._open("Ref", name, f"it is what SSM has as {value}")
        if kind == "CommaDelimitedList" or kind.startswith("List<"):
            return [item.strip() for item in str(value).split(",")]
        return value

    def _ref_of_resource(self, name: str) -> Any:
        resource = self._resources[name]
        kind = str(resource.get("Type", ""))
        definition = KINDS.get(kind)
        if definition is DefinitionKind.SCALING_POLICY:
            return f"${{policy:{self.name_of(name)}}}"
        if definition is DefinitionKind.MUTE_RULE:
            return self._arn_of(name)
        if definition is not None and definition is not DefinitionKind.ANOMALY_DETECTOR:
            return self.name_of(name)
        if kind == SCALABLE_TARGET:
            parts = [self._property(name, key) for key in TARGET_PROPERTIES]
            if all(isinstance(part, str) for part in parts):
                return "|".join(parts)
        given = self._property(name, NAMED_BY_REF.get(kind, ""))
        return given if isinstance(given, str) else self._open("Ref", name, f"AWS makes it with the {kind}")

    def _get_att(self, argument: Any) -> Any:
        parts = argument if isinstance(argument, list) else str(argument).split(".", 1)
        if len(parts) != 2 or not isinstance(parts[0], str):
            raise Malformed("it takes a resource and an attribute")
        name, attribute = parts[0], text_argument(self.resolve(parts[1]), "the attribute")
        variable = f"{name}.{attribute}"
        if variable in self._variables:
            return self._variables[variable]
        if name not in self._resources:
            return self._missing("Fn::GetAtt", variable, "the template has no resource of that name")
        kind = str(self._resources[name].get("Type", ""))
        if attribute == "Arn" and kind in KINDS:
            return self._arn_of(name)
        given = self._property(name, attribute)
        return given if isinstance(given, str) else self._open("Fn::GetAtt", variable, f"AWS makes it with the {kind}")

    def _arn_of(self, logical_id: str) -> str:
        kind, name = KINDS[self._resources[logical_id]["Type"]], self.name_of(logical_id)
        if kind is DefinitionKind.SCALING_POLICY:
            return f"${{policy:{name}}}"
        partition, region, account = (self._pseudo(f"AWS::{part}") for part in ("Partition", "Region", "AccountId"))
        if kind is DefinitionKind.DASHBOARD:
            return f"arn:{partition}:cloudwatch::{account}:dashboard/{name}"
        what = "alarm-mute-rule" if kind is DefinitionKind.MUTE_RULE else "alarm"
        return f"arn:{partition}:cloudwatch:{region}:{account}:{what}:{name}"

    def _property(self, logical_id: str, name: str) -> Any:
        """A property of a resource, resolved. None if the resource lacks it. A circle of references is refused."""
        properties = self._resources[logical_id].get("Properties")
        if not isinstance(properties, Mapping) or name not in properties:
            return None
        asked = f"{logical_id}/{name}"
        if asked in self._busy:
            raise Malformed("it refers to itself")
        self._busy.append(asked)
        try:
            return self.resolve(properties[name])
        finally:
            self._busy.pop()

    def _sub(self, argument: Any) -> str:
        text, given = argument, {}
        if isinstance(argument, list):
            text, given = arguments_of(argument, 2, 2, "a text and an object")
        if not isinstance(text, str) or not isinstance(given, Mapping):
            raise Malformed("it takes a text, or a text and an object")

        def replaced(match: re.Match[str]) -> str:
            literal, name = match[1], match[2].strip()
            if literal:
                return f"${{{name}}}"
            if name in given:
                value = self.resolve(given[name])
            else:
                value = self._call("Fn::GetAtt", name) if "." in name else self._call("Ref", name)
            return text_argument(value, f"${{{name}}}")

        return str(self.resolve(_IN_TEXT.sub(replaced, text)))

    def _join(self, argument: Any) -> Any:
        delimiter, items = arguments_of(argument, 2, 2, "a delimiter and a list")
        items = self.resolve(items)
        if isinstance(items, str) and self.placeholders.among(items):
            return self._open("Fn::Join", [delimiter, items], "its list is not known")
        if not isinstance(items, list):
            raise Malformed("it takes a delimiter and a list")
        return text_argument(delimiter, "the delimiter").join(text_argument(item, "an item") for item in items)

    def _split(self, argument: Any) -> Any:
        delimiter, text = arguments_of(argument, 2, 2, "a delimiter and a text")
        if not delimiter:
            raise Malformed("its delimiter is empty")
        text = text_argument(self.resolve(text), "what is split")
        if self.placeholders.among(text):
            return self._open("Fn::Split", [delimiter, text], "what it splits is not known")
        return text.split(text_argument(delimiter, "the delimiter"))

    def _select(self, argument: Any) -> Any:
        index, items = (self.resolve(each) for each in arguments_of(argument, 2, 2, "an index and a list"))
        if self.placeholders.among(index) or (isinstance(items, str) and self.placeholders.among(items)):
            return self._open("Fn::Select", [index, items], "what it selects from is not known")
        if not str(index).isdigit() or not isinstance(items, list) or int(index) >= len(items):
            raise Malformed("it takes an index and a list that has it")
        return items[int(index)]

    def _import_value(self, argument: Any) -> Any:
        return self._open("Fn::ImportValue", self.resolve(argument), "another stack exports it")

    def _length(self, argument: Any) -> Any:
        items = self.resolve(argument)
        return len(items) if isinstance(items, list) else self._open("Fn::Length", argument, "its list is not known")

    def _find_in_map(self, argument: Any) -> Any:
        name, first, second, *rest = arguments_of(self.resolve(argument), 3, 4, "a map and two keys")
        default = rest[0].get("DefaultValue") if rest and isinstance(rest[0], Mapping) else None
        keys = [name, first, second]
        if self.placeholders.among(keys):
            return self._open("Fn::FindInMap", keys, "a key is not known")
        found: Any = self._mappings
        for key in keys:
            text = text_argument(key, "a key")
            found = found.get(text) if isinstance(found, Mapping) else None
        if found is None and default is None:
            raise Malformed("the template has no such entry")
        return default if found is None else found

    def _if(self, argument: Any) -> Any:
        condition, then, otherwise = arguments_of(argument, 3, 3, "a condition and two values")
        holds = self._conditions.holds(condition)
        if holds is not None:
            return self.resolve(then if holds else otherwise)
        values = [self.resolve(value) for value in (then, otherwise)]
        if values[0] == values[1]:
            return values[0]
        shown = ["AWS::NoValue" if value is NoValue.NO_VALUE else value for value in values]
        return self._open("Fn::If", [condition, *shown], f"whether {condition} holds is not known")


def _section(template: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A section of the template, without its entries that are not objects."""
    section = template.get(name)
    entries = section.items() if isinstance(section, Mapping) else ()
    return {str(key): entry for key, entry in entries if isinstance(entry, Mapping)}
