"""Waits for SIGTERM or SIGINT."""

import os
import select
import signal
from collections.abc import Callable


def catch_stop_signals() -> Callable[[float], bool]:
    """Return a function that waits for up to the given seconds, and returns True once SIGTERM or SIGINT has come.

    From now on, the first signal only ends such a wait, and later signals change nothing. A signal only writes
    a byte to a pipe, because a handler that takes locks could deadlock with the code that it interrupts.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: None)
    return lambda seconds: bool(select.select([reader], [], [], seconds)[0])
