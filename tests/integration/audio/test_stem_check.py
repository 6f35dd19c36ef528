"""Warnings of the stem check: one for each made fault, and none for clean stems."""

import numpy as np
import pytest
from support import sound
from support.sound import RATE, music, tone, write
from waveflow.audio.listen.findings import StemWarning
from waveflow.audio.listen.guard import Budget
from waveflow.audio.listen.meter import Meter
from waveflow.audio.stream import Block
from waveflow.audio.waveform.draw import draw


def warnings_of(path) -> tuple[StemWarning, ...]:
    """Return the stem check's warnings, found while a file is drawn."""
    meter = Meter()
    draw(path, 100, listen=lambda _: [meter])
    _, warnings = meter.finish()
    return tuple(warnings)


def stereo(*channels: np.ndarray) -> np.ndarray:
    """Return channels side by side."""
    return np.stack(channels, axis=1)


def clipped(seconds: float, over: float) -> np.ndarray:
    """Return a sine of 100 Hz that exceeds full scale and is cut there."""
    return np.clip(tone(seconds, hz=100, level=over), -1, 1)


CLEAN = music(2)
EIGHT = sound.wav_format(bits=8)
MADE = {
    "SILENT": (np.zeros((RATE, 2)), {}),
    "CLIPPED": (clipped(1, 1.5), {}),
    "DC_OFFSET": (tone(3) + 0.02, {}),
    "DUAL_MONO": (stereo(tone(1), tone(1)), {}),
    "ANTI_PHASE": (stereo(tone(1), -0.9 * tone(1)), {}),
    "LEADING_SILENCE": (np.concatenate((np.zeros((2 * RATE, 2)), CLEAN)), {}),
    "UPSAMPLED_BITS": (np.rint(CLEAN * 32_767) / 32_768, {"subtype": "PCM_24"}),
}


@pytest.mark.parametrize("code", MADE)
def test_each_fault_gives_its_warning_and_no_other(tmp_path, code):
    """A user with one fault must not read a second, false warning."""
    samples, how = MADE[code]
    path = write(tmp_path / "stem.wav", samples, **how)

    assert [warning.code for warning in warnings_of(path)] == [code]


@pytest.mark.parametrize("form", ["wav", "flac", "aiff", "mp3", "ogg"])
@pytest.mark.parametrize(
    "samples",
    [
        CLEAN,
        CLEAN[:, 0],
        tone(3, hz=40, level=1.0),
        stereo(tone(2), tone(2, hz=441, level=0.4)),
        stereo(tone(2), 0.3 * tone(2)),
    ],
    ids=["music", "mono", "full scale", "chorus", "panned"],
)
def test_clean_stems_give_none(tmp_path, form, samples):
    """A user who is warned without need stops reading warnings."""
    if form in {"mp3", "ogg"}:
        samples = samples * 0.7
    path = write(tmp_path / f"stem.{form}", samples)

    assert warnings_of(path) == ()


@pytest.mark.parametrize("subtype", ["PCM_24", "PCM_32", "FLOAT"])
def test_real_depth_is_no_upsampling(tmp_path, subtype):
    """A file with real 24 bits must not be called upsampled from 16."""
    path = write(tmp_path / "stem.wav", CLEAN, subtype=subtype)

    assert warnings_of(path) == ()


def test_clipped_samples_are_counted():
    """Runs of six samples at full scale count as clipped; five may be a sine's own."""
    x = np.zeros((2, 100), np.float32)
    x[0, 10:16], x[0, 30:37], x[1, 50:55] = 1, -1, 1
    x[1, 70:73], x[1, 73:76] = 1, -1

    assert found(x, at=[12, 33, 34]) == (StemWarning(code="CLIPPED", count=13),)


def found(x: np.ndarray, *, at: list[int]) -> tuple[StemWarning, ...]:
    """Return the CLIPPED warnings of samples that arrive in several blocks."""
    blocks = np.split(np.ascontiguousarray(x.T), at)
    meter = Meter()
    for block in blocks:
        meter.add(Block(block, 48_000))
    return tuple(w for w in meter.finish()[1] if w.code == "CLIPPED")


def test_leading_silence_is_measured(tmp_path):
    """A user reads how long the lead is, up to the first sample above -60 dBFS."""
    samples = np.concatenate((np.zeros(round(1.25 * RATE)), tone(1)))
    path = write(tmp_path / "stem.wav", samples)

    [warning] = warnings_of(path)

    assert warning.seconds == pytest.approx(1.25, abs=0.001)


@pytest.mark.parametrize("peak_dbfs", [-65, -58, -45, -30])
def test_a_quiet_stem_begins_where_it_begins(tmp_path, peak_dbfs):
    """A soft beginning is music, and must not be called silence."""
    peak = 10 ** (peak_dbfs / 20)
    soft = np.concatenate((tone(2, level=peak / 5), tone(1, level=peak)))
    late = np.concatenate((np.zeros(2 * RATE), tone(2, level=peak)))
    how = {"subtype": "FLOAT"}

    assert warnings_of(write(tmp_path / "soft.wav", soft, **how)) == ()
    [warning] = warnings_of(write(tmp_path / "late.wav", late, **how))
    assert warning.code == "LEADING_SILENCE"
    assert warning.seconds == pytest.approx(2, abs=0.001)


def test_a_noise_floor_before_a_stem_is_still_silence(tmp_path):
    """A microphone's noise 70 dB below the singer must still count as silence."""
    noise = np.random.default_rng(5).uniform(-3e-4, 3e-4, 2 * RATE)
    path = write(tmp_path / "stem.wav", np.concatenate((noise, tone(1, level=0.9))))

    [warning] = warnings_of(path)

    assert (warning.code, round(warning.seconds)) == ("LEADING_SILENCE", 2)


@pytest.mark.parametrize(("hz", "seconds"), [(45, 0.5), (30, 1), (33, 2.2), (50, 0.1)])
def test_the_half_period_that_a_low_note_has_left_over_is_no_offset(
    tmp_path, hz, seconds
):
    """A kick that ends within a period has a mean, and must not get DC_OFFSET."""
    note = tone(seconds, hz=hz, level=1.0)
    decay = np.exp(-np.arange(len(note)) / RATE / seconds * 4)

    assert warnings_of(write(tmp_path / "stem.wav", note * decay)) == ()


@pytest.mark.parametrize("hz", [30, 100, 441, 1000])
@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("level", [127 / 128, 1.0])
def test_eight_bits_at_full_scale_are_not_clipped(tmp_path, hz, side, level):
    """A sine in eight bits rests on the top step, and must not get CLIPPED."""
    codes = np.clip(np.rint(side * 128 * level * tone(2, hz=hz, level=1)), -128, 127)
    path = tmp_path / "stem.wav"
    path.write_bytes(sound.wav((codes + 128).astype(np.uint8).tobytes(), fmt=EIGHT))

    assert warnings_of(path) == ()


@pytest.mark.parametrize("lowest", [-127, -128])
def test_both_sides_of_eight_bits_count(tmp_path, lowest):
    """Full scale of eight bits is 127 and -128, and both sides must count."""
    codes = np.clip(np.rint(400 * tone(1, hz=50, level=1)), lowest, 127)
    path = tmp_path / "stem.wav"
    path.write_bytes(sound.wav((codes + 128).astype(np.uint8).tobytes(), fmt=EIGHT))

    [warning] = warnings_of(path)

    ceiling = np.count_nonzero((codes == 127) | (codes == lowest))
    assert warning == StemWarning(code="CLIPPED", count=ceiling)


@pytest.mark.parametrize("form", ["wav", "flac", "aiff"])
@pytest.mark.parametrize("level", [64, 8_192, 16_384, 24_576, -16_384])
def test_a_gate_below_full_scale_is_not_clipped(tmp_path, form, level):
    """A gate track that uses a single bit must not get CLIPPED far below 0 dBFS."""
    gate = np.where(np.arange(2 * RATE) // 4_000 % 2, level, 0).astype(np.int16)

    found = warnings_of(write(tmp_path / f"gate.{form}", gate))

    assert "CLIPPED" not in [warning.code for warning in found]


@pytest.mark.parametrize("level", [1, 64, 96])
def test_a_gate_in_eight_bits_below_full_scale_is_not_clipped(tmp_path, level):
    """Eight bits that use a single bit must not get CLIPPED far below 0 dBFS."""
    gate = np.where(np.arange(2 * RATE) // 4_000 % 2, 128 + level, 128)
    path = tmp_path / "gate.wav"
    path.write_bytes(sound.wav(gate.astype(np.uint8).tobytes(), fmt=EIGHT))

    assert "CLIPPED" not in [warning.code for warning in warnings_of(path)]


def test_a_broken_meter_does_not_stop_the_drawing(tmp_path):
    """A user keeps the waveform when the analysis runs out of time."""
    path = write(tmp_path / "stem.wav", CLEAN)
    late = Meter(Budget(time_s=0))

    assert np.array_equal(
        draw(path, 100, listen=lambda _: [late]).peaks, draw(path, 100).peaks
    )
    assert late.error is not None
    assert late.error.code == "RESOURCE_LIMIT"


@pytest.mark.parametrize("form", ["wav", "mp3"])
def test_an_analysis_changes_no_peak(tmp_path, form):
    """An analysis must not change the waveform of the same file."""
    path = write(tmp_path / f"stem.{form}", music(23.5, channels=1))

    analysed, drawn = draw(path, 500, listen=lambda _: [Meter()]), draw(path, 500)

    assert np.array_equal(analysed.peaks, drawn.peaks)
    assert np.array_equal(analysed.data, drawn.data)
