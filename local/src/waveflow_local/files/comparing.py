"""Compare two files, or two folders of stems, with the code of the stage."""

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

import msgspec

from waveflow_local.files.actions import errors_naming
from waveflow_local.files.streams import all_readable
from waveflow_local.paths import LocalError, UsageMistakeError

Report = dict[str, object]


class FilePair(NamedTuple):
    """Name the older and the newer file of one stem; one of both may be missing."""

    before: Path | None
    after: Path | None


def pairs_of(before: Path, after: Path) -> dict[Path, FilePair]:
    """Return the pairs of two files or two folders, by the name to be shown."""
    if before.is_dir() != after.is_dir():
        raise UsageMistakeError("Compare two files, or two folders of stems.")
    if not before.is_dir():
        return {after: FilePair(before, after)}
    older, newer = _by_name(before), _by_name(after)
    whole = {name: name for name in older.keys() & newer.keys()}
    # Another format of the same stem: drums.wav became drums.flac.
    rest = {_stem(name): name for name in sorted(older.keys() - whole, reverse=True)}
    found = {}
    for name in newer:
        partner = whole.get(name) or rest.pop(_stem(name), None)
        found[Path(name)] = FilePair(older.get(partner or ""), newer[name])
    used = {pair.before for pair in found.values()}
    for name, path in older.items():
        if path not in used:
            found[Path(name)] = FilePair(path, None)
    if not found:
        raise LocalError(f"Neither {before} nor {after} holds audio.")
    return dict(sorted(found.items()))


def _by_name(folder: Path) -> dict[str, Path]:
    """Return the audio files of a folder by name; folders inside are not looked at."""
    try:
        files = [each for each in folder.iterdir() if each.is_file()]
    except OSError as exc:
        raise LocalError(f"{folder} cannot be read: {exc.strerror}.") from exc
    return {normalize("NFC", each.name): each for each in sorted(_audio(files))}


def _audio(files: Iterable[Path]) -> Iterable[Path]:
    from waveflow.audio.formats.head import sniff
    from waveflow.errors import UnsupportedMediaError

    for path in files:
        if path.name.startswith("."):
            continue
        try:
            sniff(path)
        except UnsupportedMediaError:
            continue  # a picture or a note beside the stems
        except Exception:  # noqa: BLE001, S110 - a broken stem is told with its pair
            pass
        yield path


def _stem(name: str) -> str:
    return Path(name).stem.casefold()


def compare_pair(
    name: Path, *, pairs: Mapping[Path, FilePair], num_peaks: int
) -> Report:
    """Return the report of the pair that a name stands for."""
    from waveflow.audio.compare.engine import compare

    before, after = pairs[name]
    given = [path for path in (before, after) if path is not None]
    with all_readable(given) as sources, errors_naming(name):
        report = compare(
            before and sources[before],
            after and sources[after],
            folder=Path(tempfile.gettempdir()),
            num_peaks=num_peaks,
        )
    files = {"before": before and str(before), "after": after and str(after)}
    return {"pair": str(name), "files": files, **msgspec.to_builtins(report)}


def load_comparison() -> None:
    """Import what the comparison of every pair needs."""
    import waveflow.audio.compare.engine  # noqa: F401 - processes share the modules
