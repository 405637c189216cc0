"""A fault at a character of an expression, a search or a query."""


class TextFault(ValueError):
    """``position`` is the index of the faulty character; the message counts from 1."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(f"character {position + 1}: {reason}")
        self.position = position
        self.reason = reason
