"""Edits that move, remove or repeat boxes, or that state a wrong size."""

import struct
from collections.abc import Callable
from random import Random

from tests.hostile_clips.boxes import Box, parse
from tests.hostile_clips.random_damage import BytesEdit

BoxEdit = Callable[[Box, Random], None]


def on_bytes(edit: BoxEdit) -> BytesEdit:
    """The same edit for the bytes of a clip: parse, edit, write."""

    def edit_bytes(content: bytes, random: Random) -> bytes:
        root = parse(content)
        edit(root, random)
        return bytes(root)

    return edit_bytes


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


def _with_header(header_for: Callable[[Box], bytes]) -> BoxEdit:
    """Give one random box another header."""

    def edit(root: Box, random: Random) -> None:
        box = random.choice(list(root.walk()))
        box.header = header_for(box)

    return edit


def _of_size(number: int) -> Callable[[Box], bytes]:
    return lambda box: struct.pack(">I4s", number, box.kind)


def _off_by(count: int) -> Callable[[Box], bytes]:
    """A header whose size is wrong by ``count`` bytes."""
    return lambda box: struct.pack(">I4s", max(0, len(bytes(box)) + count), box.kind)


def _of_large_size(number: int) -> Callable[[Box], bytes]:
    return lambda box: struct.pack(">I4sQ", 1, box.kind, number)


STRUCTURE: dict[str, BytesEdit] = {
    "two boxes swapped": on_bytes(_swap),
    "a box twice": on_bytes(_duplicate),
    "a box missing": on_bytes(_delete),
    "a box elsewhere": on_bytes(_move),
    "a box under another name": on_bytes(_rename),
    "a box of size 0": on_bytes(_with_header(_of_size(0))),
    "a box smaller than its header": on_bytes(_with_header(_of_size(7))),
    "a box of size 2^31 - 1": on_bytes(_with_header(_of_size(0x7FFFFFFF))),
    "a box of size 2^32 - 1": on_bytes(_with_header(_of_size(0xFFFFFFFF))),
    "a box of the large size 2^63": on_bytes(_with_header(_of_large_size(1 << 63))),
    "a box of the large size 2^64 - 1": on_bytes(_with_header(_of_large_size((1 << 64) - 1))),
    "a box of the large size 3": on_bytes(_with_header(_of_large_size(3))),
    "a box that overlaps the next": on_bytes(_with_header(_off_by(9))),
    "a box that ends too soon": on_bytes(_with_header(_off_by(-9))),
}
