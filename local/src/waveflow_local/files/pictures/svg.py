"""Write a waveform picture as SVG."""

from html import escape

from waveflow_local.files.pictures import colours
from waveflow_local.files.pictures.geometry import (
    AXIS_Y,
    BOTTOM,
    HEIGHT,
    LEFT,
    MIDDLE,
    RIGHT,
    TOP,
    WIDTH,
    Picture,
    Point,
)

_FONT = "ui-sans-serif, system-ui, 'Segoe UI', Helvetica, Arial, sans-serif"
_KEEP_SPACES = "white-space: pre"


def write_svg(picture: Picture) -> bytes:
    """Return a waveform picture as a self-contained SVG document."""
    ground = colours.css(colours.BACKGROUND)
    halo = colours.css(colours.HALO)
    parts = [
        _tag("title", escape(picture.caption or "Waveform")),
        _tag("defs", _gradient()),
        _tag("rect", width=WIDTH, height=HEIGHT, rx=18, fill=ground),
        *_grid(picture),
        _tag(
            "path",
            d=_path(picture.halo),
            fill=halo,
            fill_opacity=colours.HALO_OPACITY,
        ),
        _tag("path", d=_path(picture.envelope), fill="url(#wave)"),
        *_texts(picture),
    ]
    document = _tag(
        "svg",
        "\n".join(["", *parts, ""]),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        font_family=_FONT,
    )
    return f"{document}\n".encode()


def _gradient() -> str:
    stops = "".join(
        _tag("stop", offset=f"{offset:g}", stop_color=colours.css(colour))
        for offset, colour in colours.WAVE
    )
    return _tag(
        "linearGradient",
        stops,
        id="wave",
        gradientUnits="userSpaceOnUse",
        x1=0,
        y1=TOP,
        x2=0,
        y2=BOTTOM,
    )


def _grid(picture: Picture) -> list[str]:
    lines = f"M{LEFT} {MIDDLE:g}H{RIGHT}"
    lines += "".join(f"M{tick.x:.1f} {TOP}V{BOTTOM + 8}" for tick in picture.ticks)
    return [_tag("path", d=lines, stroke=colours.css(colours.GRID), fill="none")]


def _texts(picture: Picture) -> list[str]:
    grey, white = colours.css(colours.TEXT), colours.css(colours.TITLE)
    base = HEIGHT - 20
    figures = escape(picture.figures)
    labels = [
        _tag("text", tick.label, x=f"{tick.x:.1f}", y=AXIS_Y, text_anchor="middle")
        for tick in picture.ticks
    ]
    labels.append(
        _tag("text", figures, x=RIGHT, y=base, text_anchor="end", style=_KEEP_SPACES)
    )
    caption = escape(picture.caption)
    return [
        _tag("g", "\n".join(["", *labels, ""]), font_size=15, fill=grey),
        _tag(
            "text", caption, x=LEFT, y=base, font_size=17, font_weight=600, fill=white
        ),
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
