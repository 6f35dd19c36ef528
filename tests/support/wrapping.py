"""Other programs that wrap a recording, and the identity of what they write."""

import shutil
import subprocess
from pathlib import Path

import pytest
from waveflow.audio import codec
from waveflow.audio.listen.identity import AudioIdentity


def needs(program: str) -> pytest.MarkDecorator:
    """Skip a test where another program is not installed."""
    return pytest.mark.skipif(
        not shutil.which(program), reason=f"{program} is not installed"
    )


def identity(path: Path) -> str | None:
    """Return the identity of a file as a drawing stage computes it."""
    stream = codec.open_audio(path)
    listener = AudioIdentity(stream, path)
    codec.decode_into(stream, [listener])
    return listener.finish()


def run(*command: str | Path) -> None:
    """Run another program, quietly."""
    subprocess.run(command, check=True, capture_output=True)


def ffmpeg(source: Path, target: Path, *options: str) -> Path:
    """Let FFmpeg wrap or encode a file."""
    run("ffmpeg", "-v", "error", "-y", "-i", source, *options, target)
    return target
