"""Letters: the three of the mark are outlines drawn by hand, all other texts use Pillow's bundled font."""

import math

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from local.artwork.shapes import DEEP, ORANGE, RUST, Colour, tinted, vertical_gradient

Point = tuple[float, float]

# Outline first, then the holes, on a grid 100 high. Drawn by hand: the bundled font has no heavy italic.
LETTERS: dict[str, tuple[float, list[list[Point]]]] = {
    "A": (
        104,
        [
            [(0, 100), (33, 0), (71, 0), (104, 100), (75, 100), (69.5, 81), (34.5, 81), (29, 100)],
            [(52, 25), (62.5, 59), (41.5, 59)],
        ],
    ),
    "N": (
        98,
        [
            [(0, 100), (0, 0), (29, 0), (70, 57), (70, 0), (98, 0), (98, 100), (70, 100), (28, 42), (28, 100)],
        ],
    ),
    "B": (
        94,
        [
            [(0, 0), (72, 0), (90, 16), (90, 38), (81, 49), (94, 62), (94, 83), (75, 100), (0, 100)],
            [(28, 22), (57, 22), (62, 27), (62, 35), (57, 40), (28, 40)],
            [(28, 60), (60, 60), (65, 65), (65, 73), (60, 78), (28, 78)],
        ],
    ),
}
LETTER_GAP = 13
SLANT = 0.17


def letter_mask(letter: str, height: float) -> Image.Image:
    """One slanted block letter as an `L` mask, `height` supersampled pixels high."""
    width, outlines = LETTERS[letter]
    unit = height / 100
    mask = Image.new("L", (math.ceil((width + 100 * SLANT) * unit) + 2, math.ceil(height) + 2), 0)
    draw = ImageDraw.Draw(mask)
    for index, outline in enumerate(outlines):
        draw.polygon([((x + (100 - y) * SLANT) * unit, y * unit) for x, y in outline], fill=0 if index else 255)
    return mask


def letter_offsets(text: str, height: float) -> list[float]:
    """Left edge of every letter, and last the right edge of the word, in the unit of `height`."""
    offsets = [0.0]
    for letter in text:
        offsets.append(offsets[-1] + (LETTERS[letter][0] + LETTER_GAP) * height / 100)
    return offsets


def word_mask(text: str, height: float) -> Image.Image:
    """The letters side by side as one `L` mask."""
    offsets = letter_offsets(text, height)
    mask = Image.new("L", (math.ceil(offsets[-1] + height * SLANT), math.ceil(height) + 2), 0)
    for letter, offset in zip(text, offsets, strict=False):
        drawn = letter_mask(letter, height)
        mask.paste(drawn, (round(offset), 0), drawn)
    return mask


def text_mask(text: str, size: float, *, weight: float, tracking: float, slant: float = 0.0) -> Image.Image:
    """A line of the bundled font made bold by `weight` (stroke) and spaced by `tracking`, cropped to its ink."""
    font = ImageFont.load_default(size=size)
    width = sum(font.getlength(char) + tracking for char in text) + 4 * size
    mask = Image.new("L", (math.ceil(width), math.ceil(2 * size)), 0)
    draw = ImageDraw.Draw(mask)
    left = 2 * size
    for char in text:
        draw.text((left, size * 1.4), char, font=font, fill=255, anchor="ls", stroke_width=weight)
        left += font.getlength(char) + tracking
    if slant:
        mask = mask.transform(
            mask.size, Image.Transform.AFFINE, (1, slant, -slant * size, 0, 1, 0), Image.Resampling.BICUBIC
        )
    return mask.crop(mask.getbbox())


def block_letters(mask: Image.Image, top: Colour, bottom: Colour, *, depth: int) -> Image.Image:
    """`mask` as solid letters: a gradient face, an orange side `depth` pixels deep and a soft shadow."""
    margin = 3 * depth + 8
    size = (mask.width + 2 * margin, mask.height + 2 * margin)
    shadow = Image.new("L", size, 0)
    shadow.paste(mask, (margin + 2 * depth, margin + 2 * depth), mask)
    layer = tinted(shadow.filter(ImageFilter.GaussianBlur(depth * 0.8)), DEEP, 0.75)
    for step in range(depth, 0, -1):
        side = ORANGE if step < depth * 0.35 else RUST
        layer.alpha_composite(tinted(mask, side), (margin + step, margin + step))
    face = vertical_gradient(mask.size, top, bottom).convert("RGBA")
    face.putalpha(mask)
    layer.alpha_composite(face, (margin, margin))
    return layer
