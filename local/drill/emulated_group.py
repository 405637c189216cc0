"""The Auto Scaling group in the emulator: how many instances it should have, and the zone of each."""

from collections import Counter
from functools import cached_property
from typing import Any

from local.system.aws_emulator import AwsEmulator, emulator_session

GROUP = "anb-worker-asg"
HOOK = "anb-worker-drain"
ZONES = ("us-east-1a", "us-east-1b")
IMAGE = "ami-12c6146b"  # the emulator accepts only an image of its own list


class EmulatedGroup:
    """A group of ``minimum`` instances at first. Each new one goes to the zone with the fewest, as on AWS.

    The emulator alone would choose zones at random.
    """

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
        """The zone of each instance in service, by instance id."""
        (group,) = self._client.describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])["AutoScalingGroups"]
        return {
            i["InstanceId"]: i["AvailabilityZone"] for i in group["Instances"] if i["LifecycleState"] == "InService"
        }

    def resize(self, desired: int) -> None:
        """Set the desired capacity. The group grows one by one, so that each instance goes to the right zone."""
        current = len(self.members())
        for capacity in range(current + 1, desired + 1):
            counts = Counter(self.members().values())
            self._allow_only(min(self._zones, key=lambda zone: counts[zone]))
            self._set_capacity(capacity)
        if desired < current:
            self._set_capacity(desired)

    def lose(self, zone: str) -> None:
        """Terminate all instances of a zone. The group replaces them in the zone that is left."""
        self._zones.remove(zone)
        self._allow_only(self._zones[0])
        for instance_id in [i for i, place in self.members().items() if place == zone]:
            self._client.terminate_instance_in_auto_scaling_group(
                InstanceId=instance_id, ShouldDecrementDesiredCapacity=False
            )

    def _allow_only(self, zone: str) -> None:
        self._client.update_auto_scaling_group(AutoScalingGroupName=GROUP, AvailabilityZones=[zone])

    def _set_capacity(self, capacity: int) -> None:
        self._client.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=capacity)
