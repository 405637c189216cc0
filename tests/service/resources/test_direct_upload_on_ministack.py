"""The storage refuses what the signed links of a direct upload do not allow.

MiniStack checks signatures and policies. moto, the emulator of the other tests, checks neither. Unlike moto, MiniStack
returns no checksum of a copy.
"""

import base64
import hmac
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from local.system.aws_emulator import CREDENTIALS, REGION, AwsEmulator
from showcase.aws import Aws
from showcase.database.tables import Video
from tests.clips import box
from tests.ministack_server import MiniStackServer
from tests.service.conftest import Contest
from tests.service.http_server.server_thread import ServerThread
from tests.service.resources.direct_upload_client import Answer, DirectClient, cut

MIB = 1024 * 1024
EXPIRY_SECONDS_MAX = 60


@pytest.fixture(scope="session")
def emulator(ministack: MiniStackServer) -> AwsEmulator:
    return ministack


@pytest.fixture(scope="session")
def aws(emulator: AwsEmulator) -> Aws:
    return Aws(REGION, emulator.url)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def contest(contest: Contest) -> Iterator[Contest]:
    """The contest with a larger limit, so that a clip can have several parts."""
    api = replace(contest.api, upload_bytes_max=20 * MIB)
    with ServerThread(api) as server:
        yield replace(contest, api=api, url=server.url)


def test_a_clip_as_announced_is_stored_and_becomes_a_video(contest: Contest, player: DirectClient, clip: Path) -> None:
    content = clip.read_bytes()
    body = player.complete(player.uploaded(content)).json()
    detail = player.api.get(f"/api/videos/{body['video_id']}").json()
    assert player.storage.get(detail["original_url"]).content == content
    with contest.api.database.reading() as connection:
        checksum = connection.execute(select(Video.original_crc32)).scalar_one()
    assert checksum is None, "this storage returns no checksum"


@pytest.mark.parametrize("size", [999, 1001, 5000, 1])
def test_another_size_is_refused(contest: Contest, player: DirectClient, size: int) -> None:
    upload = player.opened(1000)
    assert player.post(upload, bytes(size)).status_code in (400, 403)
    assert contest.objects() == set()


@pytest.mark.parametrize(
    ("field", "value"),
    [("key", "uploads/00000000-0000-0000-0000-000000000000.mp4"), ("key", "inbox/of-somebody-else"),
     ("Content-Type", "text/html"), ("acl", "public-read"), ("success_action_redirect", "https://elsewhere.example")],
)  # fmt: skip
def test_a_tampered_field_is_refused(contest: Contest, player: DirectClient, field: str, value: str) -> None:
    upload = player.opened(1000)
    assert player.post(upload, bytes(1000), **{field: value}).status_code == 403
    assert contest.objects() == set()


def test_the_policy_limits_every_field_and_is_signed(player: DirectClient) -> None:
    """S3 compares the signature of a form with this one (Signature Version 4). MiniStack accepts any signature."""
    upload = player.opened(1000)
    fields = upload["fields"]
    allowed = json.loads(base64.b64decode(fields["policy"]))["conditions"]
    assert {"key": f"inbox/{upload['upload_id']}"} in allowed
    assert {"Content-Type": "video/mp4"} in allowed
    assert ["content-length-range", 1000, 1000] in allowed
    key = b"AWS4" + CREDENTIALS["AWS_SECRET_ACCESS_KEY"].encode()
    for scope in (fields["x-amz-date"][:8], REGION, "s3", "aws4_request", fields["policy"]):
        key = hmac.digest(key, scope.encode(), "sha256")
    assert fields["x-amz-signature"] == key.hex()


def test_an_upload_that_passed_the_policy_with_a_wrong_size_is_refused_at_completion(
    contest: Contest, player: DirectClient
) -> None:
    upload = player.opened(1000)
    policy = base64.b64decode(upload["fields"]["policy"]).replace(b"1000, 1000", b"1000, 2000")
    widened = base64.b64encode(policy).decode()
    assert widened != upload["fields"]["policy"]
    assert player.post(upload, bytes(2000), policy=widened).is_success, "MiniStack compares signatures now: expect 403"
    answer = player.complete(upload)
    assert (answer.status_code, answer.json()["code"]) == (400, "size_differs")
    assert contest.objects() == set()


def test_a_part_of_another_size_or_number_or_key_is_refused(contest: Contest, player: DirectClient) -> None:
    opened = player.opened(6 * MIB, resumable=True)
    first, second = opened["parts"]
    of_another = player.opened(6 * MIB, resumable=True)["upload_id"]
    assert player.put(second, bytes(MIB - 1)).status_code == 403
    assert player.put(second, bytes(MIB + 1)).status_code == 403
    number = {"url": second["url"].replace("partNumber=2", "partNumber=3")}
    key = {"url": second["url"].replace(opened["upload_id"], of_another)}
    assert number["url"] != second["url"] != key["url"]
    assert player.put(number, bytes(MIB)).status_code == 403
    assert player.put(key, bytes(MIB)).status_code == 403
    assert player.put(first, bytes(5 * MIB)).is_success
    assert [part["received"] for part in player.look(opened)["parts"]] == [True, False]


def test_an_expired_link_is_refused_and_can_be_renewed(contest: Contest, clip: Path) -> None:
    content = clip.read_bytes() + box(b"free", bytes(5 * MIB))
    with ServerThread(replace(contest.api, link_seconds=1)) as hasty:
        player = DirectClient(replace(contest, url=hasty.url).sign_up())
        form, parts = player.opened(len(content)), player.opened(len(content), resumable=True)
        piece = cut(content, parts["parts"])[1]
        _refused_some_day(lambda: player.post(form, content))
        _refused_some_day(lambda: player.put(parts["parts"][1], piece))
    patient = DirectClient(contest.client())
    patient.api.headers["Authorization"] = player.api.headers["Authorization"]
    renewed: Answer = patient.look(form)
    assert patient.post(renewed, content).is_success
    assert patient.complete(renewed).status_code == 201
    patient.storage.close()
    player.storage.close()


def _refused_some_day(send: Callable[[], httpx.Response]) -> None:
    deadline = time.monotonic() + EXPIRY_SECONDS_MAX
    while (answer := send()).is_success:
        assert time.monotonic() < deadline, "a link never expired"
        time.sleep(0.2)
    assert answer.status_code == 403


def test_a_resumable_upload_becomes_a_video(player: DirectClient, clip: Path) -> None:
    content = clip.read_bytes() + box(b"free", bytes(6 * MIB))
    opened = player.opened(len(content), resumable=True)
    for part, piece in zip(opened["parts"], cut(content, opened["parts"]), strict=True):
        assert player.put(part, piece).is_success
    body = player.complete(opened).json()
    assert player.complete(opened).json() == body
    detail = player.api.get(f"/api/videos/{body['video_id']}").json()
    assert player.storage.get(detail["original_url"]).content == content
