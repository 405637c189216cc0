"""Reads CloudFormation templates, also those of ``cdk synth``. Each resource of a known kind is a definition.

If a resource has no name, it gets one of the file name and its logical id. CloudFormation uses the name of the stack.
It is an open value, because the real one ends with random letters.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from alarms.definition_files import Definition, Variables
from alarms.forms.template.api_parameters import api_value
from alarms.forms.template.loops import LOOP, unrolled
from alarms.forms.template.placeholders import Reason
from alarms.forms.template.resolver import Resolver
from alarms.forms.template.resource_types import APPLICATION_POLICY, KINDS, TARGET_PROPERTIES
from alarms.open_values import EXISTENCE, OpenValue
from cloudwatch.call_form import input_shape

_GENERATED = "CloudFormation makes the name"


def is_template(document: Any) -> bool:
    """Whether a document is a CloudFormation template, with or without definitions."""
    if not isinstance(document, Mapping) or not isinstance(document.get("Resources"), Mapping):
        return False
    return "AWSTemplateFormatVersion" in document or "Transform" in document or bool(resource_types(document))


def resource_types(template: Mapping[str, Any]) -> list[str]:
    """The types of the resources of a template, each once."""
    types = (resource.get("Type") for resource in template["Resources"].values() if isinstance(resource, Mapping))
    return sorted({kind for kind in types if isinstance(kind, str) and "::" in kind})


@dataclass(frozen=True, slots=True)
class TemplateReading:
    """``notes`` name the resources that are left out because a condition does not hold."""

    definitions: tuple[Definition, ...]
    notes: tuple[str, ...]


def read_template(template: Mapping[str, Any], file: str, variables: Variables) -> TemplateReading:
    """The definitions of a template. Values that neither the template nor the variables give are open values."""
    stack = str(variables.get("AWS::StackName", Path(file).name.split(".", 1)[0]))
    template = unrolled(template, Resolver(template, variables, stack).resolve)
    resolver = Resolver(template, variables, stack)
    resources = {str(name): each for name, each in template["Resources"].items() if isinstance(each, Mapping)}
    definitions = []
    left_out: dict[str, list[str]] = {}
    for name, resource in resources.items():
        if str(resource.get("Type")) not in KINDS:
            continue
        exists = resolver.decide(resource["Condition"]) if "Condition" in resource else True
        if exists is False:
            left_out.setdefault(str(resource["Condition"]), []).append(name)
        else:
            definitions.append(_read_resource(name, resource, file, resolver, exists=exists))
    notes = [
        f"{file}: the condition {condition} does not hold, so {', '.join(names)} would not be made"
        for condition, names in left_out.items()
    ]
    loops = [str(name) for name in template["Resources"] if str(name).startswith(LOOP)]
    notes += [f"{file}: Resources.{loop} is not read, because its collection is not known" for loop in loops]
    return TemplateReading(tuple(definitions), tuple(notes))


def _read_resource(
    name: str, resource: Mapping[str, Any], file: str, resolver: Resolver, *, exists: bool | Reason
) -> Definition:
    """The definition of a resource. ``exists`` is the reason if it is not known whether its condition holds."""
    properties = resolver.resolve(resource.get("Properties") or {})
    open_values = []
    if isinstance(exists, Reason):
        text = f"${{Condition {resource['Condition']}}}"
        open_values.append(OpenValue(EXISTENCE, text, exists.text, exists.is_wrong))
    if not isinstance(properties, Mapping):
        open_values += _open_below(properties, "", resolver)
        properties = {}
    if resource["Type"] == APPLICATION_POLICY:
        properties = _with_target(properties)
    kind = KINDS[resource["Type"]]
    definition = Definition(kind, file, {}, {}, properties, f"Resources.{name}.Properties", is_ours=False)
    parameters = api_value(properties, input_shape(*definition.call))
    key = definition.name_key
    if key and not parameters.get(key):
        parameters[key] = resolver.name_of(name)
        open_values.append(OpenValue(key, parameters[key], _GENERATED))
    open_values += _open_below(parameters, "", resolver)
    return replace(definition, parameters=parameters, open_values=tuple(open_values))


def _with_target(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Add the target of a policy, which is given by three properties, or by an id that contains all three."""
    target = properties.get("ScalingTargetId")
    if target is None:
        return dict(properties)
    parts = str(target).split("|")
    if len(parts) != len(TARGET_PROPERTIES):
        parts = [target] * len(TARGET_PROPERTIES)
    found = dict(zip(TARGET_PROPERTIES, parts, strict=True))
    return {**{key: value for key, value in properties.items() if key != "ScalingTargetId"}, **found}


def _open_below(value: Any, key: str, resolver: Resolver) -> Iterator[OpenValue]:
    """Each placeholder in the texts of ``value``, with its place."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _open_below(item, f"{key}.{name}" if key else str(name), resolver)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _open_below(item, f"{key}[{index}]", resolver)
    else:
        for text in resolver.placeholders.among(value):
            reason = resolver.placeholders.reasons[text]
            yield OpenValue(key, text, reason.text, reason.is_wrong)
