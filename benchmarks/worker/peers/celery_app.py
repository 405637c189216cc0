"""A Celery application with one task that does nothing: `celery -A benchmarks.worker.peers.celery_app worker`.

Run as a program, it is the sender of that task's messages. It acknowledges late, so that it loses no message.
"""

import os
from typing import Any

from celery import Celery

from benchmarks.worker.peers.producer import produce

app = Celery("peer", broker=os.environ["PEER_BROKER"])
app.conf.task_default_queue = os.environ["PEER_QUEUE"]
app.conf.task_ignore_result = True
app.conf.task_acks_late = True
app.conf.broker_connection_retry_on_startup = True
if app.conf.broker_url.startswith("sqs:"):
    app.conf.broker_transport_options = {
        "is_secure": False,
        "region": os.environ["PEER_REGION"],
        "polling_interval": float(os.environ["PEER_POLLING_SECONDS"]),
    }


def _handle(_job: dict[str, Any]) -> None:
    """Do nothing."""


handle = app.task(name="handle")(_handle)

if __name__ == "__main__":
    produce(handle.delay)
