"""Draw the zoom levels of a file's waveform, as the pipeline stores them in S3."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import click

from waveflow_local.files.writing import appearing, folder_for

if TYPE_CHECKING:
    from waveflow.audio.stream import Stream
    from waveflow.audio.waveform.zoom import WaveformData
    from waveflow.audio.waveform.zoom_levels import Zoom, ZoomLevels

_RULE = "1 to 3 integers from 64 to 65,536, rising, each a multiple of the one before"


@dataclass(frozen=True)
class ZoomChoice:
    """Say which zoom levels to draw, and whether two channels stay apart.

    Parameters
    ----------
    levels
        Samples per pixel, rising, each a multiple of the number before; may be empty.
    """

    levels: Sequence[int] = ()
    split_channels: bool = False

    def paths(self, document: Path) -> list[Path]:
        """Return every path that a zoom level beside a waveform document may take."""
        splits = [False, True] if self.split_channels else [False]
        return [
            _level_path(document, samples_per_pixel, split=split)
            for samples_per_pixel in self.levels
            for split in splits
        ]


NO_ZOOM = ZoomChoice()


class ZoomReport(TypedDict):
    """Report of one zoom level that was written, as a result's `zoom_levels` has it."""

    samples_per_pixel: int
    path: str
    bytes: int
    length: int
    channels: int


def read_levels(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> tuple[int, ...]:
    """Return the zoom levels of an option such as `--zoom 256,1024`.

    Raises
    ------
    click.BadParameter
        A message would be refused for the same levels.
    """
    if value is None:
        return ()
    import msgspec
    from waveflow.events.options import ZoomLevels, conflicting_options

    parts = [part.strip() for part in value.split(",")]
    try:
        levels = msgspec.convert(parts, ZoomLevels, strict=False)
    except (msgspec.ValidationError, UnicodeEncodeError):
        levels = []
    if not levels or list(conflicting_options({"waveform": {"zoom_levels": levels}})):
        raise click.BadParameter(f"{value!r} is not {_RULE}.", ctx=ctx, param=param)
    return tuple(levels)


class ZoomDrawing:
    """Listen to a file's decode for the zoom levels that were chosen, if any."""

    def __init__(self, choice: ZoomChoice) -> None:
        self._choice = choice
        self._levels: ZoomLevels | None = None

    def listen(self, stream: "Stream") -> list["ZoomLevels"]:
        """Return the listeners for an opened audio file: one, or none."""
        if not self._choice.levels:
            return []
        from waveflow.audio.waveform.zoom_levels import ZoomLevels

        self._levels = ZoomLevels(
            stream, self._choice.levels, split=self._choice.split_channels
        )
        return [self._levels]

    def finish(self) -> "Zoom | None":
        """Return the zoom levels of the whole file, or None where none were chosen."""
        return None if self._levels is None else self._levels.finish()


def write_drawing(out: Path, document: bytes, zoom: "Zoom | None") -> list[ZoomReport]:
    """Write a waveform document and its zoom levels: all of them, or nothing.

    Every file is on the disk before any appears, and the document appears last.
    """
    levels = {_path_of(level, out): level for level in (zoom.levels if zoom else ())}
    with ExitStack() as stack:
        stack.enter_context(appearing(out)).write_bytes(document)
        if levels:
            stack.enter_context(folder_for(folder_beside(out)))
        for path, level in levels.items():
            stack.enter_context(appearing(path)).write_bytes(level.dat())
    return [_report_of(level, path) for path, level in levels.items()]


def folder_beside(document: Path) -> Path:
    """Return the folder of a document's zoom levels: song_zoom of song.json."""
    return document.with_name(f"{document.stem}_zoom")


def _path_of(level: "WaveformData", document: Path) -> Path:
    return _level_path(document, level.samples_per_pixel, split=level.channels > 1)


def _level_path(document: Path, samples_per_pixel: int, *, split: bool) -> Path:
    from waveflow.events.options import zoom_name

    return folder_beside(document) / zoom_name(samples_per_pixel, split=split)


def _report_of(level: "WaveformData", path: Path) -> ZoomReport:
    return {
        "samples_per_pixel": level.samples_per_pixel,
        "path": str(path),
        "bytes": path.stat().st_size,
        "length": level.length,
        "channels": level.channels,
    }
