"""The parts of every picture: sizes, colours, easing, masks and layers.

Layout numbers are pixels of the 1280x720 picture. The picture is drawn twice as large, in supersampled pixels, and then
reduced. This gives clean edges.
"""

from typing import NamedTuple

from PIL import Image, ImageOps

WIDTH, HEIGHT = 1280, 720
FPS, FRAMES = 30, 75
SUPERSAMPLE = 2

NAVY, DEEP, SKY = (9, 17, 42), (4, 7, 20), (58, 98, 190)
WHITE, ICE = (255, 255, 255), (196, 214, 246)
ORANGE, AMBER, RUST = (255, 122, 26), (255, 184, 82), (150, 56, 6)

Colour = tuple[int, int, int]


class Sprite(NamedTuple):
    """A drawn layer and the place of its top left corner, both in supersampled pixels."""

    image: Image.Image
    x: int
    y: int


def px(value: float) -> int:
    """Pixels of the final picture as supersampled pixels."""
    return round(value * SUPERSAMPLE)


def progress(now_s: float, start_s: float, end_s: float) -> float:
    """How far `now_s` is between the two times, held to 0..1."""
    return min(1.0, max(0.0, (now_s - start_s) / (end_s - start_s)))


def ease_out(share: float) -> float:
    """Fast first, then settling (quartic)."""
    return 1 - (1 - share) ** 4


def ease_out_back(share: float) -> float:
    """Settling after a small overshoot."""
    return 1 + 2.4 * (share - 1) ** 3 + 1.4 * (share - 1) ** 2


def vertical_gradient(size: tuple[int, int], top: Colour, bottom: Colour) -> Image.Image:
    """An RGB picture that goes from `top` to `bottom`."""
    return ImageOps.colorize(Image.linear_gradient("L").resize(size, Image.Resampling.BICUBIC), top, bottom)


def radial_mask(size: tuple[int, int], *, power: float = 1.0) -> Image.Image:
    """An `L` mask that is 255 in the middle and 0 on the inscribed ellipse and outside of it."""
    # Pillow's gradient reaches 255 in the corners, hence about 180 on the inscribed circle.
    ramp = Image.radial_gradient("L").point([round(255 * max(0.0, 1 - level / 180) ** power) for level in range(256)])
    return ramp.resize(size, Image.Resampling.BICUBIC)


def tinted(mask: Image.Image, colour: Colour, opacity: float = 1.0) -> Image.Image:
    """`mask` as an RGBA layer of one colour."""
    layer = Image.new("RGBA", mask.size, (*colour, 0))
    layer.putalpha(mask.point([round(level * opacity) for level in range(256)]))
    return layer


def faded(layer: Image.Image, opacity: float) -> Image.Image:
    """`layer` with its alpha multiplied."""
    if opacity >= 1:
        return layer
    copy = layer.copy()
    copy.putalpha(layer.getchannel("A").point([round(level * opacity) for level in range(256)]))
    return copy


def put(canvas: Image.Image, sprite: Sprite) -> None:
    """Paste a layer, also where it hangs over the edge of the picture."""
    canvas.paste(sprite.image, (sprite.x, sprite.y), sprite.image)
