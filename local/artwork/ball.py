"""The basketball: a sphere with seams and dimples that can roll, its shadow and its reflection."""

import math
from itertools import pairwise
from typing import NamedTuple

from PIL import Image, ImageChops, ImageDraw, ImageOps

from local.artwork.shapes import Sprite, put, px, radial_mask, tinted


class Ball(NamedTuple):
    """Where the ball is in the picture: centre, diameter, roll in radians and height above the floor in pixels."""

    x: float
    y: float
    diameter: float
    roll: float
    height: float


def seam_curves(steps: int = 120) -> list[list[tuple[float, float, float]]]:
    """The four seams of a basketball as closed curves on the unit sphere."""
    turns = [2 * math.pi * step / steps for step in range(steps + 1)]
    curves = [[(0.0, math.sin(a), math.cos(a)) for a in turns], [(math.sin(a), 0.0, math.cos(a)) for a in turns]]
    for side in (-1, 1):
        curve = []
        for a in turns:
            x = 0.50 + 0.24 * math.sin(a) ** 2
            reach = math.sqrt(1 - x * x)
            curve.append((side * x, reach * math.sin(a), reach * math.cos(a)))
        curves.append(curve)
    return curves


def pebbles(count: int) -> list[tuple[float, float, float]]:
    """Evenly spread points on the unit sphere (Fibonacci lattice)."""
    golden = math.pi * (3 - math.sqrt(5))
    heights = [1 - 2 * (index + 0.5) / count for index in range(count)]
    return [
        (math.cos(golden * i) * math.sqrt(1 - h * h), h, math.sin(golden * i) * math.sqrt(1 - h * h))
        for i, h in enumerate(heights)
    ]


def turned(point: tuple[float, float, float], roll: float) -> tuple[float, float, float]:
    """`point` on a ball that faces the camera a little from the side and has rolled by `roll` to the right."""
    x, y, z = point
    x, z = x * math.cos(0.5) + z * math.sin(0.5), z * math.cos(0.5) - x * math.sin(0.5)
    y, z = y * math.cos(0.35) - z * math.sin(0.35), z * math.cos(0.35) + y * math.sin(0.35)
    return x * math.cos(roll) - y * math.sin(roll), y * math.cos(roll) + x * math.sin(roll), z


def ball_skin(size: int) -> Image.Image:
    """The shaded ball without its seams: lit from the upper left, darker at the edge."""
    skin = Image.new("RGB", (size, size), (176, 68, 14))
    glow = round(size * 1.25)
    light = radial_mask((glow, glow), power=0.9)
    skin.paste((255, 150, 56), (-round(size * 0.26), -round(size * 0.30)), light)
    return skin


def ball_edge(size: int) -> Image.Image:
    """The darkening towards the edge and the highlight that lie over the seams."""
    rim = Image.radial_gradient("L").point([round(170 * min(1.0, level / 180) ** 5) for level in range(256)])
    layer = tinted(rim.resize((size, size), Image.Resampling.BICUBIC), (48, 12, 0))
    shine = tinted(radial_mask((round(size * 0.46), round(size * 0.38)), power=1.6), (255, 240, 214), 0.62)
    layer.alpha_composite(shine, (round(size * 0.16), round(size * 0.10)))
    return layer


def draw_pebbles(draw: ImageDraw.ImageDraw, size: int, roll: float) -> None:
    """The dimples of the visible half, smaller towards the edge."""
    half = size / 2
    for x, y, z in (turned(point, roll) for point in pebbles(700)):
        if z > 0.12:
            centre, dot = (half + half * x, half + half * y), size * 0.006 * (0.4 + z)
            draw.circle(centre, dot, fill=(110, 36, 4, 110))


def draw_seams(draw: ImageDraw.ImageDraw, size: int, roll: float) -> None:
    """The visible parts of the seams."""
    half, ink = size / 2, (34, 12, 6)
    for curve in seam_curves():
        points = [turned(point, roll) for point in curve]
        for (x1, y1, z1), (x2, y2, z2) in pairwise(points):
            if min(z1, z2) > -0.05:
                start, end = (half + half * x1, half + half * y1), (half + half * x2, half + half * y2)
                draw.line((start, end), fill=ink, width=max(2, round(size * 0.026)))
                draw.circle(start, size * 0.013, fill=ink)


def draw_ball(size: int, roll: float) -> Image.Image:
    """A basketball as an RGBA layer of `size` x `size` supersampled pixels."""
    ball = ball_skin(size).convert("RGBA")
    draw = ImageDraw.Draw(ball, "RGBA")
    draw_pebbles(draw, size, roll)
    draw_seams(draw, size, roll)
    ball.alpha_composite(ball_edge(size))
    disc = Image.new("L", (4 * size, 4 * size), 0)
    ImageDraw.Draw(disc).ellipse((4, 4, 4 * size - 5, 4 * size - 5), fill=255)
    ball.putalpha(disc.reduce(4))
    return ball


def put_ball(canvas: Image.Image, ball: Ball) -> None:
    """Paste the ball; above the floor it gets a shadow that softens with `height` and a faint reflection."""
    size = px(ball.diameter)
    drawn = draw_ball(size, ball.roll)
    left, top = px(ball.x) - size // 2, px(ball.y) - size // 2
    if ball.height >= 0:
        floor = ball.y + ball.height + ball.diameter / 2
        closeness = 1 / (1 + ball.height / 110)
        spread = (px(ball.diameter * (1.25 - 0.4 * closeness)), px(ball.diameter * 0.24))
        shadow = tinted(radial_mask(spread, power=0.7), (0, 0, 0), 0.85 * closeness)
        mirrored = ImageOps.flip(drawn).resize((size, round(size * 0.72)), Image.Resampling.BICUBIC)
        fall = ImageOps.flip(Image.linear_gradient("L")).resize(mirrored.size)
        mirrored.putalpha(
            ImageChops.multiply(
                mirrored.getchannel("A"), fall.point([level * 0.26 * closeness for level in range(256)])
            )
        )
        put(canvas, Sprite(mirrored, left, px(floor + ball.height * 0.7)))
        put(canvas, Sprite(shadow, px(ball.x) - spread[0] // 2, px(floor) - spread[1] // 2))
    put(canvas, Sprite(drawn, left, top))
