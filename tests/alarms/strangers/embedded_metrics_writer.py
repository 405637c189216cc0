"""The log of a service that writes its metrics with aws-embedded-metrics' own logger: ``… BEGIN >emf.log``."""

import sys
from datetime import UTC, datetime

from aws_embedded_metrics import MetricsLogger
from aws_embedded_metrics.config import get_config
from aws_embedded_metrics.environment.environment_detector import resolve_environment
from aws_embedded_metrics.logger.metrics_context import MetricsContext

from tests.alarms.strangers.shop import ERRORS, MINUTE, NAMESPACE, ORDERS, SERVICE, latencies_ms


def main() -> None:
    begin = int(sys.argv[1])
    get_config().environment = "local"  # writes to standard output
    for minute, (orders, errors) in enumerate(zip(ORDERS, ERRORS, strict=True)):
        logger = MetricsLogger(resolve_environment, MetricsContext.empty())
        logger.set_namespace(NAMESPACE)
        logger.set_dimensions({"service": SERVICE})
        logger.set_timestamp(datetime.fromtimestamp(begin + MINUTE * minute + 20, UTC))
        logger.put_metric("Orders", orders, "Count")
        logger.put_metric("PaymentErrors", errors, "Count")
        for latency in latencies_ms(minute):
            logger.put_metric("PaymentLatency", latency, "Milliseconds")
        logger.flush_sync()


if __name__ == "__main__":
    main()
