"""Small programs that the contestants run in fresh interpreters."""

HEAD = "import sys\nfrom pathlib import Path\n"
MAKE = """
import numpy as np, soundfile
seconds, path = int(sys.argv[1]), sys.argv[2]
random = np.random.default_rng(1)
with soundfile.SoundFile(path, "w", 44100, 2, "PCM_16", format="WAV") as file:
    for second in range(seconds):
        time = (np.arange(44100) + second * 44100) / 44100
        sound = sum(np.sin(6.2832 * hz * time) / (n + 2) for n, hz in
                    enumerate((110, 164.8, 220, 329.6, 440, 1318, 2637)))
        swell = 0.6 + 0.4 * np.sin(time * 0.8)
        left = sound * swell * 0.25 + random.standard_normal(44100) * 0.02
        file.write(np.stack([left, left * 0.7], axis=1))
"""
DRAW = "from waveflow.audio.waveform.draw import draw; draw(Path(sys.argv[1]), 4000)"
# Arguments are the file, and a folder for previews.
EVERYTHING = """
import math
from waveflow.audio.listen.guard import Budget, Guard
from waveflow.audio.listen.identity import AudioIdentity
from waveflow.audio.preview.encoder import PreviewEncoder, PreviewKind
from waveflow.audio.waveform.draw import draw
from waveflow.audio.waveform.zoom_levels import ZoomLevels
path, folder = Path(sys.argv[1]), Path(sys.argv[2])
budget, guards = Budget(time_s=math.inf), []
def listen(stream):
    makers = [
        lambda _: ZoomLevels(stream, (256, 1024, 4096), split=True),
        lambda _: AudioIdentity(stream, path),
        lambda _: PreviewEncoder(folder / "a.opus", PreviewKind.OPUS),
        lambda _: PreviewEncoder(folder / "a.mp3", PreviewKind.MP3),
    ]
    guards.extend(Guard(make, budget) for make in makers)
    return guards
draw(path, 4000, listen=listen)
zoom, *_ = [guard.finish() for guard in guards]
for level in zoom.levels:
    level.dat()
"""
# The release before keeps the classic mix in another module.
_CLASSIC = """
try:
    from waveflow.audio.mix.classic import mix
except ImportError:
    from waveflow.audio.mix.sum import mix
"""
MIX = f"""{_CLASSIC}
mix([Path(p) for p in sys.argv[2:]], Path(sys.argv[1]))
"""
# Five mixes after a first are measured; the program prints the CPU s of each.
WARM_MIX = f"""{_CLASSIC}
import time
def work():
    mix([Path(p) for p in sys.argv[2:]], Path(sys.argv[1]))
work()
began = time.process_time()
for _ in range(5):
    work()
print((time.process_time() - began) / 5)
"""
# Arguments are the mix, a loudness or nothing, and the stems: half are panned.
SUM = """
from waveflow.audio.mix.render import render
from waveflow.audio.mix.settings import (
    LoudnessTarget, MixSettings, StemSettings, StemSource)
from waveflow.audio.mix.summing import sum_stems
out, target, *paths = sys.argv[1:]
faders = [StemSettings(gain_db=-6, pan=0.3 if n % 2 else None)
          for n in range(len(paths))]
stems = [StemSource(Path(p), p, f) for p, f in zip(paths, faders)]
loudness = LoudnessTarget(float(target)) if target else None
settings = MixSettings(loudness=loudness)
with sum_stems(stems, settings, Path(out).parent) as summed:
    render(summed, Path(out), settings)
"""
READ = "import numpy, soundfile; soundfile.read(sys.argv[1])"
# The first arguments are format, zoom level and folder; files follow.
AUDIOWAVEFORM_LOOP = """
zoom=$1 folder=$2; shift 2
for file; do
  audiowaveform -q --input-format "$0" -i "$file" -o "$folder/a.dat" -b 8 -z "$zoom"
done
"""
SEED_DRAW = """
import librosa, numpy as np
y, sr = librosa.load(sys.argv[1], sr=None)
n = max(1, len(y) // 4000)
[float(np.max(np.abs(y[i:i + n]))) for i in range(0, len(y), n)]
"""
SEED_MIX = """
import librosa, numpy as np, soundfile
stems = [librosa.load(p, sr=None)[0] for p in sys.argv[2:]]
mixed = np.zeros(max(map(len, stems)), np.float32)
for y in stems:
    mixed += np.pad(y, (0, len(mixed) - len(y)))
mixed /= len(stems)
soundfile.write(sys.argv[1], mixed, 44100, format="WAV")
"""
PYDUB_MIX = """
from pydub import AudioSegment
stems = [AudioSegment.from_file(p).set_channels(1) for p in sys.argv[2:]]
mixed = stems[0]
for stem in stems[1:]:
    mixed = mixed.overlay(stem)
mixed.export(sys.argv[1], format="wav")
"""
S3 = """
import sys, time
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""
BARE = """
import boto3
body = boto3.client("s3").get_object(Bucket="bucket", Key="audio/a.wav")["Body"]
body.read(1)
"""
STAGE = """
import importlib.util
path = Path("functions") / sys.argv[1] / "app.py"
spec = importlib.util.spec_from_file_location("app", path)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
from waveflow.bootstrap import services
objects = services().objects
etag = objects.find("audio/a.wav").etag
next(iter(objects.read("audio/a.wav", etag=etag)))
"""
