"""Errors: their codes, and the tree of their classes."""

from collections.abc import Iterator
from typing import get_args

from service.errors import BadRequest
from service.messages import ERRORS
from showcase import errors
from showcase.clips.clip_rules import REASONS
from showcase.clips.mp4_boxes import BadBoxes
from showcase.errors import ClipFault, ErrorCode, ShowcaseError
from worker.errors import LeaseLost

ROOMS = ("showcase", "service", "worker")


def test_every_code_has_a_sentence_and_every_sentence_a_code() -> None:
    assert set(get_args(ClipFault)) == REASONS.keys()
    assert set(get_args(ErrorCode)) == ERRORS.keys() | REASONS.keys()
    assert not ERRORS.keys() & REASONS.keys()


def subclasses(kind: type[ShowcaseError]) -> Iterator[type[ShowcaseError]]:
    for subclass in kind.__subclasses__():
        yield subclass
        yield from subclasses(subclass)


def test_the_docstring_draws_every_public_error() -> None:
    kinds = {kind for kind in subclasses(ShowcaseError) if kind.__module__.split(".")[0] in ROOMS}
    assert {BadRequest, BadBoxes, LeaseLost} <= kinds
    drawn = set((errors.__doc__ or "").replace(",", " ").split())
    assert {kind.__name__ for kind in kinds if not kind.__name__.startswith("_")} <= drawn
