"""Direct uploads: the clip goes from the client straight into the storage."""

from service import messages
from service.answers import DirectUploadState, UploadedVideo
from service.openapi.video_operations import CLIP_CODES, VIDEO_ID, links_to
from service.openapi.vocabulary import Json, answers, errors, json_body, link, operation
from telemetry.catalogue import Route

_UPLOAD_ID = "7c0c8f1a-52a0-4f0f-9d44-0b8e5d1f6a33"
_OPEN: DirectUploadState = {
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
_UPLOADED: UploadedVideo = {"message": messages.UPLOADED, "task_id": _UPLOAD_ID, "video_id": VIDEO_ID}
# The title and the announced size are checked when the upload is opened. The clip is checked when it is completed.
_STORED_CLIP_CODES = sorted({*CLIP_CODES, "size_differs"} - {"clip_too_large", "title_missing"})
_LINKS = {
    "getUpload": link("getUpload", "The state of the upload, with new links.", upload_id="$response.body#/upload_id"),
    "completeUpload": link(
        "completeUpload", "Complete the upload, once all bytes have arrived.", upload_id="$response.body#/upload_id"
    ),
}

OPERATIONS: dict[Route, Json] = {
    Route.OPEN_UPLOAD: operation(
        "openUpload",
        "My videos",
        "Open a direct upload",
        description="Announce the clip, send its bytes where the answer says, then complete the upload. The rules for "
        "clips are those of `POST /api/videos/upload`.\n\nWithout `resumable`: send a multipart form to `url` by POST. "
        "It has all of `fields`, and the clip as its last field, `file`. With `resumable`: send the next `size_bytes` "
        "bytes of the clip for each of `parts`, in their order, by PUT to its `url`.",
        needs_token=True,
        body=json_body(
            "NewUpload", {"title": "Mi mejor jugada", "size_bytes": 48_211_034, "content_type": "video/mp4"}
        ),
        responses={
            "201": answers("The upload is open.", "DirectUpload", _OPEN, links=_LINKS),
            **errors(
                {
                    400: [
                        *("body_too_large", "clip_too_large", "invalid_body", "invalid_field", "not_mp4"),
                        *("title_missing", "too_many_uploads"),
                    ],
                    401: ["not_authenticated"],
                    503: ["unavailable"],
                }
            ),
        },
    ),
    Route.GET_UPLOAD: operation(
        "getUpload",
        "My videos",
        "Get the state of a direct upload",
        description="Use it after a lost connection, or when the links have expired.",
        needs_token=True,
        parameters=["upload_id"],
        responses={
            "200": answers("The upload. It has new links while it is open.", "DirectUpload", _OPEN, links=_LINKS),
            **errors(
                {
                    401: ["not_authenticated"],
                    403: ["upload_not_yours"],
                    404: ["upload_not_found"],
                    503: ["unavailable"],
                }
            ),
        },
    ),
    Route.COMPLETE_UPLOAD: operation(
        "completeUpload",
        "My videos",
        "Complete a direct upload",
        description="Once this has succeeded, sending it again gives the same answer.",
        needs_token=True,
        parameters=["upload_id"],
        responses={
            "201": answers(
                "The clip is accepted and will be processed.", "UploadedVideo", _UPLOADED, links=links_to("video_id")
            ),
            **errors(
                {
                    400: [*_STORED_CLIP_CODES, "upload_expired", "upload_incomplete"],
                    401: ["not_authenticated"],
                    403: ["upload_not_yours"],
                    404: ["upload_not_found"],
                    503: ["unavailable"],
                }
            ),
        },
    ),
}
