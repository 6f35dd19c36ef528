"""Write a waveform picture as PNG."""

import io

from PIL import Image, ImageDraw, ImageFont

from waveflow_local.files.pictures.colours import HALO_OPACITY, PALETTE, Palette
from waveflow_local.files.pictures.geometry import Frame, Picture, Point

_FINER = 2  # shapes are drawn larger, then averaged: Pillow's edges are hard
_OPAQUE = 255
_COMPRESSION = 4  # level 4 takes a third of level 9's time for a tenth more bytes


def write_png(picture: Picture, palette: Palette = PALETTE) -> bytes:
    """Return a waveform picture as the bytes of a PNG file."""
    frame = picture.frame
    image = Image.new("RGB", (frame.width, frame.height), palette.background)
    draw = ImageDraw.Draw(image)
    if frame.axis:
        _draw_grid(draw, picture, palette)
    halo = Image.new("RGB", image.size, palette.halo)
    image.paste(halo, mask=_mask(picture.halo, frame, round(_OPAQUE * HALO_OPACITY)))
    mask = _mask(picture.envelope, frame, _OPAQUE)
    image.paste(_gradient(frame, palette), mask=mask)
    if frame.axis:
        _write_texts(draw, picture, palette)
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=_COMPRESSION)
    return file.getvalue()


def _draw_grid(draw: ImageDraw.ImageDraw, picture: Picture, palette: Palette) -> None:
    frame = picture.frame
    draw.line([(frame.left, frame.middle), (frame.right, frame.middle)], palette.grid)
    for tick in picture.ticks:
        draw.line([(tick.x, frame.top), (tick.x, frame.bottom + 8)], palette.grid)


def _mask(outline: list[Point], frame: Frame, value: int) -> Image.Image:
    mask = Image.new("L", (frame.width * _FINER, frame.height * _FINER))
    if outline:
        points = [(x * _FINER, y * _FINER) for x, y in outline]
        ImageDraw.Draw(mask).polygon(points, fill=value)
    return mask.resize((frame.width, frame.height), Image.Resampling.BOX)


def _gradient(frame: Frame, palette: Palette) -> Image.Image:
    column = Image.new("RGB", (1, frame.height))
    for y in range(frame.height):
        share = min(1, max(0, (y - frame.top) / (frame.bottom - frame.top)))
        column.putpixel((0, y), palette.at(share))
    return column.resize((frame.width, frame.height))


def _write_texts(draw: ImageDraw.ImageDraw, picture: Picture, palette: Palette) -> None:
    frame = picture.frame
    small, large = ImageFont.load_default(15), ImageFont.load_default(18)
    for tick in picture.ticks:
        draw.text((tick.x, frame.axis_y), tick.label, palette.text, small, anchor="ms")
    base = frame.text_y
    draw.text((frame.right, base), picture.figures, palette.text, small, anchor="rs")
    caption = _drawable(picture.caption)
    draw.text((frame.left, base), caption, palette.title, large, anchor="ls")


def _drawable(text: str) -> str:
    """Return a text without the characters that Pillow's own font lacks."""
    return "".join(char if char.isascii() else "·" for char in text)
