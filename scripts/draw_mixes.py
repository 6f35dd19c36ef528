"""Draw docs/images/mixes.svg: the stems of `make run` as classic mix and as sum.

Call: `.venv/bin/python scripts/draw_mixes.py docs/images/mixes.svg`.
"""

import json
import sys
import tempfile
from pathlib import Path

from waveflow.audio import codec
from waveflow.audio.listen.findings import Loudness
from waveflow.audio.listen.loudness import LoudnessMeter
from waveflow_local.demo.stems import write_stems
from waveflow_local.files.actions import mix_files
from waveflow_local.files.mix_plan import read_plan, read_stems
from waveflow_local.files.mixing import sum_files
from waveflow_local.files.pictures.colours import PALETTE, css
from waveflow_local.files.pictures.geometry import FRAME, lay_out
from waveflow_local.files.writing import write_whole

WIDTH, LANE, BELOW = 1600, 260, 24  # pixels; a lane holds one mix and its title
TITLE_Y, WAVE_Y, FULL_SCALE = 44, 160, 90  # in a lane; half the height of a wave
TARGET_LUFS = "-14"
SETTINGS = dict.fromkeys(("channels", "bits", "rate", "true_peak"))


def draw(folder: Path) -> str:
    """Mix the stems of `make run` in both ways, and return the picture as SVG."""
    stems = write_stems(folder / "stems")
    classic, total = folder / "classic.wav", folder / "sum.wav"
    mix_files(stems, classic, peaks=_document(classic))
    plan = read_plan(
        read_stems([str(stem) for stem in stems]),
        total,
        {**SETTINGS, "loudness": TARGET_LUFS},
    )
    sum_files(plan, total, peaks=_document(total))
    height = 2 * LANE + BELOW
    ground = css(PALETTE.background)
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"
 font-family="system-ui, Helvetica, Arial, sans-serif" font-size="24">
<title>The same four stems as classic mix and as sum</title>
<rect width="{WIDTH}" height="{height}" rx="18" fill="{ground}"/>
{_lane(classic, top=0, name="classic mix, 1 channel")}
{_lane(total, top=LANE, name=f"sum at {TARGET_LUFS} LUFS, 2 channels")}
</svg>
"""


def _lane(path: Path, *, top: int, name: str) -> str:
    """Return title, lines of full scale and waveform of one mix."""
    document = json.loads(_document(path).read_bytes())
    middle = top + WAVE_Y
    # The outline fills the height, so that the peak brings back the mix's own level.
    scale = FULL_SCALE * document["peak"] / FRAME.half
    points = "L".join(
        f"{x:.1f} {middle + (y - FRAME.middle) * scale:.1f}"
        for x, y in lay_out(document).envelope
    )
    lines = "".join(
        f"M{FRAME.left} {middle + edge}H{FRAME.right}"
        for edge in (-FULL_SCALE, 0, FULL_SCALE)
    )
    heard = _loudness(path)
    wave = css(PALETTE.at(0.35))
    return f"""\
<path d="{lines}" stroke="{css(PALETTE.grid)}" fill="none"/>
<path d="M{points}Z" fill="{wave}"/>
<text x="{FRAME.left}" y="{top + TITLE_Y}" fill="{css(PALETTE.title)}">{name}</text>
<text x="{FRAME.right}" y="{top + TITLE_Y}" fill="{wave}" text-anchor="end">\
{heard.integrated:.1f} LUFS, true peak {heard.true_peak:.1f} dBTP</text>"""


def _document(path: Path) -> Path:
    return path.with_suffix(".json")


def _loudness(path: Path) -> Loudness:
    stream = codec.open_audio(path)
    meter = LoudnessMeter(stream.sample_rate, stream.channels)
    codec.decode_into(stream, [meter])
    return meter.finish()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        write_whole(Path(sys.argv[1]), draw(Path(scratch)))
