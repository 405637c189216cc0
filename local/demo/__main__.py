"""``make demo``: the whole system, one clip from upload to ranking, and what was measured on the way."""

import argparse
import shutil
import sys
import time
import uuid
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from local.client import ApiClient, PlayerAccount, RefusedByApi
from local.demo.contact_sheet import make_contact_sheet
from local.demo.metrics_table import metrics_table
from local.sample_clip import render_sample
from local.system.local_system import LocalSystem, check_stopped_well
from local.system.processes import LocalSystemError
from showcase.errors import ShowcaseError
from worker.media.encoder import Encoder, find_encoder

DIRECTORY = Path(".local/demo")
FOLLOW_SECONDS_MAX = 900.0
LOOK_SECONDS = 0.3


def main() -> int:
    """Run the demo; the exit code is 1, with a sentence that says why, when anything failed."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--clip", type=Path, help="the clip to upload (MP4, 20-60 s, at least 1080p)")
    arguments = parser.parse_args()
    console = Console()
    try:
        Demo(console, DIRECTORY).run(arguments.clip)
    except (RefusedByApi, LocalSystemError, ShowcaseError, RuntimeError, OSError) as error:
        console.print(f"[bold red]The demo failed:[/] {error}", highlight=False)
        console.print(f"Logs: {DIRECTORY}/*.log", highlight=False)
        return 1
    return 0


class Demo:
    """One run. ``directory`` is emptied first, and keeps the results afterwards."""

    def __init__(self, console: Console, directory: Path) -> None:
        self._console = console
        self._directory = directory

    def run(self, clip: Path | None) -> None:
        """Raises whatever stopped it; the system is stopped in any case."""
        started = time.monotonic()
        if clip is not None and not clip.is_file():
            raise LocalSystemError(f"CLIP={clip} is not a file")
        shutil.rmtree(self._directory, ignore_errors=True)
        self._directory.mkdir(parents=True)
        encoder = find_encoder(None)
        self._say(f"ffmpeg {encoder.version} ({encoder.origin})")
        clip = clip or self._render_sample(encoder)
        with LocalSystem(self._directory) as system:
            self._say(f"system is up: API {system.api_url}, AWS emulator {system.emulator.url}")
            self._tell_story(system, clip)
            for process in (system.worker, system.api):
                check_stopped_well(process)
        self._show_results(encoder, system.emf_log)
        self._say(f"[green]done[/] in {time.monotonic() - started:.0f} s; everything is stopped again")

    def _say(self, words: str) -> None:
        self._console.print(f"[bold cyan]▸[/] {words}", highlight=False)

    def _render_sample(self, encoder: Encoder) -> Path:
        with self._console.status("rendering a 1080p sample clip of 24 s"):
            clip = render_sample(encoder.path, self._directory / "sample.mp4")
        self._say(f"sample rendered: {clip} ({clip.stat().st_size / 1e6:.1f} MB)")
        return clip

    def _tell_story(self, system: LocalSystem, clip: Path) -> None:
        player, voter = _accounts()
        contestant = self._signed_in(system, player)
        video_id = self._upload(contestant, clip)
        video = self._follow(contestant, video_id)
        public = self._signed_in(system, voter)
        public.vote(video_id)
        self._say(f"{voter.first_name} {voter.last_name} voted")
        self._console.print(_ranking_table(public.ranking()))
        contestant.save(video["processed_url"], self._directory / "processed.mp4")
        for client in (contestant, public):
            client.close()

    def _signed_in(self, system: LocalSystem, account: PlayerAccount) -> ApiClient:
        client = ApiClient(system.api_url)
        client.sign_up(account)
        client.log_in(account)
        self._say(f"{account.first_name} {account.last_name} signed up and logged in")
        return client

    def _upload(self, client: ApiClient, clip: Path) -> str:
        columns = (TextColumn("  upload    "), BarColumn(), DownloadColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console) as progress:
            task = progress.add_task("upload", total=clip.stat().st_size)
            video_id = client.upload(clip, "Mi mejor jugada", lambda count: progress.advance(task, count))
        self._say(f"accepted as video {video_id}")
        return video_id

    def _follow(self, client: ApiClient, video_id: str) -> dict[str, Any]:
        """Show the state of the video until it is processed. Raises LocalSystemError when it is not."""
        columns = (TextColumn("  {task.description:<10}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        deadline = time.monotonic() + FOLLOW_SECONDS_MAX
        with Progress(*columns, console=self._console) as progress:
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

    def _show_results(self, encoder: Encoder, emf_log: Path) -> None:
        self._console.print(metrics_table(emf_log))
        result = self._directory / "processed.mp4"
        sheet = make_contact_sheet(encoder.path, result, self._directory / "contact-sheet.png")
        for what, path in (("clip", result), ("contact sheet", sheet), ("EMF records", emf_log)):
            shown = path.resolve().relative_to(Path.cwd())
            self._say(f"{what}: {shown} ({path.stat().st_size / 1e6:.2f} MB)")


def _accounts() -> tuple[PlayerAccount, PlayerAccount]:
    run = uuid.uuid4().hex[:8]
    player = PlayerAccount("Laura", "Gómez", f"laura.{run}@example.com", "Bogotá")
    voter = PlayerAccount("Andrés", "Rojas", f"andres.{run}@example.com", "Medellín")
    return player, voter


def _ranking_table(players: list[dict[str, Any]]) -> Table:
    table = Table(title="Ranking", title_justify="left")
    for column in ("position", "username", "city", "votes"):
        table.add_column(column)
    for player in players:
        table.add_row(*(str(player[column]) for column in ("position", "username", "city", "votes")))
    return table


if __name__ == "__main__":
    sys.exit(main())
