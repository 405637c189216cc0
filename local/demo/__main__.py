"""``python -m local.demo``: the whole system, one clip from upload to ranking, and the metrics of the run."""

import shutil
import sys
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, DownloadColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from cli.command_parser import ExitCode, command_parser
from cli.screen import Screen
from local.client import ApiClient, PlayerAccount, RefusedByApi, signed_in_client
from local.demo.contact_sheet import make_contact_sheet
from local.demo.metrics_table import metrics_table
from local.sample_clip import render_sample
from local.system.local_system import LocalSystem, check_stopped_well
from local.system.processes import INTERRUPTED, LocalSystemError, interrupt_once
from showcase.errors import ShowcaseError
from worker.media.encoder import find_encoder

DIRECTORY = Path(".local/demo")
FOLLOW_SECONDS_MAX = 900.0
LOOK_SECONDS = 0.3

DESCRIPTION = f"""\
Start the whole system, upload a clip, follow it until it is processed, vote for it, and show the metrics of the run.

The system is stopped at the end. The processed clip, a contact sheet of it, the EMF records and the logs stay in
{DIRECTORY}, which each run empties first.
"""
NOTES = f"Ctrl-C and SIGTERM stop everything; the exit code is then {INTERRUPTED}."
EXAMPLES = [("", "with a sample clip that is rendered first"), ("--clip my.mp4", "with a clip of your own")]
EXIT_CODES = {
    ExitCode.DONE: "the clip was processed and published",
    ExitCode.FAILED: "a step failed; the text says which, and where the logs are",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; return an ExitCode, or INTERRUPTED."""
    parser = command_parser("local.demo", DESCRIPTION, notes=NOTES, examples=EXAMPLES, exit_codes=EXIT_CODES)
    parser.add_argument("--clip", type=Path, help="the clip to upload: MP4, 20 to 60 s, at least 1080p")
    clip = parser.parse_args(arguments).clip
    if clip and not clip.is_file():
        parser.error(f"{clip} is not a file")
    screen = Screen()
    interrupt_once()
    try:
        Demo(screen, DIRECTORY).run(clip)
    except KeyboardInterrupt:
        screen.line("stopped; nothing is left running")
        return INTERRUPTED
    except (RefusedByApi, LocalSystemError, ShowcaseError, RuntimeError, OSError) as error:
        screen.fail(f"The demo failed: {error}\nLogs: {DIRECTORY}/*.log")
        return ExitCode.FAILED
    return ExitCode.DONE


class Demo:
    """One run. ``directory`` is emptied first, and keeps the results afterwards."""

    def __init__(self, screen: Screen, directory: Path) -> None:
        self._screen = screen
        self._directory = directory

    def run(self, clip: Path | None) -> None:
        """Run all steps. Raises the error of the step that failed; the system is stopped in any case."""
        started = time.monotonic()
        shutil.rmtree(self._directory, ignore_errors=True)
        self._directory.mkdir(parents=True)
        encoder = find_encoder(None)
        self._say(f"ffmpeg {encoder.version} ({encoder.origin})")
        if clip is None:
            with self._screen.console.status("rendering a 1080p sample clip of 24 s"):
                clip = render_sample(encoder.path, self._directory / "sample.mp4")
            self._say(f"sample rendered: {clip} ({clip.stat().st_size / 1e6:.1f} MB)")
        with LocalSystem(self._directory) as system:
            self._say(f"system is up: API {system.api_url}, AWS emulator {system.emulator.url}")
            result = self._tell_story(system, clip)
            for process in (system.worker, system.api):
                check_stopped_well(process)
        self._screen.show(metrics_table(system.emf_log))
        sheet = make_contact_sheet(encoder.path, result, self._directory / "contact-sheet.png")
        for what, path in (("clip", result), ("contact sheet", sheet), ("EMF records", system.emf_log)):
            shown = path.resolve().relative_to(Path.cwd())
            self._say(f"{what}: {shown} ({path.stat().st_size / 1e6:.2f} MB)")
        self._screen.good(f"▸ done in {time.monotonic() - started:.0f} s; everything is stopped again")

    def _say(self, words: str) -> None:
        self._screen.line(f"▸ {words}")

    def _tell_story(self, system: LocalSystem, clip: Path) -> Path:
        """Go from the player's sign-up to a vote and the ranking; return the downloaded result."""
        run = uuid.uuid4().hex[:8]
        player = PlayerAccount("Laura", "Gómez", f"laura.{run}@example.com", "Bogotá")
        voter = PlayerAccount("Andrés", "Rojas", f"andres.{run}@example.com", "Medellín")
        result = self._directory / "processed.mp4"
        with signed_in_client(system.api_url, player) as contestant:
            self._say(f"{player.first_name} {player.last_name} signed up and logged in")
            video = self._follow(contestant, self._upload(contestant, clip))
            with signed_in_client(system.api_url, voter) as public:
                self._say(f"{voter.first_name} {voter.last_name} signed up and logged in")
                public.vote(video["video_id"])
                self._say(f"{voter.first_name} {voter.last_name} voted")
                self._screen.show(_ranking_table(public.ranking()))
            contestant.save(video["processed_url"], result)
        return result

    def _upload(self, client: ApiClient, clip: Path) -> str:
        columns = (TextColumn("  upload    "), BarColumn(), DownloadColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._screen.console) as progress:
            task = progress.add_task("upload", total=clip.stat().st_size)
            video_id = client.upload(clip, "Mi mejor jugada", lambda count: progress.advance(task, count))
        self._say(f"accepted as video {video_id}")
        return video_id

    def _follow(self, client: ApiClient, video_id: str) -> dict[str, Any]:
        """Show the status of the video until it is processed. Raises LocalSystemError when it fails or takes long."""
        columns = (TextColumn("  {task.description:<10}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        deadline = time.monotonic() + FOLLOW_SECONDS_MAX
        with Progress(*columns, console=self._screen.console) as progress:
            task = progress.add_task("queued", total=100)
            while time.monotonic() < deadline:
                video = client.video(video_id)
                state = "queued" if video["status"] == "uploaded" else video["status"]
                progress.update(task, description=state, completed=video["progress"])
                if state == "processed":
                    return video
                if state == "failed":
                    raise LocalSystemError(f"the clip was refused: {video['failure_reason']}")
                time.sleep(LOOK_SECONDS)
        raise LocalSystemError(f"the video was not processed within {FOLLOW_SECONDS_MAX:.0f} s")


def _ranking_table(players: list[dict[str, Any]]) -> Table:
    table = Table(title="Ranking", title_justify="left")
    for column in ("position", "username", "city", "votes"):
        table.add_column(column)
    for player in players:
        table.add_row(*(str(player[column]) for column in ("position", "username", "city", "votes")))
    return table


if __name__ == "__main__":
    sys.exit(main())
