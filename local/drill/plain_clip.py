"""A clip that keeps the contest's rules and takes little CPU to make and to process: the drill tests workers only."""

import subprocess
from pathlib import Path

SECONDS = 20
TIMEOUT_SECONDS = 60


def render_plain_clip(ffmpeg: str, destination: Path) -> Path:
    """Render 1920x1080 in one colour, 10 frames a second. Raises subprocess.CalledProcessError."""
    source = f"color=c=0x28508c:s=1920x1080:r=10:d={SECONDS}"
    options = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-movflags", "+faststart"]
    command = [ffmpeg, "-v", "error", "-y", "-f", "lavfi", "-i", source, *options, str(destination)]
    subprocess.run(command, check=True, timeout=TIMEOUT_SECONDS, stdin=subprocess.DEVNULL)
    return destination
