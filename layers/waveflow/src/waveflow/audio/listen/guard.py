"""Guard the listeners of optional outputs: a listener that fails ends alone."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, runtime_checkable

from waveflow.audio.stream import Block, Listener
from waveflow.errors import InternalError, ResourceLimitError, WaveflowError

OPTIONAL_TIME_S = 300.0  # part of the 840 s that drawing may take
OPTIONAL_BYTES = 1 << 30  # disk that files of optional outputs may take together

Result = TypeVar("Result")


@dataclass(slots=True)
class Budget:
    """Count the time and the disk that all optional listeners of one file have left."""

    time_s: float = OPTIONAL_TIME_S
    disk_bytes: int = OPTIONAL_BYTES

    def check(self) -> None:
        """Raise `ResourceLimitError` where the time or the disk is used up."""
        if self.time_s < 0:
            raise ResourceLimitError("Listening took too long.")
        if self.disk_bytes < 0:
            raise ResourceLimitError("Optional outputs took too much disk.")


@runtime_checkable
class FileWriter(Protocol):
    """Describe a listener that writes a file while blocks arrive."""

    @property
    def written_bytes(self) -> int:
        """Return the size of the file so far."""
        ...

    def abandon(self) -> None:
        """Close the file and remove the file from the disk."""
        ...


class Guard(Generic[Result]):
    """Guard an optional listener: an error or an empty budget ends that listener alone.

    Parameters
    ----------
    start
        Makes the listener from the first block of samples.
    budget
        Time and disk that this listener shares with all others of the file.
    """

    def __init__(
        self, start: Callable[[Block], Listener[Result]], budget: Budget
    ) -> None:
        self.error: WaveflowError | None = None
        self._start = start
        self._budget = budget
        self._listener: Listener[Result] | None = None
        self._charged_bytes = 0

    def add(self, block: Block) -> None:
        """Hand on one block of samples; an error ends the listener alone."""
        if self.error is not None or not len(block.decoded):
            return
        started = time.monotonic()
        try:
            if self._listener is None:
                self._listener = self._start(block)
            self._listener.add(block)
            self._charge(started)
        except Exception as exc:  # noqa: BLE001 - the waveform matters more
            self._fail(exc)

    def finish(self) -> Result:
        """Return the finding of the guarded listener.

        Raises
        ------
        WaveflowError
            The reason why the listener ended early.
        """
        if self.error is not None:
            raise self.error
        if self._listener is None:
            raise InternalError("Nothing was heard.")
        started = time.monotonic()
        try:
            result = self._listener.finish()
            self._charge(started)
        except Exception as exc:
            raise self._fail(exc) from exc
        return result

    def _charge(self, started: float) -> None:
        """Take the time since `started` and new bytes of a file off the budget."""
        self._budget.time_s -= time.monotonic() - started
        if isinstance(self._listener, FileWriter):
            written = self._listener.written_bytes
            self._budget.disk_bytes -= written - self._charged_bytes
            self._charged_bytes = written
        self._budget.check()

    def _fail(self, exc: Exception) -> WaveflowError:
        """Keep the reason, give back the disk, and drop the listener."""
        error = _error_of(exc)
        if error is not exc:
            error.__cause__ = exc
        if isinstance(self._listener, FileWriter):
            self._listener.abandon()
            self._budget.disk_bytes += self._charged_bytes
        self._listener, self.error = None, error
        return error


def _error_of(exc: Exception) -> WaveflowError:
    """Return an exception as a WaveFlow error, whose code a result can carry."""
    if isinstance(exc, WaveflowError):
        return exc
    if isinstance(exc, MemoryError):
        return ResourceLimitError("Memory ran out while listening.")
    return InternalError("Measuring the sound failed.")
