"""One EMF record for each request and each job, checked against the catalogue.

aws-embedded-metrics builds and serialises the documents. Its logger and its sinks are not used: they
share state between threads, block on a stalled agent and lose records (docs/ARCHITECTURE.md, "Telemetry").
"""

import logging
import math
from collections.abc import Mapping

from aws_embedded_metrics.exceptions import DimensionSetExceededError, InvalidDimensionError, InvalidMetricError
from aws_embedded_metrics.logger.metrics_context import MetricsContext
from aws_embedded_metrics.serializers.log_serializer import LogSerializer

from telemetry.catalogue import RECORD, SERVICE, TELEMETRY, RecordKind
from telemetry.destinations import UnusableDestination, open_destination
from telemetry.settings import TelemetrySettings
from telemetry.sink import Destination, Sink, SinkCounts

RECORD_BYTES_MAX = 200_000  # well below the 256 KB that every version of CloudWatch Logs accepts
PROPERTY_CHARACTERS_MAX = 1024
VALUE_MAX = 2.0**360  # of positive and negative values; CloudWatch accepts no larger ones

Property = str | int | float | bool | None

log = logging.getLogger(__name__)


# The library and JSON raise these for values of a wrong type, or out of range.
_REFUSALS = (
    InvalidMetricError,
    InvalidDimensionError,
    DimensionSetExceededError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
)


class InvalidRecord(Exception):
    """A record that the catalogue or the EMF specification does not allow."""


class RecordFormat:
    """Turns measurements into lines for one namespace and one service.

    ``log_group`` names the log group to which a CloudWatch agent writes them. Other destinations ignore it.
    """

    def __init__(self, *, namespace: str, service: str, log_group: str) -> None:
        self._namespace = namespace
        self._service = service
        self._log_group = log_group

    def line(
        self,
        kind: RecordKind,
        metrics: Mapping[str, float],
        dimensions: Mapping[str, str] | None = None,
        properties: Mapping[str, Property] | None = None,
    ) -> str:
        """One EMF document, without a line end, timestamped now. Raises InvalidRecord."""
        try:
            document = self._document(kind, metrics, {SERVICE: self._service, **(dimensions or {})}, properties or {})
        except _REFUSALS as error:
            raise InvalidRecord(f"{kind.name}: {error}") from error
        if len(document) > RECORD_BYTES_MAX:
            raise InvalidRecord(f"{kind.name}: the record has {len(document)} bytes")
        return document

    def _document(
        self,
        kind: RecordKind,
        metrics: Mapping[str, float],
        dimensions: Mapping[str, str],
        properties: Mapping[str, Property],
    ) -> str:
        context = MetricsContext(namespace=self._namespace)
        context.meta["LogGroupName"] = self._log_group
        for keys in kind.dimension_sets:
            context.put_dimensions({key: dimensions[key] for key in keys})
        for name, value in metrics.items():
            if isinstance(value, bool) or not abs(value) <= VALUE_MAX:
                raise ValueError(f"{name} is {value}")
            context.put_metric(name, value, kind.metric(name).unit.value)
        for name, detail in {RECORD: kind.name, **properties}.items():
            if name in dimensions or name in metrics:
                raise ValueError(f"property {name} has the name of a dimension or metric")
            if name not in kind.fields:
                raise ValueError(f"{kind.name} declares no property {name}")
            context.set_property(name, _plain(detail))
        (document,) = LogSerializer.serialize(context)
        return str(document)


def _plain(value: Property) -> Property:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)[:PROPERTY_CHARACTERS_MAX]


class Recorder:
    """Takes the records of requests and jobs. It never blocks, and it raises no errors."""

    def __init__(self, record_format: RecordFormat, sink: Sink) -> None:
        self._format = record_format
        self._sink = sink

    def record(
        self,
        kind: RecordKind,
        metrics: Mapping[str, float],
        *,
        dimensions: Mapping[str, str] | None = None,
        properties: Mapping[str, Property] | None = None,
    ) -> None:
        """Write one record; an invalid one is logged and counted as dropped."""
        try:
            line = self._format.line(kind, metrics, dimensions, properties)
        except InvalidRecord:
            log.exception("invalid telemetry record dropped")
            self._sink.count_dropped()
            return
        self._sink.submit(line)

    @property
    def counts(self) -> SinkCounts:
        return self._sink.counts

    def close(self, seconds: float = 3.0) -> None:
        """Write the waiting records, for at most ``seconds``."""
        self._sink.close(seconds)


def open_recorder(
    destination: Destination, *, namespace: str, service: str, log_group: str, records_max: int
) -> Recorder:
    """A recorder whose sink also reports, each minute, how many records it wrote and lost."""
    record_format = RecordFormat(namespace=namespace, service=service, log_group=log_group)

    def report(counts: SinkCounts) -> str:
        metrics = {"RecordsEmitted": counts.emitted, "RecordsDropped": counts.dropped}
        return record_format.line(TELEMETRY, metrics)

    return Recorder(record_format, Sink(destination, records_max=records_max, report=report))


def open_process_recorder(settings: TelemetrySettings, service: str) -> Recorder:
    """The recorder of a process. Raises UnusableDestination."""
    try:
        destination = open_destination(settings.emf_destination)
    except OSError as error:
        raise UnusableDestination(
            f"ANB_EMF_DESTINATION: {settings.emf_destination} cannot be opened ({error.strerror}). "
            "Name a file that this process may write to, or another destination (see .env.example)."
        ) from error
    return open_recorder(
        destination,
        namespace=settings.metrics_namespace,
        service=service,
        log_group=settings.emf_log_group,
        records_max=settings.emf_queue_records_max,
    )
