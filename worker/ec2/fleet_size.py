"""The number of workers in service. Only this file reads it from Auto Scaling.

IAM: ``autoscaling:DescribeAutoScalingGroups``.
"""

from showcase.aws import Aws, translated
from showcase.errors import SettingsError


class FleetSize:
    """The Auto Scaling group of the workers. ``group`` is None on a laptop, which has one worker."""

    def __init__(self, aws: Aws, group: str | None) -> None:
        self._group = group
        self._client = aws.autoscaling() if group else None

    def in_service(self) -> int:
        """Instances in service; 0 is possible. Raises Unavailable, or SettingsError if the group does not exist."""
        if self._client is None:
            return 1
        with translated("Auto Scaling", "describe the group"):
            answer = self._client.describe_auto_scaling_groups(AutoScalingGroupNames=[self._group])
        for group in answer["AutoScalingGroups"]:
            return sum(instance["LifecycleState"] == "InService" for instance in group["Instances"])
        raise SettingsError(f"ANB_AUTO_SCALING_GROUP: there is no group {self._group} in this region and account")
