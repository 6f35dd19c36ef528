"""Let the stand-in server misbehave on demand, by rules."""

import fnmatch
import threading
from dataclasses import asdict, dataclass
from typing import Literal, get_args

Behaviour = Literal[
    "auto",  # by the table of stems: new, or duplicate of an older stem
    "new",
    "duplicate",  # a duplicate of the table's older stem, or of `output`'s duplicate_of
    "hold",
    "ask-me",  # wait until somebody posts a verdict to /answer
    "garbage",  # something that is no verdict, or exactly `output`
    "fail",  # answer by SendTaskFailure
    "silence",  # never send a verdict
    "late",  # answer `delay_s` later, when nobody waits any more
    "twice",  # answer new, then hold at once
    "body-verdict",  # the verdict in the 2xx body of the webhook
    "unavailable",  # answer webhooks with HTTP 500
    "reject",  # answer webhooks with HTTP 400
    "redirect",  # answer webhooks with HTTP 302
    "error-body",  # 201 with "status": "error", as a controller that swallows errors
]
BEHAVIOURS: tuple[str, ...] = get_args(Behaviour)
ANY = "*"
_LATE_S = 5.0


@dataclass
class Rule:
    """Choose how the stand-in server treats some webhooks, and for how many."""

    behaviour: Behaviour
    subject: str = ANY  # a stemId or stageId; `*` and `?` match
    event: str = ANY  # the last word of a webhook's path, such as hash-check
    times: int | None = None  # the rule holds for so many webhooks; None is for ever
    delay_s: float = _LATE_S
    output: object = None

    def __post_init__(self) -> None:
        """Refuse a rule whose behaviour does not exist."""
        if self.behaviour not in BEHAVIOURS:
            raise ValueError(f"{self.behaviour!r} is none of {', '.join(BEHAVIOURS)}.")

    def matches(self, event: str, subject: str) -> bool:
        """Tell whether the rule applies to a webhook about a stem or stage."""
        return (
            self.times != 0
            and fnmatch.fnmatchcase(event, self.event)
            and fnmatch.fnmatchcase(subject, self.subject)
        )


class Script:
    """Hold the stand-in server's rules in force; the newest matching rule decides."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._lock = threading.Lock()

    def add(self, rule: Rule) -> None:
        """Put a rule before all other rules of the stand-in server."""
        with self._lock:
            self._rules.insert(0, rule)

    def replace(self, rule: Rule) -> None:
        """Replace all rules of the stand-in server by one rule."""
        with self._lock:
            self._rules[:] = [rule]

    def clear(self) -> None:
        """Drop every rule of the stand-in, so that its table of stems decides again."""
        with self._lock:
            self._rules.clear()

    def in_force(self) -> list[dict[str, object]]:
        """Return the stand-in's rules that still apply, the deciding rule first."""
        with self._lock:
            return [asdict(rule) for rule in self._rules if rule.times != 0]

    def next(self, event: str, subject: str) -> Rule:
        """Return the rule that decides about one webhook, and count its use."""
        with self._lock:
            for rule in self._rules:
                if rule.matches(event, subject):
                    if rule.times is not None:
                        rule.times -= 1
                    return rule
        return Rule("auto")
