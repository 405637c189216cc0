"""The broadcast clip made with MoviePy, as its documentation suggests; run by an interpreter that has MoviePy.

Usage: python moviepy_clip.py CLIP WATERMARK OPENING CLOSING TARGET

It does not import this project, so that interpreter needs only MoviePy. The clip is scaled once and laid with the
watermark on one canvas, which is the cheapest way that MoviePy offers.
"""

import sys
from contextlib import ExitStack
from typing import Any

from moviepy import CompositeVideoClip, ImageClip, VideoFileClip, concatenate_videoclips

WIDTH, HEIGHT = 1280, 720
FRAMES_PER_SECOND = 30
BODY_SECONDS_MAX = 30
WATERMARK_MARGIN = 32


def make(clip: str, watermark: str, opening: str, closing: str, target: str) -> None:
    """Make the broadcast clip: trim it, fit it, add watermark and bumpers, and write it without sound."""
    with ExitStack() as stack:
        main, first, last = (stack.enter_context(VideoFileClip(path, audio=False)) for path in (clip, opening, closing))
        whole = concatenate_videoclips([first, marked(main, watermark), last])
        whole.write_videofile(
            target,
            fps=FRAMES_PER_SECOND,
            codec="libx264",
            preset="veryfast",
            audio=False,
            ffmpeg_params=["-crf", "23", "-g", "60"],
            logger=None,
        )


def marked(clip: Any, watermark: str) -> Any:
    """At most 30 s of ``clip``, fitted into the picture with bars, under the watermark."""
    trimmed = clip.subclipped(0, min(BODY_SECONDS_MAX, clip.duration))
    fitted = trimmed.resized(min(WIDTH / trimmed.w, HEIGHT / trimmed.h)).with_position("center")
    mark = ImageClip(watermark).with_duration(trimmed.duration)
    corner = (WIDTH - mark.w - WATERMARK_MARGIN, HEIGHT - mark.h - WATERMARK_MARGIN)
    return CompositeVideoClip([fitted, mark.with_position(corner)], size=(WIDTH, HEIGHT))


if __name__ == "__main__":
    make(*sys.argv[1:6])
