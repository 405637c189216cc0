"""Players' accounts."""

import unicodedata
import uuid
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from showcase.database.engine import Database
from showcase.database.tables import Player
from showcase.errors import NotAuthenticated, Refused
from showcase.passwords import Passwords


@dataclass(frozen=True, slots=True)
class NewPlayer:
    """The data of a sign-up, already validated."""

    email: str
    first_name: str
    last_name: str
    city: str
    country: str
    password: str


def open_account(database: Database, passwords: Passwords, player: NewPlayer) -> uuid.UUID:
    """Create the account and return its id. Raises Refused ``email_taken``."""
    player_id = uuid.uuid4()
    row = {
        "id": player_id,
        "email": normalise_email(player.email),
        "first_name": player.first_name,
        "last_name": player.last_name,
        "city": player.city,
        "city_key": city_key(player.city),
        "country": player.country,
        "password_hash": passwords.hash(player.password),
    }
    try:
        with database.writing() as connection:
            connection.execute(insert(Player).values(row))
    except IntegrityError as error:
        raise Refused("email_taken") from error
    return player_id


def log_in(database: Database, passwords: Passwords, email: str, password: str) -> uuid.UUID:
    """Return the id of the player with these credentials.

    Raises NotAuthenticated: the same error after the same time for an unknown e-mail, a wrong password and a
    deactivated account.
    """
    with database.reading() as connection:
        found = connection.execute(
            select(Player.id, Player.password_hash, Player.is_active).where(Player.email == normalise_email(email))
        ).one_or_none()
    correct = passwords.verify(found.password_hash if found else None, password)
    if found is None or not correct or not found.is_active:
        raise NotAuthenticated("bad_credentials")
    if passwords.is_outdated(found.password_hash):
        renewed = passwords.hash(password)  # outside the transaction: other transactions wait for its locks
        with database.writing() as connection:
            connection.execute(update(Player).where(Player.id == found.id).values(password_hash=renewed))
    return uuid.UUID(str(found.id))


def is_active(connection: Connection, player_id: uuid.UUID) -> bool:
    """True if the account exists and has not been deactivated."""
    return bool(connection.execute(select(Player.is_active).where(Player.id == player_id)).scalar_one_or_none())


def normalise_email(email: str) -> str:
    """The form that all spellings of an address share: Unicode's canonical caseless form, with composed letters."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", email.strip()).casefold())


def city_key(city: str) -> str:
    """The form that all spellings of a city share: case-folded, with single spaces."""
    return " ".join(city.casefold().split())
