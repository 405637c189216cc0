"""Resources that the emulator cannot create are checked against boto3's models of the calls of CloudFormation."""

from collections.abc import Callable

import pytest

from tests.infra import api_requests
from tests.infra.api_requests import Fields, Resolver, refusals
from tests.infra.templates import resources, template
from tests.infra.test_stacks import NOT_MADE

GIVEN = {"OperatorEmail": "operator@example.com", "Release": "1.2.3", "ReleaseSha256": "0" * 64}
Call = tuple[str, str, Callable[[Fields], Fields]]
CALLS: dict[str, list[Call]] = {
    "AWS::SQS::QueuePolicy": [("sqs", "SetQueueAttributes", api_requests.queue_policy)],
    "AWS::S3::BucketPolicy": [("s3", "PutBucketPolicy", api_requests.bucket_policy)],
    "AWS::Budgets::Budget": [("budgets", "CreateBudget", api_requests.budget)],
    "AWS::AutoScaling::ScalingPolicy": [("autoscaling", "PutScalingPolicy", api_requests.scaling_policy)],
    "AWS::RDS::DBInstance": [("rds", "CreateDBInstance", api_requests.database)],
    "AWS::RDS::DBSubnetGroup": [("rds", "CreateDBSubnetGroup", dict)],
    "AWS::RDS::DBParameterGroup": [("rds", "CreateDBParameterGroup", api_requests.parameter_group)],
    "AWS::SecretsManager::Secret": [("secretsmanager", "GetRandomPassword", api_requests.secret)],
}
MEDIA_BUCKET_CALLS: list[Call] = [
    ("s3", "PutBucketLifecycleConfiguration", api_requests.bucket_lifecycle),
    ("s3", "PutBucketCors", api_requests.bucket_cors),
]


def requests() -> list[tuple[str, str, Fields]]:
    """(service, operation, fields) of every resource that the stacks on the emulator leave out."""
    found = []
    for kind, calls in CALLS.items():
        for stack, _, properties in resources(kind):
            resolved = Resolver(stack, GIVEN).resolve(properties)
            found += [(service, operation, fields(resolved)) for service, operation, fields in calls]
    (media,) = [properties for _, name, properties in resources("AWS::S3::Bucket") if name == "MediaBucket"]
    resolved = Resolver("data", GIVEN).resolve(media)
    return found + [(service, operation, fields(resolved)) for service, operation, fields in MEDIA_BUCKET_CALLS]


def test_every_type_that_the_emulator_leaves_out_is_checked_against_a_model() -> None:
    of_data = {"AWS::RDS::DBInstance", "AWS::RDS::DBSubnetGroup", "AWS::RDS::DBParameterGroup"}
    assert NOT_MADE | of_data <= set(CALLS)
    assert all(list(resources(kind)) for kind in CALLS)


@pytest.mark.parametrize(
    ("service", "operation", "fields"), requests(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_boto3s_model_accepts_the_request_of_a_resource(service: str, operation: str, fields: Fields) -> None:
    assert refusals(service, operation, fields) == ""


@pytest.mark.parametrize("stack", ["api", "worker"])
def test_boto3s_model_accepts_the_instance_refresh(stack: str) -> None:
    """The fields of CloudFormation's update policy have the same names as those of the call."""
    policy = template(stack)["Resources"]["Group"]["UpdatePolicy"]["AutoScalingInstanceRefresh"]
    fields = {"AutoScalingGroupName": "group", **policy}
    assert refusals("autoscaling", "StartInstanceRefresh", fields) == ""
    assert refusals("autoscaling", "StartInstanceRefresh", {**fields, "Strategy": "Jumping"})


@pytest.mark.parametrize(
    ("operation", "fields"),
    [
        ("CreateBudget", {"AccountId": "1"}),
        (
            "CreateBudget",
            {"AccountId": "1", "Budget": {"BudgetName": "x", "BudgetType": "MONEY", "TimeUnit": "MONTHLY"}},
        ),
        (
            "CreateBudget",
            {"AccountId": "1", "Budget": {"BudgetName": "x", "BudgetType": "COST", "TimeUnit": "MONTHLY"}, "Moon": 1},
        ),
    ],
    ids=["a field is missing", "not a value of the enumeration", "no such field"],
)
def test_a_wrong_request_is_refused(operation: str, fields: Fields) -> None:
    assert refusals("budgets", operation, fields)
