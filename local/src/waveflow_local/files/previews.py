"""Write previews of audio files, as the pipeline stores them in S3."""

from pathlib import Path
from typing import TypedDict

from waveflow_local.files.actions import errors_naming, size_of
from waveflow_local.files.writing import appearing
from waveflow_local.paths import UsageMistakeError


class PreviewReport(TypedDict):
    """Report of a preview that was written, as the command line prints it."""

    preview: str
    bytes: int
    duration: float
    warnings: list[str]


def preview_file(path: Path, out: Path) -> PreviewReport:
    """Write a preview of an audio file, as Opus or MP3 by the output's ending."""
    from waveflow.audio.preview.encoder import PreviewKind, write_preview

    endings = {f".{kind}": kind for kind in PreviewKind}
    kind = endings.get(out.suffix.lower())
    if kind is None:
        raise UsageMistakeError(f"{out} must end with {' or '.join(endings)}.")
    size_of(path)
    with appearing(out) as unfinished, errors_naming(path):
        preview = write_preview(path, unfinished, kind=kind)
    return {
        "preview": str(out),
        "bytes": preview.size_bytes,
        "duration": round(preview.duration, 6),
        "warnings": sorted(preview.warnings),
    }
