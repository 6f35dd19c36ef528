"""Loudness targets of mixes, with FFmpeg's ebur128 as the judge."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support import sound
from support.loud_signals import signals
from support.mixes import Mixed, mixed, null_db
from waveflow.audio.mix import chunk_levels
from waveflow.audio.mix.settings import LoudnessTarget, MixFormat, MixSettings
from waveflow.audio.mix.target import Prediction

FFMPEG = shutil.which("ffmpeg")
needs_ffmpeg = pytest.mark.skipif(not FFMPEG, reason="ffmpeg is not installed")

RATE, SECONDS = 44_100, 4
SIGNALS = signals(SECONDS, RATE)
UNREACHED = ["LOUDNESS_LIMITED", "LOUDNESS_UNKNOWN"]


def judged(path: Path) -> tuple[float, float]:
    """Return FFmpeg's integrated loudness and true peak of a file."""
    meter = "ebur128=peak=true:metadata=1,ametadata=print:file=-"
    ran = subprocess.run(
        [FFMPEG, "-nostats", "-i", str(path), "-af", meter, "-f", "null", "-"],
        capture_output=True,
        text=True,
        check=True,
    )
    loudness = re.findall(r"r128\.I=(-?[\d.]+)", ran.stdout)[-1]
    peaks = map(float, re.findall(r"r128\.true_peak=([\d.]+)", ran.stdout))
    return float(loudness), 20 * np.log10(max(peaks) or 1e-9)


def limited(
    folder: Path, samples: np.ndarray, settings: MixSettings, *, rate: int = RATE
) -> Mixed:
    """Mix one stem to the settings."""
    path = sound.write(folder / "a.wav", samples, rate=rate, subtype="FLOAT")
    return mixed(folder, [path], settings)


def check(result: Mixed, target: LoudnessTarget) -> None:
    """Hold a mix to the contract: the target or a warning, and the ceiling."""
    loudness, peak = judged(result.path)
    codes = result.rendered.warnings
    assert peak <= target.true_peak + 0.1
    assert 0 <= result.rendered.limiter_db <= 12
    assert len(codes) <= 1
    assert set(codes) <= set(UNREACHED)
    if codes == ("LOUDNESS_LIMITED",):  # as near as 12 dB allow
        assert loudness < target.integrated - 0.1
        assert result.rendered.limiter_db == pytest.approx(12, abs=0.02)
    elif not codes:
        assert loudness == pytest.approx(target.integrated, abs=0.1)


@needs_ffmpeg
@pytest.mark.parametrize("integrated", [-9, -14, -23])
@pytest.mark.parametrize("name", SIGNALS)
def test_ffmpeg_finds_the_target(tmp_path: Path, name: str, integrated: float):
    """A streaming service measures with FFmpeg's rules and turns a wrong mix down."""
    target = LoudnessTarget(integrated)

    result = limited(tmp_path, SIGNALS[name], MixSettings(1, loudness=target))

    check(result, target)
    reachable = ("music", "noise", "white, loud", "quiet, then loud", "sine")
    if name in reachable or (integrated == -23 and "click" not in name):
        unreached = {"silence", "sparse hats"} & {name}
        assert bool(result.rendered.warnings) == bool(unreached)


@needs_ffmpeg
@pytest.mark.parametrize("rate", [8_000, 48_000, 96_000])
@pytest.mark.parametrize(
    "name",
    [
        "music",
        "tone at 0.25 of the rate, 22.5",
        "tone at 0.45 of the rate, 30",
        "white, loud",
    ],
)
def test_peaks_between_samples_are_limited_at_every_rate(
    tmp_path: Path, name: str, rate: int
):
    """A peak between samples clips in a converter, though no sample shows it."""
    target = LoudnessTarget(-8, -9)
    samples = signals(2, rate)[name]

    settings = MixSettings(1, MixFormat.WAV16, loudness=target)
    result = limited(tmp_path, samples, settings, rate=rate)

    assert result.rendered.limiter_db > 1
    check(result, target)


@needs_ffmpeg
@pytest.mark.parametrize("form", MixFormat)
def test_every_format_keeps_the_ceiling(tmp_path: Path, form: MixFormat):
    """Dither or rounding must not lift a mix above the ceiling."""
    target = LoudnessTarget(-9, -1)

    result = limited(
        tmp_path, SIGNALS["music"], MixSettings(format=form, loudness=target)
    )

    check(result, target)
    assert result.rendered.warnings == ()


@pytest.mark.parametrize("form", [MixFormat.WAV24, MixFormat.WAV32F])
@pytest.mark.parametrize("hz", [41, 997, 9_001])
def test_a_limited_sine_stays_a_sine(tmp_path: Path, form: MixFormat, hz: int):
    """A limiter that follows the wave instead of its level distorts every bass."""
    samples = sound.tone(4, hz=hz, level=0.3, rate=48_000)
    settings = MixSettings(1, form, loudness=LoudnessTarget(-8, -9))

    result = limited(tmp_path, samples, settings, rate=48_000)

    got = result.samples()[48_000:-48_000, 0]
    time = np.arange(len(got)) / 48_000
    wave = np.exp(2j * np.pi * hz * time)
    basis = np.stack((wave.real, wave.imag), axis=1)
    fitted = basis @ np.linalg.lstsq(basis, got, rcond=None)[0]
    assert result.rendered.limiter_db > 3
    assert null_db(got, fitted) < -100


@pytest.mark.parametrize(
    ("seconds", "level", "reduction_db"), [(0.39, 1.0, 1.1), (0.2, 0.1, 0), (9, 0, 0)]
)
def test_without_a_loudness_there_is_no_gain(
    tmp_path: Path, seconds: float, level: float, reduction_db: float
):
    """Silence raised to a target would be noise; a short click keeps its level."""
    samples = sound.tone(seconds, level=level) if level else np.zeros(RATE * 9)
    samples = samples.astype(np.float32)
    fade = np.minimum(1, np.arange(len(samples)) / 500).astype(np.float32)
    samples *= fade * fade[::-1]

    settings = MixSettings(1, loudness=LoudnessTarget(-14, -1))
    rendered = limited(tmp_path, samples, settings).rendered

    assert rendered.warnings == ("LOUDNESS_UNKNOWN",)
    assert rendered.applied_gain_db == 0
    assert rendered.limiter_db == pytest.approx(reduction_db, abs=0.02)
    assert rendered.loudness.integrated is None


def test_far_too_loud_without_a_loudness_is_scaled(tmp_path: Path):
    """A ceiling must hold where 12 dB of the limiter are not enough."""
    samples = 8 * sound.tone(0.3)

    settings = MixSettings(1, MixFormat.WAV32F, loudness=LoudnessTarget(-14, -1))
    rendered = limited(tmp_path, samples, settings).rendered

    assert rendered.warnings == ("LOUDNESS_UNKNOWN",)
    assert rendered.applied_gain_db == pytest.approx(-12.04 + 10.9, abs=0.2)
    assert rendered.loudness.true_peak <= -1


def test_below_the_ceiling_the_limiter_changes_nothing(tmp_path: Path):
    """A quiet target must be one gain, so that two mixes differ by nothing else."""
    samples = SIGNALS["music"][:, np.newaxis]
    settings = MixSettings(1, MixFormat.WAV32F, loudness=LoudnessTarget(-23))

    result = limited(tmp_path, samples, settings)

    gain = 10 ** (result.rendered.applied_gain_db / 20)
    assert result.rendered.limiter_db == 0
    assert null_db(result.samples(), samples * gain) < -130


def test_channels_are_reduced_alike(tmp_path: Path):
    """A voice in the middle must not wander when a drum is hit at one side."""
    tone = sound.tone(4, hz=300, level=0.2)
    drum = SIGNALS["dense, with clicks"][: len(tone)]
    samples = np.stack((tone, tone * 0.5 + 0 * drum), axis=1)
    samples[:, 1] += np.where(drum > 0.5, drum, 0)
    settings = MixSettings(2, MixFormat.WAV32F, loudness=LoudnessTarget(-10))

    result = limited(tmp_path, samples, settings)

    got, quiet = result.samples(), drum <= 0.5
    assert result.rendered.limiter_db > 1
    assert null_db(got[quiet, 1], got[quiet, 0] * 0.5) < -120


def test_a_gain_is_held_down_before_a_peak(tmp_path: Path):
    """A limiter without look-ahead bends the wave at the peak, which is heard."""
    samples = sound.tone(4, hz=1_000, level=0.1)
    samples[2 * RATE] = 0.9
    settings = MixSettings(1, MixFormat.WAV32F, loudness=LoudnessTarget(-17, -6))

    result = limited(tmp_path, samples, settings)

    gain = result.samples()[:, 0] / np.where(np.abs(samples) > 0.02, samples, np.nan)
    applied = 10 ** (result.rendered.applied_gain_db / 20)
    curve = gain / applied
    early, late = 2 * RATE - round(0.006 * RATE), 2 * RATE + round(0.03 * RATE)
    steps = np.abs(np.diff(curve[early:late]))
    assert np.nanmax(np.abs(curve[:early] - 1)) < 1e-4
    assert np.nanmax(np.abs(curve[late:] - 1)) < 1e-4
    assert np.nanmin(curve) < 0.6
    assert np.nanmax(steps) < 0.02


def test_the_target_counts_the_whole_mix(tmp_path: Path):
    """A target is met by the sum of all stems, not by the loudest of them."""
    paths = [
        sound.write(tmp_path / f"{n}.wav", sound.music(5)[n * 100 :], subtype="PCM_16")
        for n in range(5)
    ]

    result = mixed(tmp_path, paths, MixSettings(loudness=LoudnessTarget(-16)))

    assert result.rendered.loudness.integrated == pytest.approx(-16, abs=0.05)
    assert soundfile.info(result.path).subtype == "PCM_24"


def test_a_loud_channel_is_limited_beside_a_quiet_one(tmp_path: Path):
    """A drum at one side must not pass the ceiling because the other is silent."""
    loud = sound.tone(2, hz=5_000, level=1, rate=192_000)
    samples = np.stack((loud, loud * 0.01), axis=1)
    settings = MixSettings(2, loudness=LoudnessTarget(-8, -9))

    rendered = limited(tmp_path, samples, settings, rate=192_000).rendered

    assert rendered.limiter_db > 1
    assert rendered.loudness.true_peak <= -9


@pytest.mark.parametrize("error_lu", [-1.0, 0.6])
def test_a_wrong_prediction_is_corrected_by_measuring(
    tmp_path: Path, monkeypatch, error_lu: float
):
    """A mix must reach its loudness when measured, not only by its prediction."""
    predict = Prediction.loudness
    monkeypatch.setattr(
        Prediction, "loudness", lambda self, gain: predict(self, gain) + error_lu
    )
    settings = MixSettings(1, loudness=LoudnessTarget(-12))

    rendered = limited(tmp_path, SIGNALS["music"], settings).rendered

    assert rendered.limiter_db > 1
    assert rendered.loudness.integrated == pytest.approx(-12, abs=0.05)


def test_a_peak_that_the_detector_misses_is_found_by_measuring(
    tmp_path: Path, monkeypatch
):
    """A ceiling must hold also where the slopes of the curve raise a peak anew."""
    monkeypatch.setattr(chunk_levels, "ENOUGH_HZ", RATE)
    settings = MixSettings(1, loudness=LoudnessTarget(-9))

    rendered = limited(tmp_path, SIGNALS["music"], settings).rendered

    assert rendered.limiter_db > 1
    assert rendered.loudness.true_peak <= -1
