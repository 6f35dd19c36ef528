"""Write a waveform picture as SVG."""

from html import escape

from waveflow_local.files.pictures.colours import (
    HALO_OPACITY,
    PALETTE,
    Palette,
    css,
)
from waveflow_local.files.pictures.geometry import FRAME, Frame, Picture, Point

_FONT = "ui-sans-serif, system-ui, 'Segoe UI', Helvetica, Arial, sans-serif"
_CORNER = 18  # radius of the corners of a picture with texts, in pixels
_KEEP_SPACES = "white-space: pre"


def write_svg(picture: Picture, palette: Palette = PALETTE) -> bytes:
    """Return a waveform picture as a self-contained SVG document."""
    frame = picture.frame
    parts = [
        _tag("title", escape(picture.caption or "Waveform")),
        _tag("defs", _gradient(frame, palette)),
        _ground(frame, palette),
        *(_grid(picture, palette) if frame.axis else []),
        _tag(
            "path",
            d=_path(picture.halo),
            fill=css(palette.halo),
            fill_opacity=HALO_OPACITY,
        ),
        _tag("path", d=_path(picture.envelope), fill="url(#wave)"),
        *(_texts(picture, palette) if frame.axis else []),
    ]
    document = _tag(
        "svg",
        "\n".join(["", *parts, ""]),
        xmlns="http://www.w3.org/2000/svg",
        **_size(frame),
        viewBox=f"0 0 {frame.width} {frame.height}",
        role="img",
        font_family=_FONT,
    )
    return f"{document}\n".encode()


def _size(frame: Frame) -> dict[str, object]:
    """Return the size of an SVG; a picture of the usual size fills its place."""
    if (frame.width, frame.height) == (FRAME.width, FRAME.height):
        return {}
    return {"width": frame.width, "height": frame.height}


def _gradient(frame: Frame, palette: Palette) -> str:
    stops = "".join(
        _tag("stop", offset=f"{offset:g}", stop_color=css(colour))
        for offset, colour in palette.wave
    )
    return _tag(
        "linearGradient",
        stops,
        id="wave",
        gradientUnits="userSpaceOnUse",
        x1=0,
        y1=frame.top,
        x2=0,
        y2=frame.bottom,
    )


def _ground(frame: Frame, palette: Palette) -> str:
    rounded = {"rx": _CORNER} if frame.axis else {}
    size = {"width": frame.width, "height": frame.height}
    return _tag("rect", **size, **rounded, fill=css(palette.background))


def _grid(picture: Picture, palette: Palette) -> list[str]:
    frame = picture.frame
    lines = f"M{frame.left} {frame.middle:g}H{frame.right}"
    lines += "".join(
        f"M{tick.x:.1f} {frame.top}V{frame.bottom + 8}" for tick in picture.ticks
    )
    return [_tag("path", d=lines, stroke=css(palette.grid), fill="none")]


def _texts(picture: Picture, palette: Palette) -> list[str]:
    frame, base = picture.frame, picture.frame.text_y
    labels = [
        _tag(
            "text", tick.label, x=f"{tick.x:.1f}", y=frame.axis_y, text_anchor="middle"
        )
        for tick in picture.ticks
    ]
    figures = escape(picture.figures)
    right = {"x": frame.right, "y": base, "text_anchor": "end"}
    labels.append(_tag("text", figures, **right, style=_KEEP_SPACES))
    caption = escape(picture.caption)
    left = {"x": frame.left, "y": base, "font_size": 17, "font_weight": 600}
    return [
        _tag("g", "\n".join(["", *labels, ""]), font_size=15, fill=css(palette.text)),
        _tag("text", caption, **left, fill=css(palette.title)),
    ]


def _tag(name: str, content: str = "", /, **attributes: object) -> str:
    """Return one SVG element; underscores in attribute names become hyphens."""
    written = "".join(
        f' {key.replace("_", "-")}="{value}"' for key, value in attributes.items()
    )
    end = f">{content}</{name}>" if content else "/>"
    return f"<{name}{written}{end}"


def _path(outline: list[Point]) -> str:
    if not outline:
        return ""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in outline) + "Z"
