"""Domain objects as the JSON of the contract."""

from datetime import UTC, datetime

from showcase.media_store import MediaStore
from showcase.videos import OwnedVideo, PublicVideo
from showcase.votes import RankedPlayer


class VideoViews:
    """Shows videos with links to their files that live ``link_seconds``."""

    def __init__(self, media: MediaStore, link_seconds: int) -> None:
        self._media = media
        self._link_seconds = link_seconds

    def item(self, video: OwnedVideo) -> dict[str, object]:
        """A line of the owner's list."""
        view: dict[str, object] = {
            "video_id": str(video.id),
            "title": video.title,
            "status": video.status,
            "uploaded_at": utc(video.uploaded_at),
        }
        if video.processed_at and video.processed_key:
            view["processed_at"] = utc(video.processed_at)
            view["processed_url"] = self._link(video.processed_key)
        return view

    def detail(self, video: OwnedVideo) -> dict[str, object]:
        """The owner's detail: the line, and how the processing goes or went."""
        view = self.item(video) | {
            "original_url": self._link(video.original_key),
            "votes": video.votes,
            "attempts": video.attempts,
            "progress": video.progress_percent,
        }
        if video.failure_reason:
            view |= {"failure_code": video.failure_code, "failure_reason": video.failure_reason}
        return view

    def public(self, video: PublicVideo) -> dict[str, object]:
        """A line of the public list."""
        return {
            "video_id": str(video.id),
            "title": video.title,
            "username": f"{video.first_name} {video.last_name}",
            "city": video.city,
            "votes": video.votes,
            "uploaded_at": utc(video.uploaded_at),
            "processed_at": utc(video.processed_at),
            "processed_url": self._link(video.processed_key),
        }

    def _link(self, key: str) -> str:
        return self._media.link(key, seconds=self._link_seconds, file_name=key.replace("/", "-"))


def ranked(player: RankedPlayer) -> dict[str, object]:
    """A line of the ranking."""
    return {
        "position": player.position,
        "username": f"{player.first_name} {player.last_name}",
        "city": player.city,
        "votes": player.votes,
    }


def utc(moment: datetime) -> str:
    """ISO-8601 with Z, in whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
