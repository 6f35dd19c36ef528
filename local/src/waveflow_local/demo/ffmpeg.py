"""Let FFmpeg measure the loudness of a mix, where FFmpeg is installed."""

import re
import shutil
import subprocess
from pathlib import Path

_MOST_S = 60  # FFmpeg measures an hour of stereo in less
_FIGURE = r"(\S+) "
_SUMMARY = re.compile(rf"\bI: +{_FIGURE}LUFS.*\bPeak: +{_FIGURE}dBFS", re.DOTALL)


def measured_line(path: Path) -> str | None:
    """Return what FFmpeg's ebur128 finds in a file as text, or None without FFmpeg."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        return None
    try:
        ended = subprocess.run(
            [
                *(ffmpeg, "-nostdin", "-nostats", "-hide_banner"),
                *("-i", f"file:{path}", "-af", "ebur128=peak=true"),
                *("-f", "null", "-"),
            ],
            capture_output=True,
            check=True,
            timeout=_MOST_S,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    # The summary is FFmpeg's last word; lines before have figures of each 100 ms.
    told = ended.stderr.decode(errors="replace").rpartition("Summary:")[2]
    found = _SUMMARY.search(told)
    return found and f"FFmpeg measures {found[1]} LUFS and {found[2]} dBTP in {path}"
