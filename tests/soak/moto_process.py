"""``python -m tests.soak.moto_process``: moto's server, with a queue that loses no message by itself.

moto 5.2.5 deletes by copying the list of messages without its lock: a message that is sent at the same moment
is gone. With that, nobody could tell a loss of ours from one of moto's.
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
