"""Every metric that this system emits: name, unit, dimensions, meaning. No other metric can be emitted.

Outcomes are written as 0 or 1 for *every* unit of work. So the Average of the metric is the rate, without a division.
Ids are properties of a record, never dimensions. Only queries of logs read properties: ``alarms.check`` holds the names
in the queries of dashboards and runbook against those that are declared here.
"""

from dataclasses import dataclass
from enum import StrEnum

RECORD = "Record"  # the property of every record that holds the name of its kind


class Unit(StrEnum):
    """The CloudWatch units in use."""

    COUNT = "Count"
    SECONDS = "Seconds"
    MILLISECONDS = "Milliseconds"
    BYTES = "Bytes"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. Its identity in CloudWatch is namespace + name + one of the record's dimension sets."""

    name: str
    unit: Unit
    meaning: str


@dataclass(frozen=True, slots=True)
class RecordKind:
    """The record of one unit of work. Each dimension set makes a CloudWatch metric of each metric, and has its cost.

    ``services`` are the services that write it: values of the dimension Service. ``statistics`` are the meaningful
    ones; None means all. A value that several processes report at the same time has no meaningful Sum. ``properties``
    are the names of all properties that such a record may have.
    """

    name: str
    services: tuple[str, ...]
    dimension_sets: tuple[tuple[str, ...], ...]
    metrics: tuple[Metric, ...]
    properties: tuple[str, ...] = ()
    statistics: tuple[str, ...] | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of everything that a record of this kind may have, for queries of logs."""
        dimensions = (name for names in self.dimension_sets for name in names)
        metrics = (metric.name for metric in self.metrics)
        return tuple(dict.fromkeys((RECORD, *dimensions, *metrics, *self.properties)))

    def metric(self, name: str) -> Metric:
        """The declared metric of that name. Raises KeyError."""
        for metric in self.metrics:
            if metric.name == name:
                return metric
        raise KeyError(f"{self.name} declares no metric {name}")


API = "api"
WORKER = "worker"

SERVICE = "Service"  # API or WORKER
ROUTE = "Route"  # one of ROUTES, or NO_ROUTE

_TRACED = ("request_id", "trace_id", "span_id", "parent_id")  # properties of what a request causes


class Route(StrEnum):
    """Every route of the API: a method, and the template of a path.

    This is the only list of them. The API adds these routes and no others, its OpenAPI document describes each, and
    each is a value of the dimension ROUTE.
    """

    SIGN_UP = "POST /api/auth/signup"
    LOG_IN = "POST /api/auth/login"
    UPLOAD_VIDEO = "POST /api/videos/upload"
    OPEN_UPLOAD = "POST /api/videos/uploads"
    GET_UPLOAD = "GET /api/videos/uploads/{upload_id}"
    COMPLETE_UPLOAD = "POST /api/videos/uploads/{upload_id}/complete"
    LIST_OWN_VIDEOS = "GET /api/videos"
    GET_VIDEO = "GET /api/videos/{video_id}"
    DELETE_VIDEO = "DELETE /api/videos/{video_id}"
    LIST_PUBLIC_VIDEOS = "GET /api/public/videos"
    VOTE = "POST /api/public/videos/{video_id}/vote"
    LIST_RANKINGS = "GET /api/public/rankings"
    LIST_RANKING = "GET /api/public/ranking"
    IS_ALIVE = "GET /api/health/live"
    IS_READY = "GET /api/health/ready"
    IS_HEALTHY = "GET /health"
    GET_DOCUMENT = "GET /api/openapi.json"
    GET_DOCS = "GET /api/docs"
    GET_DOCS_STYLE = "GET /api/docs/docs.css"
    GET_DOCS_SCRIPT = "GET /api/docs/docs.js"

    @property
    def method(self) -> str:
        """``GET``, ``POST`` or ``DELETE``."""
        return self.partition(" ")[0]

    @property
    def path(self) -> str:
        """The template: ``/api/videos/{video_id}``."""
        return self.partition(" ")[2]


ROUTES: tuple[str, ...] = tuple(Route)
NO_ROUTE = "none"  # every other request: clients could make any number of values of their paths, and metrics cost money

# The routes that balancers and monitors ask. A caller is everybody else. At night most requests are probes. They would
# dilute the rates and percentiles of the callers, so a probe is counted in PROBE_METRICS only.
HEALTH_PROBES = frozenset({Route.IS_ALIVE, Route.IS_READY, Route.IS_HEALTHY})
PROBE_METRICS = frozenset({"Requests"})


def routes_of(metric_name: str) -> tuple[str, ...]:
    """The routes whose requests have this metric; NO_ROUTE is not among them."""
    return tuple(route for route in Route if route not in HEALTH_PROBES or metric_name in PROBE_METRICS)


API_REQUEST = RecordKind(
    "ApiRequest",
    (API,),
    ((SERVICE,), (SERVICE, ROUTE)),
    (
        Metric("Requests", Unit.COUNT, "1 for each request, also for a health probe."),
        Metric("Latency", Unit.MILLISECONDS, "From the call of the application to its answer; callers only."),
        Metric("ClientErrors", Unit.COUNT, "1 if the answer was 4xx, else 0; callers only. The Average is the rate."),
        Metric("RateLimited", Unit.COUNT, "1 if the answer was 429, else 0; callers only. The Average is the rate."),
        Metric(
            "ServerErrors",
            Unit.COUNT,
            "1 if the answer was 5xx, else 0; callers only. The Average is the rate, and SampleCount the number of "
            "callers' requests.",
        ),
        Metric("UploadBytes", Unit.BYTES, "Size of the clip, for accepted uploads only."),
    ),
    properties=(
        *_TRACED,
        "video_id",
        "method",
        "status",
        "status_class",
        "request_bytes",
        "response_bytes",
        "cut",
    ),
)

REQUEST_QUEUE = RecordKind(
    "RequestQueue",
    (API,),
    ((SERVICE,),),
    (
        Metric(
            "RequestsWaiting",
            Unit.COUNT,
            "The most requests that waited for a thread at once since the last record; 0 if none had to wait.",
        ),
    ),
    statistics=("Average", "Minimum", "Maximum", "SampleCount"),
)

JOB = RecordKind(
    "Job",
    (WORKER,),
    ((SERVICE,),),
    (
        Metric("Jobs", Unit.COUNT, "1 for each message handled."),
        Metric("VideosProcessed", Unit.COUNT, "1 if the message ended as a published clip; the Sum is the throughput."),
        Metric("VideosRefused", Unit.COUNT, "1 if the clip was refused (its owner can read the reason), else 0."),
        Metric(
            "JobErrors",
            Unit.COUNT,
            "1 if the job failed without fault of the clip, else 0; the Average is the error rate.",
        ),
        Metric("Retries", Unit.COUNT, "1 if it was not the first attempt, else 0."),
        Metric("DuplicatesSuppressed", Unit.COUNT, "1 if the video of the message needed no work, else 0."),
        Metric("LeasesLost", Unit.COUNT, "1 if the job was abandoned because its lease was lost, else 0."),
        Metric("MessagesDeadLettered", Unit.COUNT, "1 if the message went to the dead-letter queue, else 0."),
        Metric(
            "QueueWait", Unit.MILLISECONDS, "From the queue's receipt of the message to the claim; first attempts only."
        ),
        Metric("ProcessingTime", Unit.MILLISECONDS, "From the claim to the published clip; processed videos only."),
        Metric("UploadToProcessed", Unit.MILLISECONDS, "From the accepted upload to the published clip."),
        Metric("DownloadTime", Unit.MILLISECONDS, "Fetching the original; processed videos only."),
        Metric("EncodeTime", Unit.MILLISECONDS, "Encoding and joining; processed videos only."),
        Metric("PublishTime", Unit.MILLISECONDS, "Storing the result; processed videos only."),
    ),
    properties=(
        *_TRACED,
        "outcome",
        "error",
        "reason",
        "message_id",
        "receive_count",
        "sent_at",
        "video_id",
        "task_id",
        "fence",
        "attempt",
        "original_bytes",
    ),
)

WORKER_HEARTBEAT = RecordKind(
    "WorkerHeartbeat",
    (WORKER,),
    ((SERVICE,),),
    (
        Metric("WorkerHeartbeat", Unit.COUNT, "1 for each turn of the heartbeat while the poll loop works."),
        Metric("BusySlots", Unit.COUNT, "Videos in work in this process."),
        Metric("OldestJobAge", Unit.SECONDS, "Since the claim of the oldest job in work here; 0 if none is."),
        Metric("StillJobs", Unit.COUNT, "Jobs in work that have not moved for a minute: no step ended, no frame came."),
        Metric(
            "HeartbeatFailures",
            Unit.COUNT,
            "Renewals of lease or visibility without an answer since the last turn.",
        ),
    ),
)

SWEEP = RecordKind(
    "Sweep",
    (API, WORKER),
    ((SERVICE,),),
    (
        Metric("MessagesResent", Unit.COUNT, "Unsent, lost or abandoned messages that the sweeper sent."),
        Metric("RateLimitsRemoved", Unit.COUNT, "Expired counts of rate limits that were removed."),
        Metric(
            "OrphansRemoved",
            Unit.COUNT,
            "Removed objects and unfinished uploads that no video needs.",
        ),
        Metric("UploadsAbandoned", Unit.COUNT, "Direct uploads that were removed because nobody completed them."),
        Metric("FoldersRemoved", Unit.COUNT, "Work folders of dead processes and ended jobs that were removed."),
    ),
)

PUBLICATION = RecordKind(
    "Publication",
    (API, WORKER),
    ((SERVICE,),),
    (
        Metric(
            "UploadsDue",
            Unit.COUNT,
            "Accepted uploads whose promised moment has passed; each is counted once, by either service.",
        ),
        Metric(
            "UploadsLate",
            Unit.COUNT,
            "Those of UploadsDue that were not published by then, by fault of the system.",
        ),
    ),
    properties=("late_videos",),
)

QUEUE = RecordKind(
    "Queue",
    (WORKER,),
    ((SERVICE,),),
    (
        Metric(
            "BacklogPerWorker",
            Unit.COUNT,
            "(QueueDepth + MessagesInFlight) ÷ max(1, Workers); the fleet scales on its Average.",
        ),
        Metric("QueueDepth", Unit.COUNT, "Messages that a worker can receive."),
        Metric("MessagesInFlight", Unit.COUNT, "Messages that are in work or wait for a retry."),
        Metric("OldestMessageAge", Unit.SECONDS, "Seconds since the oldest waiting video was queued; 0 if none waits."),
        Metric("DeadLetterDepth", Unit.COUNT, "Messages in the dead-letter queue, visible or not."),
        Metric("Workers", Unit.COUNT, "In-service instances of the Auto Scaling group; 1 where there is no group."),
    ),
    properties=("failures",),
    statistics=("Average", "Minimum", "Maximum", "SampleCount"),
)

TELEMETRY = RecordKind(
    "Telemetry",
    (API, WORKER),
    ((SERVICE,),),
    (
        Metric("RecordsEmitted", Unit.COUNT, "EMF records written since the last report."),
        Metric(
            "RecordsDropped",
            Unit.COUNT,
            "EMF records lost since the last report: the destination was away or too slow, or the record was invalid.",
        ),
    ),
)

RECORD_KINDS = (API_REQUEST, JOB, WORKER_HEARTBEAT, SWEEP, PUBLICATION, QUEUE, TELEMETRY, REQUEST_QUEUE)
