"""The moving parts of both bumpers: layers that slide in, light, rings of impact and dust."""

import random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from local.artwork.shapes import (
    AMBER,
    ICE,
    ORANGE,
    WHITE,
    WIDTH,
    Sprite,
    ease_out,
    ease_out_back,
    faded,
    progress,
    put,
    px,
    radial_mask,
    tinted,
)


def slide_in(canvas: Image.Image, sprite: Sprite, share: float, *, distance: float) -> None:
    """Let a layer come in from the left: blurred while it is fast, with a small overshoot."""
    if share <= 0:
        return
    offset = (ease_out_back(share) - 1) * px(distance)
    image = faded(sprite.image, min(1.0, share * 3))
    blur = round(abs(offset) * 0.10)
    if blur > 1:
        image = image.filter(ImageFilter.BoxBlur((blur, 0)))
    put(canvas, Sprite(image, sprite.x + round(offset), sprite.y))


def sweep_light(canvas: Image.Image, mask: Image.Image, x: int, y: int, share: float) -> None:
    """A slanted band of light that crosses the letters of `mask` (placed at x, y) while `share` goes 0..1."""
    if not 0 < share < 1:
        return
    band = Image.new("L", mask.size, 0)
    centre = -0.2 * mask.width + share * 1.4 * mask.width
    half, lean = mask.height * 0.22, mask.height * 0.35
    ImageDraw.Draw(band).polygon(
        [
            (centre - half + lean, 0),
            (centre + half + lean, 0),
            (centre + half - lean, mask.height),
            (centre - half - lean, mask.height),
        ],
        fill=210,
    )
    band = ImageChops.multiply(band.filter(ImageFilter.GaussianBlur(mask.height * 0.06)), mask)
    canvas.paste(WHITE, (x, y), band)


def put_rule(canvas: Image.Image, left: float, right: float, y: float) -> None:
    """The orange rule with its glow."""
    if right - left < 2:
        return
    glow = radial_mask((px(right - left + 60), px(44)), power=1.4)
    put(canvas, Sprite(tinted(glow, ORANGE, 0.5), px(left - 30), px(y - 20)))
    ImageDraw.Draw(canvas).rounded_rectangle((px(left), px(y), px(right), px(y + 5)), radius=px(2.5), fill=ORANGE)


def put_impact(canvas: Image.Image, x: float, y: float, age_s: float, *, flat: float, size: float) -> None:
    """A ring of light that opens for 0.4 s after a bounce; `flat` is its height over its width."""
    share = progress(age_s, 0.0, 0.4)
    if not 0 <= age_s < 0.4:
        return
    reach = size * (0.35 + 0.65 * ease_out(share))
    box = (px(reach * 2), max(8, px(reach * 2 * flat)))
    ring = Image.new("L", box, 0)
    ImageDraw.Draw(ring).ellipse((4, 4, box[0] - 5, box[1] - 5), outline=255, width=max(2, px(7 * (1 - share))))
    layer = tinted(ring.filter(ImageFilter.GaussianBlur(px(1.4))), AMBER, 0.9 * (1 - share))
    put(canvas, Sprite(layer, px(x) - box[0] // 2, px(y) - box[1] // 2))


def put_dust(canvas: Image.Image, now_s: float) -> None:
    """Dust that drifts through the beams."""
    chance = random.Random(11)  # noqa: S311 - the same picture every time
    for _ in range(46):
        x, y, r = chance.uniform(0, WIDTH), chance.uniform(40, 640), chance.uniform(1.2, 3.4)
        x, y = x + now_s * chance.uniform(-18, 18), y - now_s * chance.uniform(8, 30)
        speck = tinted(radial_mask((px(2 * r), px(2 * r))), chance.choice([ICE, AMBER]), chance.uniform(0.2, 0.6))
        put(canvas, Sprite(speck, px(x - r), px(y - r)))
