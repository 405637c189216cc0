"""The Auto Scaling group in the emulator: how many instances it wants, and which it has in which zone."""

from collections import Counter
from functools import cached_property
from typing import Any

from local.system.aws_emulator import AwsEmulator, emulator_session

GROUP = "anb-worker-asg"
HOOK = "anb-worker-drain"
ZONES = ("us-east-1a", "us-east-1b")
IMAGE = "ami-12c6146b"  # one that the emulator knows


class Group:
    """``minimum`` instances at first. New ones go to the zone that has fewest, as on AWS; the emulator draws lots."""

    def __init__(self, emulator: AwsEmulator, minimum: int, maximum: int) -> None:
        self._url = emulator.url
        self._zones = list(ZONES)
        self._client.create_launch_configuration(
            LaunchConfigurationName="anb-worker", ImageId=IMAGE, InstanceType="t3.small"
        )
        self._client.create_auto_scaling_group(
            AutoScalingGroupName=GROUP,
            LaunchConfigurationName="anb-worker",
            MinSize=minimum,
            MaxSize=maximum,
            DesiredCapacity=minimum,
            AvailabilityZones=self._zones,
        )

    @cached_property
    def _client(self) -> Any:
        return emulator_session().client("autoscaling", endpoint_url=self._url)

    def members(self) -> dict[str, str]:
        """Zone of each instance in service, by its id."""
        (group,) = self._client.describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])["AutoScalingGroups"]
        return {
            i["InstanceId"]: i["AvailabilityZone"] for i in group["Instances"] if i["LifecycleState"] == "InService"
        }

    def resize(self, desired: int) -> None:
        """SetDesiredCapacity; outwards one by one, so that each goes to the right zone."""
        current = len(self.members())
        for capacity in range(current + 1, desired + 1):
            self._launch_in(self._emptiest_zone())
            self._set(capacity)
        if desired < current:
            self._set(desired)

    def lose(self, zone: str) -> None:
        """Its instances end, and the group makes up for them where there still is a zone."""
        self._zones.remove(zone)
        self._launch_in(self._zones[0])
        for instance_id in [i for i, place in self.members().items() if place == zone]:
            self._client.terminate_instance_in_auto_scaling_group(
                InstanceId=instance_id, ShouldDecrementDesiredCapacity=False
            )

    def _emptiest_zone(self) -> str:
        counts = Counter(self.members().values())
        return min(self._zones, key=lambda zone: counts[zone])

    def _launch_in(self, zone: str) -> None:
        self._client.update_auto_scaling_group(AutoScalingGroupName=GROUP, AvailabilityZones=[zone])

    def _set(self, capacity: int) -> None:
        self._client.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=capacity)
