"""Guards against data loss: a test fails when any guard is removed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "layers/waveflow/src/waveflow"
MACHINE = ROOT / "statemachine/waveflow.asl.json"
DEDUPE, S3 = "stages/dedupe_delete.py", "adapters/s3.py"
SURVIVORS = "stages/_survivors.py"
SIMULATION = [
    *("-m", "support.simulation.volume", "--rate", "0.08"),
    *("--seeds", "1", "--executions", "2500"),
]
BESIDE = [
    *("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"),
    "tests/unit/stages/test_one_effect.py",
]
LOST = [
    *BESIDE[:-1],
    "tests/unit/stages/test_lost_survivor.py",
    "tests/unit/stages/test_survivor_chain.py",
]
TRANSPORT = [
    *("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"),
    "tests/reliability/test_transport.py",
    "tests/reliability/test_transport_writes.py",
]
MUTANTS = {
    "ETag pin": (
        S3,
        "Bucket=self._bucket, Key=key, IfMatch=etag, **span",
        "Bucket=self._bucket, Key=key, **span",
        [*TRANSPORT, "-k", "replaced_object_is_never_read"],
    ),
    "versioned bucket": (
        DEDUPE,
        'source.version_id in {None, "null"}',
        "source.version_id is None",
        SIMULATION,
    ),
    "self": (
        SURVIVORS,
        "survivor.filepath == source.key or survivor.stem_id == job.stem.stem_id",
        "survivor.filepath == source.key",
        SIMULATION,
    ),
    "older survivor": (
        DEDUPE,
        "(stored.last_modified, stored.key) >= (source.last_modified, source.key)",
        "stored.key == source.key",
        SIMULATION,
    ),
    "survivor proof": (
        SURVIVORS,
        "if audio_hash != source.audio_hash",
        "if not audio_hash",
        SIMULATION,
    ),
    "record before delete": (
        DEDUPE,
        "return write_deletion(job, decided, over=record, objects=objects)",
        'return Record(deletion=decided, etag="")',
        SIMULATION,
    ),
    "drawing looked for after the record": (
        DEDUPE,
        "        _refuse_drawn(job, record, objects=objects)\n    decided",
        "    decided",
        BESIDE,
    ),
    "deletion looked for after the drawing": (
        "stages/waveform.py",
        "deletion = _find_undone(job, request.source, objects=objects)",
        "deletion = None",
        BESIDE,
    ),
    "record of other bytes kept": (
        DEDUPE,
        "not deletion.is_of(request.source)",
        "not deletion",
        BESIDE,
    ),
    "document of other bytes kept": (
        "stages/waveform.py",
        'if msgspec.json.decode(body).get("audio_hash") != source.audio_hash',
        "if not body",
        SIMULATION,
    ),
    "look after the delete": (
        DEDUPE,
        "if deleted or not record.deletion.looked",
        "if False",
        LOST,
    ),
    "upload copied back": (
        DEDUPE,
        "if objects.has_delete_marker(source.key)",
        "if False",
        LOST,
    ),
    "undo ended by the next run": (
        DEDUPE,
        "if record is not None and _is_being_undone(record, source)",
        "if False",
        LOST,
    ),
    "late delete undone": (
        DEDUPE,
        'if deletion.is_undone or deletion.state == "kept"',
        "if False",
        LOST,
    ),
    "chain of survivors": (SURVIVORS, "range(MAX_STEPS)", "range(1)", LOST),
    "conditional delete": (
        S3,
        "Bucket=self._bucket, Key=key, IfMatch=etag)",
        "Bucket=self._bucket, Key=key)",
        [*TRANSPORT, "-k", "replaced_object_is_never_deleted"],
    ),
    "keep by default": (
        MACHINE.name,
        '"Default": "TellFailure"',
        '"Default": "DedupeDelete"',
        SIMULATION,
    ),
    "webhook-id rule": (
        "events/deliveries.py",
        "_webhook_id(event.task_id, path, event.status, error_code)",
        "_webhook_id(event.task_id, path)",
        SIMULATION,
    ),
}


def run_suite(tmp_path, command, *, machine=MACHINE):
    """Run the tests that a guard needs on the changed copy of the package."""
    if command is SIMULATION:
        command = [*command, "--machine", str(machine)]
    paths = (tmp_path, ROOT / "tests")
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("guard", MUTANTS)
def test_a_missing_guard_is_noticed(guard, tmp_path):
    """A guard that no test needs could be removed unnoticed, and users lose files."""
    file, guarded, bare, command = MUTANTS[guard]
    shutil.copytree(PACKAGE, tmp_path / "waveflow")
    shutil.copy(MACHINE, tmp_path)
    target = tmp_path / (file if file == MACHINE.name else f"waveflow/{file}")
    text = target.read_text()
    assert text.count(guarded) == 1
    target.write_text(text.replace(guarded, bare))

    ran = run_suite(tmp_path, command, machine=tmp_path / MACHINE.name)

    assert ran.returncode == 1, ran.stdout[-2000:] + ran.stderr[-2000:]
    said = "broken promises: 1" if command is SIMULATION else "failed"
    assert said in ran.stdout, ran.stderr[-2000:]


def test_eighteen_guards_have_a_mutant():
    """An author who adds a guard must add its mutant to this table."""
    assert len(MUTANTS) == 18
