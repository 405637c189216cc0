"""The API requests that CloudFormation would make for a resource, to check them against boto3's models.

An intrinsic function becomes its value where the template has it (the default of a parameter), else the name of its
argument. So shapes and enumerations can be checked, but identities cannot.
"""

import json
import re
from typing import Any

import boto3
from botocore.validate import ParamValidator

from tests.infra.templates import template

_PSEUDO = {
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::NoValue": None,
}
Fields = dict[str, Any]


class Resolver:
    """Resolves the intrinsic functions of one template. ``given`` are the parameters that have no default."""

    def __init__(self, stack: str, given: dict[str, str]) -> None:
        declared = template(stack)["Parameters"]
        self._values = {name: given.get(name, parameter.get("Default")) for name, parameter in declared.items()}
        self._lists = {name for name, parameter in declared.items() if "List" in parameter["Type"]}

    def resolve(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if not isinstance(value, dict):
            return value
        (key, argument), *others = value.items()
        if others or not (key == "Ref" or key.startswith("Fn::")):
            return {name: self.resolve(item) for name, item in value.items()}
        match key:
            case "Ref":
                return self._ref(argument)
            case "Fn::GetAtt":
                return ".".join(argument) if isinstance(argument, list) else argument
            case "Fn::Sub":
                return re.sub(r"\$\{([^}]+)\}", lambda found: str(self._ref(found[1])), argument)
            case "Fn::If":
                return self.resolve(argument[1])
        raise KeyError(key)

    def _ref(self, name: str) -> Any:
        value = _PSEUDO.get(name, self._values.get(name, name))
        return str(value).split(",") if name in self._lists else value


def refusals(service: Any, operation: str, fields: Fields) -> str:
    """The errors that boto3's model of the call finds in these fields; empty if there are none."""
    model = boto3.client(service, region_name="us-east-1").meta.service_model.operation_model(operation)
    shape = model.input_shape
    assert shape is not None
    return str(ParamValidator().validate(fields, shape).generate_report()) + _outside_enumerations(fields, shape)


def _outside_enumerations(value: Any, shape: Any) -> str:
    """Values that are not in their enumeration; botocore itself does not check that."""
    if shape.type_name == "structure" and isinstance(value, dict):
        return "".join(
            _outside_enumerations(item, shape.members[name]) for name, item in value.items() if name in shape.members
        )
    if shape.type_name == "list" and isinstance(value, list):
        return "".join(_outside_enumerations(item, shape.member) for item in value)
    allowed = getattr(shape, "enum", None)
    return f"{value!r} is not one of {allowed}\n" if allowed and value not in allowed else ""


# For each type of resource: its CloudFormation properties as the fields of the API call.


def queue_policy(properties: Fields) -> Fields:
    policy = json.dumps(properties["PolicyDocument"])
    return {"QueueUrl": properties["Queues"][0], "Attributes": {"Policy": policy}}


def bucket_policy(properties: Fields) -> Fields:
    return {"Bucket": properties["Bucket"], "Policy": json.dumps(properties["PolicyDocument"])}


def budget(properties: Fields) -> Fields:
    limit = {**properties["Budget"]["BudgetLimit"], "Amount": str(properties["Budget"]["BudgetLimit"]["Amount"])}
    return {
        "AccountId": _PSEUDO["AWS::AccountId"],
        "Budget": {**properties["Budget"], "BudgetLimit": limit},
        "NotificationsWithSubscribers": properties["NotificationsWithSubscribers"],
    }


def scaling_policy(properties: Fields) -> Fields:
    return {"PolicyName": "named by CloudFormation", **properties}


def database(properties: Fields) -> Fields:
    renamed = {"VPCSecurityGroups": "VpcSecurityGroupIds"}
    fields = {renamed.get(name, name): value for name, value in properties.items()}
    return {**fields, "AllocatedStorage": int(fields["AllocatedStorage"]), "MultiAZ": fields["MultiAZ"] == "true"}


def parameter_group(properties: Fields) -> Fields:
    return {
        "DBParameterGroupName": "named by CloudFormation",
        "DBParameterGroupFamily": properties["Family"],
        "Description": properties["Description"],
    }


def secret(properties: Fields) -> Fields:
    """The fields of GetRandomPassword, the call that generates the secret."""
    generated = properties["GenerateSecretString"]
    of_cloudformation = {"SecretStringTemplate", "GenerateStringKey"}
    return {name: value for name, value in generated.items() if name not in of_cloudformation}


def bucket_lifecycle(properties: Fields) -> Fields:
    rules = [_lifecycle_rule(rule) for rule in properties["LifecycleConfiguration"]["Rules"]]
    return {"Bucket": "media", "LifecycleConfiguration": {"Rules": rules}}


def _lifecycle_rule(rule: Fields) -> Fields:
    fields: Fields = {"ID": rule["Id"], "Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if "AbortIncompleteMultipartUpload" in rule:
        fields["AbortIncompleteMultipartUpload"] = rule["AbortIncompleteMultipartUpload"]
    if "ExpirationInDays" in rule:
        fields["Expiration"] = {"Days": rule["ExpirationInDays"]}
    if "Transitions" in rule:
        fields["Transitions"] = [
            {"Days": each["TransitionInDays"], "StorageClass": each["StorageClass"]} for each in rule["Transitions"]
        ]
    return fields


def bucket_cors(properties: Fields) -> Fields:
    rules = [
        {"MaxAgeSeconds" if name == "MaxAge" else name: value for name, value in rule.items()}
        for rule in properties["CorsConfiguration"]["CorsRules"]
    ]
    return {"Bucket": "media", "CORSConfiguration": {"CORSRules": rules}}
