"""Makes a receipt handle stale."""

from showcase.jobs.job_queue import Delivery, JobQueue


def take_over(queue: JobQueue, delivery: Delivery) -> Delivery:
    """Release the message and receive it again. The handle of ``delivery`` is stale afterwards."""
    queue.release(delivery, 0)
    (newer,) = queue.receive(1)
    assert newer.message_id == delivery.message_id and newer.receipt_handle != delivery.receipt_handle
    return newer
