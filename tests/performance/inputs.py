"""Files for a benchmark, each made once, and the tools that can take part."""

import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path

from contest import python, run, say
from programs import MAKE
from rows import Goal

ENCODERS = {
    "loud": ["-af", "volume=8.5dB", "-f", "wav"],
    "wav24": ["-c:a", "pcm_s24le", "-f", "wav"],
    "float": ["-c:a", "pcm_f32le", "-f", "wav"],
    "aiff": ["-f", "aiff"],
    "flac": ["-f", "flac"],
    "mp3": ["-b:a", "192k", "-f", "mp3"],
    "ogg": ["-c:a", "libvorbis", "-q:a", "5", "-f", "ogg"],
    "opus": ["-c:a", "libopus", "-b:a", "128k", "-f", "ogg"],
    "m4a": ["-c:a", "aac", "-b:a", "192k", "-f", "ipod"],
}
TOOLS = ("audiowaveform", "ffmpeg", "sox")
MODULES = ("librosa", "pydub")


@dataclass(frozen=True)
class Course:
    """Conditions of all races: a folder for files, and whether the run is quick."""

    folder: Path
    quick: bool

    @property
    def rounds(self) -> int:
        """Return the number of counted runs of each contestant."""
        return 2 if self.quick else 3

    @property
    def seconds(self) -> int:
        """Return the usual length of a file in seconds."""
        return 5 if self.quick else 300

    def goal(self, reach: float | None, limit: float | None = None) -> Goal | None:
        """Return a goal in a whole run, and None in a quick run."""
        return None if self.quick or reach is None else Goal(reach, limit)

    def tool(self, name: str) -> str | None:
        """Return the path of a program, or None."""
        return shutil.which(name)

    def module(self, name: str) -> bool:
        """Return whether a library takes part; quick runs leave libraries out."""
        return not self.quick and importlib.util.find_spec(name) is not None

    def missing(self) -> list[str]:
        """Return the tools and libraries that are not installed here."""
        modules = [m for m in MODULES if importlib.util.find_spec(m) is None]
        return [name for name in TOOLS if not self.tool(name)] + modules

    def kinds(self, *wanted: str) -> list[str]:
        """Return the wanted kinds of files that can be made here."""
        made = ["wav", *ENCODERS] if self.tool("ffmpeg") else ["wav"]
        return [kind for kind in made if not wanted or kind in wanted]

    def file(self, seconds: int, kind: str = "wav") -> Path:
        """Return a stereo file of music-like sound, made at the first call.

        The sound is quiet (its largest sample is 0.37 of full scale); `loud` is
        the same sound at 0.98.
        """
        path = self.folder / f"{seconds}.{kind}"
        if path.exists():
            return path
        say(f"making {path.name}")
        if kind == "wav":
            run(python(MAKE, str(seconds), path))
        else:
            source = self.file(seconds)
            ffmpeg = [str(self.tool("ffmpeg")), "-v", "error", "-i", source]
            run([*ffmpeg, *ENCODERS[kind], path])
        return path

    def copies(self, path: Path, count: int) -> list[Path]:
        """Return links to a file under several names."""
        stems = [self.folder / f"{path.stem}-{n}{path.suffix}" for n in range(count)]
        for stem in stems:
            if not stem.exists():
                stem.hardlink_to(path)
        return stems
