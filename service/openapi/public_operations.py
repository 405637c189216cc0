"""Public lists, the ranking, and voting."""

from service import messages
from service.answers import PublicVideoItem, RankingItem, VoteCounted
from service.openapi.video_operations import PROCESSED_AT, PROCESSED_URL, UPLOADED_AT, VIDEO_ID
from service.openapi.vocabulary import Json, answers, errors, link, operation
from telemetry.catalogue import Route

_VIDEO: PublicVideoItem = {
    "video_id": VIDEO_ID,
    "title": "Mi mejor jugada",
    "username": "Laura Gómez",
    "city": "Bogotá",
    "votes": 125,
    "uploaded_at": UPLOADED_AT,
    "processed_at": PROCESSED_AT,
    "processed_url": PROCESSED_URL,
}
_RANKING: list[RankingItem] = [
    {"position": 1, "username": "Laura Gómez", "city": "Bogotá", "votes": 1530},
    {"position": 2, "username": "Ana Ruiz", "city": "Bogotá", "votes": 1495},
]
_VOTED: VoteCounted = {"message": messages.VOTED}


def _ranking(operation_id: str, note: str = "") -> Json:
    return operation(
        operation_id,
        "Public",
        "List the players, most votes first",
        description=f"The votes of all videos of a player count. Players without votes are left out. The order "
        f"of players with the same number of votes is the same on every page. {note}".strip(),
        parameters=["city", "from", "to", "limit", "offset"],
        responses={
            "200": answers("A page of the ranking.", "Ranking", _RANKING, paged=True),
            **errors({400: ["bad_parameter"], 503: ["unavailable"]}),
        },
    )


OPERATIONS: dict[Route, Json] = {
    Route.LIST_PUBLIC_VIDEOS: operation(
        "listPublicVideos",
        "Public",
        "List the videos that are open for voting, newest first",
        parameters=["limit", "offset"],
        responses={
            "200": answers(
                "A page of the videos.",
                "PublicVideos",
                [_VIDEO],
                links={"vote": link("vote", "Vote for the first video.", video_id="$response.body#/0/video_id")},
                paged=True,
            ),
            **errors({400: ["bad_parameter"], 503: ["unavailable"]}),
        },
    ),
    Route.VOTE: operation(
        "vote",
        "Public",
        "Vote for a video",
        description="A player has one vote for each video, even if the request is sent several times at once.",
        needs_token=True,
        parameters=["video_id"],
        responses={
            "200": answers("The vote counts.", "VoteCounted", _VOTED),
            **errors(
                {
                    400: ["already_voted", "own_video"],
                    401: ["not_authenticated"],
                    404: ["video_not_found"],
                    429: ["too_many_requests"],
                    503: ["unavailable"],
                }
            ),
        },
    ),
    Route.LIST_RANKINGS: _ranking("listRankings"),
    Route.LIST_RANKING: _ranking("listRanking", "Another name of `/api/public/rankings`."),
}
