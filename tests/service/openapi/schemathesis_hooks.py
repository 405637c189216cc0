"""Helps schemathesis where a schema is not enough: both passwords must be equal, and some clips must be real clips."""

from functools import cache
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis import Case, HookContext, SerializationContext
from schemathesis.generation import GenerationMode

from tests.clips import X264, Clips
from worker.media.encoder import find_encoder


@cache
def _clip() -> bytes:
    """A clip with few keyframes. It is smaller than a body of any route may be, so no method refuses its size."""
    clips = Clips(find_encoder(None).path, Path(".local/test-clips"))
    return clips.make("-f", "lavfi", "-i", "color=c=navy:s=1920x1080:r=10", "-t", "20", *X264).read_bytes()


@schemathesis.serializer("video/mp4")
def _as_it_is(_context: SerializationContext, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


schemathesis.openapi.media_type("video/mp4", st.builds(_clip) | st.binary(max_size=4096))


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: Any) -> None:
    meant_to_be_right = case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
    if meant_to_be_right and isinstance(case.body, dict) and case.operation.label == "POST /api/auth/signup":
        case.body["password2"] = case.body["password1"]
