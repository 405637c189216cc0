"""Sign-up and log-in."""

import falcon
from falcon import Request, Response

from service import messages
from service.access_tokens import Tokens
from service.answers import AccessToken, SignedUp
from service.errors import BadRequest
from service.requests import LoginBody, SignupBody, read_body
from service.route_limits import RouteLimits
from showcase.accounts import NewPlayer, log_in, normalise_email, open_account
from showcase.database.engine import Database
from showcase.passwords import Passwords


class Signup:
    """``POST /api/auth/signup``: create an account."""

    def __init__(self, database: Database, passwords: Passwords, limits: RouteLimits) -> None:
        self._database = database
        self._passwords = passwords
        self._limits = limits

    def on_post(self, request: Request, response: Response) -> None:
        body = read_body(request, SignupBody)
        if body.password1 != body.password2:
            raise BadRequest("passwords_differ", ["password2"])
        self._limits.admit(request, normalise_email(body.email))
        player = NewPlayer(
            email=body.email,
            first_name=body.first_name,
            last_name=body.last_name,
            city=body.city,
            country=body.country,
            password=body.password1,
        )
        player_id = open_account(self._database, self._passwords, player)
        response.status = falcon.HTTP_201
        account: SignedUp = {
            "message": messages.SIGNED_UP,
            "id": str(player_id),
            "email": normalise_email(body.email),
            "first_name": body.first_name,
            "last_name": body.last_name,
            "city": body.city,
            "country": body.country,
            "is_active": True,
        }
        response.media = account


class Login:
    """``POST /api/auth/login``: get an access token."""

    def __init__(self, database: Database, passwords: Passwords, tokens: Tokens, limits: RouteLimits) -> None:
        self._database = database
        self._passwords = passwords
        self._tokens = tokens
        self._limits = limits

    def on_post(self, request: Request, response: Response) -> None:
        body = read_body(request, LoginBody)
        self._limits.admit(request, normalise_email(body.email))  # before the password is hashed, which is slow
        player_id = log_in(self._database, self._passwords, body.email, body.password)
        token: AccessToken = {
            "access_token": self._tokens.issue(player_id),
            "token_type": "Bearer",
            "expires_in": self._tokens.seconds,
        }
        response.media = token
