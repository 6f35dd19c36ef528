"""Plot how time and memory grow with the length of a file."""

import math

WIDTH, HEIGHT, MARGIN = 360, 260, 50
COLOURS = {
    "wav": "#1b6ca8",
    "flac": "#b8860b",
    "mp3": "#a23b3b",
    "ogg": "#3f7d4f",
    "opus": "#7a4fa3",
    "m4a": "#555555",
}
Point = tuple[str, float, float, float]


def svg(points: list[Point]) -> str:
    """Return an SVG of two plots side by side.

    Each point is kind, length in seconds, wall seconds and megabytes.
    """
    time = _plot(points, 2, title="wall time, s (both axes logarithmic)", log=True)
    memory = _plot(points, 3, title="peak memory, MB", log=False)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * WIDTH}" '
        f'height="{HEIGHT}" font-family="sans-serif" font-size="11">'
        f'<rect width="100%" height="100%" fill="white"/>{time}'
        f'<g transform="translate({WIDTH})">{memory}</g></svg>\n'
    )


def _plot(points: list[Point], column: int, *, title: str, log: bool) -> str:
    def across(seconds: float) -> float:
        return math.log10(seconds)

    def up(value: float) -> float:
        return math.log10(value) if log else value

    xs = [across(point[1]) for point in points]
    ys = [up(point[column]) for point in points]
    low, high = (min(ys), max(ys)) if log else (0, 1.2 * max(ys))
    left, right = min(xs), max(xs)

    def place(point: Point) -> tuple[float, float]:
        x = (across(point[1]) - left) / ((right - left) or 1)
        y = (up(point[column]) - low) / ((high - low) or 1)
        return (
            MARGIN + x * (WIDTH - 1.6 * MARGIN),
            HEIGHT - MARGIN - y * (HEIGHT - 2 * MARGIN),
        )

    parts = [f'<text x="{MARGIN}" y="24">{title}</text>']
    for seconds in sorted({point[1] for point in points}):
        x, _ = place(("", seconds, 1, 1))
        parts.append(
            f'<text x="{x:.0f}" y="{HEIGHT - 22}" text-anchor="middle">'
            f"{seconds:g} s</text>"
        )
    for index, kind in enumerate(dict.fromkeys(point[0] for point in points)):
        own = [point for point in points if point[0] == kind]
        parts.append(_line(own, place, colour=COLOURS[kind]))
        parts.append(
            f'<text x="{10 + 58 * index}" y="{HEIGHT - 6}" '
            f'fill="{COLOURS[kind]}">{kind} {own[-1][column]:.2g}</text>'
        )
    return "".join(parts)


def _line(points: list[Point], place, *, colour: str) -> str:
    placed = [place(point) for point in points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in placed
    )
    return (
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        f"{dots}"
    )
