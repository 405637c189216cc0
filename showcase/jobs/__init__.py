"""The processing of a video: its states, its queue message, and the outbox between the two."""
