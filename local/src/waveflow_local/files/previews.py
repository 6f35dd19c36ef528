"""Write previews of audio files, as the pipeline stores them in S3."""

from pathlib import Path
from typing import TypedDict

from waveflow_local.files.actions import errors_naming
from waveflow_local.files.streams import format_of, readable
from waveflow_local.files.writing import appearing


class PreviewReport(TypedDict):
    """Report of a preview that was written, as the command line prints it."""

    preview: str
    bytes: int
    duration: float
    warnings: list[str]


def preview_file(path: Path, out: Path, *, form: str | None) -> PreviewReport:
    """Write a preview of an audio file, as Opus or MP3."""
    from waveflow.audio.preview.encoder import PreviewKind, write_preview

    kind = PreviewKind(format_of(out, list(PreviewKind), asked=form))
    with (
        readable(path) as source,
        appearing(out) as unfinished,
        errors_naming(path),
    ):
        preview = write_preview(source, unfinished, kind=kind)
    return {
        "preview": str(out),
        "bytes": preview.size_bytes,
        "duration": round(preview.duration, 6),
        "warnings": sorted(preview.warnings),
    }
