"""A player's own videos."""

from service import messages
from service.answers import DeletedVideo, OwnVideoDetail, OwnVideoItem, UploadedVideo
from service.openapi.vocabulary import Json, answers, errors, link, operation
from showcase.errors import ErrorCode
from telemetry.catalogue import Route

VIDEO_ID = "5d2c7c1e-5a0a-4b0e-8f3d-3f1d8d1f0c55"
UPLOADED_AT = "2025-03-10T14:30:00Z"
PROCESSED_AT = "2025-03-10T14:32:10Z"
PROCESSED_URL = "https://anb-videos.s3.amazonaws.com/processed/5d2c7c1e/1.mp4?X-Amz-Signature=…"
CLIP_CODES: tuple[ErrorCode, ...] = (
    *("clip_too_large", "codec_unsupported", "damaged", "frame_rate_unsupported", "no_video", "not_mp4"),
    *("resolution_too_high", "resolution_too_low", "title_missing", "too_long", "too_short", "truncated"),
)

_WAITING: OwnVideoItem = {
    "video_id": VIDEO_ID,
    "title": "Mi mejor jugada",
    "status": "uploaded",
    "uploaded_at": UPLOADED_AT,
}
_PROCESSED: OwnVideoItem = {
    "video_id": VIDEO_ID,
    "title": "Mi mejor jugada",
    "status": "processed",
    "uploaded_at": UPLOADED_AT,
    "processed_at": PROCESSED_AT,
    "processed_url": PROCESSED_URL,
}
_DETAIL: OwnVideoDetail = {
    "video_id": VIDEO_ID,
    "title": "Mi mejor jugada",
    "status": "processed",
    "uploaded_at": UPLOADED_AT,
    "processed_at": PROCESSED_AT,
    "processed_url": PROCESSED_URL,
    "original_url": "https://anb-videos.s3.amazonaws.com/uploads/5d2c7c1e.mp4?X-Amz-Signature=…",
    "votes": 125,
    "attempts": 1,
    "progress": 100,
}
_UPLOADED: UploadedVideo = {
    "message": messages.UPLOADED,
    "task_id": "9e1f3a70-8a55-4d0c-b1a4-7a1b0c0e4f21",
    "video_id": VIDEO_ID,
}
_DELETED: DeletedVideo = {"message": messages.DELETED, "video_id": VIDEO_ID}

_FORM: Json = {
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
}


def links_to(pointer: str) -> Json:
    """Links from an answer to the operations on the video whose id is at ``pointer``."""
    return {
        "getVideo": link(
            "getVideo", "The video, with the progress of its processing.", video_id=f"$response.body#/{pointer}"
        ),
        "deleteVideo": link("deleteVideo", "Delete the video.", video_id=f"$response.body#/{pointer}"),
    }


OPERATIONS: dict[Route, Json] = {
    Route.UPLOAD_VIDEO: operation(
        "uploadVideo",
        "My videos",
        "Upload a clip",
        description="The clip is an MP4 file, lasts 20 to 60 seconds, and its shorter side has at least 1080 pixels. "
        "Its bytes are checked, not its name. The file has at most 100 MiB (104,857,600 bytes). It is checked while it "
        "arrives. A clip that breaks a rule is refused and not stored.",
        needs_token=True,
        body=_FORM,
        responses={
            "201": answers(
                "The clip is accepted and will be processed.", "UploadedVideo", _UPLOADED, links=links_to("video_id")
            ),
            **errors(
                {
                    400: [*CLIP_CODES, "invalid_body", "video_file_missing"],
                    401: ["not_authenticated"],
                    503: ["unavailable"],
                }
            ),
        },
    ),
    Route.LIST_OWN_VIDEOS: operation(
        "listOwnVideos",
        "My videos",
        "List my videos, newest first",
        needs_token=True,
        parameters=["limit", "offset"],
        responses={
            "200": answers(
                "A page of the videos. Only processed videos have `processed_at` and `processed_url`.",
                "OwnVideos",
                [_PROCESSED, _WAITING],
                links=links_to("0/video_id"),
                paged=True,
            ),
            **errors({400: ["bad_parameter"], 401: ["not_authenticated"], 503: ["unavailable"]}),
        },
    ),
    Route.GET_VIDEO: operation(
        "getVideo",
        "My videos",
        "Get one of my videos",
        needs_token=True,
        parameters=["video_id"],
        responses={
            "200": answers(
                "The video with its links, its votes and its progress. A failed video has a reason.",
                "OwnVideoDetail",
                _DETAIL,
                links=links_to("video_id"),
            ),
            **errors(
                {
                    401: ["not_authenticated"],
                    403: ["video_not_yours"],
                    404: ["video_not_found"],
                    503: ["unavailable"],
                }
            ),
        },
    ),
    Route.DELETE_VIDEO: operation(
        "deleteVideo",
        "My videos",
        "Delete a video that is not open for voting",
        needs_token=True,
        parameters=["video_id"],
        responses={
            "200": answers(
                "The video and its files are deleted.",
                "DeletedVideo",
                _DELETED,
                links={"getVideo": link("getVideo", "This link answers 404 now.", video_id="$response.body#/video_id")},
            ),
            **errors(
                {
                    400: ["video_published"],
                    401: ["not_authenticated"],
                    403: ["video_not_yours"],
                    404: ["video_not_found"],
                    503: ["unavailable"],
                }
            ),
        },
    ),
}
