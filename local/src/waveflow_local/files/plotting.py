"""Write pictures of waveform documents, and of audio files straight away."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from waveflow_local.files.actions import document_of, errors_naming
from waveflow_local.files.pictures.colours import PALETTE, Palette
from waveflow_local.files.pictures.geometry import FRAME, Frame, lay_out
from waveflow_local.files.region import WHOLE, Region
from waveflow_local.files.streams import format_of, readable
from waveflow_local.files.writing import write_whole
from waveflow_local.paths import LocalError, UsageMistakeError

_OPENINGS = (b"{", b"[")
_HEAD_BYTES = 64


@dataclass(frozen=True)
class Style:
    """Say how a picture looks.

    Parameters
    ----------
    title
        Text below the wave; None for the file's name.
    """

    title: str | None = None
    frame: Frame = FRAME
    palette: Palette = PALETTE


class PictureReport(TypedDict):
    """Report of a picture that was written, as the command line prints it."""

    picture: str
    warnings: list[str]


def plot_file(
    path: Path,
    out: Path,
    *,
    style: Style,
    form: str | None,
    region: Region = WHOLE,
) -> PictureReport:
    """Write a picture of an audio file or a waveform document, as PNG or SVG."""
    kind = format_of(out, ["svg", "png"], asked=form)
    with readable(path) as source:
        document, warnings = _document(
            source, path, region=region, columns=style.frame.columns
        )
    title = style.title or path.stem
    picture = lay_out(document, title=title, start=region.start, frame=style.frame)
    if kind == "svg":
        from waveflow_local.files.pictures.svg import write_svg

        write_whole(out, write_svg(picture, style.palette))
    else:
        from waveflow_local.files.pictures.png import write_png

        write_whole(out, write_png(picture, style.palette))
    return {"picture": str(out), "warnings": warnings}


def _document(
    source: Path, path: Path, *, region: Region, columns: int
) -> tuple[dict[str, object], list[str]]:
    with source.open("rb") as file:
        head = file.read(_HEAD_BYTES).lstrip()
    if head.startswith(_OPENINGS):
        if region != WHOLE:
            raise UsageMistakeError("--start and --end need audio, not a document.")
        return _parsed(source.read_bytes(), path), []
    from waveflow.audio.waveform.draw import draw

    with errors_naming(path):
        waveform = draw(source, columns, open_audio=region.open_audio)
    content = document_of(waveform, "", source)
    return _parsed(content, path), list(waveform.warnings)


def _parsed(content: bytes, path: Path) -> dict[str, object]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as exc:
        raise LocalError(f"{path} is not JSON: {exc}.") from exc
    if not isinstance(document, dict) or not {"data", "peaks"} & document.keys():
        raise LocalError(f"{path} is no waveform document: it has no data or peaks.")
    return document
