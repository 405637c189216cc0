"""What the commands print: colours only on a terminal, and never where NO_COLOR is set."""

from rich.console import Console


class Screen:
    """Standard output for people, standard error for what is wrong. ``quiet`` leaves the output to a machine."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._output = Console(highlight=False, quiet=quiet, soft_wrap=True)
        self._errors = Console(highlight=False, stderr=True, soft_wrap=True)

    def line(self, text: str = "", style: str = "") -> None:
        """One or more lines, word for word."""
        self._output.print(text, style=style or None, markup=False)

    def good(self, text: str) -> None:
        self.line(text, "green")

    def fail(self, text: str) -> None:
        self._errors.print(text, style="red", markup=False)
