"""Every mutant by its name, which seeds its chance: seed, mutation and name are all that a replay needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from tests.hostile_clips.blind import BLIND, Mutation
from tests.hostile_clips.bombs import BOMBS, IMPOSTORS, PICTURES
from tests.hostile_clips.descriptions import CONFIGURATIONS, DESCRIPTIONS
from tests.hostile_clips.structure import STRUCTURE, Edit, edited
from tests.hostile_clips.tables import CLOCKS, EMPTY, PLACES, TABLES

_WHOLE = ("moov last", "moov first", "fragmented", "rotated", "hevc", "growing")


@dataclass(frozen=True, slots=True)
class Mutant:
    """``seed`` is a name in ``SEEDS``."""

    name: str
    seed: str
    mutation: Mutation

    def content(self, seeds: Mapping[str, bytes]) -> bytes:
        return self.mutation(seeds[self.seed], Random(self.name))


def _of(seed: str, mutations: Mapping[str, Mutation]) -> list[Mutant]:
    return [Mutant(f"{seed}: {name}", seed, mutation) for name, mutation in mutations.items()]


def _edits(edits: Mapping[str, Edit]) -> dict[str, Mutation]:
    return {name: edited(edit) for name, edit in edits.items()}


def _always(content: bytes) -> Mutation:
    return lambda _content, _random: content


CORPUS: list[Mutant] = [
    *(Mutant(f"{seed}: as it is", seed, lambda content, _: content) for seed in _WHOLE),
    *_of("moov last", _edits(TABLES | EMPTY | CLOCKS | PLACES | DESCRIPTIONS | CONFIGURATIONS | BOMBS)),
    *_of("hevc", _edits(CONFIGURATIONS)),
    *(Mutant(name, seed, edited(edit)) for name, (seed, edit) in PICTURES.items()),
    *(Mutant(f"impostor: {name}", "moov last", _always(content)) for name, content in IMPOSTORS.items()),
    *(mutant for seed in ("moov last", "hevc") for mutant in _of(seed, STRUCTURE)),
    *(mutant for seed in ("moov first", "fragmented") for mutant in _of(seed, BLIND)),
]
