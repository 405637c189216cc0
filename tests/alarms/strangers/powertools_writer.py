"""The log of a Lambda function that writes its metrics with Powertools for AWS Lambda: ``… BEGIN >emf.log``."""

import sys

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from tests.alarms.strangers.shop import ERRORS, MINUTE, NAMESPACE, ORDERS, SERVICE, latencies_ms


def main() -> None:
    begin = int(sys.argv[1])
    metrics = Metrics(namespace=NAMESPACE, service=SERVICE)
    for minute, (orders, errors) in enumerate(zip(ORDERS, ERRORS, strict=True)):
        sys.stdout.write(f"START RequestId: 00000000-0000-4000-8000-{minute:012} Version: $LATEST\n")
        metrics.set_timestamp((begin + MINUTE * minute + 20) * 1000)
        metrics.add_metric(name="Orders", unit=MetricUnit.Count, value=orders)
        metrics.add_metric(name="PaymentErrors", unit=MetricUnit.Count, value=errors)
        for latency in latencies_ms(minute):
            metrics.add_metric(name="PaymentLatency", unit=MetricUnit.Milliseconds, value=latency)
        metrics.flush_metrics()


if __name__ == "__main__":
    main()
