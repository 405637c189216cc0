"""Sign-up and log-in."""

from service import messages
from service.openapi.vocabulary import PUBLIC, Json, answers, errors, json_body

_LAURA = {
    "email": "laura@example.com",
    "first_name": "Laura",
    "last_name": "Gómez",
    "city": "Bogotá",
    "country": "Colombia",
}
_PASSWORD = "una contraseña larga"  # noqa: S105 - an example
_ID = "0b9f4d5e-6f57-4e0c-9a0e-2f6a1c9d7b11"

OPERATIONS: dict[str, Json] = {
    "/api/auth/signup": {
        "post": {
            "operationId": "signup",
            "tags": ["Accounts"],
            "summary": "Open an account",
            "description": "An e-mail can have one account, in whatever letter case it is written.",
            "security": PUBLIC,
            "requestBody": json_body("Signup", {**_LAURA, "password1": _PASSWORD, "password2": _PASSWORD}),
            "responses": {
                "201": answers(
                    "The account is open.",
                    "SignedUp",
                    {"message": messages.SIGNED_UP, "id": _ID, **_LAURA, "is_active": True},
                    links={
                        "login": {
                            "operationId": "login",
                            "description": "Log in with the same e-mail and password.",
                            "requestBody": {
                                "email": "$request.body#/email",
                                "password": "$request.body#/password1",
                            },
                        }
                    },
                ),
                **errors(
                    _400="body_too_large email_taken invalid_body invalid_field passwords_differ",
                    _429="too_many_requests",
                    _503="unavailable",
                ),
            },
        }
    },
    "/api/auth/login": {
        "post": {
            "operationId": "login",
            "tags": ["Accounts"],
            "summary": "Get an access token",
            "description": "The answer is the same, after the same time, for an unknown e-mail, a wrong password and a "
            "deactivated account.",
            "security": PUBLIC,
            "requestBody": json_body("Login", {"email": "laura@example.com", "password": _PASSWORD}),
            "responses": {
                "200": answers(
                    "Send it as `Authorization: Bearer` with every request that needs to know who asks.",
                    "AccessToken",
                    {"access_token": "eyJhbGciOiJIUzI1NiIs…", "token_type": "Bearer", "expires_in": 3600},
                ),
                **errors(
                    _400="body_too_large invalid_body invalid_field",
                    _401="bad_credentials",
                    _429="too_many_requests",
                    _503="unavailable",
                ),
            },
        }
    },
}
