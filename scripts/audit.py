"""Audit the dependencies: advisories, and the native libraries inside wheels."""

import re
import subprocess
import sys
import urllib.error
import urllib.request
from importlib.metadata import distribution
from pathlib import Path

ROOT = Path(__file__).parents[1]
OSV = "https://api.osv.dev/v1/query"
TOOL = (str(ROOT / ".venv/bin/uvx"), "--quiet", "--from")
FRANKENSTEIN = """CVE-2024-10573 needs frankenstein streams, which libsndfile \
switches off (MPG123_NO_FRANKENSTEIN); the newest wheel still bundles this version."""
LIBFLAC = rb"reference libFLAC (\d+\.\d+\.\d+)"
# Libraries by the distribution and the start of the file that hold them, each with
# the pattern of its version, the least version, and the waiver.
NATIVE = {
    ("plibflac", "_plibflac"): {"libFLAC": (LIBFLAC, (1, 5, 0), "")},
    ("soundfile", "libsndfile"): {
        "libsndfile": (rb"libsndfile-(\d+\.\d+\.\d+)", (1, 2, 2), ""),
        "libFLAC": (LIBFLAC, (1, 4, 3), ""),
        "libVorbis": (rb"Xiph\.Org libVorbis (\d+\.\d+\.\d+)", (1, 3, 7), ""),
        "mpg123": (rb"\x00(1\.3\d\.\d+)\x00", (1, 32, 8), FRANKENSTEIN),
    },
}


def main() -> int:
    """Run every audit, and return 1 when an audit finds something."""
    results = [native_libraries(), advisories()]
    return 0 if all(results) else 1


def native_libraries() -> bool:
    """Look for the versions of C libraries that no advisory tool sees."""
    good = True
    for (owner, start), libraries in NATIVE.items():
        [holder] = [
            Path(str(file.locate()))
            for file in distribution(owner).files or []
            if file.name.startswith(start)
        ]
        content = holder.read_bytes()
        for name, (pattern, least, waiver) in libraries.items():
            found = re.search(pattern, content)
            version = found[1].decode() if found else "unknown"
            current = found is not None and _numbers(version) >= least
            good = good and (current or bool(waiver))
            state = "ok" if current else f"waived: {waiver}" if waiver else "TOO OLD"
            say(f"{name} {version} of {owner}: {state}")
    return good


def advisories() -> bool:
    """Ask the advisory database about every locked package; skip when offline."""
    try:
        # The URL is the database's own address, written above.
        urllib.request.urlopen(OSV, data=b"{}", timeout=5).close()
    except urllib.error.HTTPError:
        pass  # any answer shows that the database can be reached
    except OSError:
        say("pip-audit: skipped, the advisories cannot be reached from here")
        return True
    lock = ROOT / "requirements/run.lock"
    options = ("--disable-pip", "--require-hashes", "--vulnerability-service", "osv")
    command = (*TOOL, "pip-audit==2.10.1", "pip-audit", *options, "-r", str(lock))
    return subprocess.run(command, check=False).returncode == 0


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def say(line: str) -> None:
    """Print one finding."""
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
