"""Let a test choose the faults, one at a time."""

from random import Random

from support.simulation.faults import AT_A_CALL, Faults


class ChosenFaults(Faults):
    """Strikes what was asked for, once, at its next occasion."""

    def __init__(self) -> None:
        super().__init__(Random(0), 0.0)  # noqa: S311 - jitter only
        self.wanted: dict[str, int] = {}

    def want(self, kind: str, call: int = 0) -> None:
        """Let a fault strike, at that call of the next invocation or later."""
        self.wanted[kind] = call

    def stop(self) -> None:
        """Let nothing fail from now on."""
        self.wanted.clear()

    def strikes(self, kind: str) -> bool:
        """Tell whether a wanted fault finds its occasion now."""
        if kind not in self.wanted:
            return False
        del self.wanted[kind]
        self.counts[kind] += 1
        return True

    def armed(self, calls: int) -> dict[str, int]:
        """Hand over the faults of one invocation; those not met are forgotten."""
        armed = {
            k: min(self.wanted[k], calls - 1) for k in AT_A_CALL if k in self.wanted
        }
        for kind in armed:
            del self.wanted[kind]
        return armed
