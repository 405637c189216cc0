"""Checks that the downloaded original has the bytes that were uploaded, and that it keeps them."""

import zlib
from pathlib import Path

from showcase.errors import ObjectDamaged, Unavailable

READ_BYTES = 1024 * 1024


def check_download(path: Path, size: int, crc32: int | None) -> None:
    """Compare a file with the upload: its size in bytes, and its CRC-32 if that is known. Raises ObjectDamaged.

    CRC-32 finds damage on the way at a hundredth of the cost of a cryptographic digest. It does not protect
    against a person who changes objects in the bucket. That is not needed.
    """
    if path.stat().st_size != size:
        raise ObjectDamaged(f"{path.stat().st_size} bytes arrived, {size} were uploaded")
    if crc32 is not None and crc32 != _crc32(path):
        raise ObjectDamaged("the bytes that arrived are not those that were uploaded")


def check_still_whole(path: Path, size: int, crc32: int | None) -> None:
    """Compare the file with the upload again, later. Raises Unavailable if it differs: the disk has damaged it."""
    try:
        check_download(path, size, crc32)
    except ObjectDamaged as error:
        raise Unavailable("disk", f"keep the original ({error})") from error


def _crc32(path: Path) -> int:
    checksum = 0
    with path.open("rb") as file:
        while data := file.read(READ_BYTES):
            checksum = zlib.crc32(data, checksum)
    return checksum
