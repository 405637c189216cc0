"""The sender of a peer's messages. It reads a number from stdin, sends that many, and prints the number."""

import sys
import uuid
from collections.abc import Callable


def job() -> dict[str, str]:
    """The fields of our own message."""
    video_id = uuid.uuid4()
    return {
        "video_id": str(video_id),
        "video_path": f"s3://anb-local/uploads/{video_id}.mp4",
        "task_id": str(uuid.uuid4()),
        "created_at": "2026-01-01T00:00:00Z",
    }


def produce(send: Callable[[dict[str, str]], object]) -> None:
    """Send as many messages as each line of stdin says, until stdin ends."""
    for line in sys.stdin:
        for _ in range(int(line)):
            send(job())
        print(line, end="", flush=True)
