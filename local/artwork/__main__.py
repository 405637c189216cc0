"""``python -m local.artwork``: draw the bumpers and the watermark."""

import sys
from collections.abc import Sequence
from pathlib import Path

from cli.command_parser import ExitCode, command_parser
from cli.screen import Screen
from local.artwork.render import write_artwork
from showcase.errors import ShowcaseError
from worker.media.encoder import find_encoder

ARTWORK = Path(__file__).resolve().parents[2] / "worker" / "artwork"

DESCRIPTION = """\
Draw the opening bumper, the closing bumper and the watermark of every broadcast clip, and print their paths.
"""
EXAMPLES = [("", "write over the files in worker/artwork"), ("--out drafts", "leave them as they are")]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files; return an ExitCode."""
    parser = command_parser("local.artwork", DESCRIPTION, examples=EXAMPLES)
    parser.add_argument("--out", type=Path, default=ARTWORK, metavar="DIR", help="default: worker/artwork")
    out = parser.parse_args(arguments).out
    screen = Screen()
    try:
        for path in write_artwork(find_encoder(None).path, out):
            screen.line(f"{path}  {path.stat().st_size / 1000:.0f} kB")
    except (RuntimeError, ShowcaseError, OSError) as error:
        screen.fail(str(error))
        return ExitCode.FAILED
    return ExitCode.DONE


if __name__ == "__main__":
    sys.exit(main())
