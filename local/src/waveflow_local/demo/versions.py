"""Compare the demonstration's mix with a version that differs in two seconds."""

from pathlib import Path

_START_S, _END_S = 3.0, 5.0
_QUIETER = 0.5  # 6.0 dB


def compared_line(mix: Path) -> str | None:
    """Return in words how a second version of a mix differs, or None without a mix.

    The second version is written beside the mix, to be listened to.
    """
    from waveflow_local.files.comparing import FilePair, compare_pair
    from waveflow_local.files.comparison_words import sentence_of

    second = mix.with_stem(f"{mix.stem}-2")
    if not mix.is_file() or not _write_quieter(mix, second):
        return None
    pair = {Path(second.name): FilePair(mix, second)}
    report = compare_pair(Path(second.name), pairs=pair, num_peaks=1)
    return f"Compared with {mix.name}, {sentence_of(report)}"


def _write_quieter(mix: Path, out: Path) -> bool:
    """Write a mix with two quieter seconds; tell whether the mix is long enough."""
    import soundfile

    samples, rate = soundfile.read(mix, dtype="float64", always_2d=True)
    if len(samples) < 2 * _END_S * rate - rate:
        return False
    samples[round(_START_S * rate) : round(_END_S * rate)] *= _QUIETER
    soundfile.write(out, samples, rate, subtype=soundfile.info(mix).subtype)
    return True
