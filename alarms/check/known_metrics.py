"""Metrics that AWS itself publishes and an operator of this system may watch.

Sources: the metrics pages of each service's user guide. The list is not complete: add the metrics that you need, with
their dimension sets.
"""

from dataclasses import dataclass

Dimensions = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AwsMetrics:
    """Metrics that have the same dimension sets.

    ``sparse`` metrics are published only while there is something to count, so missing data is their normal state.
    """

    dimension_sets: tuple[Dimensions, ...]
    names: frozenset[str]
    sparse: bool = False


def _metrics(dimension_sets: tuple[Dimensions, ...], names: str, *, sparse: bool = False) -> AwsMetrics:
    return AwsMetrics(dimension_sets, frozenset(names.split()), sparse)


_BALANCER: tuple[Dimensions, ...] = (("LoadBalancer",), ("AvailabilityZone", "LoadBalancer"))
_TARGETS: tuple[Dimensions, ...] = (
    ("LoadBalancer", "TargetGroup"),
    ("AvailabilityZone", "LoadBalancer", "TargetGroup"),
)

AWS_METRICS: dict[str, tuple[AwsMetrics, ...]] = {
    "AWS/ApplicationELB": (
        _metrics(_TARGETS, "HealthyHostCount UnHealthyHostCount"),
        _metrics(
            _BALANCER + _TARGETS,
            "HTTPCode_Target_2XX_Count HTTPCode_Target_4XX_Count HTTPCode_Target_5XX_Count RequestCount "
            "TargetResponseTime TargetConnectionErrorCount",
            sparse=True,
        ),
        _metrics(
            _BALANCER,
            "HTTPCode_ELB_4XX_Count HTTPCode_ELB_5XX_Count HTTPCode_ELB_502_Count HTTPCode_ELB_503_Count "
            "HTTPCode_ELB_504_Count RejectedConnectionCount ActiveConnectionCount NewConnectionCount",
            sparse=True,
        ),
    ),
    "AWS/AutoScaling": (
        _metrics(
            (("AutoScalingGroupName",),),
            "GroupDesiredCapacity GroupInServiceCapacity GroupInServiceInstances GroupMaxSize GroupMinSize "
            "GroupPendingInstances GroupTerminatingInstances GroupTotalInstances",
        ),
    ),
    "AWS/EC2": (
        _metrics(
            (("AutoScalingGroupName",), ("InstanceId",)),
            "CPUUtilization CPUCreditBalance CPUSurplusCreditBalance NetworkIn NetworkOut StatusCheckFailed "
            "StatusCheckFailed_Instance StatusCheckFailed_System StatusCheckFailed_AttachedEBS EBSIOBalance% "
            "EBSByteBalance%",
        ),
    ),
    "AWS/Logs": (
        _metrics((("LogGroupName",),), "EMFParsingErrors EMFValidationErrors", sparse=True),
        _metrics((("LogGroupName",),), "IncomingBytes IncomingLogEvents"),
    ),
    "AWS/RDS": (
        _metrics(
            (("DBInstanceIdentifier",),),
            "CPUUtilization DatabaseConnections FreeStorageSpace FreeableMemory ReadLatency WriteLatency ReplicaLag "
            "DBLoad BurstBalance EBSByteBalance% EBSIOBalance% MaximumUsedTransactionIDs DiskQueueDepth",
        ),
    ),
    "AWS/S3": (
        _metrics((("BucketName", "FilterId"),), "AllRequests 4xxErrors 5xxErrors FirstByteLatency", sparse=True),
        _metrics((("BucketName", "StorageType"),), "BucketSizeBytes NumberOfObjects"),
    ),
    "AWS/SQS": (
        _metrics(
            (("QueueName",),),
            "ApproximateAgeOfOldestMessage ApproximateNumberOfMessagesVisible ApproximateNumberOfMessagesNotVisible "
            "ApproximateNumberOfMessagesDelayed NumberOfMessagesSent NumberOfMessagesReceived NumberOfMessagesDeleted "
            "NumberOfEmptyReceives SentMessageSize",
        ),
    ),
}


def find_aws_metric(namespace: str, name: str) -> AwsMetrics | None:
    """The entry that lists the metric, or None."""
    return next((entry for entry in AWS_METRICS.get(namespace, ()) if name in entry.names), None)
