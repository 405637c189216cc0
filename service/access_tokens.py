"""Access tokens (JWT, HS256), and the player that a request comes from."""

import hashlib
import time
import uuid

import jwt
from falcon import Request

from showcase.accounts import is_active
from showcase.database.engine import Database
from showcase.errors import NotAuthenticated

ALGORITHM = "HS256"
ISSUER = "anb-rising-stars"
AUDIENCE = "anb-rising-stars-api"
REQUIRED = ["exp", "iat", "iss", "aud", "sub"]
TOKEN_CHARACTERS_MAX = 1024  # a token of this API has about 300; a longer token is refused unread


class Tokens:
    """Issues and reads tokens that are signed with ``secret``. A token expires after ``seconds``.

    Tokens that are signed with ``previous`` are accepted too. While the instances change to a new secret one after the
    other, ``previous`` is the old secret or the new one.
    """

    def __init__(self, secret: str, seconds: int, *, previous: str | None = None) -> None:
        self._secret = secret
        self._key_id = key_id(secret)
        self._secrets = {key_id(known): known for known in (secret, previous) if known}
        self.seconds = seconds

    def issue(self, player_id: uuid.UUID) -> str:
        """A new token for a player."""
        now = int(time.time())
        claims = {"sub": str(player_id), "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + self.seconds}
        return jwt.encode(claims, self._secret, algorithm=ALGORITHM, headers={"kid": self._key_id})

    def player_id(self, token: str) -> uuid.UUID:
        """The player of a token. Raises NotAuthenticated."""
        if len(token) > TOKEN_CHARACTERS_MAX:
            raise NotAuthenticated("not_authenticated")
        try:
            claims = jwt.decode(
                token,
                self._secret_of(token),
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={"require": REQUIRED},
            )
            return uuid.UUID(claims["sub"])
        except (jwt.PyJWTError, ValueError) as error:
            raise NotAuthenticated("not_authenticated") from error

    def _secret_of(self, token: str) -> str:
        """The secret whose key id the token has. Earlier versions issued tokens without a key id: they get ``secret``.

        The key id only selects a secret; the check of the signature comes later. Raises jwt.PyJWTError.
        """
        named = jwt.get_unverified_header(token).get("kid", self._key_id)
        if named not in self._secrets:
            raise jwt.InvalidKeyError("the token has an unknown key id")
        return self._secrets[named]


def key_id(secret: str) -> str:
    """A name for a secret. It reveals no more of the secret than a signature does."""
    return hashlib.sha256(b"key id\0" + secret.encode()).hexdigest()[:16]


class Authenticator:
    """Reads the ``Authorization: Bearer`` header. This is the only source of identity."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def player_id(self, request: Request) -> uuid.UUID:
        """The player that sent the request. Raises NotAuthenticated."""
        return self.bearer(request.auth)

    def bearer(self, authorization: str | None) -> uuid.UUID:
        """The player of an ``Authorization`` header. Raises NotAuthenticated."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            raise NotAuthenticated("not_authenticated")
        return self._tokens.player_id(token.strip())


class ActivePlayers(Authenticator):
    """An Authenticator that also checks that the account exists and is active: no token outlives its account."""

    def __init__(self, tokens: Tokens, database: Database) -> None:
        super().__init__(tokens)
        self._database = database

    def bearer(self, authorization: str | None) -> uuid.UUID:
        player_id = super().bearer(authorization)
        with self._database.reading() as connection:
            if not is_active(connection, player_id):
                raise NotAuthenticated("not_authenticated")
        return player_id
