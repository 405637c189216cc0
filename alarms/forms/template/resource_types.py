"""The types of CloudFormation resources that are definitions, and those for which ``Ref`` gives the name."""

from collections.abc import Mapping

from alarms.definition_files import DefinitionKind

APPLICATION_POLICY = "AWS::ApplicationAutoScaling::ScalingPolicy"
SCALABLE_TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
TARGET_PROPERTIES = ("ResourceId", "ScalableDimension", "ServiceNamespace")  # in the order of Ref to the target

KINDS: Mapping[str, DefinitionKind] = {
    "AWS::CloudWatch::Alarm": DefinitionKind.METRIC_ALARM,
    "AWS::CloudWatch::CompositeAlarm": DefinitionKind.COMPOSITE_ALARM,
    "AWS::CloudWatch::LogAlarm": DefinitionKind.LOG_ALARM,
    "AWS::CloudWatch::AlarmMuteRule": DefinitionKind.MUTE_RULE,
    "AWS::CloudWatch::AnomalyDetector": DefinitionKind.ANOMALY_DETECTOR,
    "AWS::CloudWatch::Dashboard": DefinitionKind.DASHBOARD,
    "AWS::AutoScaling::ScalingPolicy": DefinitionKind.SCALING_POLICY,
    APPLICATION_POLICY: DefinitionKind.SCALING_POLICY,
}

# The property that Ref gives if the resource has it. Ref to a definition gives its name (NAME_KEYS). For other types it
# gives an ARN, a URL or an id that AWS makes.
NAMED_BY_REF: Mapping[str, str] = {
    "AWS::AutoScaling::AutoScalingGroup": "AutoScalingGroupName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::ECS::Cluster": "ClusterName",
    "AWS::Events::EventBus": "Name",
    "AWS::Kinesis::Stream": "Name",
    "AWS::KinesisFirehose::DeliveryStream": "DeliveryStreamName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::RDS::DBCluster": "DBClusterIdentifier",
    "AWS::RDS::DBInstance": "DBInstanceIdentifier",
    "AWS::S3::Bucket": "BucketName",
}
