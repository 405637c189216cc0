"""The bucket with originals and results. Beside ``inbox`` the only user of S3.

IAM: both ``s3:ListBucket`` (without it, a ping is refused and a missing object is "forbidden") and
``s3:AbortMultipartUpload``; API ``s3:PutObject``, ``s3:GetObject`` (for presigned links and copies) and
``s3:DeleteObject``; worker ``s3:GetObject`` and ``s3:DeleteObject`` on ``uploads/*``, ``s3:PutObject`` and
``s3:DeleteObject`` on ``processed/*``, ``s3:DeleteObject`` on ``inbox/*``, ``s3:ListBucketMultipartUploads``, and
all three on ``doctor/*``. What the API needs for ``inbox/*`` is said in ``inbox``.
"""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Protocol, cast

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError, FlexibleChecksumError

from showcase.aws import Aws, error_code, translated
from showcase.errors import ObjectDamaged, ObjectMissing, Unavailable

MIB = 1024 * 1024
CHUNK_BYTES = 256 * 1024
_MISSING_CODES = frozenset({"404", "NoSuchKey", "NotFound"})

# One part of 5 MiB in memory at a time: more parts at once cost memory and win nothing inside a region.
_ONE_PART_AT_A_TIME = TransferConfig(
    multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, use_threads=False, io_chunksize=CHUNK_BYTES
)


class ByteSource(Protocol):
    """What an upload reads from.

    ``read`` gives exactly the bytes asked for, fewer only at the end (each read becomes a part, and S3 refuses
    small ones). An exception out of it ends the upload and reaches the caller.
    """

    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A key, and when its object was stored (the storage's clock)."""

    key: str
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class UnfinishedUpload:
    """An upload in parts that was begun and neither finished nor given up."""

    key: str
    multipart_id: str
    begun_at: datetime


class MediaStore:
    """Put, get, copy, presign, delete, list. Every method raises Unavailable when the storage is away."""

    def __init__(self, aws: Aws, bucket: str, *, connections: int = 10) -> None:
        self.bucket = bucket
        self._client = aws.s3(connections=connections)

    def put_stream(self, key: str, source: ByteSource, *, content_type: str = "video/mp4") -> None:
        """Store what ``source`` yields, in bounded memory; nothing is stored when it raises."""
        with translated("storage", "put"):
            self._client.upload_fileobj(
                cast(IO[Any], source),
                self.bucket,
                key,
                ExtraArgs={"ContentType": content_type},
                Config=_ONE_PART_AT_A_TIME,
            )

    def put_file(self, key: str, path: Path, *, content_type: str = "video/mp4") -> None:
        """Store a file."""
        with path.open("rb") as source:
            self.put_stream(key, source, content_type=content_type)

    def download(self, key: str, target: Path) -> None:
        """Fetch an object into a file, in bounded memory. Raises ObjectMissing, ObjectDamaged."""
        try:
            with translated("storage", "get"):
                self._fetch(key, target)
        except Unavailable as error:
            if isinstance(error.__cause__, FlexibleChecksumError):
                raise ObjectDamaged(f"{key} arrived damaged") from error
            raise

    def _fetch(self, key: str, target: Path) -> None:
        with _present(key):
            body = self._client.get_object(Bucket=self.bucket, Key=key)["Body"]
        with target.open("wb") as file:
            for data in body.iter_chunks(CHUNK_BYTES):
                file.write(data)

    def copy(self, source: str, target: str, *, content_type: str = "video/mp4") -> int | None:
        """Copy an object of at most 5 GB inside the storage. Raises ObjectMissing.

        Returns the CRC-32 of all its bytes as the storage read them, or None where it does not tell.
        """
        with translated("storage", "copy"), _present(source):
            copied = self._client.copy_object(
                Bucket=self.bucket,
                Key=target,
                CopySource={"Bucket": self.bucket, "Key": source},
                ChecksumAlgorithm="CRC32",
                ContentType=content_type,
                MetadataDirective="REPLACE",
            )["CopyObjectResult"]
        told = copied.get("ChecksumCRC32")
        return int.from_bytes(base64.b64decode(told)) if told else None

    def size(self, key: str) -> int:
        """The size of an object in bytes. Raises ObjectMissing."""
        with translated("storage", "head"), _present(key):
            return self._client.head_object(Bucket=self.bucket, Key=key)["ContentLength"]

    def read_range(self, key: str, start: int, count: int) -> bytes:
        """``count`` bytes from ``start`` on, fewer at the end of the object. Raises ObjectMissing."""
        span = f"bytes={start}-{start + count - 1}"
        with translated("storage", "get range"), _present(key):
            return self._client.get_object(Bucket=self.bucket, Key=key, Range=span)["Body"].read()

    def link(self, key: str, *, seconds: int, file_name: str) -> str:
        """A presigned link that lets its holder fetch the object for ``seconds``."""
        with translated("storage", "presign"):
            return self._client.generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self.bucket,
                    "Key": key,
                    "ResponseContentDisposition": f'inline; filename="{file_name}"',
                    "ResponseContentType": "video/mp4",
                },
                ExpiresIn=seconds,
            )

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is no error."""
        with translated("storage", "delete"):
            self._client.delete_object(Bucket=self.bucket, Key=key)

    def pages(self) -> Iterator[list[StoredObject]]:
        """All objects, by the page."""
        with translated("storage", "list"):
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket):
                yield [StoredObject(item["Key"], item["LastModified"]) for item in page.get("Contents", [])]

    def unfinished_uploads(self) -> Iterator[list[UnfinishedUpload]]:
        """All of them, by the page."""
        with translated("storage", "list uploads"):
            for page in self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self.bucket):
                yield [
                    UnfinishedUpload(item["Key"], item["UploadId"], item["Initiated"])
                    for item in page.get("Uploads", [])
                ]

    def give_up(self, key: str, multipart_id: str) -> None:
        """Drop the parts of an unfinished upload; one that is over by now is no error."""
        with translated("storage", "give up upload"):
            try:
                self._client.abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=multipart_id)
            except ClientError as error:
                if error_code(error) != "NoSuchUpload":
                    raise

    def ping(self) -> None:
        """One round trip that proves that the bucket exists and that we may ask it."""
        with translated("storage", "ping"):
            self._client.head_bucket(Bucket=self.bucket)


@contextmanager
def _present(key: str) -> Iterator[None]:
    """Turn the storage's "no such object" into ObjectMissing."""
    try:
        yield
    except ClientError as error:
        if error_code(error) in _MISSING_CODES:
            raise ObjectMissing(f"{key} is not in the bucket") from error
        raise
