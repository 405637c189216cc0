"""What everybody may see, and voting."""

from service import messages
from service.openapi.video_operations import RESULT, VIDEO_ID
from service.openapi.vocabulary import NEEDS_TOKEN, PUBLIC, Json, answers, errors, link, parameter

_OPEN = {
    "video_id": VIDEO_ID,
    "title": "Mi mejor jugada",
    "username": "Laura Gómez",
    "city": "Bogotá",
    "votes": 125,
    "uploaded_at": "2025-03-10T14:30:00Z",
    **RESULT,
}
_RANKING = [
    {"position": 1, "username": "Laura Gómez", "city": "Bogotá", "votes": 1530},
    {"position": 2, "username": "Ana Ruiz", "city": "Bogotá", "votes": 1495},
]


def _ranking(operation_id: str, note: str) -> Json:
    return {
        "get": {
            "operationId": operation_id,
            "tags": ["Public"],
            "summary": "The players, most votes first",
            "description": f"The votes of all videos of a player count. Players without votes are left out; ties keep "
            f"their order from page to page. {note}",
            "security": PUBLIC,
            "parameters": [parameter(name) for name in ("city", "from", "to", "limit", "offset")],
            "responses": {
                "200": answers("A page of the ranking.", "Ranking", _RANKING, paged=True),
                **errors(_400="bad_parameter", _503="unavailable"),
            },
        }
    }


OPERATIONS: dict[str, Json] = {
    "/api/public/videos": {
        "get": {
            "operationId": "listPublicVideos",
            "tags": ["Public"],
            "summary": "List the videos that are open for voting, newest first",
            "security": PUBLIC,
            "parameters": [parameter("limit"), parameter("offset")],
            "responses": {
                "200": answers(
                    "A page of the videos.",
                    "PublicVideos",
                    [_OPEN],
                    links={"vote": link("vote", "Vote for the first.", video_id="$response.body#/0/video_id")},
                    paged=True,
                ),
                **errors(_400="bad_parameter", _503="unavailable"),
            },
        }
    },
    "/api/public/videos/{video_id}/vote": {
        "post": {
            "operationId": "vote",
            "tags": ["Public"],
            "summary": "Vote for a video",
            "description": "One vote for each player and video, however often and however concurrently it is sent.",
            "security": NEEDS_TOKEN,
            "parameters": [parameter("video_id")],
            "responses": {
                "200": answers("The vote counts.", "VoteCounted", {"message": messages.VOTED}),
                **errors(
                    _400="already_voted own_video",
                    _401="not_authenticated",
                    _404="video_not_found",
                    _429="too_many_requests",
                    _503="unavailable",
                ),
            },
        }
    },
    "/api/public/rankings": _ranking("listRankings", ""),
    "/api/public/ranking": _ranking("listRanking", "Another name of `/api/public/rankings`."),
}
