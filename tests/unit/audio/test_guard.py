"""Guard of what is optional: each listener fails alone, and never the drawing."""

import time

import numpy as np
import pytest
from waveflow.audio.listen.guard import Budget, Guard
from waveflow.audio.stream import Block
from waveflow.errors import (
    CorruptAudioError,
    InternalError,
    ResourceLimitError,
    WaveflowError,
)

BLOCK = Block(np.zeros((10, 1), np.float32), 8_000)


class Frames:
    """Listener that counts frames, raises on demand, and claims to write a file."""

    def __init__(self, *, error: Exception | None = None, bytes_a_block: int = 0):
        self.error, self.at_end = error, False
        self.count = self.written_bytes = 0
        self.bytes_a_block = bytes_a_block
        self.abandoned = 0

    def add(self, block: Block) -> None:
        """Count the frames of a block."""
        if self.error and not self.at_end:
            raise self.error
        self.count += len(block.samples)
        self.written_bytes += self.bytes_a_block

    def finish(self) -> int:
        """Return the number of frames."""
        if self.error:
            raise self.error
        return self.count

    def abandon(self) -> None:
        """Note that the file is removed."""
        self.abandoned += 1


def guard_of(listener: Frames, budget: Budget | None = None) -> Guard[int]:
    """Return a guard of a listener."""
    return Guard(lambda _: listener, budget or Budget())


def test_a_listener_that_works_is_heard():
    """A guard must not change what is found."""
    guard = guard_of(Frames())

    guard.add(BLOCK)
    guard.add(BLOCK)

    assert guard.finish() == 20


@pytest.mark.parametrize("at_end", [False, True])
@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ZeroDivisionError(), InternalError),
        (MemoryError(), ResourceLimitError),
        (CorruptAudioError("damaged"), CorruptAudioError),
    ],
)
def test_a_failure_becomes_a_code_and_leaves_no_file(error, kind, *, at_end):
    """A result must carry a code, and half a file must not stay on the disk."""
    listener = Frames(error=error)
    listener.at_end = at_end
    guard = guard_of(listener)

    guard.add(BLOCK)
    guard.add(BLOCK)

    with pytest.raises(kind):
        guard.finish()
    assert listener.abandoned == 1


def test_a_listener_that_cannot_start_fails_alone():
    """An encoder that is missing must cost the preview, not the waveform."""

    def start(_block: Block) -> Frames:
        raise ModuleNotFoundError

    guard = Guard(start, Budget())
    guard.add(BLOCK)

    assert isinstance(guard.error, InternalError)


def test_the_budget_is_that_of_the_contract():
    """A function of 840 s and 2 GiB of disk must keep enough for the waveform."""
    assert Budget() == Budget(time_s=300, disk_bytes=1 << 30)


def test_time_is_shared_by_all():
    """Two listeners must not take 300 s each."""

    class Slow(Frames):
        def add(self, _block: Block) -> None:
            time.sleep(0.02)

    budget = Budget(time_s=0.01)
    guards = [guard_of(Slow(), budget), guard_of(Frames(), budget)]

    for guard in guards:
        guard.add(BLOCK)

    assert [type(guard.error) for guard in guards] == [ResourceLimitError] * 2


def test_disk_is_shared_and_given_back():
    """A preview that is too large must leave its disk to the others."""
    budget = Budget(disk_bytes=100)
    large = Frames(bytes_a_block=70)
    small = Frames(bytes_a_block=20)
    guards = [guard_of(large, budget), guard_of(small, budget)]

    for _ in range(4):
        for guard in guards:
            guard.add(BLOCK)

    assert isinstance(guards[0].error, ResourceLimitError)
    assert large.abandoned == 1
    assert guards[1].finish() == 40


def test_nothing_heard_is_an_error():
    """A result without any block must not look like a finding."""
    with pytest.raises(WaveflowError):
        guard_of(Frames()).finish()
