"""What good and bad events publish, for each objective: the metrics of the product and of the load balancer.

It is written down a second time here, so that a wrong metric, dimension or statistic of an objective is found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cloudwatch.metric import MetricId

Event = Mapping[MetricId, float]


@dataclass(frozen=True)
class Events:
    good: Sequence[Event]
    bad: Sequence[Event]


def _of(service: str, name: str) -> MetricId:
    return MetricId.of("ANB/RisingStars", name, {"Service": service})


_REFUSED_BY_BALANCER = MetricId.of(
    "AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", {"LoadBalancer": "app/anb-api/50dc6c495c0c9188"}
)

EVENTS = {
    "api-availability": Events(
        good=[{_of("api", "ServerErrors"): 0}],
        bad=[{_of("api", "ServerErrors"): 1}, {_REFUSED_BY_BALANCER: 1}],
    ),
    "api-latency": Events(
        good=[{_of("api", "Latency"): 12}, {_of("api", "Latency"): 3000}],
        bad=[{_of("api", "Latency"): 3001}, {_of("api", "Latency"): 9000}],
    ),
    "clips-processed": Events(
        good=[{_of("worker", "VideosProcessed"): 1}, {_of("worker", "VideosRefused"): 1}],
        bad=[{_of("worker", "JobErrors"): 1}],
    ),
    "uploads-published": Events(
        good=[{_of(service, "UploadsDue"): 1} for service in ("worker", "api")],
        bad=[{_of(service, "UploadsDue"): 1, _of(service, "UploadsLate"): 1} for service in ("worker", "api")],
    ),
}
