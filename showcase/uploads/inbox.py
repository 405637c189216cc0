"""The part of the bucket that clients write to themselves, with links that we sign: the bytes never pass the API.

What a link allows is signed into it: one key, one content type, one exact size, an end. Whoever holds it may use it
again until then, so what is under ``inbox/`` may change at any moment: it is copied away before it is judged.

IAM: ``s3:PutObject``, ``s3:GetObject`` (a copy reads), ``s3:DeleteObject``, ``s3:AbortMultipartUpload`` and
``s3:ListMultipartUploadParts`` on ``inbox/*`` for the API; the worker removes what is left (``media_store``).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from botocore.exceptions import ClientError

from showcase.aws import Aws, error_code, translated
from showcase.errors import ObjectMissing
from showcase.uploads.direct_uploads import Part

CONTENT_TYPE = "video/mp4"


@dataclass(frozen=True, slots=True)
class UploadForm:
    """A presigned POST: send ``fields``, and the clip as the last field, named ``file``, as a form to ``url``."""

    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ReceivedPart:
    """A part that the storage has; ``etag`` is its receipt."""

    part: Part
    etag: str


class Inbox:
    """Signs links, and puts parts together. Every method raises Unavailable when the storage is away."""

    def __init__(self, aws: Aws, bucket: str, *, connections: int = 10) -> None:
        self._bucket = bucket
        self._client = aws.s3(connections=connections)

    def form(self, key: str, size_bytes: int, *, seconds: int) -> UploadForm:
        """Lets its holder store exactly so many bytes under the key, for ``seconds``."""
        fixed = {"Content-Type": CONTENT_TYPE}
        conditions = [fixed, ["content-length-range", size_bytes, size_bytes]]
        with translated("storage", "presign"):
            signed = self._client.generate_presigned_post(
                self._bucket, key, Fields=dict(fixed), Conditions=conditions, ExpiresIn=seconds
            )
        return UploadForm(signed["url"], signed["fields"])

    def begin_parts(self, key: str) -> str:
        """Begin a resumable upload; return the storage's id of it."""
        with translated("storage", "begin parts"):
            begun = self._client.create_multipart_upload(Bucket=self._bucket, Key=key, ContentType=CONTENT_TYPE)
        return begun["UploadId"]

    def part_link(self, key: str, multipart_id: str, part: Part, *, seconds: int) -> str:
        """Lets its holder PUT this part, of exactly its size, for ``seconds``."""
        parameters = {
            "Bucket": self._bucket,
            "Key": key,
            "UploadId": multipart_id,
            "PartNumber": part.number,
            "ContentLength": part.size_bytes,
        }
        with translated("storage", "presign"):
            return self._client.generate_presigned_url("upload_part", Params=parameters, ExpiresIn=seconds)

    def received_parts(self, key: str, multipart_id: str) -> list[ReceivedPart]:
        """What has arrived so far. Raises ObjectMissing when the parts were put together or given up."""
        with translated("storage", "list parts"), _begun(multipart_id):
            pages = self._client.get_paginator("list_parts").paginate(
                Bucket=self._bucket, Key=key, UploadId=multipart_id
            )
            return [
                ReceivedPart(Part(item["PartNumber"], item["Size"]), item["ETag"])
                for page in pages
                for item in page.get("Parts", [])
            ]

    def join_parts(self, key: str, multipart_id: str, parts: Sequence[ReceivedPart]) -> None:
        """Make one object of the parts. Raises ObjectMissing when they were put together or given up before."""
        listed = [{"PartNumber": item.part.number, "ETag": item.etag} for item in parts]
        with translated("storage", "join parts"), _begun(multipart_id):
            self._client.complete_multipart_upload(
                Bucket=self._bucket,
                Key=key,
                UploadId=multipart_id,
                MultipartUpload={"Parts": listed},  # type: ignore[typeddict-item]
            )


@contextmanager
def _begun(multipart_id: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error_code(error) == "NoSuchUpload":
            raise ObjectMissing(f"multipart upload {multipart_id} is over") from error
        raise
