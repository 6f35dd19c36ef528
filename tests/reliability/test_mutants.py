"""Guards that must not be lost: a named test fails when any guard is removed."""

import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).with_name("mutants")
COPIED = ("docs", "functions", "layers", "local", "statemachine", "tests")
FILES = ("pyproject.toml", "samconfig.toml", "template.yaml")
LEFT = shutil.ignore_patterns("__pycache__", "node_modules", "*.png")
SIMULATION = [
    *("-m", "support.simulation.volume", "--rate", "0.08"),
    *("--seeds", "1", "--executions", "5000"),
]
PYTEST = ["-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
# `make soak` removes every guard; `make test` those that keep an only copy.
EVERY = os.environ.get("WAVEFLOW_MUTANTS") == "all"
LEAST = 60


@dataclass(frozen=True)
class Mutant:
    """Change of one guard in one file, and the tests of which one must then fail.

    `tests` are arguments of pytest, or the word `simulation`.
    """

    name: str
    file: str
    guarded: str
    bare: str
    tests: list[str]

    @property
    def command(self) -> list[str]:
        """Return the arguments of Python that run the tests."""
        return SIMULATION if self.tests == ["simulation"] else [*PYTEST, *self.tests]


def read(name: str) -> list[Mutant]:
    """Return the mutants of one file of the folder."""
    table = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    return [Mutant(**entry) for entry in table["mutant"]]


ALL = {
    mutant.name: mutant
    for path in sorted(FOLDER.glob("*.toml"))
    for mutant in read(path.stem)
}
TRIED = ALL if EVERY else {mutant.name: mutant for mutant in read("deletion")}


def copy_project(to: Path) -> None:
    """Copy whatever tests read, so that a guard can be removed from the copy."""
    for name in COPIED:
        shutil.copytree(ROOT / name, to / name, ignore=LEFT)
    for name in FILES:
        shutil.copy(ROOT / name, to)


def remove_guard(mutant: Mutant, project: Path) -> None:
    """Replace the guard, which must stand exactly once in its file."""
    target = project / mutant.file
    text = target.read_text(encoding="utf-8")
    assert text.count(mutant.guarded) == 1, mutant.file
    target.write_text(text.replace(mutant.guarded, mutant.bare), encoding="utf-8")


@pytest.mark.parametrize("name", TRIED)
def test_a_missing_guard_is_noticed(name, tmp_path):
    """A guard that no test needs could be removed unnoticed, and users lose files."""
    mutant = ALL[name]
    copy_project(tmp_path)
    remove_guard(mutant, tmp_path)
    paths = ("layers/waveflow/src", "local/src", "tests")

    ran = subprocess.run(
        [sys.executable, *mutant.command],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, map(tmp_path.joinpath, paths))),
        },
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert ran.returncode == 1, ran.stdout[-2000:] + ran.stderr[-2000:]
    said = "broken promises: 1" if mutant.command is SIMULATION else "failed"
    assert said in ran.stdout, ran.stderr[-2000:]


@pytest.mark.parametrize("name", ALL)
def test_a_guard_stands_where_its_mutant_says(name):
    """A mutant of code that has moved would remove nothing, and prove nothing."""
    mutant = ALL[name]

    assert (ROOT / mutant.file).read_text(encoding="utf-8").count(mutant.guarded) == 1


def test_sixty_guards_have_a_mutant():
    """An author who adds a guard must add its mutant to a table."""
    names = [m.name for path in FOLDER.glob("*.toml") for m in read(path.stem)]

    assert len(names) == len(set(names)) >= LEAST
