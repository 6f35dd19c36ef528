"""Turn costs into rows of a table."""

import statistics
from dataclasses import dataclass, field

NONE = "-"


@dataclass
class Cost:
    """What runs of one contestant cost."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)

    def add(self, cpu: float, wall: float, megabytes: float = 0) -> None:
        """Take in one run."""
        self.cpu.append(cpu)
        self.wall.append(wall)
        self.megabytes.append(megabytes)


def median(values: list[float]) -> float:
    """Take the middle run."""
    return statistics.median(values)


def ratio(ours: list[float], theirs: list[float]) -> str:
    """Compare two contestants; below 1 the first is faster."""
    return f"{median(ours) / median(theirs):.2f}"


def waveform_row(costs: dict[str, Cost]) -> list[str]:
    """Describe one kind of file."""
    one, two = costs["one"], costs["two"]
    row = [f"{median(one.cpu):.3f}", f"{median(two.wall):.3f}"]
    if "aw" in costs:
        aw = costs["aw"]
        row += [f"{median(aw.cpu):.3f}", ratio(one.cpu, aw.cpu)]
        row += [ratio(two.wall, one.wall), ratio(two.wall, aw.wall)]
    else:
        row += [NONE, NONE, ratio(two.wall, one.wall), NONE]
    if "seed" in costs:
        seed = costs["seed"]
        return [*row, f"{median(seed.cpu):.2f}", ratio(seed.cpu, one.cpu) + " x"]
    return [*row, NONE, NONE]


def cold_row(costs: dict[str, Cost]) -> list[str]:
    """Describe one file in fresh processes."""
    ours = costs["ours"]
    row = [f"{median(ours.wall):.3f}", f"{max(ours.megabytes):.0f}"]
    if "aw" not in costs:
        return [*row, NONE, NONE, NONE]
    aw = costs["aw"]
    return [
        *row,
        f"{median(aw.wall):.3f}",
        f"{max(aw.megabytes):.0f}",
        ratio(ours.wall, aw.wall),
    ]


def mix_row(costs: dict[str, Cost]) -> list[str]:
    """Describe one mix."""
    ours = costs["ours"]
    row = [f"{median(ours.cpu):.2f}", f"{median(ours.wall):.2f}"]
    row.append(f"{max(ours.megabytes):.0f}")
    ffmpeg, sox = costs.get("ffmpeg"), costs.get("sox")
    row += (
        [f"{median(ffmpeg.cpu):.2f}", ratio(ours.cpu, ffmpeg.cpu)]
        if ffmpeg
        else [NONE] * 2
    )
    row += (
        [f"{median(sox.wall):.2f}", ratio(ours.wall, sox.wall)] if sox else [NONE] * 2
    )
    seed, pydub = costs.get("seed"), costs.get("pydub")
    row += (
        [f"{median(seed.cpu):.2f}", ratio(seed.cpu, ours.cpu) + " x"]
        if seed
        else [NONE] * 2
    )
    return [*row, f"{median(pydub.cpu):.2f}" if pydub else NONE]
