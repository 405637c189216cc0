"""The part of the bucket that clients write to, with links that the API signs. The bytes do not pass through the API.

The signature of a link covers what it allows: one key, one content type, one exact size, until one moment. Until then a
client can use it again, so an object under ``inbox/`` can change at any moment. It is copied before it is judged.

IAM: ``s3:PutObject``, ``s3:GetObject`` (for copies), ``s3:DeleteObject``, ``s3:AbortMultipartUpload`` and
``s3:ListMultipartUploadParts`` on ``inbox/*`` for the API. The worker removes old objects (see ``media_store``).
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
    """A presigned POST. A form to ``url`` has ``fields`` and then, as its last field, the clip, named ``file``."""

    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ReceivedPart:
    """A part that the storage has. ``etag`` is needed to join the parts."""

    part: Part
    etag: str


class Inbox:
    """Signs links for clients, and joins the parts that they sent. Every method raises Unavailable."""

    def __init__(self, aws: Aws, bucket: str, *, connections: int = 10) -> None:
        self._bucket = bucket
        self._client = aws.s3(connections=connections)

    def form(self, key: str, size_bytes: int, *, seconds: int) -> UploadForm:
        """A form with which a client can store exactly ``size_bytes`` under the key, for ``seconds``."""
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
        """A link to which a client can PUT this part, in exactly its size, for ``seconds``."""
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
        """The parts that have arrived. Raises ObjectMissing when the parts were already joined or aborted."""
        with translated("storage", "list parts"), _over_is_missing(multipart_id):
            pages = self._client.get_paginator("list_parts").paginate(
                Bucket=self._bucket, Key=key, UploadId=multipart_id
            )
            return [
                ReceivedPart(Part(item["PartNumber"], item["Size"]), item["ETag"])
                for page in pages
                for item in page.get("Parts", [])
            ]

    def join_parts(self, key: str, multipart_id: str, parts: Sequence[ReceivedPart]) -> None:
        """Make one object of the parts. Raises ObjectMissing when they were already joined or aborted."""
        listed = [{"PartNumber": item.part.number, "ETag": item.etag} for item in parts]
        with translated("storage", "join parts"), _over_is_missing(multipart_id):
            self._client.complete_multipart_upload(
                Bucket=self._bucket,
                Key=key,
                UploadId=multipart_id,
                MultipartUpload={"Parts": listed},  # type: ignore[typeddict-item]
            )


@contextmanager
def _over_is_missing(multipart_id: str) -> Iterator[None]:
    """Turn the storage's "no such upload" into ObjectMissing."""
    try:
        yield
    except ClientError as error:
        if error_code(error) == "NoSuchUpload":
            raise ObjectMissing(f"multipart upload {multipart_id} is over") from error
        raise
