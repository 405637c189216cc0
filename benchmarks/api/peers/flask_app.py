"""Flask: `gunicorn benchmarks.api.peers.flask_app:app --threads 8`.

It uses a session for each request, and ``jsonify`` with dictionaries.
"""

import uuid

from flask import Flask, Response, jsonify, request

from benchmarks.api.peers.models import Player, Video, find_own, find_public, find_ranking, new_session

app = Flask(__name__)


@app.get("/api/public/videos")
def public_videos() -> Response:
    with new_session() as session:
        return jsonify([_public(video) for video in find_public(session, *_paging())])


@app.get("/api/videos")
def own_videos() -> Response:
    player = uuid.UUID(request.args["player"])
    with new_session() as session:
        return jsonify([_own(video) for video in find_own(session, player, *_paging())])


@app.get("/api/public/rankings")
def rankings() -> Response:
    limit, offset = _paging()
    with new_session() as session:
        players = find_ranking(session, limit, offset)
        return jsonify([_ranked(position, player) for position, player in enumerate(players, start=offset + 1)])


@app.get("/api/health/live")
def live() -> Response:
    return jsonify({"status": "alive"})


def _paging() -> tuple[int, int]:
    return request.args.get("limit", 100, int), request.args.get("offset", 0, int)


def _public(video: Video) -> dict[str, object]:
    return {
        "video_id": str(video.id),
        "title": video.title,
        "username": video.username,
        "city": video.city,
        "votes": video.votes,
        "uploaded_at": video.uploaded_at.isoformat(),
        "processed_at": video.processed_at.isoformat() if video.processed_at else None,
        "processed_url": video.processed_url,
    }


def _own(video: Video) -> dict[str, object]:
    return {
        "video_id": str(video.id),
        "title": video.title,
        "status": video.status,
        "uploaded_at": video.uploaded_at.isoformat(),
        "processed_at": video.processed_at.isoformat() if video.processed_at else None,
        "processed_url": video.processed_url,
    }


def _ranked(position: int, player: Player) -> dict[str, object]:
    return {"position": position, "username": player.username, "city": player.city, "votes": player.votes}
