"""Identify files by their bytes and by their sound."""

from pathlib import Path

from waveflow_local.files.actions import HashReport, errors_naming
from waveflow_local.files.hashing import hash_beside
from waveflow_local.files.streams import readable

_OTHERWISE = "floats beyond full scale, or a compressed WAV"


class SoundReport(HashReport):
    """Report of a file's two hashes; `audio_id` is None where the sound is uncertain.

    `warnings` holds what makes the sound uncertain, as far as the decoder tells.
    """

    audio_id: str | None
    warnings: list[str]


def identify_file(path: Path) -> SoundReport:
    """Return the SHA-256 of an audio file, and the identity of the file's sound."""
    from waveflow.audio import codec
    from waveflow.audio.listen.identity import AudioIdentity

    with readable(path) as source, hash_beside(source) as digest:
        with errors_naming(path):
            stream = codec.open_audio(source)
            identity = AudioIdentity(stream, source)
            codec.decode_into(stream, [identity])
            audio_id = identity.finish()
        sha256, size = digest.result()
    return {
        "file": str(path),
        "sha256": sha256,
        "size": size,
        "audio_id": audio_id,
        "warnings": sorted(stream.warnings),
    }


def load_identity() -> None:
    """Import what identities need, so that forked processes share the modules."""
    import waveflow.audio.listen.identity  # noqa: F401


def report_line(said: SoundReport) -> str:
    """Return both hashes and the name of a file as one line of text."""
    return f"{said['sha256']}  {said['audio_id'] or _doubt(said)}  {said['file']}"


def _doubt(said: SoundReport) -> str:
    """Say in words why a file has no identity of its sound."""
    from waveflow.audio.stream import NON_FINITE_SAMPLES, TRUNCATED

    words = {
        TRUNCATED: "the file is cut short",
        NON_FINITE_SAMPLES: "samples are not finite",
    }
    reasons = [words[code] for code in said["warnings"] if code in words]
    return f"no identity ({' and '.join(reasons) or _OTHERWISE})"
