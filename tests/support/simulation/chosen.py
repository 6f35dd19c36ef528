"""Faults that a test chooses one at a time."""

from random import Random

from support.simulation.faults import AT_A_CALL, Faults


class ChosenFaults(Faults):
    """Faults that each strike once, at the next occasion after a test's wish."""

    def __init__(self) -> None:
        super().__init__(Random(0), 0.0)  # noqa: S311 - jitter only
        self.wanted: dict[str, int] = {}

    def want(self, kind: str, call: int = 0) -> None:
        """Choose a fault for a call of the next invocation, or the next occasion."""
        self.wanted[kind] = call

    def stop(self) -> None:
        """Drop all chosen faults."""
        self.wanted.clear()

    def strikes(self, kind: str) -> bool:
        """Return whether a chosen fault strikes now."""
        if kind not in self.wanted:
            return False
        del self.wanted[kind]
        self.counts[kind] += 1
        return True

    def armed(self, calls: int) -> dict[str, int]:
        """Return the faults of one invocation, and drop them from the choice."""
        armed = {
            k: min(self.wanted[k], calls - 1) for k in AT_A_CALL if k in self.wanted
        }
        for kind in armed:
            del self.wanted[kind]
        return armed
