"""The states of their videos that owners saw, in order. A state must never go backwards, whichever process answers."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from showcase.clips.clip_rules import unacceptable
from showcase.jobs.jobs import GAVE_UP
from tests.soak.journal import End, Event


class Told(StrEnum):
    """What an answer told the owner about a video."""

    ACCEPTED = "accepted"
    SHOWN = "shown"
    MISSING = "missing"  # not in a complete list, or 404
    DELETED = "deleted"
    MAY_BE_DELETED = "may be deleted"  # the delete got no answer
    REOPENED = "reopened"  # by the operator; no answer told the owner


@dataclass(frozen=True)
class View:
    """One answer about one video. ``seen`` are the fields that were shown."""

    told: Told
    seen: Mapping[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> str:
        return str(self.seen["status"])


def views(events: Iterable[Event]) -> dict[uuid.UUID, list[View]]:
    """The views of each video by its owner. The calls of one owner follow each other, so their order is clear."""
    found: dict[str, list[View]] = defaultdict(list)
    accepted: dict[str, list[str]] = defaultdict(list)
    for event in events:
        what, end, video_id = event["what"], event.get("end"), event.get("video_id", "")
        if what == "upload" and end == End.OK:
            found[video_id].append(View(Told.ACCEPTED))
            accepted[event["who"]].append(video_id)
        elif what == "delete" and end in (End.OK, End.UNKNOWN):
            found[video_id].append(View(Told.DELETED if end == End.OK else Told.MAY_BE_DELETED))
        elif what in ("look", "delete") and event.get("code") == "video_not_found":
            found[video_id].append(View(Told.MISSING))
        elif what == "look" and end == End.OK:
            found[video_id].append(View(Told.SHOWN, event["seen"]))
        elif what == "list own" and end == End.OK:
            for shown, seen in event["listed"].items():
                found[shown].append(View(Told.SHOWN, seen))
            for missing in accepted[event["who"]] if event["is_whole"] else ():
                if missing not in event["listed"]:
                    found[missing].append(View(Told.MISSING))
        elif what == "redrive":
            found[event["video_id"]].append(View(Told.REOPENED))
    return {uuid.UUID(video_id): told for video_id, told in found.items()}


def broken_views(told: Sequence[View]) -> Iterator[str]:
    """The violations in the views of one video, one text each."""
    may_be_missing = is_gone = False
    last: View | None = None
    for view in told:
        if view.told is Told.SHOWN:
            if is_gone:
                yield f"shown as {view.status} after it was gone"
            if last and (complaint := _backwards(last, view)):
                yield f"{last.status} → {view.status}: {complaint}"
            if complaint := _undocumented_failure(view):
                yield complaint
            last = view
        elif view.told is Told.MISSING:
            if not may_be_missing:
                yield "accepted, and then missing"
            is_gone = True
        elif view.told is Told.REOPENED:
            last = None
        may_be_missing |= view.told in (Told.DELETED, Told.MAY_BE_DELETED)
        is_gone |= view.told is Told.DELETED


def _backwards(before: View, after: View) -> str:
    if before.status in ("processed", "failed") and after.status != before.status:
        return "it was settled"
    if before.status == "processed" and after.seen["processed_at"] != before.seen["processed_at"]:
        return "it was processed at another time"
    if after.seen.get("votes", 0) < before.seen.get("votes", 0) and "votes" in after.seen:
        return "votes are missing"
    return ""


def _undocumented_failure(view: View) -> str:
    """What is wrong with the code or the reason of a failure that the owner saw; empty if nothing is."""
    code, reason = view.seen.get("failure_code"), view.seen.get("failure_reason")
    if view.status != "failed" or "votes" not in view.seen:  # a list does not say why
        return f"{view.status}, and fails with {code}" if code else ""
    if code == GAVE_UP:
        return "" if reason else "failed without a reason"
    is_of_clip = code == "damaged" and reason == unacceptable("damaged").reason
    return "" if is_of_clip else f"failed with {code}: {reason}"
