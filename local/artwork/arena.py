"""The still background of both bumpers, and the steps that turn a canvas drawn over it into a frame."""

import random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from local.artwork.shapes import AMBER, DEEP, HEIGHT, ICE, NAVY, ORANGE, SKY, WIDTH, px, radial_mask, vertical_gradient

HORIZON = 512


def draw_crowd(chance: random.Random) -> Image.Image:
    """The spectators, far out of focus, on black."""
    crowd = Image.new("RGB", (px(WIDTH), px(HEIGHT)), 0)
    draw = ImageDraw.Draw(crowd)
    for _ in range(1000):
        x, y = chance.uniform(0, WIDTH), HORIZON - 24 - 250 * chance.random() ** 1.6
        radius, lit = chance.uniform(2.5, 6.5), chance.uniform(0.12, 0.55)
        colour = chance.choice([SKY, SKY, SKY, ICE, AMBER, (40, 66, 150)])
        dim = tuple(round(channel * lit) for channel in colour)
        draw.circle((px(x), px(y)), px(radius), fill=dim)
    return crowd.filter(ImageFilter.GaussianBlur(px(4.5)))


def draw_beams() -> Image.Image:
    """The light of four lamps under the roof, on black."""
    lamps = Image.new("RGB", (px(WIDTH), px(HEIGHT)), 0)
    draw = ImageDraw.Draw(lamps)
    for x in (150, 420, 860, 1130):
        foot, low = x + (WIDTH / 2 - x) * 0.55, px(HORIZON + 60)
        cone = [(px(x - 14), 0), (px(x + 14), 0), (px(foot + 150), low), (px(foot - 150), low)]
        draw.polygon(cone, fill=(24, 38, 78))
    return lamps.filter(ImageFilter.GaussianBlur(px(26)))


def draw_stands(chance: random.Random) -> Image.Image:
    """The upper half: navy gradient, crowd and beams."""
    wall = vertical_gradient((px(WIDTH), px(HEIGHT)), DEEP, (22, 40, 92))
    return ImageChops.screen(ImageChops.screen(wall, draw_crowd(chance)), draw_beams())


def floor_planks(chance: random.Random) -> Image.Image:
    """The lower half: planks in perspective, warm in the middle and falling off to navy."""
    size = (px(WIDTH), px(HEIGHT))
    floor = Image.new("RGB", size, NAVY)
    draw = ImageDraw.Draw(floor)
    near, far = 56.0, 15.0
    for index in range(-46, 47):
        shade = chance.uniform(0.80, 1.0)
        colour = (round(30 * shade), round(48 * shade), round(106 * shade))
        left, right = index * near, (index + 1) * near
        draw.polygon(
            [
                (px(640 + left), px(HEIGHT)),
                (px(640 + right), px(HEIGHT)),
                (px(640 + right * far / near), px(HORIZON)),
                (px(640 + left * far / near), px(HORIZON)),
            ],
            fill=colour,
        )
    glow = radial_mask((px(1500), px(420)), power=1.1)
    layer = Image.new("RGB", size, 0)
    layer.paste((150, 76, 20), (px(-110), px(HORIZON - 120)), glow)
    return ImageChops.screen(floor, layer)


def court_lines() -> Image.Image:
    """The painted lines of the floor as an RGBA layer: the centre circle and the half-way line in perspective."""
    layer = Image.new("RGBA", (px(WIDTH), px(HEIGHT)), (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    paint = (226, 234, 255, 120)
    draw.ellipse((px(250), px(556), px(1030), px(700)), outline=paint, width=px(4))
    draw.ellipse((px(520), px(600), px(760), px(644)), outline=(*ORANGE, 150), width=px(3))
    draw.line((0, px(622), px(WIDTH), px(622)), fill=paint, width=px(4))
    return layer


def draw_arena() -> Image.Image:
    """The still background of both bumpers, supersampled."""
    chance = random.Random(2026)  # noqa: S311 - the same picture every time
    arena = draw_stands(chance)
    floor = floor_planks(chance)
    lines = court_lines()
    floor.paste(lines, (0, 0), lines)
    mask = Image.new("L", arena.size, 0)
    ImageDraw.Draw(mask).rectangle((0, px(HORIZON), px(WIDTH), px(HEIGHT)), fill=255)
    arena.paste(floor, (0, 0), mask)
    board = vertical_gradient((px(WIDTH), px(30)), (16, 30, 74), (7, 13, 34))
    arena.paste(board, (0, px(HORIZON - 28)))
    ImageDraw.Draw(arena).rectangle((0, px(HORIZON - 28), px(WIDTH), px(HORIZON - 26)), fill=ORANGE)
    vignette = radial_mask((px(WIDTH * 1.5), px(HEIGHT * 1.7)), power=0.55)
    left, top = (vignette.width - arena.width) // 2, (vignette.height - arena.height) // 2
    shade = vignette.crop((left, top, left + arena.width, top + arena.height))
    return ImageChops.multiply(arena, Image.merge("RGB", (shade, shade, shade)))


def draw_grain() -> Image.Image:
    """A faint still grain: without it the dark gradients show bands after encoding."""
    chance = random.Random(7)  # noqa: S311 - the same picture every time
    noise = Image.frombytes("L", (WIDTH, HEIGHT), chance.randbytes(WIDTH * HEIGHT))
    return noise.point([level // 128 for level in range(256)])


def finish_frame(canvas: Image.Image, grain: Image.Image, *, zoom: float, light: float) -> Image.Image:
    """Reduce the supersampled canvas to the picture: push in by `zoom`, add the grain, fade by `light` (0 is black)."""
    trim_x, trim_y = canvas.width * (1 - 1 / zoom) / 2, canvas.height * (1 - 1 / zoom) / 2
    box = (trim_x, trim_y, canvas.width - trim_x, canvas.height - trim_y)
    frame = canvas.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS, box=box)
    frame = ImageChops.add(frame, Image.merge("RGB", (grain, grain, grain)))
    return frame.point([round(level * light) for level in range(256)] * 3) if light < 1 else frame
