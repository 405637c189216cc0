"""A client that uploads directly into the storage."""

from dataclasses import dataclass, field
from typing import Any

import httpx

Answer = dict[str, Any]


@dataclass
class DirectClient:
    """A player's client. ``storage`` sends requests to the storage, without a token."""

    api: httpx.Client
    storage: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))

    def close(self) -> None:
        self.storage.close()
        self.api.close()

    def open(self, size_bytes: int, **fields: object) -> httpx.Response:
        body = {"title": "Mi jugada", "size_bytes": size_bytes, "content_type": "video/mp4"} | fields
        return self.api.post("/api/videos/uploads", json=body)

    def opened(self, size_bytes: int, **fields: object) -> Answer:
        answer = self.open(size_bytes, **fields)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def look(self, upload: Answer) -> Answer:
        answer = self.api.get(f"/api/videos/uploads/{upload['upload_id']}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def post(self, upload: Answer, content: bytes, **tampered: str) -> httpx.Response:
        """Send the form with the clip. ``tampered`` replaces some of its fields."""
        fields = {**upload["fields"], **tampered}
        return self.storage.post(upload["url"], data=fields, files={"file": ("clip.mp4", content, "video/mp4")})

    def put(self, part: Answer, content: bytes) -> httpx.Response:
        return self.storage.put(part["url"], content=content)

    def complete(self, upload: Answer) -> httpx.Response:
        return self.api.post(f"/api/videos/uploads/{upload['upload_id']}/complete")

    def uploaded(self, content: bytes) -> Answer:
        """An upload whose bytes have arrived, and that is not completed."""
        upload = self.opened(len(content))
        assert self.post(upload, content).is_success
        return upload

    def uploaded_in_parts(self, content: bytes) -> Answer:
        """A resumable upload whose parts have arrived, and that is not completed."""
        upload = self.opened(len(content), resumable=True)
        for part, piece in zip(upload["parts"], cut(content, upload["parts"]), strict=True):
            assert self.put(part, piece).is_success
        return upload


def cut(content: bytes, parts: list[Answer]) -> list[bytes]:
    """The content, cut into the parts of a resumable upload."""
    ends = [sum(part["size_bytes"] for part in parts[: n + 1]) for n in range(len(parts))]
    return [content[end - part["size_bytes"] : end] for part, end in zip(parts, ends, strict=True)]
