"""Domain objects as the JSON of the contract."""

from datetime import UTC, datetime

from showcase.storage.links import Links
from showcase.videos import OwnedVideo, PublicVideo
from showcase.votes import RankedPlayer


class VideoViews:
    """Shows videos with links to their files."""

    def __init__(self, links: Links) -> None:
        self._links = links

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
            view["processed_url"] = self._links.to(video.processed_key)
        return view

    def detail(self, video: OwnedVideo) -> dict[str, object]:
        """The owner's detail: the line, and how the processing goes or went."""
        view = self.item(video) | {
            "original_url": self._links.to(video.original_key),
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
            "processed_url": self._links.to(video.processed_key),
        }


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
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
