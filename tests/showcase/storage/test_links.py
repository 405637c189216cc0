"""Links are signed once and reused, but only for half of their life."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from showcase.storage.links import LINKS_MAX, REUSE_SECONDS_MAX, Links
from showcase.storage.media_store import MediaStore


class Clock:
    """A clock that stands still until a test changes ``now``."""

    def __init__(self) -> None:
        self.now = 1_900_000_000.0

    def __call__(self) -> float:
        return self.now


class CountingStore:
    """Signs a different link each time, and counts them."""

    def __init__(self) -> None:
        self.signed: list[str] = []

    def link(self, key: str, *, seconds: int, file_name: str) -> str:
        self.signed.append(key)
        return f"https://bucket/{key}?signature={len(self.signed)}&seconds={seconds}&name={file_name}"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


def links_of(store: CountingStore, clock: Clock, seconds: int = 60) -> Links:
    return Links(store, seconds, clock=clock)


def test_a_link_fetches_the_object_under_its_own_name(
    media: MediaStore, tmp_path_factory: pytest.TempPathFactory
) -> None:
    source = tmp_path_factory.mktemp("clip") / "clip.mp4"
    source.write_bytes(b"a clip")
    media.put_file("processed/v/1.mp4", source)
    url = Links(media, 60).to("processed/v/1.mp4")
    answer = httpx.get(url)
    assert (answer.content, answer.headers["Content-Type"]) == (b"a clip", "video/mp4")
    assert parse_qs(urlsplit(url).query)["response-content-disposition"] == ['inline; filename="processed-v-1.mp4"']


def test_a_link_is_signed_once_and_reused(store: CountingStore, clock: Clock) -> None:
    links = links_of(store, clock)
    assert links.to("a") == links.to("a")
    assert links.to("a") != links.to("b")
    assert store.signed == ["a", "b"]


@pytest.mark.parametrize(
    ("seconds", "reuse_seconds"), [(60, 30.0), (900, REUSE_SECONDS_MAX), (43_200, REUSE_SECONDS_MAX)]
)
def test_no_link_is_reused_after_half_of_its_life_or_five_minutes(
    store: CountingStore, clock: Clock, seconds: int, reuse_seconds: float
) -> None:
    links, first_seen = links_of(store, clock, seconds), dict[str, float]()
    ages = []
    for _ in range(200):
        link = links.to("a")
        ages.append(clock.now - first_seen.setdefault(link, clock.now))
        clock.now += reuse_seconds / 20
    assert max(ages) < reuse_seconds
    assert max(ages) >= reuse_seconds * 0.9, "links are hardly reused"


def test_the_links_of_a_page_do_not_all_end_at_the_same_moment(store: CountingStore, clock: Clock) -> None:
    links, keys = links_of(store, clock), [str(uuid.UUID(int=number)) for number in range(100)]
    signed_a_second = []
    for _ in range(60):
        before = len(store.signed)
        for key in keys:
            links.to(key)
        signed_a_second.append(len(store.signed) - before)
        clock.now += 1
    assert signed_a_second[0] == 100
    assert max(signed_a_second[1:]) < 30


def test_the_number_of_cached_links_is_limited(store: CountingStore, clock: Clock) -> None:
    links = links_of(store, clock)
    for number in range(LINKS_MAX + 1):
        links.to(str(number))
    links.to(str(LINKS_MAX))
    assert len(store.signed) == LINKS_MAX + 1
    links.to("0")
    assert len(store.signed) == LINKS_MAX + 2


def test_many_threads_at_once_get_the_right_links(store: CountingStore, clock: Clock) -> None:
    links = links_of(store, clock)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda number: (str(number % 50), links.to(str(number % 50))), range(5000)))
    assert all(link.startswith(f"https://bucket/{key}?") for key, link in found)
