"""One request for each status and code that the OpenAPI document promises, which must get exactly that answer.

The promises are read from the document: test_every_promise_is_provoked fails if one has no example here. The clients
check that each answer has the promised shape, so an example only has to cause the answer. The content of successful
answers is tested in tests/service/resources.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from service import messages
from tests.clips import Clips
from tests.service.conftest import UPLOAD_BYTES_MAX, Contest, signup_body
from tests.service.player_requests import error, processed, upload, uploaded
from tests.service.promises import operations
from tests.service.resources.direct_upload_client import DirectClient

NOBODYS = str(uuid.UUID(int=7))

# Codes that other files test: rate limits, absent dependencies, and the rules for clips.
ELSEWHERE = {"too_many_requests", "unavailable", "own_video", "too_many_uploads", "upload_expired", "size_differs"}
CLIP_FAULTS = {"codec_unsupported", "damaged", "frame_rate_unsupported", "no_video", "resolution_too_high"}


@dataclass
class World:
    """A player with a waiting and a processed video, another player, and a client that is not logged in."""

    contest: Contest
    clip: Path
    clips: Clips
    owner: httpx.Client
    open_id: str
    waiting_id: str

    @property
    def stranger(self) -> httpx.Client:
        return self.contest.sign_up()

    @property
    def nobody(self) -> httpx.Client:
        return self.contest.client()

    def bytes_of(self, **options: object) -> bytes:
        return self.clips.plain(**options).read_bytes()  # type: ignore[arg-type]


@pytest.fixture
def world(contest: Contest, clip: Path, clips: Clips) -> World:
    owner, open_id = processed(contest, clip)
    return World(contest, clip, clips, owner, open_id, uploaded(owner, clip)["video_id"])


def sign_up(world: World, **fields: str) -> httpx.Response:
    return world.nobody.post("/api/auth/signup", json=signup_body(**fields))


def taken(world: World) -> httpx.Response:
    sign_up(world, email="laura@example.com")
    return sign_up(world, email="LAURA@example.com")


def log_in(world: World, password: str) -> httpx.Response:
    sign_up(world, email="laura@example.com")
    return world.nobody.post("/api/auth/login", json={"email": "laura@example.com", "password": password})


def vote(client: httpx.Client, video_id: str) -> httpx.Response:
    return client.post(f"/api/public/videos/{video_id}/vote")


def vote_twice(world: World) -> httpx.Response:
    vote(world.owner, world.open_id)
    return vote(world.owner, world.open_id)


def opened(world: World) -> str:
    return str(DirectClient(world.owner).opened(1000)["upload_id"])


def open_upload(world: World, **fields: object) -> httpx.Response:
    announced = {"title": "Mi jugada", "size_bytes": 1000, "content_type": "video/mp4"} | fields
    return world.owner.post("/api/videos/uploads", json=announced)


def completed(world: World, content: bytes) -> httpx.Response:
    client = DirectClient(world.owner)
    upload = client.opened(len(content))
    assert client.post(upload, content).is_success
    client.storage.close()
    return complete(world.owner, upload["upload_id"])


def complete(client: httpx.Client, upload_id: str) -> httpx.Response:
    return client.post(f"/api/videos/uploads/{upload_id}/complete")


def too_large(world: World) -> httpx.Response:
    return upload(world.owner, world.clip.read_bytes().ljust(UPLOAD_BYTES_MAX + 100_000, b"\0"))


def half(world: World) -> bytes:
    content = world.clip.read_bytes()
    return content[: len(content) // 2]


def file_only(world: World) -> httpx.Response:
    return world.owner.post("/api/videos/upload", files={"video_file": ("c.mp4", world.clip.read_bytes())})


def no_form(world: World) -> httpx.Response:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    return world.owner.post("/api/videos/upload", content=b"no form", headers=headers)


BIG = b'{"x": "' + b"a" * 70_000 + b'"}'
Provoke = Callable[[World], httpx.Response]
TITLE_ONLY: dict[str, tuple[None, bytes]] = {"title": (None, b"x")}

# (operation, status, code or the message of success) → a function that causes this answer
EXAMPLES: dict[tuple[str, int, str], Provoke] = {
    ("signup", 201, messages.SIGNED_UP): sign_up,
    ("signup", 400, "body_too_large"): lambda w: w.nobody.post("/api/auth/signup", content=BIG),
    ("signup", 400, "email_taken"): taken,
    ("signup", 400, "invalid_body"): lambda w: w.nobody.post("/api/auth/signup", content=b"{"),
    ("signup", 400, "invalid_field"): lambda w: sign_up(w, email="no es un correo"),
    ("signup", 400, "passwords_differ"): lambda w: sign_up(w, password2="otra"),
    ("login", 200, ""): lambda w: log_in(w, "una contraseña"),
    ("login", 400, "body_too_large"): lambda w: w.nobody.post("/api/auth/login", content=BIG),
    ("login", 400, "invalid_body"): lambda w: w.nobody.post("/api/auth/login", content=b""),
    ("login", 400, "invalid_field"): lambda w: w.nobody.post("/api/auth/login", json={"email": "a@b.c"}),
    ("login", 401, "bad_credentials"): lambda w: log_in(w, "otra contraseña"),
    ("uploadVideo", 201, messages.UPLOADED): lambda w: upload(w.owner, w.clip),
    ("uploadVideo", 400, "clip_too_large"): too_large,
    ("uploadVideo", 400, "invalid_body"): no_form,
    ("uploadVideo", 400, "not_mp4"): lambda w: upload(w.owner, b"texto" * 100),
    ("uploadVideo", 400, "resolution_too_low"): lambda w: upload(w.owner, w.bytes_of(size="1280x720")),
    ("uploadVideo", 400, "title_missing"): file_only,
    ("uploadVideo", 400, "too_long"): lambda w: upload(w.owner, w.bytes_of(seconds=61)),
    ("uploadVideo", 400, "too_short"): lambda w: upload(w.owner, w.bytes_of(seconds=19)),
    ("uploadVideo", 400, "truncated"): lambda w: upload(w.owner, half(w)),
    ("uploadVideo", 400, "video_file_missing"): lambda w: w.owner.post("/api/videos/upload", files=TITLE_ONLY),
    ("uploadVideo", 401, "not_authenticated"): lambda w: upload(w.nobody, w.clip),
    ("openUpload", 201, ""): open_upload,
    ("openUpload", 400, "body_too_large"): lambda w: w.owner.post("/api/videos/uploads", content=BIG),
    ("openUpload", 400, "clip_too_large"): lambda w: open_upload(w, size_bytes=UPLOAD_BYTES_MAX + 1),
    ("openUpload", 400, "invalid_body"): lambda w: w.owner.post("/api/videos/uploads", content=b"x"),
    ("openUpload", 400, "invalid_field"): lambda w: open_upload(w, size_bytes="1000"),
    ("openUpload", 400, "not_mp4"): lambda w: open_upload(w, content_type="text/plain"),
    ("openUpload", 400, "title_missing"): lambda w: open_upload(w, title=" "),
    ("openUpload", 401, "not_authenticated"): lambda w: w.nobody.post("/api/videos/uploads", json={}),
    ("getUpload", 200, ""): lambda w: w.owner.get(f"/api/videos/uploads/{opened(w)}"),
    ("getUpload", 401, "not_authenticated"): lambda w: w.nobody.get(f"/api/videos/uploads/{NOBODYS}"),
    ("getUpload", 403, "upload_not_yours"): lambda w: w.stranger.get(f"/api/videos/uploads/{opened(w)}"),
    ("getUpload", 404, "upload_not_found"): lambda w: w.owner.get(f"/api/videos/uploads/{NOBODYS}"),
    ("completeUpload", 201, messages.UPLOADED): lambda w: completed(w, w.clip.read_bytes()),
    ("completeUpload", 400, "not_mp4"): lambda w: completed(w, b"texto" * 100),
    ("completeUpload", 400, "resolution_too_low"): lambda w: completed(w, w.bytes_of(size="1280x720")),
    ("completeUpload", 400, "too_long"): lambda w: completed(w, w.bytes_of(seconds=61)),
    ("completeUpload", 400, "too_short"): lambda w: completed(w, w.bytes_of(seconds=19)),
    ("completeUpload", 400, "truncated"): lambda w: completed(w, half(w)),
    ("completeUpload", 400, "upload_incomplete"): lambda w: complete(w.owner, opened(w)),
    ("completeUpload", 401, "not_authenticated"): lambda w: complete(w.nobody, NOBODYS),
    ("completeUpload", 403, "upload_not_yours"): lambda w: complete(w.stranger, opened(w)),
    ("completeUpload", 404, "upload_not_found"): lambda w: complete(w.owner, NOBODYS),
    ("listOwnVideos", 200, ""): lambda w: w.owner.get("/api/videos"),
    ("listOwnVideos", 400, "bad_parameter"): lambda w: w.owner.get("/api/videos?limit=0"),
    ("listOwnVideos", 401, "not_authenticated"): lambda w: w.nobody.get("/api/videos?limit=0"),
    ("getVideo", 200, ""): lambda w: w.owner.get(f"/api/videos/{w.open_id}"),
    ("getVideo", 401, "not_authenticated"): lambda w: w.nobody.get(f"/api/videos/{w.open_id}"),
    ("getVideo", 403, "video_not_yours"): lambda w: w.stranger.get(f"/api/videos/{w.open_id}"),
    ("getVideo", 404, "video_not_found"): lambda w: w.owner.get(f"/api/videos/{NOBODYS}"),
    ("deleteVideo", 200, messages.DELETED): lambda w: w.owner.delete(f"/api/videos/{w.waiting_id}"),
    ("deleteVideo", 400, "video_published"): lambda w: w.owner.delete(f"/api/videos/{w.open_id}"),
    ("deleteVideo", 401, "not_authenticated"): lambda w: w.nobody.delete(f"/api/videos/{w.waiting_id}"),
    ("deleteVideo", 403, "video_not_yours"): lambda w: w.stranger.delete(f"/api/videos/{w.open_id}"),
    ("deleteVideo", 404, "video_not_found"): lambda w: w.owner.delete("/api/videos/no-uuid"),
    ("listPublicVideos", 200, ""): lambda w: w.nobody.get("/api/public/videos"),
    ("listPublicVideos", 400, "bad_parameter"): lambda w: w.nobody.get("/api/public/videos?offset=x"),
    ("vote", 200, messages.VOTED): lambda w: vote(w.stranger, w.open_id),
    ("vote", 400, "already_voted"): vote_twice,
    ("vote", 401, "not_authenticated"): lambda w: vote(w.nobody, NOBODYS),
    ("vote", 404, "video_not_found"): lambda w: vote(w.owner, w.waiting_id),
    ("listRankings", 200, ""): lambda w: w.nobody.get("/api/public/rankings?city=Cali&limit=5"),
    ("listRankings", 400, "bad_parameter"): lambda w: w.nobody.get("/api/public/rankings?from=2&to=1"),
    ("listRanking", 200, ""): lambda w: w.nobody.get("/api/public/ranking"),
    ("listRanking", 400, "bad_parameter"): lambda w: w.nobody.get("/api/public/ranking?limit=101"),
}  # fmt: skip


def test_every_promise_is_provoked() -> None:
    promised = {
        (operation.id, status, code)
        for operation in operations()
        for status, code in operation.codes()
        if code not in ELSEWHERE | CLIP_FAULTS
    }
    assert {example for example in EXAMPLES if example[1] >= 400} == promised


@pytest.mark.parametrize("operation_id", dict.fromkeys(example[0] for example in EXAMPLES))
def test_the_operation_answers_as_promised(world: World, operation_id: str) -> None:
    for (of, status, said), provoke in EXAMPLES.items():
        if of == operation_id:
            answer = provoke(world)
            assert (answer.status_code, _said(answer, said)) == (status, said), f"{said}: {answer.text}"


def _said(answer: httpx.Response, wanted: str) -> str:
    if answer.is_error:
        return error(answer)[1]
    return str(answer.json()["message"]) if wanted else ""


def test_the_sentences_of_the_contract_are_used_word_for_word(world: World) -> None:
    assert sign_up(world).json()["message"] == "Usuario creado exitosamente."
    sent = upload(world.owner, world.clip).json()
    assert sent["message"] == "Video subido correctamente. Procesamiento en curso."
    deleted = world.owner.delete(f"/api/videos/{sent['video_id']}").json()
    assert deleted == {"message": "El video ha sido eliminado exitosamente.", "video_id": sent["video_id"]}
    assert vote(world.owner, world.open_id).json() == {"message": "Voto registrado exitosamente."}
    assert vote(world.owner, world.open_id).json()["message"] == "Ya has votado por este video."
    assert vote(world.owner, NOBODYS).json()["message"] == "Video no encontrado."
