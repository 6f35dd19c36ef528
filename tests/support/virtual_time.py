"""An event loop whose clock jumps to the next timer, for hours in milliseconds."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class _Jumping(selectors.DefaultSelector):  # type: ignore[misc,valid-type]
    """Selector that moves a clock forward instead of waiting."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        """Let the time until the next timer pass at once."""
        if timeout:
            self.now += timeout
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Event loop on virtual seconds; threads' work is done at once, in the loop."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._jumping.now

    def run_in_executor(
        self, _executor: object, func: Callable[..., Result], *args: Any
    ) -> "asyncio.Future[Result]":
        """Call a function now, and return its finished future."""
        done: asyncio.Future[Result] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as exc:  # noqa: BLE001 - the future carries the exception
            done.set_exception(exc)
        return done


def run_virtually(scenario: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine on virtual time, and return its result."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(scenario)
