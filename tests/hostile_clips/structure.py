"""Boxes at the wrong place, missing, twice, or with a lie about their size."""

import struct
from collections.abc import Callable
from random import Random

from tests.hostile_clips.blind import Mutation
from tests.hostile_clips.boxes import Box, parse

Edit = Callable[[Box, Random], None]


def edited(edit: Edit) -> Mutation:
    """A mutation out of an edit of the tree."""

    def mutate(content: bytes, random: Random) -> bytes:
        root = parse(content)
        edit(root, random)
        return bytes(root)

    return mutate


def _parents(root: Box, boxes_min: int) -> list[Box]:
    return [box for box in (root, *root.walk()) if len(box.boxes) >= boxes_min]


def _swap(root: Box, random: Random) -> None:
    boxes = random.choice(_parents(root, 2)).boxes
    a, b = random.sample(range(len(boxes)), 2)
    boxes[a], boxes[b] = boxes[b], boxes[a]


def _duplicate(root: Box, random: Random) -> None:
    boxes = random.choice(_parents(root, 1)).boxes
    boxes.insert(random.randrange(len(boxes) + 1), random.choice(boxes))


def _delete(root: Box, random: Random) -> None:
    boxes = random.choice(_parents(root, 1)).boxes
    del boxes[random.randrange(len(boxes))]


def _move(root: Box, random: Random) -> None:
    boxes = random.choice(_parents(root, 1)).boxes
    box = boxes.pop(random.randrange(len(boxes)))
    random.choice(_parents(root, 0)).boxes.append(box)


def _rename(root: Box, random: Random) -> None:
    one, other = random.choice(list(root.walk())), random.choice(list(root.walk()))
    one.kind = other.kind


def _resize(lie: Callable[[Box], bytes]) -> Edit:
    def edit(root: Box, random: Random) -> None:
        box = random.choice(list(root.walk()))
        box.header = lie(box)

    return edit


def _size(number: int) -> Callable[[Box], bytes]:
    return lambda box: struct.pack(">I4s", number, box.kind)


def _off_by(count: int) -> Callable[[Box], bytes]:
    return lambda box: struct.pack(">I4s", max(0, len(bytes(box)) + count), box.kind)


def _large(number: int) -> Callable[[Box], bytes]:
    return lambda box: struct.pack(">I4sQ", 1, box.kind, number)


STRUCTURE: dict[str, Mutation] = {
    "two boxes swapped": edited(_swap),
    "a box twice": edited(_duplicate),
    "a box missing": edited(_delete),
    "a box elsewhere": edited(_move),
    "a box under another name": edited(_rename),
    "a box of size 0": edited(_resize(_size(0))),
    "a box smaller than its header": edited(_resize(_size(7))),
    "a box of size 2^31 - 1": edited(_resize(_size(0x7FFFFFFF))),
    "a box of size 2^32 - 1": edited(_resize(_size(0xFFFFFFFF))),
    "a box of the large size 2^63": edited(_resize(_large(1 << 63))),
    "a box of the large size 2^64 - 1": edited(_resize(_large((1 << 64) - 1))),
    "a box of the large size 3": edited(_resize(_large(3))),
    "a box that overlaps the next": edited(_resize(_off_by(9))),
    "a box that ends too soon": edited(_resize(_off_by(-9))),
}
