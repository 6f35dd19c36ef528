"""Builds of the repository's Node projects, once and outside their own folders."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "node"
OLDEST_NODE = (20, 19)  # older than the examples' `engines`, and still good enough
_NEED = "these tests need Node {}.{}".format(*OLDEST_NODE)
_INSTALL = ("npm", "ci", "--no-audit", "--no-fund", "--prefer-offline")
_INSTALL_WITHIN_S = 180
_COPIED = ("package.json", "package-lock.json", ".npmrc", "tsconfig*.json", "*.mjs")


def require_node() -> None:
    """Skip the test where Node is missing or too old; fail instead in CI."""
    reason = _lacking()
    if reason and os.environ.get("CI"):
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)


def built(project: Path) -> Path:
    """Return a folder with the project's dependencies and, if it has one, its build.

    The lock's digest names the folder, so that dependencies are installed once. The
    build is renewed when a source has changed.
    """
    lock = _digest([project / "package-lock.json"])
    folder = CACHE / f"{project.name}-{lock}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".building").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        _copy(project, folder)
        if not (folder / ".installed").exists():
            _run(_INSTALL, folder)
            (folder / ".installed").touch()
        if (project / "tsconfig.json").exists():
            _compile(project, folder)
    return folder


def compiled(project: Path, *, within: Path) -> Path:
    """Return a folder with the project's build, below one that has its dependencies.

    Node looks for packages in the folders above, so nothing is installed twice.
    """
    folder = within / project.name
    folder.mkdir(exist_ok=True)
    with (folder / ".building").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        _copy(project, folder)
        _compile(project, folder)
    return folder


def _lacking() -> str:
    missing = [tool for tool in ("node", "npm") if shutil.which(tool) is None]
    if missing:
        return f"{' and '.join(missing)} is not installed; {_NEED}"
    version = subprocess.run(
        ["node", "--version"], capture_output=True, text=True, check=True
    ).stdout
    major, minor = version.strip().lstrip("v").split(".")[:2]
    if (int(major), int(minor)) < OLDEST_NODE:
        return f"Node {version.strip()} is too old; {_NEED}"
    return ""


def _copy(project: Path, folder: Path) -> None:
    for pattern in _COPIED:
        for path in project.glob(pattern):
            shutil.copy2(path, folder / path.name)
    if (project / "public").exists():
        shutil.copytree(project / "public", folder / "public", dirs_exist_ok=True)


def _compile(project: Path, folder: Path) -> None:
    sources = sorted((project / "src").rglob("*.ts"))
    stamp = _digest([*sources, *sorted(project.glob("tsconfig*.json"))])
    done = folder / ".compiled"
    if done.exists() and done.read_text() == stamp:
        return
    done.unlink(missing_ok=True)  # a failed build leaves no stamp
    for name in ("src", "dist"):
        shutil.rmtree(folder / name, ignore_errors=True)
    shutil.copytree(project / "src", folder / "src")
    _run(("npm", "run", "build"), folder)
    done.write_text(stamp)


def _run(command: tuple[str, ...], folder: Path) -> None:
    ran = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=_INSTALL_WITHIN_S,
        check=False,
    )
    if ran.returncode:
        pytest.fail(f"{' '.join(command)} failed:\n{ran.stdout}{ran.stderr}")


def _digest(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]
