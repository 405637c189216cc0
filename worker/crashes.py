"""Finds dead threads. A process with a dead thread must end, because it looks alive and does not do its work."""

import logging
import threading

log = logging.getLogger(__name__)


def watch_for_dead_threads() -> threading.Event:
    """An event that is set when a thread of this process ends with an unexpected error. The error is logged."""
    died = threading.Event()

    def record_death(thread: threading.ExceptHookArgs) -> None:
        name = thread.thread.name if thread.thread else "unknown"
        log.critical("thread %s died", name, exc_info=thread.exc_value)
        died.set()

    threading.excepthook = record_death
    return died
