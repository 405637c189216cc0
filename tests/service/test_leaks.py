"""A request leaves nothing behind in the API, however it ends."""

from pathlib import Path

import pytest

from tests.leaks import check_leaves_nothing
from tests.service.conftest import Contest
from tests.service.player_requests import error, processed, upload, uploaded
from tests.service.resources.direct_upload_client import DirectClient


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_requests_leave_nothing(contest: Contest, player: DirectClient, clip: Path, content: bytes) -> None:
    client, public_id = processed(contest, clip)

    def a_visit() -> None:
        own = uploaded(client, clip)["video_id"]
        assert error(upload(client, b"no clip")) == (400, "not_mp4")
        assert player.complete(player.uploaded(content)).status_code == 201
        assert player.complete(player.uploaded(b"no clip")).status_code == 400
        for path in ("/api/videos", f"/api/videos/{own}", "/api/public/videos", "/api/public/rankings", "/health"):
            assert client.get(path).status_code == 200
        assert error(player.api.get(f"/api/videos/{own}")) == (403, "video_not_yours")
        client.post(f"/api/public/videos/{public_id}/vote")
        assert client.delete(f"/api/videos/{own}").status_code == 200

    check_leaves_nothing(a_visit, rounds=8, warm_up_rounds=3)
