"""The allowed changes of a video's state. Written from docs/ARCHITECTURE.md, not from the code."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from showcase.videos import result_key
from tests.soak.audit import State

# The statuses that may follow without a new claim.
_FOLLOWING = {
    "uploaded": {"uploaded", "failed", "deleted"},
    "processing": {"processing", "processed", "failed", "uploaded", "deleted"},
    "failed": {"uploaded", "deleted"},  # reopened by an operator
    "processed": set[str](),
    "deleted": set[str](),
}


def broken_rules(states: Sequence[State]) -> Iterator[str]:
    """The violations in the history of one video, one text each."""
    first = states[0]
    if (first.status, first.fence, first.attempts) != ("uploaded", 0, 0):
        yield f"begins as {first.status} with fence {first.fence}"
    for before, after in pairwise(states):
        if complaint := _wrong_change(before, after):
            yield f"{before.status} (fence {before.fence}) → {after.status} (fence {after.fence}): {complaint}"
    yield from filter(None, map(_wrong_state, states))


def _wrong_change(before: State, after: State) -> str:
    if after.fence == before.fence:
        return "" if after.status in _FOLLOWING[before.status] else "may not follow"
    if after.fence != before.fence + 1 or after.status != "processing":
        return "only a claim changes the fence, by one"
    if before.status not in ("uploaded", "processing"):
        return "claimed although it was settled"
    if before.status == "processing" and not after.lease_was_over:
        return "claimed while another worker held its lease"
    return ""


def _wrong_state(state: State) -> str:
    """The violation in one state, regardless of the states before it; empty if there is none."""
    if state.status in ("uploaded", "processing") and not state.message_due:
        return f"{state.status} (fence {state.fence}): if its message is lost, no sweep will send it again"
    if state.status == "processed" and state.processed_key != result_key(state.video_id, state.fence):
        return f"processed under fence {state.fence} with the result {state.processed_key}"
    return ""
