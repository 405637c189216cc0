"""A console as a process of its own, and boto3 as a client that knows nothing of it."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import httpx
from botocore.config import Config

from local.system.processes import ManagedProcess, answers, free_port

START_SECONDS = 60.0
FROZEN = ("--minute-seconds", "100000")  # the clock stands at a full minute for the length of a test
MINUTE = timedelta(minutes=1)


class ConsoleProcess:
    """``python -m console`` with these arguments."""

    def __init__(self, folder: Path, *arguments: str, port: int | None = None) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"console-{self.port}.log"
        self._process = ManagedProcess("console", ["--port", str(self.port), *arguments], {}, self.log)
        self._process.wait_until(lambda: answers(self.port), "listening", START_SECONDS)

    def client(self, **options: Any) -> Any:
        """A boto3 client that sends what it is given, without its own validation, and repeats nothing."""
        config = Config(parameter_validation=False, retries={"total_max_attempts": 1}, **options)
        return boto3.client(
            "cloudwatch",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="any",
            aws_secret_access_key="any",
            config=config,
        )

    def overview(self) -> str:
        return httpx.get(self.url, timeout=30).text

    def now(self) -> datetime:
        found = re.search(r"time here is (\S+)Z", self.overview())
        assert found
        return datetime.fromisoformat(found[1]).replace(tzinfo=UTC)

    def stop(self) -> int:
        return self._process.stop(20)


@dataclass
class Scene:
    """A namespace of its own in a console, and its time."""

    client: Any
    now: datetime
    namespace: str = field(default_factory=lambda: f"Scene/{uuid.uuid4().hex}")

    def put(self, name: str, minutes_ago: float, **datum: Any) -> None:
        """Put one datum; ``Value=…``, ``Values=…``, ``Unit=…``, ``Dimensions={…}``."""
        dimensions = dimension_list(datum.pop("Dimensions", {}))
        timestamp = self.now - minutes_ago * MINUTE
        data = [{"MetricName": name, "Timestamp": timestamp, "Dimensions": dimensions, **datum}]
        self.client.put_metric_data(Namespace=self.namespace, MetricData=data)

    def put_points(self, name: str, values: Mapping[int, float]) -> None:
        """Put one value for each number of minutes ago."""
        data = [
            {"MetricName": name, "Timestamp": self.now - ago * MINUTE, "Value": value} for ago, value in values.items()
        ]
        self.client.put_metric_data(Namespace=self.namespace, MetricData=data)

    def metric(self, name: str, statistic: str, period: int = 60, **more: Any) -> dict[str, Any]:
        """A MetricStat."""
        metric = {
            "Namespace": self.namespace,
            "MetricName": name,
            "Dimensions": dimension_list(more.pop("Dimensions", {})),
        }
        return {"Metric": metric, "Stat": statistic, "Period": period, **more}

    def data(self, *queries: dict[str, Any], minutes: int = 10, **more: Any) -> dict[str, Any]:
        """GetMetricData over the last ``minutes``, the oldest first."""
        asked = {"StartTime": self.now - minutes * MINUTE, "EndTime": self.now, "ScanBy": "TimestampAscending", **more}
        answer: dict[str, Any] = self.client.get_metric_data(MetricDataQueries=list(queries), **asked)
        return answer

    def points(self, result: Mapping[str, Any]) -> dict[int, float]:
        """The values of a result by minutes ago."""
        pairs = zip(result["Timestamps"], result["Values"], strict=True)
        return {round((self.now - at) / MINUTE): value for at, value in pairs}

    def values(self, *queries: dict[str, Any], **more: Any) -> dict[str, dict[int, float]]:
        """The values of each result by minutes ago, by id."""
        return {result["Id"]: self.points(result) for result in self.data(*queries, **more)["MetricDataResults"]}

    def name(self, stem: str) -> str:
        """A name that no other scene has."""
        return f"{stem}-{self.namespace.rpartition('/')[2]}"

    def put_alarm(self, stem: str, metric: str = "Load", **more: Any) -> str:
        """An alarm on ``metric`` > 1 in the last minute; returns its name. None leaves a parameter out."""
        name = self.name(stem)
        parameters = {
            "AlarmName": name,
            "Namespace": self.namespace,
            "MetricName": metric,
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            **more,
        }
        self.client.put_metric_alarm(**{key: value for key, value in parameters.items() if value is not None})
        return name

    def put_query_alarm(self, stem: str, *queries: dict[str, Any]) -> str:
        """An alarm on metric math or on a query instead of one metric; returns its name."""
        single: dict[str, Any] = dict.fromkeys(("Namespace", "MetricName", "Statistic", "Period"))
        return self.put_alarm(stem, Metrics=list(queries), **single)

    def alarm(self, name: str) -> dict[str, Any]:
        """The description of an alarm of any type."""
        answer = self.client.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        found: list[dict[str, Any]] = [*answer["MetricAlarms"], *answer["CompositeAlarms"]]
        assert len(found) == 1, f"{len(found)} alarms have the name {name}"
        return found[0]


def dimension_list(dimensions: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in dimensions.items()]
