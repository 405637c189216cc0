"""Small programs that replace ffmpeg and misbehave as a test needs it."""

from pathlib import Path


def program(path: Path, script: str) -> Path:
    """An executable shell script."""
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path
