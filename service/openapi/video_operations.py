"""A player's own videos."""

from service import messages
from service.openapi.vocabulary import NEEDS_TOKEN, Json, answers, errors, link, parameter

VIDEO_ID = "5d2c7c1e-5a0a-4b0e-8f3d-3f1d8d1f0c55"
_TASK_ID = "9e1f3a70-8a55-4d0c-b1a4-7a1b0c0e4f21"
_WAITING = {
    "video_id": VIDEO_ID,
    "title": "Mi mejor jugada",
    "status": "uploaded",
    "uploaded_at": "2025-03-10T14:30:00Z",
}
RESULT = {
    "processed_at": "2025-03-10T14:32:10Z",
    "processed_url": "https://anb-videos.s3.amazonaws.com/processed/5d2c7c1e/1.mp4?X-Amz-Signature=…",
}
_PROCESSED = {**_WAITING, "status": "processed", **RESULT}
_DETAIL = {
    **_PROCESSED,
    "original_url": "https://anb-videos.s3.amazonaws.com/uploads/5d2c7c1e.mp4?X-Amz-Signature=…",
    "votes": 125,
    "attempts": 1,
    "progress": 100,
}
CLIP_CODES = (
    "clip_too_large codec_unsupported damaged frame_rate_unsupported no_video not_mp4 resolution_too_high "
    "resolution_too_low title_missing too_long too_short truncated"
)


def links_to(pointer: str) -> Json:
    """From an answer to the operations on the video whose id is there."""
    return {
        "getVideo": link("getVideo", "How the processing goes.", video_id=f"$response.body#/{pointer}"),
        "deleteVideo": link("deleteVideo", "Take it back.", video_id=f"$response.body#/{pointer}"),
    }


OPERATIONS: dict[str, Json] = {
    "/api/videos/upload": {
        "post": {
            "operationId": "uploadVideo",
            "tags": ["My videos"],
            "summary": "Upload a clip",
            "description": "An MP4 by content, of 20 to 60 seconds and at least 1080p, of at most 100 MB. It is judged "
            "while it streams in: what breaks a rule is refused, and nothing of it is kept.",
            "security": NEEDS_TOKEN,
            "requestBody": {
                "required": True,
                "content": {
                    "multipart/form-data": {
                        "schema": {
                            "type": "object",
                            "properties": {
                                "title": {"type": "string", "minLength": 1, "maxLength": 200},
                                "video_file": {"contentMediaType": "video/mp4"},
                            },
                            "required": ["title", "video_file"],
                        },
                        "encoding": {"video_file": {"contentType": "video/mp4"}},
                    }
                },
            },
            "responses": {
                "201": answers(
                    "The clip is accepted, and will be processed.",
                    "UploadedVideo",
                    {"message": messages.UPLOADED, "task_id": _TASK_ID, "video_id": VIDEO_ID},
                    links=links_to("video_id"),
                ),
                **errors(
                    _400=f"{CLIP_CODES} invalid_body video_file_missing",
                    _401="not_authenticated",
                    _503="unavailable",
                ),
            },
        }
    },
    "/api/videos": {
        "get": {
            "operationId": "listOwnVideos",
            "tags": ["My videos"],
            "summary": "List my videos, newest first",
            "security": NEEDS_TOKEN,
            "parameters": [parameter("limit"), parameter("offset")],
            "responses": {
                "200": answers(
                    "`processed_at` and `processed_url` are there once the video is processed.",
                    "OwnVideos",
                    [_PROCESSED, _WAITING],
                    links=links_to("0/video_id"),
                    paged=True,
                ),
                **errors(_400="bad_parameter", _401="not_authenticated", _503="unavailable"),
            },
        }
    },
    "/api/videos/{video_id}": {
        "get": {
            "operationId": "getVideo",
            "tags": ["My videos"],
            "summary": "See one of my videos",
            "security": NEEDS_TOKEN,
            "parameters": [parameter("video_id")],
            "responses": {
                "200": answers(
                    "Its links, its votes, and how the processing goes; why, if it failed.",
                    "OwnVideoDetail",
                    _DETAIL,
                    links=links_to("video_id"),
                ),
                **errors(_401="not_authenticated", _403="video_not_yours", _404="video_not_found", _503="unavailable"),
            },
        },
        "delete": {
            "operationId": "deleteVideo",
            "tags": ["My videos"],
            "summary": "Delete a video that is not open for voting",
            "security": NEEDS_TOKEN,
            "parameters": [parameter("video_id")],
            "responses": {
                "200": answers(
                    "The video is gone, and its file.",
                    "DeletedVideo",
                    {"message": messages.DELETED, "video_id": VIDEO_ID},
                    links={
                        "getVideo": link("getVideo", "It is not found any more.", video_id="$response.body#/video_id")
                    },
                ),
                **errors(
                    _400="video_published",
                    _401="not_authenticated",
                    _403="video_not_yours",
                    _404="video_not_found",
                    _503="unavailable",
                ),
            },
        },
    },
}
