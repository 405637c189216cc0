"""The opening bumper: the ball bounces in, strikes, and the name comes out from behind it."""

from collections.abc import Iterator

from PIL import Image

from local.artwork.arena import draw_arena, draw_grain, finish_frame
from local.artwork.ball import Ball, put_ball
from local.artwork.letters import block_letters, letter_mask, letter_offsets, text_mask, word_mask
from local.artwork.motion import put_dust, put_impact, put_rule, slide_in, sweep_light
from local.artwork.shapes import FPS, FRAMES, ICE, WHITE, Sprite, ease_out, faded, progress, put, px, tinted

LOGO_HEIGHT, LOGO_TOP, LOGO_LEFT = 196.0, 152.0, 414.0
REST = Ball(300, 252, 208, 0.0, -1)
BOUNCES = [(0.0, -130.0), (0.30, 60.0), (0.62, 210.0), (0.96, REST.x)]
FLOOR_Y = 650.0


def opening_ball(now_s: float) -> Ball:
    """The ball's path: two bounces on the floor from the left, then up to its place beside the letters."""
    if now_s >= BOUNCES[-1][0]:
        settle = ease_out(progress(now_s, 0.96, 1.9))
        return REST._replace(roll=-0.9 + 0.9 * settle)
    leg = max(index for index, (start_s, _) in enumerate(BOUNCES[:-1]) if now_s >= start_s)
    (start_s, start_x), (end_s, end_x) = BOUNCES[leg], BOUNCES[leg + 1]
    share = (now_s - start_s) / (end_s - start_s)
    diameter = 150 + 58 * progress(now_s, 0.62, 0.96)
    ground = FLOOR_Y - diameter / 2
    x = start_x + (end_x - start_x) * share
    if leg == len(BOUNCES) - 2:
        y = ground + (REST.y - ground) * share - 4 * 120 * share * (1 - share)
    elif leg == 0:
        y = ground - 300 * (1 - share * share)
    else:
        y = ground - 4 * 165 * share * (1 - share)
    roll = -0.9 + (now_s - 0.96) * 9.0
    return Ball(x, y, diameter, roll, ground - y)


def opening_canvas(
    now_s: float, arena: Image.Image, letters: list[Sprite], subtitle: Sprite, face: Sprite
) -> Image.Image:
    """One supersampled frame of the opening."""
    canvas = arena.copy()
    put_dust(canvas, now_s)
    for bounce_s, x in BOUNCES[1:3]:
        put_impact(canvas, x, FLOOR_Y + 4, now_s - bounce_s, flat=0.22, size=150)
    put_impact(canvas, REST.x, REST.y, now_s - 0.96, flat=1.0, size=215)
    put_rule(canvas, 196, 196 + 888 * ease_out(progress(now_s, 1.22, 1.7)), 385)
    for index, letter in enumerate(letters):
        start_s = 0.94 + 0.09 * index
        slide_in(canvas, letter, progress(now_s, start_s, start_s + 0.42), distance=300)
    sweep_light(canvas, face.image, face.x, face.y, progress(now_s, 1.62, 2.15))
    shown = ease_out(progress(now_s, 1.38, 1.8))
    put(canvas, Sprite(faded(subtitle.image, shown), subtitle.x, subtitle.y + round(px(22) * (1 - shown))))
    put_ball(canvas, opening_ball(now_s))
    return canvas


def opening_frames() -> Iterator[Image.Image]:
    """The 75 frames of the opening: the ball bounces in, hits the logo, and the name appears from behind the ball."""
    arena, grain = draw_arena(), draw_grain()
    height = px(LOGO_HEIGHT)
    offsets = letter_offsets("ANB", height)
    letters = []
    for letter, offset in zip("ANB", offsets, strict=False):
        solid = block_letters(letter_mask(letter, height), WHITE, ICE, depth=px(7))
        margin = 3 * px(7) + 8
        letters.append(Sprite(solid, px(LOGO_LEFT) + round(offset) - margin, px(LOGO_TOP) - margin))
    face = Sprite(word_mask("ANB", height), px(LOGO_LEFT), px(LOGO_TOP))
    line = tinted(text_mask("RISING STARS SHOWCASE", px(50), weight=px(1.6), tracking=px(12)), WHITE)
    line = line.resize((px(888), round(line.height * px(888) / line.width)), Image.Resampling.LANCZOS)
    subtitle = Sprite(line, px(196), px(410))
    for index in range(FRAMES):
        now_s = index / FPS
        light = min(progress(now_s, -0.03, 0.2), 1 - progress(now_s, 2.3, 2.5) * 0.9)
        canvas = opening_canvas(now_s, arena, letters, subtitle, face)
        yield finish_frame(canvas, grain, zoom=1.0 + 0.015 * now_s / 2.5, light=light)
