"""Make the files of a benchmark, each once, and find the tools to race."""

import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path

from contest import python, run, say
from programs import MAKE

ENCODERS = {
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
    """Where the race is run: a folder, what takes part, and for how long."""

    folder: Path
    quick: bool

    @property
    def rounds(self) -> int:
        """Return how often each contestant runs."""
        return 2 if self.quick else 3

    @property
    def seconds(self) -> int:
        """Return the usual length of a file."""
        return 5 if self.quick else 300

    def goal(self, value: float | None) -> float | None:
        """Return a goal where it counts: they are set for the whole run."""
        return None if self.quick else value

    def tool(self, name: str) -> str | None:
        """Return where a program is."""
        return shutil.which(name)

    def module(self, name: str) -> bool:
        """Tell whether a library takes part; they are slow."""
        return not self.quick and importlib.util.find_spec(name) is not None

    def missing(self) -> list[str]:
        """Name what is not installed here."""
        modules = [m for m in MODULES if importlib.util.find_spec(m) is None]
        return [name for name in TOOLS if not self.tool(name)] + modules

    def kinds(self, *wanted: str) -> list[str]:
        """Return the kinds that can be made here, of those that are wanted."""
        made = ["wav", *ENCODERS] if self.tool("ffmpeg") else ["wav"]
        return [kind for kind in made if not wanted or kind in wanted]

    def file(self, seconds: int, kind: str = "wav") -> Path:
        """Return a stereo file of music-like sound, made when it is first asked for."""
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
        """Return a file under several names."""
        stems = [self.folder / f"{path.stem}-{n}{path.suffix}" for n in range(count)]
        for stem in stems:
            if not stem.exists():
                stem.hardlink_to(path)
        return stems
