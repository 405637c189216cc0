"""``python -m tests.soak.moto_process``: moto's server with a correction, so that its queue loses no messages.

In moto 5.2.5, a delete copies the list of messages without holding its lock, so a message that is sent at the same
moment is lost. Without the correction, a loss by moto would look like a loss by the product.
"""

import sys
from typing import Any

from moto.server import main
from moto.sqs.models import Queue

_delete = Queue.delete_message


def _delete_under_the_lock(queue: Any, receipt_handle: str) -> None:
    with queue._messages_lock:
        _delete(queue, receipt_handle)


if __name__ == "__main__":
    Queue.delete_message = _delete_under_the_lock  # type: ignore[assignment, method-assign]
    main(sys.argv[1:])
