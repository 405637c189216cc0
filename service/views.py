"""Domain objects as answers of the API."""

from datetime import UTC, datetime

from service.answers import OwnVideoDetail, OwnVideoItem, PublicVideoItem, RankingItem
from showcase.storage.links import Links
from showcase.videos import OwnedVideo, PublicVideo
from showcase.votes import RankedPlayer


class VideoViews:
    """Shows videos with links to their files."""

    def __init__(self, links: Links) -> None:
        self._links = links

    def item(self, video: OwnedVideo) -> OwnVideoItem:
        """An item of the owner's list."""
        view: OwnVideoItem = {
            "video_id": str(video.id),
            "title": video.title,
            "status": video.status,
            "uploaded_at": utc(video.uploaded_at),
        }
        self._add_result(view, video)
        return view

    def detail(self, video: OwnedVideo) -> OwnVideoDetail:
        """The item, with the progress of the processing or the reason why it failed."""
        view: OwnVideoDetail = {
            "video_id": str(video.id),
            "title": video.title,
            "status": video.status,
            "uploaded_at": utc(video.uploaded_at),
            "original_url": self._links.to(video.original_key),
            "votes": video.votes,
            "attempts": video.attempts,
            "progress": video.progress_percent,
        }
        self._add_result(view, video)
        if video.failure_code and video.failure_reason:
            view["failure_code"] = video.failure_code
            view["failure_reason"] = video.failure_reason
        return view

    def _add_result(self, view: OwnVideoItem, video: OwnedVideo) -> None:
        if video.processed_at and video.processed_key:
            view["processed_at"] = utc(video.processed_at)
            view["processed_url"] = self._links.to(video.processed_key)

    def public(self, video: PublicVideo) -> PublicVideoItem:
        """An item of the public list."""
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


def ranked(player: RankedPlayer) -> RankingItem:
    """An item of the ranking."""
    return {
        "position": player.position,
        "username": f"{player.first_name} {player.last_name}",
        "city": player.city,
        "votes": player.votes,
    }


def utc(moment: datetime) -> str:
    """ISO-8601 with Z, in whole seconds."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
