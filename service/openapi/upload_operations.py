"""Uploads whose bytes go straight into the storage."""

from service import messages
from service.openapi.video_operations import CLIP_CODES, VIDEO_ID, links_to
from service.openapi.vocabulary import NEEDS_TOKEN, Json, answers, errors, json_body, link, parameter

_UPLOAD_ID = "7c0c8f1a-52a0-4f0f-9d44-0b8e5d1f6a33"
_OPEN = {
    "upload_id": _UPLOAD_ID,
    "status": "open",
    "title": "Mi mejor jugada",
    "size_bytes": 48_211_034,
    "expires_at": "2025-03-10T15:30:00Z",
    "expires_in": 3600,
    "links_expire_in": 900,
    "url": "https://anb-videos.s3.amazonaws.com/",
    "fields": {"key": f"inbox/{_UPLOAD_ID}", "policy": "…", "x-amz-signature": "…"},
}
_STORED_CLIP_CODES = " ".join(sorted({*CLIP_CODES.split()} - {"clip_too_large", "title_missing"} | {"size_differs"}))
_LINKS = {
    "getUpload": link("getUpload", "How it stands, with new links.", upload_id="$response.body#/upload_id"),
    "completeUpload": link("completeUpload", "All bytes are there.", upload_id="$response.body#/upload_id"),
}

OPERATIONS: dict[str, Json] = {
    "/api/videos/uploads": {
        "post": {
            "operationId": "openUpload",
            "tags": ["My videos"],
            "summary": "Upload a clip straight into the storage",
            "description": "Announce the clip, send its bytes where the answer says, and complete the upload. The same "
            "rules hold as for the form.\n\nWithout `resumable`: send a form with `fields` to `url`, the clip as its "
            "last field, `file`. With it: send each of `parts` by PUT to its `url`.",
            "security": NEEDS_TOKEN,
            "requestBody": json_body(
                "NewUpload", {"title": "Mi mejor jugada", "size_bytes": 48_211_034, "content_type": "video/mp4"}
            ),
            "responses": {
                "201": answers("Where to send the clip.", "DirectUpload", _OPEN, links=_LINKS),
                **errors(
                    _400="body_too_large clip_too_large invalid_body invalid_field not_mp4 title_missing "
                    "too_many_uploads",
                    _401="not_authenticated",
                    _503="unavailable",
                ),
            },
        }
    },
    "/api/videos/uploads/{upload_id}": {
        "get": {
            "operationId": "getUpload",
            "tags": ["My videos"],
            "summary": "See how a direct upload stands",
            "description": "For a client that lost its connection or its links.",
            "security": NEEDS_TOKEN,
            "parameters": [parameter("upload_id")],
            "responses": {
                "200": answers("While it is open, with new links.", "DirectUpload", _OPEN, links=_LINKS),
                **errors(
                    _401="not_authenticated", _403="upload_not_yours", _404="upload_not_found", _503="unavailable"
                ),
            },
        }
    },
    "/api/videos/uploads/{upload_id}/complete": {
        "post": {
            "operationId": "completeUpload",
            "tags": ["My videos"],
            "summary": "Complete a direct upload",
            "description": "The answer is the same however often it is asked.",
            "security": NEEDS_TOKEN,
            "parameters": [parameter("upload_id")],
            "responses": {
                "201": answers(
                    "The clip is accepted, and will be processed.",
                    "UploadedVideo",
                    {"message": messages.UPLOADED, "task_id": _UPLOAD_ID, "video_id": VIDEO_ID},
                    links=links_to("video_id"),
                ),
                **errors(
                    _400=f"{_STORED_CLIP_CODES} upload_expired upload_incomplete",
                    _401="not_authenticated",
                    _403="upload_not_yours",
                    _404="upload_not_found",
                    _503="unavailable",
                ),
            },
        }
    },
}
