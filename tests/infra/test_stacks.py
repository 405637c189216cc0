"""The stacks on the emulator: created in their order, updated, deleted.

The emulator does not create policies of queues, buckets and groups, the budget, and secrets. It refuses the database
because of a fault of its own (a parameter group given by reference), so the tests write the parameters of ``data``
themselves. It tries to delete a VPC before the resources inside, so ``network`` stays. Everything that is left out here
is checked against boto3's models (test_models.py).
"""

from collections.abc import Collection, Iterator
from typing import Any

import boto3
import pytest

from local.system.aws_emulator import AwsEmulator
from tests.infra.templates import INFRA, template

REGION, OTHER_REGION = "eu-west-1", "eu-west-2"  # used only by these tests
NOT_MADE = {
    *("AWS::SQS::QueuePolicy", "AWS::S3::BucketPolicy"),
    *("AWS::Budgets::Budget", "AWS::AutoScaling::ScalingPolicy"),
}
RELEASE = {"Release": "1.2.3", "ReleaseSha256": "0" * 64}
PARAMETERS = {"operations": {"OperatorEmail": "operator@example.com"}, "api": RELEASE, "worker": RELEASE}
DATA_PARAMETERS = {
    "/anb/settings/ANB_BUCKET": "anb-media",
    "/anb/data/database-secret": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:anb/database",
    "/anb/data/token-secret": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:anb/jwt",
}
DEFAULT_CONDITIONS = {"HasNat", "HasNatPerZone"}
ORDER = ("network", "queue", "operations", "api", "worker")


class Account:
    """One region of the emulator."""

    def __init__(self, url: str, region: str) -> None:
        self._url = url
        self._region = region
        self.cloudformation = self.client("cloudformation")

    def client(self, service: Any) -> Any:
        return boto3.client(
            service,
            endpoint_url=self._url,
            region_name=self._region,
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )

    def create(self, stack: str, **parameters: str) -> set[str]:
        """Create a stack; return the logical ids of its resources."""
        self.cloudformation.create_stack(StackName=stack, **self._arguments(stack, **parameters))
        listed = self.cloudformation.list_stack_resources(StackName=stack)["StackResourceSummaries"]
        return {resource["LogicalResourceId"] for resource in listed if resource["LogicalResourceId"]}

    def write_parameters_of_data(self) -> None:
        for name, value in DATA_PARAMETERS.items():
            self.client("ssm").put_parameter(Name=name, Value=value, Type="String")

    def update(self, stack: str, **parameters: str) -> None:
        self.cloudformation.update_stack(StackName=stack, **self._arguments(stack, **parameters))

    def status(self, stack: str) -> str:
        return str(self.cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])

    def _arguments(self, stack: str, **parameters: str) -> dict[str, Any]:
        given = {**PARAMETERS.get(stack, {}), **parameters}
        return {
            "TemplateBody": (INFRA / f"{stack}.yaml").read_text(),
            "Capabilities": ["CAPABILITY_IAM"],
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
        }


@pytest.fixture(scope="module")
def account(emulator: AwsEmulator) -> Iterator[Account]:
    yield Account(emulator.url, REGION)


def expected(stack: str, conditions: Collection[str] = DEFAULT_CONDITIONS) -> set[str]:
    return {
        name
        for name, resource in template(stack)["Resources"].items()
        if resource["Type"] not in NOT_MADE and resource.get("Condition") in (None, *conditions)
    }


def test_the_stacks_are_created_in_their_order_updated_and_deleted(account: Account) -> None:
    account.write_parameters_of_data()
    for stack in ORDER:
        assert account.create(stack) == expected(stack), stack
        assert account.status(stack) == "CREATE_COMPLETE"
    for stack, change in (
        ("worker", {"WorkersMax": "5"}),
        ("api", {"ApiMax": "6"}),
        ("queue", {"ReceiveCountMax": "7"}),
    ):
        account.update(stack, **change)
        assert account.status(stack) == "UPDATE_COMPLETE"
    (group,) = account.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["anb-worker-asg"])[
        "AutoScalingGroups"
    ]
    assert (group["MinSize"], group["MaxSize"]) == (1, 5)
    assert len(group["VPCZoneIdentifier"].split(",")) == len(set(group["AvailabilityZones"])) == 2
    for stack in reversed(ORDER[1:]):
        account.cloudformation.delete_stack(StackName=stack)
    left = account.cloudformation.describe_stacks()["Stacks"]
    assert [stack["StackName"] for stack in left] == ["network"]


def test_the_variants_of_the_guide_can_be_created(emulator: AwsEmulator) -> None:
    account = Account(emulator.url, OTHER_REGION)
    created = account.create("network", NatGateways="none", InterfaceEndpoints="true")
    assert created == expected("network", {"HasEndpoints"})
    account.write_parameters_of_data()
    for stack in ("queue", "operations"):
        account.create(stack)
    certificate = account.client("acm").request_certificate(DomainName="anb.example.com")["CertificateArn"]
    assert account.create("api", CertificateArn=certificate) == expected("api", {"HasCertificate"})
    (balancer,) = account.client("elbv2").describe_load_balancers()["LoadBalancers"]
    listeners = account.client("elbv2").describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    actions = {listener["Port"]: listener["DefaultActions"][0]["Type"] for listener in listeners}
    assert actions == {80: "redirect", 443: "forward"}


def test_the_queue_and_its_settings_match(account: Account) -> None:
    account.create("queue")
    sqs = account.client("sqs")
    url = sqs.get_queue_url(QueueName="anb-videos")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["VisibilityTimeout"] == "60"
    assert '"maxReceiveCount": 20' in attributes["RedrivePolicy"]
    parameters = account.client("ssm").get_parameters_by_path(Path="/anb/settings")["Parameters"]
    values = {parameter["Name"].rpartition("/")[2]: parameter["Value"] for parameter in parameters}
    assert values["sqs_queue_url"].endswith("/123456789012/anb-videos")
    assert values["sqs_max_receive_count"] == "20"
    account.cloudformation.delete_stack(StackName="queue")
