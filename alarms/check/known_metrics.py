"""Metrics of AWS itself that an operator of this system may watch: what no code of ours emits.

Sources: the metrics pages of each service's user guide. Not complete; add what is missed, with its dimension sets.
"""

from dataclasses import dataclass

Dimensions = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """``sparse``: written only while there is something to count, so that missing data is the normal state."""

    dimension_sets: tuple[Dimensions, ...]
    names: frozenset[str]
    sparse: bool = False


def _known(dimension_sets: tuple[Dimensions, ...], names: str, *, sparse: bool = False) -> Known:
    return Known(dimension_sets, frozenset(names.split()), sparse)


_BALANCER: tuple[Dimensions, ...] = (("LoadBalancer",), ("AvailabilityZone", "LoadBalancer"))
_TARGETS: tuple[Dimensions, ...] = (
    ("LoadBalancer", "TargetGroup"),
    ("AvailabilityZone", "LoadBalancer", "TargetGroup"),
)

KNOWN: dict[str, tuple[Known, ...]] = {
    "AWS/ApplicationELB": (
        _known(_TARGETS, "HealthyHostCount UnHealthyHostCount"),
        _known(
            _BALANCER + _TARGETS,
            "HTTPCode_Target_2XX_Count HTTPCode_Target_4XX_Count HTTPCode_Target_5XX_Count RequestCount "
            "TargetResponseTime TargetConnectionErrorCount",
            sparse=True,
        ),
        _known(
            _BALANCER,
            "HTTPCode_ELB_4XX_Count HTTPCode_ELB_5XX_Count HTTPCode_ELB_502_Count HTTPCode_ELB_503_Count "
            "HTTPCode_ELB_504_Count RejectedConnectionCount ActiveConnectionCount NewConnectionCount",
            sparse=True,
        ),
    ),
    "AWS/AutoScaling": (
        _known(
            (("AutoScalingGroupName",),),
            "GroupDesiredCapacity GroupInServiceCapacity GroupInServiceInstances GroupMaxSize GroupMinSize "
            "GroupPendingInstances GroupTerminatingInstances GroupTotalInstances",
        ),
    ),
    "AWS/EC2": (
        _known(
            (("AutoScalingGroupName",), ("InstanceId",)),
            "CPUUtilization CPUCreditBalance CPUSurplusCreditBalance NetworkIn NetworkOut StatusCheckFailed "
            "StatusCheckFailed_Instance StatusCheckFailed_System StatusCheckFailed_AttachedEBS EBSIOBalance% "
            "EBSByteBalance%",
        ),
    ),
    "AWS/Logs": (
        _known((("LogGroupName",),), "EMFParsingErrors EMFValidationErrors", sparse=True),
        _known((("LogGroupName",),), "IncomingBytes IncomingLogEvents"),
    ),
    "AWS/RDS": (
        _known(
            (("DBInstanceIdentifier",),),
            "CPUUtilization DatabaseConnections FreeStorageSpace FreeableMemory ReadLatency WriteLatency ReplicaLag "
            "DBLoad BurstBalance EBSByteBalance% EBSIOBalance% MaximumUsedTransactionIDs DiskQueueDepth",
        ),
    ),
    "AWS/S3": (
        _known((("BucketName", "FilterId"),), "AllRequests 4xxErrors 5xxErrors FirstByteLatency", sparse=True),
        _known((("BucketName", "StorageType"),), "BucketSizeBytes NumberOfObjects"),
    ),
    "AWS/SQS": (
        _known(
            (("QueueName",),),
            "ApproximateAgeOfOldestMessage ApproximateNumberOfMessagesVisible ApproximateNumberOfMessagesNotVisible "
            "ApproximateNumberOfMessagesDelayed NumberOfMessagesSent NumberOfMessagesReceived NumberOfMessagesDeleted "
            "NumberOfEmptyReceives SentMessageSize",
        ),
    ),
}


def known(namespace: str, name: str) -> Known | None:
    """The entry of a metric of AWS, or None."""
    return next((entry for entry in KNOWN.get(namespace, ()) if name in entry.names), None)
