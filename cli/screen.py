"""The output of commands. Colours appear only on a terminal, and never where NO_COLOR is set."""

import json

from rich.console import Console, RenderableType


class Screen:
    """Prints results to standard output, and faults to standard error.

    ``quiet`` keeps texts for people off standard output, so that it holds one JSON document and nothing else.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._output = Console(highlight=False, emoji=False, quiet=quiet, soft_wrap=True)
        self._machine = Console(highlight=False, emoji=False, soft_wrap=True, color_system=None)
        self._errors = Console(highlight=False, emoji=False, stderr=True, soft_wrap=True)

    @property
    def console(self) -> Console:
        """The console of standard output, for progress bars."""
        return self._output

    def line(self, text: str = "", style: str = "") -> None:
        """Print one or more lines word for word: no markup is interpreted, and no line is wrapped."""
        self._output.print(text, style=style or None, markup=False)

    def good(self, text: str) -> None:
        """Print a success, in green."""
        self.line(text, "green")

    def show(self, table: RenderableType) -> None:
        """Print a table, or anything else that rich renders, as wide as the terminal."""
        self._output.print(table, soft_wrap=False)

    def document(self, document: object) -> None:
        """Print one JSON document, even when the screen is quiet."""
        self._machine.print(json.dumps(document, ensure_ascii=False, indent=2), markup=False)

    def remark(self, text: str) -> None:
        """Print a remark to standard error, even when the screen is quiet."""
        self._errors.print(text, style="yellow", markup=False)

    def fail(self, text: str) -> None:
        """Print what is wrong to standard error, even when the screen is quiet."""
        self._errors.print(text, style="red", markup=False)
