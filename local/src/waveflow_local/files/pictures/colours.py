"""Choose the colours of waveform pictures, the same for every picture format."""

from itertools import pairwise

Colour = tuple[int, int, int]

BACKGROUND: Colour = (13, 18, 33)
GRID: Colour = (35, 43, 66)
TEXT: Colour = (148, 163, 184)
TITLE: Colour = (226, 232, 240)
HALO: Colour = (56, 94, 140)
HALO_OPACITY = 0.45
# Stops of the gradient, from the top of the wave to its bottom.
WAVE: tuple[tuple[float, Colour], ...] = (
    (0.0, (129, 140, 248)),
    (0.35, (56, 189, 248)),
    (0.5, (94, 234, 212)),
    (0.65, (56, 189, 248)),
    (1.0, (129, 140, 248)),
)


def css(colour: Colour) -> str:
    """Return a colour as CSS writes it."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def at(position: float) -> Colour:
    """Return the waveform's colour at a height from 0 (top) to 1 (bottom)."""
    for (start, first), (end, second) in pairwise(WAVE):
        if position <= end:
            share = (position - start) / (end - start)
            red, green, blue = (
                round(a + (b - a) * share) for a, b in zip(first, second, strict=True)
            )
            return red, green, blue
    return WAVE[-1][1]
