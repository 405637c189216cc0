"""``python -m tests.faults.faulty_api``: the API with an injected fault, which the variable FAULT describes.

REPORT_SECONDS, if set, is the time between its reports on lost telemetry records.
"""

import os
import sys
from functools import partial
from typing import Any

import service.server
import telemetry.recorder
import telemetry.sink
from tests.faults.injection import Fault, Steps, inject

if __name__ == "__main__":
    if seconds := os.environ.get("REPORT_SECONDS"):
        recorder: Any = telemetry.recorder
        recorder.Sink = partial(telemetry.sink.Sink, report_seconds=float(seconds))
    inject(Steps(Fault.from_text(os.environ.get("FAULT", ""))))
    sys.exit(service.server.main())
