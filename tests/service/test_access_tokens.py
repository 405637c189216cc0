"""Access tokens: tokens of two secrets are accepted at once, and no others."""

import base64
import dataclasses
import itertools
import json
import time
import uuid
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import httpx
import jwt
import pytest

from service.access_tokens import ALGORITHM, AUDIENCE, ISSUER, REQUIRED, TOKEN_CHARACTERS_MAX, Tokens, key_id
from service.app import Api
from showcase.errors import NotAuthenticated
from tests.records import new_player
from tests.service.conftest import SECRET
from tests.service.http_server.server_thread import ServerThread

OLD, NEW, STRANGE = (f"a secret of the tests, number {number}, long enough" for number in range(3))
PLAYER = uuid.UUID(int=7)


def signed(
    secret: str = NEW,
    *,
    kid: str | None = None,
    algorithm: str = ALGORITHM,
    claims: Mapping[str, object] = MappingProxyType({}),
) -> str:
    """A token in which ``claims`` replace the usual ones. The value None leaves a claim out."""
    now = int(time.time())
    usual: dict[str, Any] = {"sub": str(PLAYER), "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 60}
    kept = {name: value for name, value in (usual | dict(claims)).items() if value is not None}
    return jwt.encode(kept, secret, algorithm=algorithm, headers={"kid": kid} if kid else None)


def forged(header: object, secret: str = NEW) -> str:
    """A token with this header and the right signature."""
    _, claims, _ = signed(secret).split(".")
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    signature = jwt.get_algorithm_by_name(ALGORITHM).sign(f"{head}.{claims}".encode(), secret.encode())
    return f"{head}.{claims}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def refused(tokens: Tokens, token: str) -> bool:
    try:
        tokens.player_id(token)
    except NotAuthenticated:
        return True
    return False


def test_a_token_names_its_secret_and_does_not_reveal_it() -> None:
    header = jwt.get_unverified_header(Tokens(NEW, 60).issue(PLAYER))
    assert header == {"alg": "HS256", "typ": "JWT", "kid": key_id(NEW)}
    assert key_id(NEW) != key_id(OLD)
    assert NEW not in str(header)


def test_only_the_current_secret_signs_and_both_are_accepted() -> None:
    tokens = Tokens(NEW, 60, previous=OLD)
    assert jwt.get_unverified_header(tokens.issue(PLAYER))["kid"] == key_id(NEW)
    assert tokens.player_id(Tokens(OLD, 60).issue(PLAYER)) == PLAYER
    assert tokens.player_id(tokens.issue(PLAYER)) == PLAYER


def test_a_rotation_in_three_steps_logs_nobody_out() -> None:
    """Each step is a deployment, during which instances of both steps answer (docs/SECURITY.md)."""
    steps = [Tokens(OLD, 60), Tokens(OLD, 60, previous=NEW), Tokens(NEW, 60, previous=OLD)]
    for before, after in itertools.pairwise(steps):
        assert before.player_id(after.issue(PLAYER)) == after.player_id(before.issue(PLAYER)) == PLAYER
    assert refused(Tokens(NEW, 60), steps[0].issue(PLAYER)), "the last step ends the life of the old secret"


def test_a_token_of_an_unknown_secret_is_refused() -> None:
    tokens = Tokens(NEW, 60, previous=OLD)
    assert refused(tokens, Tokens(STRANGE, 60).issue(PLAYER))
    assert refused(tokens, signed(STRANGE, kid=key_id(NEW)))
    assert refused(tokens, signed(NEW, kid=key_id(STRANGE)))
    assert refused(tokens, signed(OLD, kid=key_id(NEW))), "the key id selects the secret, and the signature decides"


def test_a_token_without_key_id_is_checked_against_the_current_secret_only() -> None:
    tokens = Tokens(NEW, 60, previous=OLD)
    assert tokens.player_id(signed(NEW)) == PLAYER
    assert refused(tokens, signed(OLD))


@pytest.mark.parametrize("name", REQUIRED)
def test_a_token_without_a_required_claim_is_refused(name: str) -> None:
    assert refused(Tokens(NEW, 60), signed(claims={name: None}))


@pytest.mark.parametrize(
    ("name", "value"),
    [("exp", 1), ("exp", "soon"), ("iat", 2**40), ("iss", "somebody"), ("aud", "another-api"), ("sub", "no-uuid"),
     ("sub", 7), ("nbf", 2**40)],
)  # fmt: skip
def test_a_token_with_a_wrong_claim_is_refused(name: str, value: object) -> None:
    assert refused(Tokens(NEW, 60), signed(claims={name: value}))


def test_a_token_is_refused_in_the_second_in_which_it_expires() -> None:
    assert refused(Tokens(NEW, 60), signed(claims={"exp": int(time.time())}))


@pytest.mark.filterwarnings("ignore:The HMAC key:jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_another_algorithm_with_our_own_secret_is_refused(algorithm: str) -> None:
    assert refused(Tokens(NEW, 60), signed(algorithm=algorithm, kid=key_id(NEW)))


@pytest.mark.parametrize(
    "header",
    [{"alg": "none"}, {"alg": "RS256"}, {}, [], "HS256", 7, None, {"alg": "HS256", "kid": 7},
     {"alg": "HS256", "kid": ["x"]}, {"alg": "HS256", "kid": None}, {"alg": "HS256", "kid": {}},
     {"alg": "HS256", "crit": ["exp2"], "exp2": 1}, {"alg": ["HS256"]}],
)  # fmt: skip
def test_a_strange_header_is_refused_although_the_signature_is_right(header: object) -> None:
    assert refused(Tokens(NEW, 60), forged(header))


def test_a_forged_token_of_these_tests_differs_from_a_real_one_only_in_its_header() -> None:
    assert Tokens(NEW, 60).player_id(forged({"alg": "HS256", "typ": "JWT"})) == PLAYER


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "é.é.é", "x" * 5000, "\ud800", "a.b.c.d", "." * 1000])
def test_a_text_that_is_not_a_token_is_refused(token: str) -> None:
    assert refused(Tokens(NEW, 60), token)


def test_a_token_is_bounded_before_it_is_parsed() -> None:
    padded = signed(claims={"padding": "x" * TOKEN_CHARACTERS_MAX})
    assert len(padded) > TOKEN_CHARACTERS_MAX
    assert refused(Tokens(NEW, 60), padded)
    assert not refused(Tokens(NEW, 60), signed(claims={"padding": "x" * 200}))


def test_the_api_answers_401_to_an_unknown_key_and_200_to_both_known_keys(api: Api) -> None:
    rotating = dataclasses.replace(api, tokens=Tokens(NEW, 3600, previous=SECRET))
    player_id = new_player(api.database)
    with ServerThread(rotating) as server:
        answers = [
            httpx.get(
                f"{server.url}/api/videos", headers={"Authorization": f"Bearer {Tokens(key, 60).issue(player_id)}"}
            )
            for key in (NEW, SECRET, STRANGE)
        ]
    assert [answer.status_code for answer in answers] == [200, 200, 401]
    assert answers[2].json()["code"] == "not_authenticated"
