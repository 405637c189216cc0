"""``traceparent`` is taken over exactly by the rules of W3C Trace Context, level 1.

The cases are those of the test suite of the W3C (github.com/w3c/trace-context, ``test/test.py``), and more.
"""

import re

import pytest

from telemetry.trace_context import begin_span

TRACE, PARENT = "12345678901234567890123456789012", "1234567890123456"
GOOD = f"00-{TRACE}-{PARENT}-01"


@pytest.mark.parametrize(
    ("traceparent", "flags"),
    [
        (GOOD, "01"),
        (f"00-{TRACE}-{PARENT}-00", "00"),
        (f"00-{TRACE}-{PARENT}-02", "00"),  # an unknown flag is cleared
        (f"00-{TRACE}-{PARENT}-ff", "01"),
        (f"cc-{TRACE}-{PARENT}-01", "01"),  # a version of the future is read as far as version 00 goes
        (f"cc-{TRACE}-{PARENT}-01-what-the-future-will-be-like", "01"),
        (f"01-{TRACE}-{PARENT}-03-", "01"),
        (f"fe-{TRACE}-{PARENT}-00-{'x' * 10_000}", "00"),
    ],
)
def test_a_well_formed_header_is_continued_by_a_new_span_of_version_00(traceparent: str, flags: str) -> None:
    span = begin_span(traceparent)
    assert (span.trace_id, span.parent_id) == (TRACE, PARENT)
    assert span.traceparent == f"00-{TRACE}-{span.span_id}-{flags}"
    assert re.fullmatch("[0-9a-f]{16}", span.span_id) and span.span_id != PARENT
    assert span.ids == {"trace_id": TRACE, "span_id": span.span_id, "parent_id": PARENT}


NOT_WELL_FORMED = {
    "missing": "",
    "upper case in the trace id": f"00-{'ABCDEF' + TRACE[6:]}-{PARENT}-01",
    "upper case in the parent id": f"00-{TRACE}-{'ABCDEF' + PARENT[6:]}-01",
    "upper case in the version": f"0A-{TRACE}-{PARENT}-01",
    "upper case in the flags": f"00-{TRACE}-{PARENT}-0A",
    "version ff": f"ff-{TRACE}-{PARENT}-01",
    "version ff with more": f"ff-{TRACE}-{PARENT}-01-x",
    "version is not hex": f".0-{TRACE}-{PARENT}-01",
    "version is not hex, second digit": f"0.-{TRACE}-{PARENT}-01",
    "version too short": f"0-{TRACE}-{PARENT}-01",
    "version too long": f"000-{TRACE}-{PARENT}-01",
    "trace id of zeros": f"00-{'0' * 32}-{PARENT}-01",
    "trace id is not hex": f"00-.{TRACE[1:]}-{PARENT}-01",
    "trace id too short": f"00-{TRACE[1:]}-{PARENT}-01",
    "trace id too long": f"00-{TRACE}0-{PARENT}-01",
    "parent id of zeros": f"00-{TRACE}-{'0' * 16}-01",
    "parent id of zeros in the future": f"cc-{TRACE}-{'0' * 16}-01",
    "parent id is not hex": f"00-{TRACE}-.{PARENT[1:]}-01",
    "parent id too short": f"00-{TRACE}-{PARENT[1:]}-01",
    "parent id too long": f"00-{TRACE}-{PARENT}0-01",
    "flags are not hex": f"00-{TRACE}-{PARENT}-.0",
    "flags too short": f"00-{TRACE}-{PARENT}-1",
    "flags too long": f"00-{TRACE}-{PARENT}-001",
    "flags too long in the future": f"cc-{TRACE}-{PARENT}-001",
    "no flags": f"00-{TRACE}-{PARENT}",
    "version 00 with more": f"00-{TRACE}-{PARENT}-01-what-the-future-will-be-like",
    "version 00 with a dash at its end": f"{GOOD}-",
    "more without a dash": f"cc-{TRACE}-{PARENT}-01.what-the-future-will-not-be-like",
    "underscores": GOOD.replace("-", "_"),
    "several headers": f"{GOOD}, {GOOD}",
    "several headers of a version of the future": f"cc-{TRACE}-{PARENT}-01-x, cc-{TRACE}-{PARENT}-01-x",
    "a blank inside": f"00-{TRACE} -{PARENT}-01",
    "a line end": f"{GOOD}\n",
    "digits of another script": f"00-{TRACE[:-1]}٣-{PARENT}-01",
    "any text": "hola",
}


@pytest.mark.parametrize("traceparent", NOT_WELL_FORMED.values(), ids=NOT_WELL_FORMED)
def test_any_other_header_begins_a_sampled_trace(traceparent: str) -> None:
    first, second = begin_span(traceparent), begin_span(traceparent)
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", first.traceparent)
    assert first.ids == {"trace_id": first.trace_id, "span_id": first.span_id}
    assert TRACE not in {first.trace_id, second.trace_id} and first.trace_id != second.trace_id


def test_each_span_of_a_trace_names_the_span_before_it() -> None:
    api = begin_span(GOOD)
    attempts = [begin_span(api.traceparent), begin_span(api.traceparent)]
    assert {(span.trace_id, span.parent_id) for span in attempts} == {(TRACE, api.span_id)}
    assert len({PARENT, api.span_id, *(span.span_id for span in attempts)}) == 4
