"""Sign-up and log-in over real HTTP, on SQLite and on PostgreSQL."""

import pytest

from tests.service.conftest import Contest, signup_body
from tests.service.player_requests import error


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
    def test_refuses_a_body_that_is_not_a_json_object(self, contest: Contest, body: bytes) -> None:
        answer = contest.client().post("/api/auth/signup", content=body)
        assert error(answer)[0] == 400

    @pytest.mark.parametrize("field", ["email", "city"])
    def test_refuses_texts_that_are_too_long_after_case_folding(self, contest: Contest, field: str) -> None:
        value = "\ufb03" * 90 + ("@example.com" if field == "email" else "")  # a ligature of three letters
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

    def test_gives_the_same_answer_for_an_unknown_email_and_a_wrong_password(self, contest: Contest) -> None:
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
