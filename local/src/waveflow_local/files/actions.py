"""Hash, draw, mix and plot audio files with the code of the pipeline's stages."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NotRequired, TypedDict

from waveflow.errors import WaveflowError

from waveflow_local.files.hashing import digest_of, hash_beside
from waveflow_local.files.region import WHOLE, Density, Region
from waveflow_local.files.streams import all_readable, format_of, readable
from waveflow_local.files.writing import appearing, output_in, write_whole
from waveflow_local.files.zoom import (
    NO_ZOOM,
    ZoomChoice,
    ZoomDrawing,
    ZoomReport,
    write_drawing,
)
from waveflow_local.paths import LocalError

if TYPE_CHECKING:
    from waveflow.audio.waveform.draw import Waveform


class HashReport(TypedDict):
    """Report of a file's SHA-256 and size, as the command line prints it."""

    file: str
    sha256: str
    size: int


class DrawingReport(TypedDict):
    """Report of a drawn file; `document` is a path, or the waveform document itself."""

    file: str
    document: str
    format: str
    duration: float
    sample_rate: int
    channels: int
    peak: float
    num_peaks: int
    warnings: list[str]
    zoom_levels: NotRequired[list[ZoomReport] | None]  # None where all were dropped


class DatReport(TypedDict):
    """Report of the path and size of a file in audiowaveform's format."""

    file: str
    dat: str
    length: int
    channels: int
    warnings: list[str]


class MixReport(TypedDict):
    """Report of a classic mix, as the command line prints it."""

    mix: str
    peaks: str | None
    stems: int
    duration: float
    sample_rate: int
    sha256: str
    warnings: list[str]


def hash_file(path: Path) -> HashReport:
    """Return the SHA-256 and size of an audio file."""
    digest = digest_of(path)
    return {"file": str(path), "sha256": digest.sha256, "size": digest.size}


def draw_file(
    path: Path,
    out: Path | None,
    *,
    num_peaks: int,
    choice: ZoomChoice = NO_ZOOM,
    region: Region = WHOLE,
) -> DrawingReport:
    """Write a file's waveform document, and chosen zoom levels beside the document.

    Without `out` nothing is written, and the report holds the document itself.
    """
    from waveflow.audio.waveform.draw import draw

    drawing = ZoomDrawing(choice)
    with readable(path) as source, hash_beside(source) as digest:
        with errors_naming(path):
            waveform = draw(
                source,
                num_peaks,
                listen=drawing.listen,
                open_audio=region.open_audio,
            )
        document = document_of(waveform, digest.result().sha256, source)
    return _publish(waveform, document, path, out=out, drawing=drawing)


def draw_into(
    path: Path,
    *,
    folder: Path,
    num_peaks: int,
    choice: ZoomChoice = NO_ZOOM,
    region: Region = WHOLE,
) -> DrawingReport:
    """Write a file's waveform document into a folder, all in one thread."""
    from waveflow.audio.waveform.draw import draw

    drawing = ZoomDrawing(choice)
    with readable(path) as source:
        digest = digest_of(source)
        with errors_naming(path):
            waveform = draw(
                source,
                num_peaks,
                decoders=1,
                listen=drawing.listen,
                open_audio=region.open_audio,
            )
        document = document_of(waveform, digest.sha256, source)
    out = output_in(folder, path)
    return _publish(waveform, document, path, out=out, drawing=drawing)


def _publish(
    waveform: "Waveform",
    document: bytes,
    path: Path,
    *,
    out: Path | None,
    drawing: ZoomDrawing,
) -> DrawingReport:
    zoom = drawing.finish()
    report: DrawingReport = {
        "file": str(path),
        "document": str(out) if out else document.decode(),
        "format": waveform.format,
        "duration": round(waveform.duration, 6),
        "sample_rate": waveform.sample_rate,
        "channels": waveform.channels,
        "peak": round(waveform.peak, 6),
        "num_peaks": len(waveform.peaks),
        "warnings": sorted({*waveform.warnings, *(zoom.warnings if zoom else ())}),
    }
    if out is not None:
        levels = write_drawing(out, document, zoom)
        if zoom is not None:
            report["zoom_levels"] = levels or None
    return report


def write_dat(  # noqa: PLR0913 - one parameter per option
    path: Path,
    out: Path,
    *,
    density: Density,
    bits: int,
    split_channels: bool,
    form: str,
    region: Region = WHOLE,
) -> DatReport:
    """Write a file's waveform data as audiowaveform does, as `dat` or `json`."""
    from waveflow.audio.waveform.zoom import audiowaveform_data

    with readable(path) as source, errors_naming(path):
        data = audiowaveform_data(
            source,
            samples_per_pixel=density.frames_per_point(source),
            bits=bits,
            split_channels=split_channels,
            open_audio=region.open_audio,
        )
    write_whole(out, data.json() if form == "json" else data.dat())
    return {
        "file": str(path),
        "dat": str(out),
        "length": data.length,
        "channels": data.channels,
        "warnings": list(data.warnings),
    }


def mix_files(
    paths: Sequence[Path], out: Path, *, peaks: Path | None, form: str | None = None
) -> MixReport:
    """Mix audio files to their mean, and write the mix's waveform document last."""
    from waveflow.audio.mix.classic import mix

    format_of(out, ["wav"], asked=form)
    with all_readable(paths) as files, appearing(out) as unfinished:
        sources = [files[path] for path in paths]
        mixed = mix(sources, unfinished, names=[str(path) for path in paths])
        document = document_of(mixed.waveform, mixed.audio_hash, unfinished)
    if peaks is not None:
        write_whole(peaks, document)
    return {
        "mix": str(out),
        "peaks": str(peaks) if peaks else None,
        "stems": len(paths),
        "duration": round(mixed.waveform.duration, 6),
        "sample_rate": mixed.waveform.sample_rate,
        "sha256": mixed.audio_hash,
        "warnings": list(mixed.warnings),
    }


def document_of(waveform: "Waveform", audio_hash: str, source: Path) -> bytes:
    """Return the waveform document of an audio file, dated by the file."""
    from waveflow.audio.waveform.draw import waveform_document

    # The file's own time as `created_at` gives the same bytes each time.
    changed = datetime.fromtimestamp(source.stat().st_mtime, UTC)
    created = changed.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return waveform_document(waveform, audio_hash=audio_hash, created_at=created)


@contextmanager
def errors_naming(path: Path) -> Iterator[None]:
    """Put a file's name before the message of every audio error raised in the block."""
    try:
        yield
    except (WaveflowError, LocalError) as exc:
        raise type(exc)(f"{path}: {exc}") from exc
