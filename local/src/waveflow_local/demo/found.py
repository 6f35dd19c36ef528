"""Find the audio among files and folders of a user, before any file is copied."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

from waveflow.audio.waveform.draw import Waveform, draw
from waveflow.errors import UnsupportedMediaError, WaveflowError

from waveflow_local.engine.template import Template
from waveflow_local.paths import LocalError, Project

_DIGITS = re.compile(r"(\d+)")
_MIB = 1 << 20
_MINUTE_S = 60


@dataclass(frozen=True)
class Found:
    """Name a user's file, tell what the file holds, and whether it can be sent."""

    path: Path
    name: str
    told: str
    is_audio: bool

    def __str__(self) -> str:
        """Return the line that the user reads: name and finding."""
        return f"{self.name}: {self.told}"


def findings(given: Sequence[Path], *, out: Path) -> list[Found]:
    """Return a finding for each file that is named, or lies in a named folder.

    Raises `LocalError` for a path that does not exist, before any file is read.
    """
    for path in given:
        if not path.exists():
            raise LocalError(f"There is no file {path}.")
    paths = list(_distinct(_files(given, out=out.resolve())))
    settings = Template.read(Project().template, {}).shared_environment()
    most_bytes = int(settings["MAX_FILE_SIZE_MB"]) * _MIB
    names = _names(paths)
    return [
        _found(path, name, most_bytes=most_bytes)
        for path, name in zip(paths, names, strict=True)
    ]


def _files(given: Iterable[Path], *, out: Path) -> Iterator[Path]:
    for path in given:
        if not path.is_dir():
            yield path
            continue
        inside = [each for each in path.rglob("*") if each.is_file()]
        for each in sorted(inside, key=_natural):
            hidden = any(part.startswith(".") for part in each.relative_to(path).parts)
            if not hidden and out not in each.resolve().parents:
                yield each


def _natural(path: Path) -> list[tuple[int, str]]:
    """Return a key that sorts "2 Bass" before "10 Drums", as an album is ordered."""
    parts = _DIGITS.split(normalize("NFC", str(path)).casefold())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _distinct(paths: Iterable[Path]) -> Iterator[Path]:
    seen = set()
    for path in paths:
        place = path.resolve()
        if place not in seen:
            seen.add(place)
            yield path


def _names(paths: Sequence[Path]) -> list[str]:
    """Return the name of each file, or its whole path where two names are equal."""
    names = [normalize("NFC", path.name) for path in paths]
    counts = Counter(names)
    return [
        name if counts[name] == 1 else normalize("NFC", str(path))
        for path, name in zip(paths, names, strict=True)
    ]


def _found(path: Path, name: str, *, most_bytes: int) -> Found:
    try:
        told = _refusal(path, most_bytes=most_bytes)
        if told is None:
            return Found(path, name, _facts(draw(path, 1)), is_audio=True)
    except UnsupportedMediaError as exc:
        told = f"not audio that WaveFlow reads ({exc.code})"
    except WaveflowError as exc:
        told = f"{exc} ({exc.code})"
    except OSError as exc:
        told = f"cannot be read: {exc.strerror}"
    return Found(path, name, told, is_audio=False)


def _refusal(path: Path, *, most_bytes: int) -> str | None:
    """Return why a file is not even opened, or None; a FIFO would wait for ever."""
    if not path.is_file():
        return "no regular file"
    size = path.stat().st_size
    if size == 0:
        return "empty"
    if size > most_bytes:
        return f"{size / _MIB:.1f} MiB; {most_bytes // _MIB} MiB are allowed"
    if not os.access(path, os.R_OK):
        return "cannot be read: Permission denied"
    return None


def _facts(waveform: Waveform) -> str:
    minutes, seconds = divmod(waveform.duration, _MINUTE_S)
    channels = {1: "mono", 2: "stereo"}.get(
        waveform.channels, f"{waveform.channels} channels"
    )
    facts = [
        waveform.format,
        f"{minutes:.0f}:{seconds:04.1f}",
        f"{waveform.sample_rate} Hz",
        channels,
        *waveform.warnings,
    ]
    return ", ".join(facts)
