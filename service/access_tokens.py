"""Access tokens (JWT, HS256) and who is asking."""

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
TOKEN_CHARACTERS_MAX = 1024  # ours have some 300: what is longer is not even parsed


class Tokens:
    """Issues and reads tokens signed with ``secret``; a token lives ``seconds``.

    ``previous`` is accepted too: the old secret, or the next one, while instances change from one to the other.
    """

    def __init__(self, secret: str, seconds: int, *, previous: str | None = None) -> None:
        self._secret = secret
        self._key_id = key_id(secret)
        self._secrets = {key_id(known): known for known in (secret, previous) if known}
        self.seconds = seconds

    def issue(self, player_id: uuid.UUID) -> str:
        now = int(time.time())
        claims = {"sub": str(player_id), "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + self.seconds}
        return jwt.encode(claims, self._secret, algorithm=ALGORITHM, headers={"kid": self._key_id})

    def player_id(self, token: str) -> uuid.UUID:
        """Whose token it is. Raises NotAuthenticated."""
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
        """The secret that the token names. One that names none (versions before key ids) is held to today's.

        The name only chooses: the signature decides. Raises jwt.PyJWTError.
        """
        named = jwt.get_unverified_header(token).get("kid", self._key_id)
        if named not in self._secrets:
            raise jwt.InvalidKeyError("the token names a key that is not ours")
        return self._secrets[named]


def key_id(secret: str) -> str:
    """A name for a secret. It tells no more of it than any signature does."""
    return hashlib.sha256(b"key id\0" + secret.encode()).hexdigest()[:16]


class Authenticator:
    """Reads the ``Authorization: Bearer`` header. Identity comes from nowhere else."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def player_id(self, request: Request) -> uuid.UUID:
        """The player who asks. Raises NotAuthenticated."""
        return self.bearer(request.auth)

    def bearer(self, authorization: str | None) -> uuid.UUID:
        """The player of an ``Authorization`` header. Raises NotAuthenticated."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            raise NotAuthenticated("not_authenticated")
        return self._tokens.player_id(token.strip())


class ActivePlayers(Authenticator):
    """Also asks whether the account is still there and active: no token outlives that."""

    def __init__(self, tokens: Tokens, database: Database) -> None:
        super().__init__(tokens)
        self._database = database

    def bearer(self, authorization: str | None) -> uuid.UUID:
        player_id = super().bearer(authorization)
        with self._database.reading() as connection:
            if not is_active(connection, player_id):
                raise NotAuthenticated("not_authenticated")
        return player_id
