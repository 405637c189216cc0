"""How a handle becomes stale."""

from showcase.jobs.job_queue import Delivery, JobQueue


def take_over(queue: JobQueue, delivery: Delivery) -> Delivery:
    """The message comes back and somebody else receives it: from now on the handle of ``delivery`` is stale."""
    queue.release(delivery, 0)
    (newer,) = queue.receive(1)
    assert newer.message_id == delivery.message_id and newer.receipt_handle != delivery.receipt_handle
    return newer
