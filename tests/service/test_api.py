"""The contest's API over real HTTP, on SQLite and on PostgreSQL."""

import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest

from showcase.job_message import parse_message
from tests.service.conftest import UPLOAD_BYTES_MAX, Contest, signup_body

NOBODYS = uuid.UUID(int=7)


def upload(client: httpx.Client, clip: Path | bytes, title: str = "Mi jugada") -> httpx.Response:
    content = clip if isinstance(clip, bytes) else clip.read_bytes()
    return client.post(
        "/api/videos/upload", data={"title": title}, files={"video_file": ("clip.mp4", content, "video/mp4")}
    )


def uploaded(client: httpx.Client, clip: Path) -> dict[str, Any]:
    answer = upload(client, clip)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def error(answer: httpx.Response) -> tuple[int, str]:
    body = answer.json()
    assert set(body) <= {"code", "message", "fields"} and body["message"]
    return answer.status_code, body["code"]


class TestSignUp:
    def test_answers_the_contracts_message_and_the_public_fields(self, contest: Contest) -> None:
        body = signup_body(email="Laura@Example.com")
        answer = contest.client().post("/api/auth/signup", json=body)
        assert answer.status_code == 201
        public = answer.json()
        assert public.pop("id")
        assert public == {
            "message": "Usuario creado exitosamente.",
            "email": "laura@example.com",
            "first_name": "Laura",
            "last_name": "Gómez",
            "city": "Bogotá",
            "country": "Colombia",
            "is_active": True,
        }

    def test_refuses_an_email_that_is_taken_in_any_letter_case(self, contest: Contest) -> None:
        client = contest.client()
        assert client.post("/api/auth/signup", json=signup_body(email="a@example.com")).status_code == 201
        assert error(client.post("/api/auth/signup", json=signup_body(email="A@EXAMPLE.com"))) == (400, "email_taken")

    def test_refuses_passwords_that_differ(self, contest: Contest) -> None:
        answer = contest.client().post("/api/auth/signup", json=signup_body(password2="otra contraseña"))
        assert error(answer) == (400, "passwords_differ")

    @pytest.mark.parametrize(
        ("field", "value"),
        [("email", "no es un correo"), ("first_name", ""), ("city", "x" * 101), ("password1", "corta"),
         ("last_name", "nul\0"), ("country", 7), ("email", None)],
    )  # fmt: skip
    def test_names_the_field_that_is_wrong(self, contest: Contest, field: str, value: object) -> None:
        answer = contest.client().post("/api/auth/signup", json={**signup_body(), field: value})
        assert error(answer) == (400, "invalid_field")
        assert answer.json()["fields"] == [field]

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b'{"email": "\\ud800"}', b"[" * 60_000])
    def test_refuses_what_is_no_json_object(self, contest: Contest, body: bytes) -> None:
        answer = contest.client().post("/api/auth/signup", content=body)
        assert error(answer)[0] == 400

    @pytest.mark.parametrize("field", ["email", "city"])
    def test_refuses_what_grows_too_long_when_it_is_folded(self, contest: Contest, field: str) -> None:
        value = "\u0390" * 90 + ("@example.com" if field == "email" else "")
        answer = contest.client().post("/api/auth/signup", json=signup_body(**{field: value}))
        assert error(answer) == (400, "invalid_field")

    def test_refuses_a_body_that_is_too_large(self, contest: Contest) -> None:
        answer = contest.client().post("/api/auth/signup", content=b" " * 70_000)
        assert error(answer) == (400, "body_too_large")


class TestLogin:
    def test_gives_a_bearer_token_that_lives_an_hour(self, contest: Contest) -> None:
        client = contest.sign_up(email="a@example.com", password1="secreta-123", password2="secreta-123")
        answer = client.post("/api/auth/login", json={"email": " A@example.com", "password": "secreta-123"})
        assert answer.status_code == 200
        body = answer.json()
        assert (body["token_type"], body["expires_in"]) == ("Bearer", 3600)
        assert contest.client(body["access_token"]).get("/api/videos").status_code == 200

    def test_says_the_same_for_an_unknown_email_and_a_wrong_password(self, contest: Contest) -> None:
        client = contest.sign_up(email="a@example.com")
        answers = [
            client.post("/api/auth/login", json={"email": email, "password": "falsa"})
            for email in ("a@example.com", "nadie@example.com")
        ]
        assert [error(answer) for answer in answers] == [(401, "bad_credentials")] * 2
        assert answers[0].content == answers[1].content

    def test_refuses_a_nul_in_the_email(self, contest: Contest) -> None:
        answer = contest.client().post("/api/auth/login", json={"email": "a\0@b.c", "password": "x"})
        assert error(answer)[0] == 400


class TestWhoAsks:
    @pytest.mark.parametrize("header", [None, "", "Basic x", "Bearer", "Bearer x.y.z", "Bearer é"])
    @pytest.mark.parametrize(
        ("method", "path"),
        [("POST", "/api/videos/upload"), ("GET", "/api/videos"), ("GET", f"/api/videos/{NOBODYS}"),
         ("DELETE", "/api/videos/no-uuid"), ("POST", f"/api/public/videos/{NOBODYS}/vote")],
    )  # fmt: skip
    def test_is_decided_before_everything_else(
        self, contest: Contest, method: str, path: str, header: str | None
    ) -> None:
        headers = {} if header is None else {b"Authorization": header.encode()}
        answer = contest.client().request(method, path, headers=headers)
        assert error(answer) == (401, "not_authenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


class TestUpload:
    def test_accepts_a_clip_stores_it_and_queues_it(self, contest: Contest, clip: Path) -> None:
        client = contest.sign_up()
        body = uploaded(client, clip)
        assert body["message"] == "Video subido correctamente. Procesamiento en curso."
        (delivery,) = contest.api.queue.receive(10)
        message = parse_message(delivery.body)
        assert (str(message.video_id), str(message.task_id)) == (body["video_id"], body["task_id"])
        detail = client.get(f"/api/videos/{body['video_id']}").json()
        assert httpx.get(detail["original_url"]).content == clip.read_bytes()

    def test_takes_the_parts_of_the_form_in_any_order(self, contest: Contest, clip: Path) -> None:
        client = contest.sign_up()
        files = [("video_file", ("c.mp4", clip.read_bytes())), ("title", (None, b"Al final"))]
        answer = client.post("/api/videos/upload", files=files)
        assert answer.status_code == 201
        assert client.get("/api/videos").json()[0]["title"] == "Al final"

    @pytest.mark.parametrize(
        ("content", "code"),
        [(b"", "not_mp4"), (b"texto" * 1000, "not_mp4"), (b"#EXTM3U\n" * 50, "not_mp4")],
    )
    def test_refuses_what_is_no_clip_and_keeps_nothing(self, contest: Contest, content: bytes, code: str) -> None:
        client = contest.sign_up()
        assert error(upload(client, content)) == (400, code)
        self._nothing_is_left(contest, client)

    def test_refuses_a_truncated_clip_and_keeps_nothing(self, contest: Contest, clip: Path) -> None:
        client = contest.sign_up()
        data = clip.read_bytes()
        answer = upload(client, data[: len(data) // 2])
        assert error(answer) == (400, "truncated")
        assert "incompleto" in answer.json()["message"]
        self._nothing_is_left(contest, client)

    @pytest.mark.parametrize("title", ["", "   ", "x" * 201, "nul\0"])
    def test_refuses_a_bad_title_and_keeps_nothing(self, contest: Contest, clip: Path, title: str) -> None:
        client = contest.sign_up()
        assert error(upload(client, clip, title)) == (400, "title_missing")
        self._nothing_is_left(contest, client)

    def test_refuses_a_form_without_title_or_without_file(self, contest: Contest, clip: Path) -> None:
        client = contest.sign_up()
        only_file = client.post("/api/videos/upload", files={"video_file": ("c.mp4", clip.read_bytes(), "video/mp4")})
        only_title = client.post("/api/videos/upload", files={"title": (None, b"x")})
        no_form = client.post("/api/videos/upload", json={"title": "x"})
        assert error(only_file) == (400, "title_missing")
        assert error(only_title) == (400, "video_file_missing")
        assert error(no_form) == (400, "video_file_missing")
        self._nothing_is_left(contest, client)

    def test_refuses_part_headers_that_are_no_text(self, contest: Contest, clip: Path) -> None:
        client = contest.sign_up()
        body = b'--b\r\nContent-Disposition: form-data; name="t\xff"\r\n\r\nx\r\n--b--\r\n'
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        assert error(client.post("/api/videos/upload", content=body, headers=headers))[0] == 400
        self._nothing_is_left(contest, client)

    def test_refuses_a_clip_that_is_too_large(self, contest: Contest, clip: Path) -> None:
        client = contest.sign_up()
        for size in (UPLOAD_BYTES_MAX + 1, UPLOAD_BYTES_MAX + 200_000):
            padded = clip.read_bytes() + bytes(4) + b"free"
            answer = upload(client, padded.ljust(size, b"\0"))
            assert error(answer) == (400, "clip_too_large")
        self._nothing_is_left(contest, client)

    def test_is_answered_201_although_the_queue_is_away(self, contest: Contest, clip: Path) -> None:
        client = contest.sign_up()
        contest.emulator.sqs.delete_queue(QueueUrl=contest.api.queue.url)
        body = uploaded(client, clip)
        assert client.get(f"/api/videos/{body['video_id']}").json()["status"] == "uploaded"

    def _nothing_is_left(self, contest: Contest, client: httpx.Client) -> None:
        assert client.get("/api/videos").json() == []
        assert contest.api.queue.receive(1) == []
        assert "Contents" not in contest.emulator.s3.list_objects_v2(Bucket=contest.api.media.bucket)


class TestOwnVideos:
    def test_a_waiting_video_has_exactly_the_fields_of_the_contract(self, contest: Contest, clip: Path) -> None:
        client = contest.sign_up()
        video_id = uploaded(client, clip)["video_id"]
        (item,) = client.get("/api/videos/").json()
        assert set(item) == {"video_id", "title", "status", "uploaded_at"}
        assert (item["video_id"], item["status"], item["uploaded_at"][-1]) == (video_id, "uploaded", "Z")
        detail = client.get(f"/api/videos/{video_id}").json()
        assert set(detail) == set(item) | {"original_url", "votes", "attempts", "progress"}

    def test_a_processed_video_links_its_result(self, contest: Contest, clip: Path) -> None:
        client = contest.sign_up()
        body = uploaded(client, clip)
        contest.process(body["video_id"], body["task_id"])
        (item,) = client.get("/api/videos").json()
        assert item["status"] == "processed" and item["processed_at"].endswith("Z")
        assert httpx.get(item["processed_url"]).content == b"processed clip"

    def test_another_players_video_is_forbidden_and_an_unknown_one_not_found(
        self, contest: Contest, clip: Path
    ) -> None:
        video_id = uploaded(contest.sign_up(), clip)["video_id"]
        stranger = contest.sign_up()
        for method in ("GET", "DELETE"):
            assert error(stranger.request(method, f"/api/videos/{video_id}")) == (403, "video_not_yours")
            for unknown in (uuid.uuid4(), "no-uuid", "%00"):
                assert error(stranger.request(method, f"/api/videos/{unknown}")) == (404, "video_not_found")

    def test_deleting_removes_row_and_file(self, contest: Contest, clip: Path) -> None:
        client = contest.sign_up()
        video_id = uploaded(client, clip)["video_id"]
        answer = client.delete(f"/api/videos/{video_id}")
        assert answer.json() == {"message": "El video ha sido eliminado exitosamente.", "video_id": video_id}
        assert error(client.get(f"/api/videos/{video_id}")) == (404, "video_not_found")
        assert "Contents" not in contest.emulator.s3.list_objects_v2(Bucket=contest.api.media.bucket)

    def test_a_video_that_is_open_for_voting_cannot_be_deleted(self, contest: Contest, clip: Path) -> None:
        client = contest.sign_up()
        body = uploaded(client, clip)
        contest.process(body["video_id"], body["task_id"])
        assert error(client.delete(f"/api/videos/{body['video_id']}")) == (400, "video_published")

    def test_lists_are_paged_newest_first(self, contest: Contest, clip: Path) -> None:
        client = contest.sign_up()
        ids = [uploaded(client, clip)["video_id"] for _ in range(3)]
        pages = [client.get("/api/videos", params={"limit": 2, "offset": n}).json() for n in (0, 2)]
        assert [item["video_id"] for page in pages for item in page] == ids[::-1]

    @pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "offset=-1", "limit=1e3", "offset=9" * 20])
    def test_bad_paging_is_refused(self, contest: Contest, query: str) -> None:
        assert error(contest.sign_up().get(f"/api/videos?{query}")) == (400, "bad_parameter")


class TestPublic:
    def processed(self, contest: Contest, clip: Path, **fields: str) -> tuple[httpx.Client, str]:
        client = contest.sign_up(**fields)
        body = uploaded(client, clip)
        contest.process(body["video_id"], body["task_id"])
        return client, body["video_id"]

    def test_lists_only_what_is_open_for_voting_and_never_an_email(self, contest: Contest, clip: Path) -> None:
        client, video_id = self.processed(contest, clip)
        uploaded(client, clip)
        answer = contest.client().get("/api/public/videos")
        (item,) = answer.json()
        assert set(item) == {
            "video_id", "title", "username", "city", "votes", "uploaded_at", "processed_at", "processed_url"
        }  # fmt: skip
        assert (item["video_id"], item["username"], item["votes"]) == (video_id, "Laura Gómez", 0)
        assert "@" not in answer.text

    def test_a_vote_counts_once(self, contest: Contest, clip: Path) -> None:
        owner, video_id = self.processed(contest, clip)
        voter = contest.sign_up()
        path = f"/api/public/videos/{video_id}/vote"
        assert voter.post(path).json() == {"message": "Voto registrado exitosamente."}
        second = voter.post(path)
        assert error(second) == (400, "already_voted")
        assert second.json()["message"] == "Ya has votado por este video."
        assert owner.get(f"/api/videos/{video_id}").json()["votes"] == 1

    def test_voting_for_what_is_not_open_is_not_found(self, contest: Contest, clip: Path) -> None:
        client = contest.sign_up()
        waiting = uploaded(client, clip)["video_id"]
        for video_id in (waiting, str(uuid.uuid4()), "no-uuid"):
            answer = client.post(f"/api/public/videos/{video_id}/vote")
            assert error(answer) == (404, "video_not_found")
            assert answer.json()["message"] == "Video no encontrado."

    @pytest.mark.parametrize("path", ["/api/public/rankings", "/api/public/ranking", "/api/public/rankings/"])
    def test_the_ranking_has_exactly_its_four_fields(self, contest: Contest, clip: Path, path: str) -> None:
        _, video_id = self.processed(contest, clip)
        contest.sign_up().post(f"/api/public/videos/{video_id}/vote")
        answer = contest.client().get(path)
        assert answer.json() == [{"position": 1, "username": "Laura Gómez", "city": "Bogotá", "votes": 1}]
        assert contest.client().get(path, params={"city": "Cali"}).json() == []

    def test_a_city_that_no_city_can_be_called_is_refused(self, contest: Contest) -> None:
        for city in ("%00", "x" * 101):
            assert error(contest.client().get(f"/api/public/rankings?city={city}")) == (400, "bad_parameter")

    def test_the_ranking_can_be_cut_by_positions(self, contest: Contest, clip: Path) -> None:
        voter = contest.sign_up()
        for name in ("Uno", "Dos", "Tres"):
            _, video_id = self.processed(contest, clip, first_name=name)
            voter.post(f"/api/public/videos/{video_id}/vote")
        client = contest.client()
        lines = client.get("/api/public/rankings?from=2&to=3").json()
        assert [line["position"] for line in lines] == [2, 3]
        for bad in ("from=3&to=2", "from=0", "to=x", "limit=0"):
            assert error(client.get(f"/api/public/rankings?{bad}")) == (400, "bad_parameter")


class TestHealthAndOdds:
    def test_ready_asks_the_dependencies(self, contest: Contest) -> None:
        for path in ("/health", "/api/health/ready"):
            answer = contest.client().get(path)
            assert answer.status_code == 200 and answer.json()["status"] == "healthy"
        contest.emulator.sqs.delete_queue(QueueUrl=contest.api.queue.url)
        answer = contest.client().get("/health")
        assert answer.status_code == 503
        assert answer.json()["checks"] == {"database": "ok", "queue": "unavailable", "storage": "ok"}

    def test_live_asks_nobody(self, contest: Contest) -> None:
        assert contest.client().get("/api/health/live").json() == {"status": "alive"}

    def test_unknown_paths_and_methods_have_the_same_shape_of_error(self, contest: Contest) -> None:
        client = contest.client()
        assert error(client.get("/api/nada")) == (404, "not_found")
        answer = client.put("/api/videos")
        assert error(answer) == (405, "method_not_allowed")
        assert answer.headers["Allow"] == "GET, OPTIONS"

    def test_a_dependency_that_is_away_is_503_with_retry_after_and_no_details(
        self, contest: Contest, clip: Path
    ) -> None:
        client = contest.sign_up()
        contest.emulator.s3.delete_bucket(Bucket=contest.api.media.bucket)
        answer = upload(client, clip)
        assert error(answer) == (503, "unavailable")
        assert answer.headers["Retry-After"] == "5"
        assert "bucket" not in answer.text


class TestTelemetry:
    def test_every_request_writes_one_record_by_route_and_never_by_path(self, contest: Contest, clip: Path) -> None:
        client = contest.sign_up()
        video_id = uploaded(client, clip)["video_id"]
        client.get(f"/api/videos/{video_id}")
        client.get("/api/videos/no-uuid")
        client.request("INVENTED", "/api/videos")
        client.get(f"/wp-admin/{uuid.uuid4()}")
        points = contest.recorded.datapoints()
        requests = [dict(p.dimensions)["Route"] for p in points if p.name == "Requests" and len(p.dimensions) == 2]
        assert requests == [
            "POST /api/auth/signup",
            "POST /api/auth/login",
            "POST /api/videos/upload",
            "GET /api/videos/{video_id}",
            "GET /api/videos/{video_id}",
            "none",
            "none",
        ]
        assert video_id not in contest.recorded.path.read_text().replace('"request_id"', "")
        assert contest.recorded.values("ClientErrors") == [0, 0, 0, 0, 1, 1, 1]
        assert contest.recorded.values("ServerErrors") == [0] * 7
        assert contest.recorded.values("UploadBytes") == [clip.stat().st_size]
        assert all(latency > 0 for latency in contest.recorded.values("Latency"))

    def test_the_request_id_is_answered_and_taken_over_only_if_well_formed(self, contest: Contest) -> None:
        client = contest.client()
        taken = client.get("/api/health/live", headers={"X-Request-Id": "mi-peticion-1"})
        assert taken.headers["X-Request-Id"] == "mi-peticion-1"
        for forged in ("corto", "x" * 65, "con espacios dentro", "<script>"):
            answer = client.get("/api/health/live", headers={"X-Request-Id": forged})
            assert answer.headers["X-Request-Id"] != forged

    def test_the_request_id_of_an_upload_travels_with_the_message(self, contest: Contest, clip: Path) -> None:
        client = contest.sign_up()
        client.headers["X-Request-Id"] = "upload-request-1"
        uploaded(client, clip)
        (delivery,) = contest.api.queue.receive(1)
        assert delivery.request_id == "upload-request-1"
