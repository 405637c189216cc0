"""Templates for the tests, in the form that ``cdk synth`` writes, and their definitions."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alarms.definition_files import Definition
from alarms.forms.form_reading import read_paths

Properties = dict[str, Any]
ERRORS: Properties = {
    "Namespace": "Shop",
    "MetricName": "Errors",
    "Dimensions": [{"Name": "Service", "Value": "checkout"}],
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}


def alarm(**properties: Any) -> dict[str, Any]:
    """An alarm on the errors of the checkout, with other properties."""
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": {**ERRORS, **properties}}


def template(resources: Mapping[str, Any], **sections: Any) -> dict[str, Any]:
    return {**sections, "Resources": dict(resources)}


def write(folder: Path, document: Any, name: str = "Shop.template.json") -> Path:
    """A file with the document, or with the text."""
    path = folder / name
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def read(folder: Path, document: Any, variables: Mapping[str, Any] | None = None) -> list[Definition]:
    """The definitions of a document."""
    return read_paths([write(folder, document)], variables or {})


def read_errors(folder: Path, document: Any, variables: Mapping[str, Any] | None = None) -> Definition:
    """The definition of the resource Errors."""
    found = read(folder, document, variables)
    return next(each for each in found if each.place == "Resources.Errors.Properties")
