"""Direct uploads in parts, over real HTTP, on SQLite and on PostgreSQL."""

import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select

from showcase.database.tables import Video
from tests.clips import box
from tests.service.conftest import Contest
from tests.service.http_server.server_thread import ServerThread
from tests.service.player_requests import error
from tests.service.resources.direct_upload_client import DirectClient, cut

MIB = 1024 * 1024


@pytest.fixture
def contest(contest: Contest) -> Iterator[Contest]:
    """The contest with a larger limit, so that a clip can have several parts."""
    api = replace(contest.api, upload_bytes_max=20 * MIB)
    with ServerThread(api) as server:
        yield replace(contest, api=api, url=server.url)


@pytest.fixture
def large(content: bytes) -> bytes:
    return content + box(b"free", bytes(11 * MIB))


def test_a_client_that_lost_its_connection_sends_only_what_is_missing(
    contest: Contest, player: DirectClient, large: bytes
) -> None:
    opened = player.opened(len(large), resumable=True)
    pieces = cut(large, opened["parts"])
    assert [len(piece) for piece in pieces[:2]] == [5 * MIB] * 2 and len(pieces) == 3
    assert player.put(opened["parts"][1], pieces[1]).is_success
    assert error(player.complete(opened)) == (400, "upload_incomplete")
    looked = player.look(opened)
    assert [part["received"] for part in looked["parts"]] == [False, True, False]
    assert ["url" in part for part in looked["parts"]] == [True, False, True]
    for number in (2, 0):
        assert player.put(looked["parts"][number], pieces[number]).is_success
    assert all(part["received"] for part in player.look(opened)["parts"])
    body = player.complete(opened).json()
    assert player.complete(opened).json() == body
    detail = player.api.get(f"/api/videos/{body['video_id']}").json()
    assert player.storage.get(detail["original_url"]).content == large
    assert contest.objects() == {f"uploads/{body['video_id']}.mp4"}
    with contest.api.database.reading() as connection:
        assert connection.execute(select(Video.original_crc32)).scalar_one() == zlib.crc32(large)


def test_a_part_of_a_wrong_size_counts_as_missing(player: DirectClient, large: bytes) -> None:
    opened = player.opened(len(large), resumable=True)
    pieces = cut(large, opened["parts"])
    for part, piece in zip(opened["parts"], [pieces[0][:-1], *pieces[1:]], strict=True):
        player.put(part, piece)
    assert error(player.complete(opened)) == (400, "upload_incomplete")
    assert [part["received"] for part in player.look(opened)["parts"]] == [False, True, True]
    assert player.put(opened["parts"][0], pieces[0]).is_success
    assert player.complete(opened).status_code == 201


def test_fifty_completions_at_once_make_one_video(contest: Contest, player: DirectClient, large: bytes) -> None:
    opened = player.opened(len(large), resumable=True)
    for part, piece in zip(opened["parts"], cut(large, opened["parts"]), strict=True):
        assert player.put(part, piece).is_success
    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(lambda _: player.complete(opened), range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len(contest.queued()) == 1
    assert contest.objects() == {f"uploads/{answers[0].json()['video_id']}.mp4"}
