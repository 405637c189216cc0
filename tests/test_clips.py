"""The clips of the tests: each is made once, also if several processes of the tests need it at the same time."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.clips import Clips

ENCODER = """#!/bin/sh
echo made >>{made}
sleep 0.2
for target; do :; done
echo clip >"$target"
"""


def test_a_clip_that_several_need_at_the_same_time_is_made_once(tmp_path: Path) -> None:
    made, encoder = tmp_path / "made", tmp_path / "encoder"
    encoder.write_text(ENCODER.format(made=made))
    encoder.chmod(0o755)
    with ThreadPoolExecutor(4) as threads:
        clips = list(threads.map(lambda _: Clips(str(encoder), tmp_path / "cache").make("picture"), range(4)))
    assert {clip.read_text() for clip in clips} == {"clip\n"} and len(set(clips)) == 1
    assert made.read_text() == "made\n"
