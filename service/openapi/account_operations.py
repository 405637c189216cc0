"""Sign-up and log-in."""

from service import messages
from service.answers import AccessToken, SignedUp
from service.openapi.vocabulary import Json, answers, errors, json_body, operation
from telemetry.catalogue import Route

_PASSWORD = "una contraseña larga"  # noqa: S105 - an example
_BODY = {
    "email": "laura@example.com",
    "first_name": "Laura",
    "last_name": "Gómez",
    "city": "Bogotá",
    "country": "Colombia",
    "password1": _PASSWORD,
    "password2": _PASSWORD,
}
_SIGNED_UP: SignedUp = {
    "message": messages.SIGNED_UP,
    "id": "0b9f4d5e-6f57-4e0c-9a0e-2f6a1c9d7b11",
    "email": "laura@example.com",
    "first_name": "Laura",
    "last_name": "Gómez",
    "city": "Bogotá",
    "country": "Colombia",
    "is_active": True,
}
_TOKEN: AccessToken = {"access_token": "eyJhbGciOiJIUzI1NiIs…", "token_type": "Bearer", "expires_in": 3600}

OPERATIONS: dict[Route, Json] = {
    Route.SIGN_UP: operation(
        "signup",
        "Accounts",
        "Create an account",
        description="Each e-mail address can have one account. Its letter case makes no difference.",
        body=json_body("Signup", _BODY),
        responses={
            "201": answers(
                "The account is created.",
                "SignedUp",
                _SIGNED_UP,
                links={
                    "login": {
                        "operationId": "login",
                        "description": "Log in with the same e-mail address and password.",
                        "requestBody": {"email": "$request.body#/email", "password": "$request.body#/password1"},
                    }
                },
            ),
            **errors(
                {
                    400: ["body_too_large", "email_taken", "invalid_body", "invalid_field", "passwords_differ"],
                    429: ["too_many_requests"],
                    503: ["unavailable"],
                }
            ),
        },
    ),
    Route.LOG_IN: operation(
        "login",
        "Accounts",
        "Get an access token",
        description="The answer is the same, after the same time, for an unknown e-mail address, a wrong password and "
        "a deactivated account.",
        body=json_body("Login", {"email": "laura@example.com", "password": _PASSWORD}),
        responses={
            "200": answers(
                "Send the token as `Authorization: Bearer` with every request that needs one.", "AccessToken", _TOKEN
            ),
            **errors(
                {
                    400: ["body_too_large", "invalid_body", "invalid_field"],
                    401: ["bad_credentials"],
                    429: ["too_many_requests"],
                    503: ["unavailable"],
                }
            ),
        },
    ),
}
