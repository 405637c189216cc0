"""A process that records from many threads: ``python -m tests.telemetry.emit DESTINATION NAME THREADS RECORDS``.

Each record carries the tag NAME/thread/number. The exit code is 1 if a record was dropped.
"""

import sys
import threading
from dataclasses import replace

from telemetry.catalogue import WORKER_HEARTBEAT
from telemetry.destinations import open_destination
from telemetry.recorder import Recorder, open_recorder

CLOSE_SECONDS = 60.0
TAGGED = replace(WORKER_HEARTBEAT, properties=("tag",))
SWITCH_SECONDS = 0.0001  # threads switch fifty times as often as usual, so that a mix of lines is likely


def main(destination: str, name: str, threads: int, records: int) -> int:
    sys.setswitchinterval(SWITCH_SECONDS)
    recorder = open_recorder(
        open_destination(destination),
        namespace="Test",
        service=name,
        log_group="test",
        records_max=threads * records,
    )
    writers = [
        threading.Thread(target=_record, args=(recorder, f"{name}/{thread}", records)) for thread in range(threads)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    recorder.close(CLOSE_SECONDS)
    return 1 if recorder.counts.dropped else 0


def _record(recorder: Recorder, name: str, records: int) -> None:
    for number in range(records):
        recorder.record(TAGGED, {"BusySlots": number}, properties={"tag": f"{name}/{number}"})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
