"""The watermark that lies over every clip."""

from PIL import Image, ImageFilter

from local.artwork.ball import draw_ball
from local.artwork.letters import word_mask
from local.artwork.shapes import DEEP, WHITE, faded, tinted


def draw_watermark() -> Image.Image:
    """The 200x72 RGBA mark: white letters and a small ball with a thin dark outline, for bright and dark footage."""
    size = (200, 72)
    big = (size[0] * 4, size[1] * 4)
    ink = Image.new("RGBA", big, (0, 0, 0, 0))
    ball = draw_ball(188, 0.0)
    ink.alpha_composite(ball, (26, 50))
    word = tinted(word_mask("ANB", 150), WHITE)
    ink.alpha_composite(word, (232, 69))
    edge = ink.getchannel("A").filter(ImageFilter.GaussianBlur(6)).point([min(255, level * 5) for level in range(256)])
    mark = tinted(edge, DEEP, 0.62)
    mark.alpha_composite(ink)
    return faded(mark.resize(size, Image.Resampling.LANCZOS), 0.86)
