"""A thread that dies must not leave a process behind that only looks alive."""

import logging
import threading

log = logging.getLogger(__name__)


def notice_dead_threads() -> threading.Event:
    """Set as soon as any thread of this process ends with an error that nobody foresaw, which goes to the log."""
    died = threading.Event()

    def note(thread: threading.ExceptHookArgs) -> None:
        name = thread.thread.name if thread.thread else "unknown"
        log.critical("thread %s died", name, exc_info=thread.exc_value)
        died.set()

    threading.excepthook = note
    return died
