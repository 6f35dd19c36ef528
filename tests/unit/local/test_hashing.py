"""Check that a file is hashed beside other work, and only as long as needed."""

import hashlib
import os

import pytest
from waveflow_local.files.hashing import hash_beside
from waveflow_local.paths import LocalError


def test_the_hashing_runs_while_the_block_does(tmp_path):
    """A user waits for the hash of an hour after its drawing where the two queue up."""
    path = tmp_path / "pipe"
    os.mkfifo(path)

    with hash_beside(path) as digest:
        path.write_bytes(b"abc")  # blocks until somebody reads
        found = digest.result()

    assert found.sha256 == hashlib.sha256(b"abc").hexdigest()
    assert found.size == 3


def test_a_block_that_fails_ends_the_hashing(tmp_path):
    """A user whose file is refused must not wait until a terabyte is hashed."""
    path = tmp_path / "large"
    path.touch()
    os.truncate(path, 1 << 40)  # sparse: no disk is filled

    with pytest.raises(ValueError, match="refused"), hash_beside(path) as digest:
        raise ValueError("refused")

    assert digest.result().size < 1 << 40


def test_a_file_that_cannot_be_read_is_one_line(tmp_path):
    """A user must read which file is missing, whichever thread finds that out."""
    with hash_beside(tmp_path / "gone") as digest:
        pass

    with pytest.raises(LocalError, match=r"gone cannot be read: No such file"):
        digest.result()
