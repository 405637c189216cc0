"""Access tokens (JWT, HS256) and who is asking."""

import time
import uuid

import jwt
from falcon import Request

from showcase.errors import NotAuthenticated

ALGORITHM = "HS256"
ISSUER = "anb-rising-stars"
AUDIENCE = "anb-rising-stars-api"
REQUIRED = ["exp", "iat", "iss", "aud", "sub"]


class Tokens:
    """Issues and reads tokens signed with ``secret``; a token lives ``seconds``."""

    def __init__(self, secret: str, seconds: int) -> None:
        self._secret = secret
        self.seconds = seconds

    def issue(self, player_id: uuid.UUID) -> str:
        now = int(time.time())
        claims = {"sub": str(player_id), "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + self.seconds}
        return jwt.encode(claims, self._secret, algorithm=ALGORITHM)

    def player_id(self, token: str) -> uuid.UUID:
        """Whose token it is. Raises NotAuthenticated."""
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={"require": REQUIRED},
            )
            return uuid.UUID(claims["sub"])
        except (jwt.PyJWTError, ValueError) as error:
            raise NotAuthenticated("not_authenticated") from error


class Authenticator:
    """Reads the ``Authorization: Bearer`` header. Identity comes from nowhere else."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def player_id(self, request: Request) -> uuid.UUID:
        """The player who asks. Raises NotAuthenticated."""
        scheme, _, token = (request.auth or "").partition(" ")
        if scheme.lower() != "bearer":
            raise NotAuthenticated("not_authenticated")
        return self._tokens.player_id(token.strip())
