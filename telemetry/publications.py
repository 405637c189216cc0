"""The record of a turn in which uploads were judged, by the API or by a worker."""

import uuid
from collections.abc import Iterable

from telemetry.catalogue import PUBLICATION
from telemetry.recorder import Recorder


def record_publications(recorder: Recorder, *, due: int, late: int, late_videos: Iterable[uuid.UUID]) -> None:
    """Record how many uploads were judged, and how many of them were late. A property names some of the late videos.

    A turn that judged no upload is recorded too, with zeros: without them the metrics would end while nobody uploads.
    """
    properties = {"late_videos": " ".join(map(str, late_videos))}
    recorder.record(PUBLICATION, {"UploadsDue": due, "UploadsLate": late}, properties=properties)
