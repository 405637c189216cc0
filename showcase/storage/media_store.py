"""The bucket with originals and results. Only this module and ``inbox`` use S3.

IAM:
- API and worker: ``s3:ListBucket`` (without it, S3 refuses a ping, and answers "forbidden" for a missing object) and
  ``s3:AbortMultipartUpload``.
- API: ``s3:PutObject``, ``s3:GetObject`` (for presigned links and copies), ``s3:DeleteObject``; for ``inbox/*`` see
  ``inbox``.
- Worker: ``s3:GetObject`` and ``s3:DeleteObject`` on ``uploads/*``; ``s3:PutObject`` and ``s3:DeleteObject`` on
  ``processed/*``; ``s3:DeleteObject`` on ``inbox/*``; ``s3:ListBucketMultipartUploads``; all three on ``doctor/*``.
"""

import base64
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol, TypeVar, cast

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError, FlexibleChecksumError

from showcase.aws import BACKGROUND, NEEDED, Aws, error_code, translated
from showcase.aws_answers import check_length
from showcase.errors import ObjectDamaged, ObjectMissing, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ResponseMetadataTypeDef

MIB = 1024 * 1024
CLIP_TYPE = "video/mp4"
CHUNK_BYTES = 256 * 1024

# One part of 5 MiB in memory at a time. More parts at once cost memory, and are not faster inside a region.
_ONE_PART_AT_A_TIME = TransferConfig(
    multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, use_threads=False, io_chunksize=CHUNK_BYTES
)


class ByteSource(Protocol):
    """The source of the bytes of an upload.

    ``read`` returns exactly ``size`` bytes, and fewer only at the end, because each read becomes a part and S3 refuses
    small parts. An exception from it ends the upload and reaches the caller.
    """

    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class StoredObject:
    """The key of an object, and the seconds since it was stored, by the clock of the storage alone."""

    key: str
    age_seconds: float


@dataclass(frozen=True, slots=True)
class UnfinishedUpload:
    """A multipart upload that was begun, and neither completed nor aborted. Its age counts from its beginning."""

    key: str
    multipart_id: str
    age_seconds: float


class MediaStore:
    """Stores, fetches, copies, deletes and lists objects, and signs links to them. Every method raises Unavailable.

    A method that returns has an answer of S3 to its call (``showcase.aws_answers``): an object that was stored has an
    ETag, and the checksum of our bytes if the storage returns one.

    Deleting, listing and aborting are optional steps: they get one attempt of BACKGROUND's seconds, because a request
    or a stop may wait for them. If a step fails, the sweep of orphans repeats it later.
    """

    def __init__(self, aws: Aws, bucket: str, *, connections: int = 10) -> None:
        self.bucket = bucket
        self._client = aws.s3(NEEDED, connections=connections)
        self._background = aws.s3(BACKGROUND, connections=connections)

    def put_stream(self, key: str, source: ByteSource, *, content_type: str = CLIP_TYPE) -> None:
        """Store the bytes of ``source`` in bounded memory.

        When it raises, nothing counts as stored. An object whose answer was lost or wrong may exist, as an orphan.
        """
        with translated("storage", "put", deadline="storage transfer"):
            self._client.upload_fileobj(
                cast(IO[Any], source),
                self.bucket,
                key,
                ExtraArgs={"ContentType": content_type},
                Config=_ONE_PART_AT_A_TIME,
            )

    def put_file(self, key: str, path: Path) -> None:
        """Store a file."""
        with path.open("rb") as source:
            self.put_stream(key, source)

    def download(self, key: str, target: Path) -> None:
        """Fetch an object into a file, in bounded memory. Raises ObjectMissing, ObjectDamaged."""
        try:
            with translated("storage", "get", deadline="storage transfer"):
                with _present(key):
                    body = self._client.get_object(Bucket=self.bucket, Key=key)["Body"]
                with target.open("wb") as file:
                    for data in body.iter_chunks(CHUNK_BYTES):
                        file.write(data)
        except Unavailable as error:
            if isinstance(error.__cause__, FlexibleChecksumError):
                raise ObjectDamaged(f"{key} arrived damaged") from error
            raise

    def copy(self, source: str, target: str) -> int | None:
        """Copy an object of at most 5 GB inside the storage. Raises ObjectMissing.

        Returns the CRC-32 of all its bytes as the storage read them, or None if the storage does not return it. A
        storage may return the CRC-32 of the checksums of its parts instead ("…-2"). Then the result is None, too.
        """
        with translated("storage", "copy", deadline="storage transfer"), _present(source):
            copied = self._client.copy_object(
                Bucket=self.bucket,
                Key=target,
                CopySource={"Bucket": self.bucket, "Key": source},
                ChecksumAlgorithm="CRC32",
                ContentType=CLIP_TYPE,
                MetadataDirective="REPLACE",
            )["CopyObjectResult"]
        crc32 = copied.get("ChecksumCRC32")
        return int.from_bytes(base64.b64decode(crc32)) if crc32 and "-" not in crc32 else None

    def size(self, key: str) -> int:
        """The size of an object in bytes. Raises ObjectMissing."""
        with translated("storage", "head"), _present(key, "404"):  # an answer to HEAD has no body
            return self._client.head_object(Bucket=self.bucket, Key=key)["ContentLength"]

    def read_range(self, key: str, start: int, count: int) -> bytes:
        """Read ``count`` bytes from ``start`` on, fewer at the end of the object. Raises ObjectMissing."""
        span = f"bytes={start}-{start + count - 1}"
        with translated("storage", "get range"), _present(key):
            answer = self._client.get_object(Bucket=self.bucket, Key=key, Range=span)
            data = answer["Body"].read()
            check_length(answer["ContentRange"], data)
            return data

    def link(self, key: str, *, seconds: int, file_name: str) -> str:
        """A presigned link with which anybody can fetch the object for ``seconds``."""
        with translated("storage", "presign"):
            return self._client.generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self.bucket,
                    "Key": key,
                    "ResponseContentDisposition": f'inline; filename="{file_name}"',
                    "ResponseContentType": CLIP_TYPE,
                },
                ExpiresIn=seconds,
            )

    def delete(self, key: str) -> None:
        """Remove an object. A missing object is no error."""
        with translated("storage", "delete", deadline=BACKGROUND.deadline):
            self._background.delete_object(Bucket=self.bucket, Key=key)

    def pages(self) -> Iterator[list[StoredObject]]:
        """List all objects, one page at a time."""
        pages = self._background.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        for page in _fetched_one_by_one(pages, "list"):
            now = _answered_at(page["ResponseMetadata"])
            yield [StoredObject(item["Key"], _age(item["LastModified"], now)) for item in page.get("Contents", [])]

    def unfinished_uploads(self) -> Iterator[list[UnfinishedUpload]]:
        """List all unfinished uploads, one page at a time."""
        pages = self._background.get_paginator("list_multipart_uploads").paginate(Bucket=self.bucket)
        for page in _fetched_one_by_one(pages, "list uploads"):
            now = _answered_at(page["ResponseMetadata"])
            yield [
                UnfinishedUpload(item["Key"], item["UploadId"], _age(item["Initiated"], now))
                for item in page.get("Uploads", [])
            ]

    def abort_upload(self, key: str, multipart_id: str) -> None:
        """Abort an unfinished upload, and remove its parts. If the upload no longer exists, no error is raised."""
        with translated("storage", "abort upload", deadline=BACKGROUND.deadline):
            try:
                self._background.abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=multipart_id)
            except ClientError as error:
                if error_code(error) != "NoSuchUpload":
                    raise

    def ping(self) -> None:
        """Make one round trip, to prove that the bucket exists and that this process has access to it."""
        with translated("storage", "ping", deadline=BACKGROUND.deadline):
            self._background.head_bucket(Bucket=self.bucket)


P = TypeVar("P")


def _fetched_one_by_one(pages: Iterable[P], operation: str) -> Iterator[P]:
    """Fetch each page within a deadline of its own. What the caller does with a page does not count."""
    fetched = iter(pages)
    while True:
        with translated("storage", operation, deadline=BACKGROUND.deadline):
            page = next(fetched, None)
        if page is None:
            return
        yield page


def _answered_at(metadata: "ResponseMetadataTypeDef") -> datetime:
    """When the storage answered, by its own clock. Raises Unavailable when the answer does not say."""
    try:
        return parsedate_to_datetime(metadata["HTTPHeaders"]["date"]).astimezone(UTC)
    except (LookupError, ValueError) as error:
        raise Unavailable("storage", "tell the time", kind="no Date in its answer") from error


def _age(since: datetime, now: datetime) -> float:
    # ``now`` has whole seconds, so it may lie before an object that is younger than a second.
    return max(0.0, (now - since).total_seconds())


@contextmanager
def _present(key: str, code: str = "NoSuchKey") -> Iterator[None]:
    """Turn the storage's "no such object", which is this code, into ObjectMissing."""
    try:
        yield
    except ClientError as error:
        if error_code(error) == code:
            raise ObjectMissing(f"{key} is not in the bucket") from error
        raise
