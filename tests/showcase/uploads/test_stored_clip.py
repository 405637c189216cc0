"""A stored clip is judged like a streamed one, and only a few of its bytes are fetched."""

from collections.abc import Callable
from pathlib import Path

import pytest

from local.system.aws_emulator import AwsEmulator
from showcase.aws import Aws
from showcase.clips.clip_rules import judge_scan
from showcase.clips.mp4_boxes import BadBoxes, BoxScanner
from showcase.errors import UnacceptableClip
from showcase.storage.media_store import MediaStore
from showcase.uploads.stored_clip import PIECES_MAX, fault_of
from tests.clips import Clips, box

MIB = 1024 * 1024
MEDIA = box(b"free", bytes(3 * MIB))


class CountingStore(MediaStore):
    """Notes the sizes of the pieces that were fetched."""

    def __init__(self, aws: Aws, bucket: str) -> None:
        super().__init__(aws, bucket)
        self.fetched: list[int] = []

    def read_range(self, key: str, start: int, count: int) -> bytes:
        data = super().read_range(key, start, count)
        self.fetched.append(len(data))
        return data


@pytest.fixture
def store(aws: Aws, bucket: str) -> CountingStore:
    return CountingStore(aws, bucket)


def streamed_fault(content: bytes) -> str | None:
    """The code with which the form upload would refuse the clip."""
    scanner = BoxScanner()
    try:
        scanner.feed(content)
        scanner.finish()
        judge_scan(scanner)
    except (BadBoxes, UnacceptableClip) as fault:
        return fault.code
    return None


Make = Callable[[Clips], bytes]


def faststart(clips: Clips) -> bytes:
    return clips.remuxed(clips.plain(), "-movflags", "+faststart").read_bytes()


def last_moov(clips: Clips) -> bytes:
    content = clips.plain().read_bytes()
    end_of_ftyp = int.from_bytes(content[:4])
    return content[:end_of_ftyp] + MEDIA + content[end_of_ftyp:]


def fragmented(clips: Clips) -> bytes:
    return clips.remuxed(clips.plain(), "-movflags", "+frag_keyframe+empty_moov").read_bytes()


SPOILED: dict[str, Callable[[bytes], bytes]] = {
    "whole": lambda content: content,
    "cut": lambda content: content[:-1],
    "half": lambda content: content[: len(content) // 2],
    "head only": lambda content: content[:100],
    "text": lambda content: b"texto" + content,
    "with a tail": lambda content: content + b"\0\0",
    "longer than it says": lambda content: content + MEDIA[:-1],
    "a moov too large": lambda content: content + (5 * MIB).to_bytes(4) + b"moov" + bytes(5 * MIB),
}


@pytest.mark.parametrize("make", [faststart, last_moov, fragmented])
@pytest.mark.parametrize("spoil", SPOILED)
def test_the_result_is_that_of_the_form_upload(
    store: CountingStore, emulator: AwsEmulator, clips: Clips, make: Make, spoil: str
) -> None:
    content = SPOILED[spoil](make(clips))
    emulator.s3.put_object(Bucket=store.bucket, Key="clip", Body=content)
    assert fault_of(store, "clip", len(content)) == streamed_fault(content)


@pytest.mark.parametrize("make", [faststart, last_moov])
def test_the_media_are_not_fetched(store: CountingStore, emulator: AwsEmulator, clips: Clips, make: Make) -> None:
    content = make(clips) + MEDIA + MEDIA
    emulator.s3.put_object(Bucket=store.bucket, Key="clip", Body=content)
    assert fault_of(store, "clip", len(content)) is None
    assert len(store.fetched) <= 6 and sum(store.fetched) <= MIB // 2, store.fetched


def test_a_clip_in_too_many_pieces_passes(store: CountingStore, emulator: AwsEmulator, clips: Clips) -> None:
    content = clips.plain().read_bytes() + box(b"free", bytes(70_000)) * (PIECES_MAX + 10)
    emulator.s3.put_object(Bucket=store.bucket, Key="clip", Body=content)
    assert fault_of(store, "clip", len(content)) is None
    assert len(store.fetched) == PIECES_MAX


def test_a_short_clip_is_refused_with_its_code(
    store: CountingStore, emulator: AwsEmulator, clips: Clips, tmp_path: Path
) -> None:
    content = clips.plain(seconds=3).read_bytes()
    emulator.s3.put_object(Bucket=store.bucket, Key="clip", Body=content)
    assert fault_of(store, "clip", len(content)) == "too_short"
