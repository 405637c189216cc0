"""The corpus of hostile clips. The name of a clip seeds its random numbers, so the same name gives the same bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from tests.hostile_clips.bombs import BOMBS, IMPOSTORS, PICTURES
from tests.hostile_clips.descriptions import CONFIGURATIONS, DESCRIPTIONS
from tests.hostile_clips.random_damage import RANDOM_DAMAGE, BytesEdit
from tests.hostile_clips.structure import STRUCTURE, BoxEdit, on_bytes
from tests.hostile_clips.tables import EMPTY, FIELDS, TABLES, TIMING

_INTACT = ("moov last", "moov first", "fragmented", "rotated", "hevc", "growing")


@dataclass(frozen=True, slots=True)
class HostileClip:
    """One clip of the corpus. ``base`` is the name of its base clip in ``BASE_CLIPS``."""

    name: str
    base: str
    edit: BytesEdit

    def content(self, base_clips: Mapping[str, bytes]) -> bytes:
        return self.edit(base_clips[self.base], Random(self.name))


def _of(base: str, edits: Mapping[str, BytesEdit]) -> list[HostileClip]:
    return [HostileClip(f"{base}: {name}", base, edit) for name, edit in edits.items()]


def _edits(edits: Mapping[str, BoxEdit]) -> dict[str, BytesEdit]:
    return {name: on_bytes(edit) for name, edit in edits.items()}


def _instead(content: bytes) -> BytesEdit:
    return lambda _content, _random: content


CORPUS: list[HostileClip] = [
    *(HostileClip(f"{base}: as it is", base, lambda content, _: content) for base in _INTACT),
    *_of("moov last", _edits(TABLES | EMPTY | TIMING | FIELDS | DESCRIPTIONS | CONFIGURATIONS | BOMBS)),
    *_of("hevc", _edits(CONFIGURATIONS)),
    *(HostileClip(name, base, on_bytes(edit)) for name, (base, edit) in PICTURES.items()),
    *(HostileClip(f"impostor: {name}", "moov last", _instead(content)) for name, content in IMPOSTORS.items()),
    *(clip for base in ("moov last", "hevc") for clip in _of(base, STRUCTURE)),
    *(clip for base in ("moov first", "fragmented") for clip in _of(base, RANDOM_DAMAGE)),
]
