"""Each log line is one JSON object that can be read alone. Each test logs in a process of its own."""

import json
import logging
import re
import subprocess
import sys
from typing import Any

import pytest

from telemetry.logs import LIBRARY_LEVELS

HEAD = """
import logging, threading, warnings
from telemetry.logs import enter_log_context, log_context, start_logging
start_logging("INFO", "api")
log = logging.getLogger("test.logger")
"""


def logged(script: str) -> list[dict[str, Any]]:
    """The lines that a process with this script logs."""
    done = subprocess.run([sys.executable, "-c", HEAD + script], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_a_line_has_time_level_logger_service_and_message() -> None:
    (line,) = logged('log.info("video %s accepted: %d bytes", "v1", 5)')
    time = line.pop("time")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", time)
    assert line == {
        "level": "INFO",
        "logger": "test.logger",
        "service": "api",
        "message": "video v1 accepted: 5 bytes",
    }


def test_times_are_utc_in_every_time_zone() -> None:
    (line,) = logged(
        """
import os, time
os.environ["TZ"] = "America/Bogota"
time.tzset()
record = log.makeRecord("test", logging.INFO, "file", 1, "words", (), None)
record.created = 0.0
log.handle(record)
"""
    )
    assert line["time"] == "1970-01-01T00:00:00Z"


def test_lines_inside_a_context_carry_its_ids_and_lines_after_it_do_not() -> None:
    lines = logged(
        """
with log_context(request_id="r1"):
    log.info("one")
    with log_context(video_id="v1"):
        log.info("two")
    log.info("three")
log.info("four")
"""
    )
    assert [(line.get("request_id"), line.get("video_id")) for line in lines] == [
        ("r1", None),
        ("r1", "v1"),
        ("r1", None),
        (None, None),
    ]


def test_the_next_request_of_a_thread_has_only_its_own_ids() -> None:
    lines = logged(
        """
enter_log_context(request_id="r1", video_id="v1")
log.info("one")
enter_log_context(request_id="r2")
log.info("two")
"""
    )
    assert [(line["request_id"], line.get("video_id")) for line in lines] == [("r1", "v1"), ("r2", None)]


def test_a_context_belongs_to_its_thread() -> None:
    (line,) = logged(
        """
with log_context(request_id="r1"):
    other = threading.Thread(target=log.info, args=("from another thread",))
    other.start()
    other.join()
"""
    )
    assert "request_id" not in line


def test_an_exception_with_its_traceback_is_one_line() -> None:
    (line,) = logged(
        """
try:
    raise RuntimeError("first line\\nsecond line")
except RuntimeError:
    log.exception("it failed")
"""
    )
    assert line["message"] == "it failed"
    assert "Traceback" in line["exc_info"]
    assert "second line" in line["exc_info"]


def test_a_message_with_line_ends_and_other_letters_is_one_line() -> None:
    (line,) = logged('log.info("á\\n%s", "b\\u2028c")')
    assert line["message"] == "á\nb\u2028c"


def test_warnings_of_python_are_logged_too() -> None:
    (line,) = logged('warnings.warn("old habits")')
    assert line["level"] == "WARNING"
    assert "old habits" in line["message"]


@pytest.mark.parametrize(("library", "lowest"), LIBRARY_LEVELS.items())
def test_the_chatter_of_a_library_is_off_and_its_trouble_is_not(library: str, lowest: int) -> None:
    lines = logged(
        f"""
for level in (logging.INFO, logging.WARNING, logging.ERROR):
    logging.getLogger("{library}").log(level, "%s", level)
"""
    )
    levels = (logging.INFO, logging.WARNING, logging.ERROR)
    assert [int(line["message"]) for line in lines] == [level for level in levels if level >= lowest]
    assert lowest > logging.INFO
