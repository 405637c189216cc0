"""The findings of checks. The parsers of this package create them, and ``alarms.check`` prints them."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """ERROR: AWS refuses the call, or it can never work. REMARK: AWS accepts the call, but it should be reviewed."""

    ERROR = "error"
    REMARK = "remark"


@dataclass(frozen=True, slots=True)
class Notice:
    """``place`` is a path in ``file`` (a key path, or a path in a dashboard body). ``text`` is the reason."""

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
