"""Records every state of every video: a trigger writes it in the transaction that changes the row."""

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from showcase.database.engine import Database
from tests.soak.waiting import retry_while_unavailable

_TABLE = """
CREATE TABLE video_states (
    number bigserial PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    video_id uuid NOT NULL,
    status text NOT NULL,  -- a status of the product, or 'deleted'
    fence int NOT NULL,
    attempts int NOT NULL,
    processed_key text,
    worker text,
    lease_was_over boolean,  -- whether the lease of the previous state had ended; null without one
    message_due boolean NOT NULL
)
"""
_FUNCTION = """
CREATE FUNCTION note_video_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO video_states (video_id, status, fence, attempts, message_due)
        VALUES (OLD.id, 'deleted', OLD.fence, OLD.attempts, false);
    ELSE
        INSERT INTO video_states
            (video_id, status, fence, attempts, processed_key, worker, lease_was_over, message_due)
        VALUES (NEW.id, NEW.status, NEW.fence, NEW.attempts, NEW.processed_key, NEW.worker,
            CASE WHEN TG_OP = 'UPDATE' THEN OLD.lease_until < now() END, NEW.message_due_at IS NOT NULL);
    END IF;
    RETURN NULL;
END $$
"""
_TRIGGERS = (
    "CREATE TRIGGER note_whole AFTER INSERT OR DELETE ON videos FOR EACH ROW EXECUTE FUNCTION note_video_state()",
    """CREATE TRIGGER note_change AFTER UPDATE ON videos FOR EACH ROW
       WHEN ((OLD.status, OLD.fence, OLD.processed_key, OLD.message_due_at IS NULL)
             IS DISTINCT FROM (NEW.status, NEW.fence, NEW.processed_key, NEW.message_due_at IS NULL))
       EXECUTE FUNCTION note_video_state()""",
)


@dataclass(frozen=True)
class State:
    """The state of a video from ``at`` on."""

    at: datetime
    video_id: uuid.UUID
    status: str
    fence: int
    attempts: int
    processed_key: str | None
    worker: str | None
    lease_was_over: bool | None
    message_due: bool


def install(database: Database) -> None:
    """Create the table and the triggers. Call it on a migrated database, before the first video."""
    with database.writing() as connection:
        for statement in (_TABLE, _FUNCTION, *_TRIGGERS):
            connection.execute(text(statement))


@retry_while_unavailable
def histories(database: Database) -> dict[uuid.UUID, list[State]]:
    """The states of each video, in order."""
    columns = ", ".join(State.__dataclass_fields__)
    found: dict[uuid.UUID, list[State]] = defaultdict(list)
    with database.reading() as connection:
        for row in connection.execute(text(f"SELECT {columns} FROM video_states ORDER BY number")):  # noqa: S608
            found[row.video_id].append(State(*row))
    return found
