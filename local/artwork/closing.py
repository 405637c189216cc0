"""The closing bumper: the call to vote, the mark, a ball that rolls past, and the fade to black."""

from collections.abc import Iterator

from PIL import Image

from local.artwork.arena import draw_arena, draw_grain, finish_frame
from local.artwork.ball import Ball, draw_ball, put_ball
from local.artwork.letters import SLANT, block_letters, text_mask, word_mask
from local.artwork.motion import put_dust, slide_in, sweep_light
from local.artwork.shapes import (
    AMBER,
    FPS,
    FRAMES,
    ICE,
    ORANGE,
    WHITE,
    WIDTH,
    Sprite,
    ease_out,
    faded,
    progress,
    put,
    px,
    tinted,
)

CALL = [("VOTA POR TU", 284.0, WHITE, ICE), ("JUGADOR FAVORITO", 388.0, AMBER, ORANGE)]


def closing_ball(now_s: float) -> Ball:
    """The ball, which rolls below the call to vote from the left edge to the right edge and out of the picture."""
    x = -120 + 1620 * progress(now_s, 0.25, 1.5)
    return Ball(x, 576, 124, (x - 640) / 62, 0)


def lockup(height: float) -> Image.Image:
    """The small ANB mark: the ball and the letters side by side, `height` supersampled pixels high."""
    letters = block_letters(word_mask("ANB", height), WHITE, ICE, depth=max(2, round(height * 0.04)))
    ball = draw_ball(round(height * 1.08), 0.0)
    layer = Image.new("RGBA", (ball.width + letters.width, letters.height), (0, 0, 0, 0))
    layer.alpha_composite(letters, (round(ball.width * 0.98), 0))
    layer.alpha_composite(ball, (0, (letters.height - ball.height) // 2))
    return layer


def closing_lines() -> list[tuple[Sprite, Sprite]]:
    """Each line of the call as its solid letters and, for the light sweep, its face mask."""
    lines = []
    for text, y, top, bottom in CALL:
        mask = text_mask(text, px(90), weight=px(4.4), tracking=px(10), slant=SLANT)
        x = (px(WIDTH) - mask.width) // 2
        solid = block_letters(mask, top, bottom, depth=px(5))
        margin = 3 * px(5) + 8
        lines.append((Sprite(solid, x - margin, px(y) - margin), Sprite(mask, x, px(y))))
    return lines


def closing_frames() -> Iterator[Image.Image]:
    """The 75 frames of the closing: the call to vote, the mark, a ball that rolls past, and the fade to black."""
    arena, grain, mark, lines = draw_arena(), draw_grain(), lockup(px(118)), closing_lines()
    place = Sprite(mark, (px(WIDTH) - mark.width) // 2, px(104))
    small = tinted(text_mask("RISING STARS SHOWCASE", px(25), weight=px(0.8), tracking=px(8)), WHITE, 0.92)
    footer = Sprite(small, (px(WIDTH) - small.width) // 2, px(664))
    for index in range(FRAMES):
        now_s = index / FPS
        canvas = arena.copy()
        put_dust(canvas, now_s + 3)
        shown = ease_out(progress(now_s, 0.05, 0.4))
        put(canvas, Sprite(faded(place.image, shown), place.x, place.y - round(px(24) * (1 - shown))))
        for row, (solid, face) in enumerate(lines):
            slide_in(canvas, solid, progress(now_s, 0.15 + 0.14 * row, 0.65 + 0.14 * row), distance=420)
            sweep_light(canvas, face.image, face.x, face.y, progress(now_s, 1.15 + 0.12 * row, 1.75 + 0.12 * row))
        put(canvas, Sprite(faded(footer.image, ease_out(progress(now_s, 0.6, 1.0))), footer.x, footer.y))
        put_ball(canvas, closing_ball(now_s))
        light = min(progress(now_s, -0.03, 0.17), 1 - progress(now_s, 2.0, (FRAMES - 1) / FPS))
        yield finish_frame(canvas, grain, zoom=1.0 + 0.015 * now_s / 2.5, light=light)
