"""Choose the colours of waveform pictures, the same for every picture format."""

import math
import re
from dataclasses import dataclass, replace
from itertools import pairwise

from waveflow_local.paths import UsageMistakeError

Colour = tuple[int, int, int]
Stops = tuple[tuple[float, Colour], ...]

HALO_OPACITY = 0.45
_BLACK: Colour = (0, 0, 0)
_WHITE: Colour = (255, 255, 255)
# The luminance whose contrast to black equals the contrast to white (WCAG 2).
_MIDDLE_LUMINANCE = 0.179
_RED_GREEN_BLUE = (0.2126, 0.7152, 0.0722)  # shares of the luminance (ITU-R BT.709)
_GAMMA = 2.2
_GRID_SHARE, _TEXT_SHARE, _TITLE_SHARE = 0.15, 0.75, 0.9  # of black or white
_HEXADECIMAL = re.compile(r"#?([0-9a-f]{6})", re.IGNORECASE)


def _mirrored(edge: Colour, between: Colour, middle: Colour) -> Stops:
    above = (0.0, edge), (0.35, between)
    below = (0.65, between), (1.0, edge)
    return (*above, (0.5, middle), *below)


_WAVE_ON_DARK = _mirrored((129, 140, 248), (56, 189, 248), (94, 234, 212))
# The pale gradient of the dark picture would vanish on paper.
_WAVE_ON_LIGHT = _mirrored((79, 70, 229), (2, 132, 199), (13, 148, 136))


@dataclass(frozen=True)
class Palette:
    """Hold the colours of one picture.

    Parameters
    ----------
    wave
        Stops of the gradient, from the top of the wave (0) to its bottom (1).
    """

    background: Colour = (13, 18, 33)
    grid: Colour = (35, 43, 66)
    text: Colour = (148, 163, 184)
    title: Colour = (226, 232, 240)
    halo: Colour = (56, 94, 140)
    wave: Stops = _WAVE_ON_DARK

    def at(self, position: float) -> Colour:
        """Return the waveform's colour at a height from 0 (top) to 1 (bottom)."""
        for (start, first), (end, second) in pairwise(self.wave):
            if position <= end:
                return _mixed(first, second, (position - start) / (end - start))
        return self.wave[-1][1]


PALETTE = Palette()


def palette(wave: Colour | None, background: Colour | None) -> Palette:
    """Return the colours of a picture whose wave or background may be chosen."""
    chosen = PALETTE if background is None else _around(background)
    if wave is None:
        return chosen
    return replace(chosen, halo=wave, wave=((0.0, wave), (1.0, wave)))


def read_colour(text: str) -> Colour:
    """Return the colour of a text as `#0ea5e9`, `0ea5e9` or `red`, or refuse the text.

    Raises
    ------
    UsageMistakeError
        The text is neither six hexadecimal digits nor a colour's name in CSS.
    """
    if digits := _HEXADECIMAL.fullmatch(text):
        red, green, blue = bytes.fromhex(digits[1])
        return red, green, blue
    from PIL import ImageColor

    name = text.lower()
    if name not in ImageColor.colormap:
        raise UsageMistakeError(
            f"{text!r} is no colour: write six hexadecimal digits, as 0ea5e9, "
            "or a name of CSS, as red."
        )
    red, green, blue = ImageColor.getrgb(name)[:3]
    return red, green, blue


def css(colour: Colour) -> str:
    """Return a colour as CSS writes it."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _around(background: Colour) -> Palette:
    """Return colours that can be seen on a background, light or dark."""
    is_dark = _luminance(background) < _MIDDLE_LUMINANCE
    ink = _WHITE if is_dark else _BLACK
    return Palette(
        background=background,
        grid=_mixed(background, ink, _GRID_SHARE),
        text=_mixed(background, ink, _TEXT_SHARE),
        title=_mixed(background, ink, _TITLE_SHARE),
        wave=_WAVE_ON_DARK if is_dark else _WAVE_ON_LIGHT,
    )


def _mixed(colour: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (
        round(a + (b - a) * share) for a, b in zip(colour, other, strict=True)
    )
    return red, green, blue


def _luminance(colour: Colour) -> float:
    """Return how bright a colour looks, from 0 (black) to 1 (white)."""
    parts = zip(_RED_GREEN_BLUE, colour, strict=True)
    return sum(share * math.pow(value / 255, _GAMMA) for share, value in parts)
