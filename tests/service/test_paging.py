"""By the Link headers of a list, a client gets each item exactly once, in every list that can grow."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from service.paging import LIMIT_MAX, OFFSET_MAX
from showcase.database.engine import Database
from showcase.database.tables import Player, Video
from showcase.jobs import jobs
from tests.records import claimed, new_player, new_video
from tests.service.conftest import Contest
from tests.service.player_requests import error

COUNT = 7
CITY = "São Paulo & Río"

Fill = Callable[[Contest], tuple[httpx.Client, str]]


def processed_video(database: Database, player_id: uuid.UUID, title: str) -> uuid.UUID:
    entry = new_video(database, player_id, title)
    claim = claimed(database, entry)
    with database.writing() as connection:
        jobs.finish(connection, claim, f"processed/{entry.video_id}/1.mp4")
    return entry.video_id


def fill_own(contest: Contest) -> tuple[httpx.Client, str]:
    """Videos that were all uploaded at the same moment: the client of their owner, and the path of the list."""
    player_id = new_player(contest.api.database)
    for number in range(COUNT):
        new_video(contest.api.database, player_id, f"Jugada {number}")
    _at_the_same_moment(contest)
    return contest.client(contest.api.tokens.issue(player_id)), "/api/videos"


def fill_public(contest: Contest) -> tuple[httpx.Client, str]:
    player_id = new_player(contest.api.database)
    for number in range(COUNT):
        processed_video(contest.api.database, player_id, f"Jugada {number}")
    _at_the_same_moment(contest)
    return contest.client(), "/api/public/videos"


def fill_ranking(contest: Contest) -> tuple[httpx.Client, str]:
    """Players who all have the same number of votes: a client, and the path of the ranking."""
    for number in range(COUNT):
        new_player(contest.api.database, f"P{number}", CITY)
    with contest.api.database.writing() as connection:
        connection.execute(update(Player).values(votes=3))
    return contest.client(), "/api/public/rankings"


def _at_the_same_moment(contest: Contest) -> None:
    with contest.api.database.writing() as connection:
        moment = connection.execute(select(Video.uploaded_at).limit(1)).scalar_one()
        connection.execute(update(Video).values(uploaded_at=moment))
        connection.execute(update(Video).where(Video.processed_at.is_not(None)).values(processed_at=moment))


def walk(client: httpx.Client, address: str, relation: str = "next") -> Iterator[list[Any]]:
    """The page at ``address`` and all pages after it, by the link ``relation``."""
    while address:
        answer = client.get(address)
        assert answer.status_code == 200, answer.text
        yield answer.json()
        address = answer.links.get(relation, {}).get("url", "")


FILLS = pytest.mark.parametrize("fill", [fill_own, fill_public, fill_ranking], ids=lambda fill: fill.__name__[5:])


@FILLS
def test_the_bare_call_is_the_plain_array_without_links(contest: Contest, fill: Fill) -> None:
    client, path = fill(contest)
    answer = client.get(path)
    assert len(answer.json()) == COUNT
    assert "Link" not in answer.headers


@FILLS
def test_the_next_pages_have_each_item_once_although_all_are_ties(contest: Contest, fill: Fill) -> None:
    client, path = fill(contest)
    pages = list(walk(client, f"{path}?limit=3"))
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [item for page in pages for item in page] == client.get(path).json()


@FILLS
def test_the_previous_pages_lead_back_to_the_first(contest: Contest, fill: Fill) -> None:
    client, path = fill(contest)
    pages = list(walk(client, f"{path}?limit=2&offset=6", "prev"))
    assert [item for page in reversed(pages) for item in page] == client.get(path).json()
    last = client.get(f"{path}?limit=2&offset=6")
    assert client.get(last.links["first"]["url"]).json() == pages[-1]


@FILLS
def test_a_page_that_ends_with_the_list_has_no_next(contest: Contest, fill: Fill) -> None:
    client, path = fill(contest)
    assert set(client.get(f"{path}?limit={COUNT}").links) == set()
    assert set(client.get(f"{path}?limit=1&offset={COUNT - 1}").links) == {"prev", "first"}
    beyond = client.get(f"{path}?limit=5&offset={COUNT + 20}")
    assert (beyond.json(), set(beyond.links)) == ([], {"prev", "first"})


@FILLS
def test_a_list_is_never_longer_than_the_bound(contest: Contest, fill: Fill) -> None:
    client, path = fill(contest)
    for text in ("0", str(LIMIT_MAX + 1), "-1", "x", "1e3", "1.0", "+1", " 1", "0x1", "１", "9" * 400, ""):
        for name in ("limit", "offset") if text not in ("0", str(LIMIT_MAX + 1)) else ("limit",):
            answer = client.get(path, params={name: text})
            assert error(answer) == (400, "bad_parameter"), (name, text)
            assert answer.json()["fields"] == [name]
    assert error(client.get(path, params={"offset": OFFSET_MAX + 1})) == (400, "bad_parameter")
    assert client.get(path, params={"offset": OFFSET_MAX, "limit": LIMIT_MAX}).json() == []
    assert error(client.get(f"{path}?limit=1&limit=2")) == (400, "bad_parameter")


def test_links_keep_the_path_and_the_city(contest: Contest) -> None:
    client, _ = fill_ranking(contest)
    for path in ("/api/public/rankings", "/api/public/ranking", "/api/public/ranking/"):
        answer = client.get(path, params={"limit": 2, "city": CITY})
        following = client.get(answer.links["next"]["url"])
        assert [line["position"] for line in following.json()] == [3, 4]
        assert following.request.url.path == path.rstrip("/")
        assert following.request.url.params["city"] == CITY


def test_a_ranking_is_walked_by_positions_too(contest: Contest) -> None:
    client, path = fill_ranking(contest)
    answer = client.get(f"{path}?from=3&to=4")
    assert [line["position"] for line in answer.json()] == [3, 4]
    assert answer.links["next"]["url"] == f"{path}?from=5&to=6"
    assert answer.links["prev"]["url"] == answer.links["first"]["url"] == f"{path}?from=1&to=2"
    pages = list(walk(client, f"{path}?from=1&to=3"))
    assert [line["position"] for page in pages for line in page] == list(range(1, COUNT + 1))


def test_positions_may_be_open_at_either_end(contest: Contest) -> None:
    client, path = fill_ranking(contest)
    for query, positions in {"from=6": [6, 7], "to=2": [1, 2], "from=2&limit=2": [2, 3], "from=7&to=900": [7]}.items():
        assert [line["position"] for line in client.get(f"{path}?{query}").json()] == positions


@pytest.mark.parametrize(
    "query",
    ["from=3&to=2", "from=0", "to=0", "from=-1", "to=x", "from=1&from=2", "to=1000001", "city=Cali&city=Bogota"],
)
def test_invalid_positions_are_refused(contest: Contest, query: str) -> None:
    assert error(contest.client().get(f"/api/public/rankings?{query}")) == (400, "bad_parameter")


def test_a_blank_city_is_every_city(contest: Contest) -> None:
    client, path = fill_ranking(contest)
    assert len(client.get(f"{path}?city=").json()) == COUNT
    assert len(client.get(f"{path}?city=%20").json()) == COUNT
