"""What a check finds: one type from the parsers of this room to the line that ``alarms.check`` prints."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """ERROR: AWS refuses it, or it can never do what it is for. REMARK: it works, but somebody should look at it."""

    ERROR = "error"
    REMARK = "remark"


@dataclass(frozen=True, slots=True)
class Notice:
    """``place`` is a path in ``file`` (a key path, or a path in a dashboard body); ``text`` says what is wrong."""

    severity: Severity
    file: str
    place: str
    text: str

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR

    def __str__(self) -> str:
        """``file: place: text``, without the parts that are empty."""
        return ": ".join(part for part in (self.file, self.place, self.text) if part)
