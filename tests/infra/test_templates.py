"""The rules of all templates: security, two zones, fixed names, least privilege."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.infra.templates import INFRA, STACKS, as_list, resources, statements, template

# Actions that cannot be limited to resources (Service Authorization Reference).
SESSIONS = {
    "ssm:UpdateInstanceInformation",
    *("ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel"),
    *("ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"),
}
WITHOUT_RESOURCES = {"autoscaling:DescribeAutoScalingGroups", *SESSIONS}
# Allowed stars in a resource: keys below a prefix, streams of a log group, the unpredictable part of an ARN.
STARS = (
    r":s3:::\$\{Bucket\}/[a-z]+/\*$",
    r":s3:::\$\{Releases\}/anb-\*\.tar\.gz$",
    r":log-group:\$\{Prefix\}-[a-z-]+:\*$",
    r":autoScalingGroup:\*:autoScalingGroupName/\$\{Prefix\}-[a-z-]+$",
    r":parameter/\$\{Prefix\}/data/\*$",
)
# In the policy of a key, "*" means the key itself.
KEY_POLICIES = {"operations/TopicKey/Owner", "operations/TopicKey/CloudWatchPublishes"}

# The calls of the code, as the docstrings of its facades list them. The role must allow exactly these.
WORKER_CALLS = {
    *("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"),
    *("sqs:SendMessage", "sqs:GetQueueAttributes"),
    *("s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:AbortMultipartUpload"),
    *("s3:GetObject", "s3:PutObject", "s3:DeleteObject"),
    *("autoscaling:CompleteLifecycleAction", "autoscaling:RecordLifecycleActionHeartbeat"),
    *("autoscaling:SetInstanceProtection", "autoscaling:DescribeAutoScalingGroups"),
    *("logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"),
    *("ssm:GetParametersByPath", "ssm:GetParameter", "secretsmanager:GetSecretValue"),
    *SESSIONS,
}
API_CALLS = {
    *("sqs:SendMessage", "sqs:GetQueueAttributes"),
    *("s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"),
    *("s3:GetObject", "s3:PutObject", "s3:DeleteObject"),
    "autoscaling:CompleteLifecycleAction",
    *("logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"),
    *("ssm:GetParametersByPath", "ssm:GetParameter", "secretsmanager:GetSecretValue"),
    *SESSIONS,
}


def test_every_template_is_listed() -> None:
    assert {path.stem for path in INFRA.glob("*.yaml")} == set(STACKS)


def test_cfn_lint_finds_nothing() -> None:
    command = [str(Path(sys.executable).parent / "cfn-lint"), *(str(INFRA / f"{stack}.yaml") for stack in STACKS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_nothing_is_allowed_on_everything() -> None:
    for where, statement in statements():
        if statement["Effect"] != "Allow" or where in KEY_POLICIES:
            continue
        assert not {"NotAction", "NotResource", "NotPrincipal"} & set(statement), where
        actions = as_list(statement.get("Action"))
        assert not [action for action in actions if "*" in action], where
        for resource in as_list(statement.get("Resource", [])):
            assert _may_be_allowed(resource, set(actions)), f"{where}: {resource}"
    for _, name, role in resources("AWS::IAM::Role"):
        assert "ManagedPolicyArns" not in role, f"{name}: AWS may extend managed policies"


def _may_be_allowed(resource: Any, actions: set[str]) -> bool:
    """A star is allowed for actions that cannot be limited, and as one of STARS."""
    if resource == "*":
        return actions <= WITHOUT_RESOURCES
    return "*" not in str(resource) or any(re.search(star, resource["Fn::Sub"]) for star in STARS)


def test_every_queue_and_bucket_requires_tls() -> None:
    for stack in STACKS:
        stores = {
            name: resource["Type"]
            for name, resource in template(stack)["Resources"].items()
            if resource["Type"] in ("AWS::S3::Bucket", "AWS::SQS::Queue")
        }
        refused = [s for where, s in statements() if where.startswith(f"{stack}/") and _is_tls_only(s)]
        for name, kind in stores.items():
            whole = [{"Fn::GetAtt": [name, "Arn"]}]
            objects = [{"Fn::Sub": f"${{{name}.Arn}}/*"}] if kind == "AWS::S3::Bucket" else []
            assert any(all(part in as_list(s["Resource"]) for part in whole + objects) for s in refused), name


def _is_tls_only(statement: dict[str, Any]) -> bool:
    return bool(
        statement["Effect"] == "Deny"
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        and as_list(statement["Action"])[0].endswith(":*")
    )


def test_every_name_that_a_template_uses_is_declared_in_it() -> None:
    for stack in STACKS:
        whole = template(stack)
        declared = {*whole["Parameters"], *whole["Resources"]}
        used = {name.split(".")[0] for name in _names_used(whole) if not name.startswith("AWS::")}
        conditions = {each["Condition"] for each in whole["Resources"].values() if "Condition" in each}
        assert used <= declared, stack
        assert conditions <= set(whole.get("Conditions", {})), stack


def _names_used(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _names_used(item)
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        match key:
            case "Ref":
                yield item
            case "Fn::GetAtt":
                yield as_list(item)[0]
            case "Fn::Sub":
                yield from re.findall(r"\$\{([A-Za-z0-9:.]+)\}", item)
            case _:
                yield from _names_used(item)


def test_only_the_load_balancer_is_open() -> None:
    for stack, name, group in resources("AWS::EC2::SecurityGroup"):
        for rule in group.get("SecurityGroupIngress", []):
            if "SourceSecurityGroupId" not in rule:
                assert (stack, name, rule["CidrIp"]) == ("network", "LoadBalancerGroup", {"Ref": "ClientCidr"})
    groups = {name: group for _, name, group in resources("AWS::EC2::SecurityGroup")}
    assert "SecurityGroupIngress" not in groups["WorkerGroup"], "a worker accepts no connections"
    assert not list(resources("AWS::EC2::SecurityGroupIngress")), "all rules are in their group"


def test_everything_at_rest_is_encrypted() -> None:
    for _, name, bucket in resources("AWS::S3::Bucket"):
        assert bucket["BucketEncryption"], name
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}, name
        assert len(bucket["PublicAccessBlockConfiguration"]) == 4, name
    assert all(queue["SqsManagedSseEnabled"] is True for _, _, queue in resources("AWS::SQS::Queue"))
    assert all(topic["KmsMasterKeyId"] for _, _, topic in resources("AWS::SNS::Topic"))
    (database,) = (properties for _, _, properties in resources("AWS::RDS::DBInstance"))
    assert (database["StorageEncrypted"], database["PubliclyAccessible"], database["DeletionProtection"]) == (
        True,
        False,
        True,
    )


def test_instances_are_hardened_and_have_their_fixed_sizes_and_names() -> None:
    for stack, _, properties in resources("AWS::EC2::LaunchTemplate"):
        launch = properties["LaunchTemplateData"]
        assert launch["MetadataOptions"]["HttpTokens"] == "required", stack
        assert launch["MetadataOptions"]["HttpPutResponseHopLimit"] == 1, stack
        assert "KeyName" not in launch, stack
        (device,) = launch["BlockDeviceMappings"]
        assert device["Ebs"] == {"VolumeSize": 30, "VolumeType": "gp3", "Encrypted": True, "DeleteOnTermination": True}
    worker = template("worker")
    assert worker["Parameters"]["InstanceType"]["AllowedValues"] == ["t3.small", "t3.medium"]
    group = worker["Resources"]["Group"]["Properties"]
    assert group["AutoScalingGroupName"] == {"Fn::Sub": "${Prefix}-worker-asg"}
    bounds = {key: worker["Parameters"][group[key]["Ref"]]["Default"] for key in ("MinSize", "MaxSize")}
    assert bounds == {"MinSize": 1, "MaxSize": 3}
    assert {hook["LifecycleTransition"] for hook in group["LifecycleHookSpecificationList"]} == {
        "autoscaling:EC2_INSTANCE_LAUNCHING",
        "autoscaling:EC2_INSTANCE_TERMINATING",
    }
    assert template("network")["Resources"]["Vpc"]["Properties"]["Tags"] == [
        {"Key": "Name", "Value": {"Fn::Sub": "${Prefix}-vpc"}}
    ]
    names = {group["GroupName"]["Fn::Sub"] for _, _, group in resources("AWS::EC2::SecurityGroup")}
    assert "${Prefix}-worker-sg" in names


def test_groups_and_database_are_in_two_zones() -> None:
    subnets = {name: subnet["AvailabilityZone"] for _, name, subnet in resources("AWS::EC2::Subnet")}
    for kind in ("Public", "Private"):
        zones = [zone["Fn::Select"][0] for name, zone in subnets.items() if name.startswith(kind)]
        assert sorted(zones) == [0, 1]
    for stack, _, group in resources("AWS::AutoScaling::AutoScalingGroup"):
        assert group["VPCZoneIdentifier"] == {"Ref": "PrivateSubnets"}, stack
    assert template("api")["Parameters"]["ApiMin"]["MinValue"] == 2
    balancer = template("api")["Resources"]["LoadBalancer"]["Properties"]
    assert balancer["Subnets"] == {"Ref": "PublicSubnets"}
    assert template("data")["Parameters"]["MultiAz"]["Default"] == "true"
    assert template("data")["Resources"]["Database"]["Properties"]["MultiAZ"] == {"Ref": "MultiAz"}


def test_a_group_launches_new_instances_first_and_replaces_none_for_a_shared_dependency() -> None:
    for stack in ("api", "worker"):
        group = template(stack)["Resources"]["Group"]
        preferences = group["UpdatePolicy"]["AutoScalingInstanceRefresh"]["Preferences"]
        assert (preferences["MinHealthyPercentage"], preferences["MaxHealthyPercentage"]) == (100, 200)
        assert group["Properties"]["HealthCheckType"] == "EC2", "an outage of the database must not replace the fleet"


def test_every_parameter_that_a_stack_reads_is_written_by_another() -> None:
    written = {
        properties["Name"]["Fn::Sub"].replace("${Prefix}", "anb")
        for _, _, properties in resources("AWS::SSM::Parameter")
    }
    for stack in STACKS:
        for name, parameter in template(stack)["Parameters"].items():
            source = str(parameter.get("Default", ""))
            if parameter["Type"].startswith("AWS::SSM::Parameter::Value") and not source.startswith("/aws/"):
                assert source in written, f"{stack}.{name}"


@pytest.mark.parametrize(("stack", "calls"), [("worker", WORKER_CALLS), ("api", API_CALLS)])
def test_a_role_allows_exactly_the_calls_of_its_code(stack: str, calls: set[str]) -> None:
    allowed = {action for where, s in statements() if where.startswith(f"{stack}/Role/") for action in _actions(s)}
    assert allowed - {"sts:AssumeRole"} == calls


def _actions(statement: dict[str, Any]) -> list[str]:
    return as_list(statement["Action"])


@pytest.mark.parametrize(
    "facade", ["showcase/jobs/job_queue.py", "showcase/storage/media_store.py", "worker/ec2/lifecycle.py"]
)
def test_every_call_that_a_facade_lists_is_allowed_by_a_role(facade: str) -> None:
    """The docstring of each facade lists its IAM actions. Those of the operator (redrive) belong to no role."""
    text = (INFRA.parent / facade).read_text().split('"""')[1]
    named = set(re.findall(r"``((?:sqs|s3|autoscaling):[A-Za-z]+)``", text)) - {"sqs:StartMessageMoveTask"}
    allowed = {action for _, statement in statements() for action in _actions(statement)}
    assert named <= allowed


def test_the_termination_hook_outlasts_the_drain() -> None:
    """The worker keeps the hook alive. If it cannot, the hook must still outlast the default drain and the shutdown."""
    worker = template("worker")
    hooks = worker["Resources"]["Group"]["Properties"]["LifecycleHookSpecificationList"]
    (hook,) = (hook for hook in hooks if hook["LifecycleTransition"].endswith("TERMINATING"))
    assert hook["HeartbeatTimeout"] >= worker["Parameters"]["DrainSeconds"]["Default"] + 60
    assert hook["DefaultResult"] == "CONTINUE", "the jobs are queued again, so the instance need not be kept"
