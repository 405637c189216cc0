"""Auto Scaling groups in the emulator."""

from typing import Any

from local.system.aws_emulator import REGION, AwsEmulator, emulator_session


def auto_scaling(emulator: AwsEmulator) -> Any:
    """A client for tests. Those of the product accept only the product's calls."""
    return emulator_session().client("autoscaling", endpoint_url=emulator.url)


def create_group(emulator: AwsEmulator, name: str, instances: int) -> None:
    client = auto_scaling(emulator)
    client.create_launch_configuration(LaunchConfigurationName=name, ImageId="ami-12c6146b", InstanceType="t3.small")
    client.create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchConfigurationName=name,
        MinSize=0,
        MaxSize=5,
        DesiredCapacity=instances,
        AvailabilityZones=[f"{REGION}a"],
    )
