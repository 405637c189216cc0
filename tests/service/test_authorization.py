"""Every operation that needs a token refuses every faulty token, and requests of other players for its video or upload.

The operations come from the OpenAPI document, and its tests compare it with the routes. So no new route is forgotten.
"""

import base64
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from sqlalchemy import delete, update

from service.access_tokens import AUDIENCE, ISSUER
from showcase.database.tables import Player
from tests.service.conftest import SECRET, Contest
from tests.service.player_requests import error, processed, uploaded
from tests.service.promises import Operation, operations
from tests.service.resources.direct_upload_client import DirectClient

PROTECTED = [operation for operation in operations() if operation.needs_token]
NOBODYS = str(uuid.UUID(int=7))
REFUSED = (401, "not_authenticated")

Claims = dict[str, Any]


def claims_of(player_id: uuid.UUID, **changed: object) -> Claims:
    now = int(time.time())
    claims = {"sub": str(player_id), "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 600}
    return {name: value for name, value in {**claims, **changed}.items() if value is not None}


def signed(claims: Claims, secret: str = SECRET, algorithm: str = "HS256", **headers: Any) -> bytes:
    return b"Bearer " + jwt.encode(claims, secret, algorithm=algorithm, headers=headers or None).encode()


def by_hand(header: object, claims: object, signature: bytes = b"") -> bytes:
    pieces = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return b"Bearer " + b".".join(base64.urlsafe_b64encode(piece).rstrip(b"=") for piece in pieces)


def claims_changed(player_id: uuid.UUID) -> bytes:
    """A token with the claims of this player and the signature of a token of another player."""
    head, _, signature = signed(claims_of(uuid.uuid4())).removeprefix(b"Bearer ").split(b".")
    body = base64.urlsafe_b64encode(json.dumps(claims_of(player_id)).encode()).rstrip(b"=")
    return b"Bearer " + b".".join((head, body, signature))


# Faulty Authorization headers for a player who exists. None means no header.
Fault = Callable[[uuid.UUID], bytes | None]
FAULTS: dict[str, Fault] = {
    "no token": lambda _: None,
    "an empty header": lambda _: b"",
    "another scheme": lambda _: b"Basic bGF1cmE6c2VjcmV0YQ==",
    "a scheme without token": lambda _: b"Bearer",
    "a token without scheme": lambda player: signed(claims_of(player)).removeprefix(b"Bearer "),
    "two tokens": lambda player: signed(claims_of(player)) + b", " + signed(claims_of(player)),
    "a token that is not a JWT": lambda _: b"Bearer x.y.z",
    "letters that are not ASCII": lambda _: "Bearer é".encode(),
    "a header that is not an object": lambda player: by_hand([], claims_of(player)),
    "a header nested deeply": lambda _: b"Bearer " + base64.urlsafe_b64encode(b"[" * 700) + b".e30.x",
    "a token that is too long": lambda player: signed(claims_of(player, note="x" * 2000)),
    "no signature": lambda player: signed(claims_of(player)).rpartition(b".")[0] + b".",
    "a bad signature": lambda player: signed(claims_of(player))[:-4] + b"AAAA",
    "other claims under a signature": claims_changed,
    "alg none": lambda player: by_hand({"alg": "none", "typ": "JWT"}, claims_of(player)),
    "alg NONE": lambda player: by_hand({"alg": "NONE"}, claims_of(player)),
    "another algorithm": lambda player: signed(claims_of(player), SECRET * 2, algorithm="HS512"),
    "another key": lambda player: signed(claims_of(player), "another secret that is long enough, too"),
    "an unknown key id": lambda player: signed(claims_of(player), kid="../../dev/null"),
    "a key id that is not a text": lambda player: by_hand({"alg": "HS256", "kid": {}}, claims_of(player)),
    "expired": lambda player: signed(claims_of(player, exp=int(time.time()) - 1)),
    "an expiry that is not a number": lambda player: signed(claims_of(player, exp="mañana")),
    "not yet valid": lambda player: signed(claims_of(player, nbf=int(time.time()) + 600)),
    "issued in the future": lambda player: signed(claims_of(player, iat=int(time.time()) + 600)),
    "another audience": lambda player: signed(claims_of(player, aud="somebody-else")),
    "another issuer": lambda player: signed(claims_of(player, iss="somebody-else")),
    "no subject": lambda player: signed(claims_of(player, sub=None)),
    "no issuer": lambda player: signed(claims_of(player, iss=None)),
    "no audience": lambda player: signed(claims_of(player, aud=None)),
    "no time of issue": lambda player: signed(claims_of(player, iat=None)),
    "no expiry": lambda player: signed(claims_of(player, exp=None)),
    "a subject that is not an id": lambda player: signed(claims_of(player, sub="admin")),
    "a player who does not exist": lambda _: signed(claims_of(uuid.uuid4())),
}


@dataclass
class Scene:
    """A player with a waiting video and an open upload, and the player's token."""

    contest: Contest
    anonymous: httpx.Client
    player: httpx.Client
    player_id: uuid.UUID
    video_id: str
    upload_id: str

    def ask(self, operation: Operation, header: bytes | None, **ids: str) -> httpx.Response:
        known = {"video_id": self.video_id, "upload_id": self.upload_id}
        headers = {} if header is None else {b"Authorization": header}
        address = operation.address(**(known | ids))
        return self.anonymous.request(operation.method, address, headers=headers, content=b"")

    @property
    def token(self) -> bytes:
        return self.player.headers["Authorization"].encode()


@pytest.fixture
def scene(contest: Contest, clip: Path) -> Scene:
    player = contest.sign_up()
    claims = jwt.decode(player.headers["Authorization"].split()[1], options={"verify_signature": False})
    upload_id = DirectClient(player).opened(1000)["upload_id"]
    video_id = uploaded(player, clip)["video_id"]
    return Scene(contest, contest.client(), player, uuid.UUID(claims["sub"]), video_id, upload_id)


def test_the_faulty_tokens_are_faulty_in_one_thing_only(scene: Scene) -> None:
    """A token without any fault is accepted. Otherwise the other tests would prove nothing."""
    header = signed(claims_of(scene.player_id))
    assert scene.contest.client().get("/api/videos", headers={b"Authorization": header}).status_code == 200


@pytest.mark.parametrize("operation", PROTECTED, ids=lambda operation: operation.id)
def test_every_faulty_token_gets_401_before_any_other_error(scene: Scene, operation: Operation) -> None:
    for name, fault in FAULTS.items():
        for ids in ({}, {"video_id": NOBODYS, "upload_id": NOBODYS}, {"video_id": "no-uuid", "upload_id": "no-uuid"}):
            answer = scene.ask(operation, fault(scene.player_id), **ids)
            assert error(answer) == REFUSED, f"{name}: {answer.status_code} {answer.text}"
            assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("operation", PROTECTED, ids=lambda operation: operation.id)
def test_no_token_outlives_the_deactivation_of_its_account(scene: Scene, operation: Operation) -> None:
    with scene.contest.api.database.writing() as connection:
        connection.execute(update(Player).where(Player.id == scene.player_id).values(is_active=False))
    assert error(scene.ask(operation, scene.token)) == REFUSED


@pytest.mark.parametrize("operation", PROTECTED, ids=lambda operation: operation.id)
def test_no_token_outlives_its_account(scene: Scene, operation: Operation) -> None:
    client = scene.contest.sign_up(email="gone@example.com")
    with scene.contest.api.database.writing() as connection:
        connection.execute(delete(Player).where(Player.email == "gone@example.com"))
    assert error(scene.ask(operation, client.headers["Authorization"].encode())) == REFUSED


# (error for another player, status for the owner). The owner has a waiting video and an empty upload. None: no error,
# because the operation is not about one video or upload.
OWNERSHIP: dict[str, tuple[tuple[int, str] | None, int]] = {
    "uploadVideo": (None, 400),
    "openUpload": (None, 400),
    "getUpload": ((403, "upload_not_yours"), 200),
    "completeUpload": ((403, "upload_not_yours"), 400),
    "listOwnVideos": (None, 200),
    "getVideo": ((403, "video_not_yours"), 200),
    "deleteVideo": ((403, "video_not_yours"), 200),
    "vote": ((404, "video_not_found"), 404),  # it is not open for voting, not even for its owner
}


@pytest.mark.parametrize("operation", PROTECTED, ids=lambda operation: operation.id)
def test_only_the_owner_has_access_to_a_video_or_upload(scene: Scene, operation: Operation) -> None:
    strangers, owners = OWNERSHIP[operation.id]
    stranger = scene.contest.sign_up()
    if strangers:
        assert error(scene.ask(operation, stranger.headers["Authorization"].encode())) == strangers
    assert scene.ask(operation, scene.token).status_code == owners


def test_a_list_shows_no_videos_of_other_players(scene: Scene) -> None:
    assert scene.contest.sign_up().get("/api/videos").json() == []
    assert [item["video_id"] for item in scene.player.get("/api/videos").json()] == [scene.video_id]


def test_an_operation_that_needs_no_token_ignores_a_token(contest: Contest, clip: Path) -> None:
    processed(contest, clip)
    client = contest.client("x.y.z")
    for operation in operations():
        if operation.method == "get" and not operation.needs_token:
            answer = client.get(operation.path)
            assert answer.status_code == 200, operation.id
