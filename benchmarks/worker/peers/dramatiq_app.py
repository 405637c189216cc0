"""A dramatiq actor that does nothing, on SQS: `dramatiq benchmarks.worker.peers.dramatiq_app`.

Run as a program, it is the sender of that actor's messages.
"""

import os
from typing import Any

import dramatiq  # type: ignore[import-not-found]
from dramatiq_sqs import SQSBroker  # type: ignore[import-not-found]

from benchmarks.worker.peers.producer import produce

broker = SQSBroker(endpoint_url=os.environ["PEER_ENDPOINT_URL"], region_name=os.environ["PEER_REGION"])
dramatiq.set_broker(broker)


def _handle(_job: dict[str, Any]) -> None:
    """Do nothing."""


handle = dramatiq.actor(_handle, actor_name="handle", queue_name=os.environ["PEER_QUEUE"])

if __name__ == "__main__":
    produce(handle.send)
