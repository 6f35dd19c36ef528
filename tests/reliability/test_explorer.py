"""Search by Hypothesis for a history that breaks a promise; failures are shrunk."""

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from support.invocations import EVERYTHING
from support.simulation.chosen import ChosenFaults
from support.simulation.faults import KINDS
from support.simulation.runs import Modes
from support.simulation.system import System
from support.simulation.traffic import tiny_wav
from support.simulation.volume import recover
from support.walker import load

STEMS = ("a", "b", "c", "d")
PATHS = ["audio/a.wav", "audio/b.wav"]
MIXES = (
    {"stem_paths": PATHS},
    {"stem_paths": PATHS, "mix": {"format": "flac24"}},
    {"stem_paths": PATHS, "stems": [{"path": PATHS[0], "mute": True}]},
)
# `make soak` explores further than `make test` has the time for.
EXAMPLES = int(os.environ.get("WAVEFLOW_EXAMPLES", "200"))
STEPS = int(os.environ.get("WAVEFLOW_STEPS", "30"))


class Histories(RuleBasedStateMachine):
    """Uploads, deliveries, users' deletes and faults in every order for Hypothesis."""

    @initialize(
        message_mode=st.booleans(),
        dedupe_mode=st.sampled_from(["delete", "delete", "report", "off"]),
        versioned=st.sampled_from([True, True, True, False]),
    )
    def begin(self, message_mode, dedupe_mode, versioned):
        """Start a system with the modes of one operator."""
        self.faults = ChosenFaults()
        modes = Modes(message_mode, dedupe_mode, versioned)
        self.system = System(self.faults, load(), modes)
        self.sent = []

    @rule(
        stem=st.sampled_from(STEMS),
        content=st.integers(0, 1),
        checksummed=st.booleans(),
        at_once=st.booleans(),
        asked=st.sampled_from([{}, {"previews": ["opus"]}, EVERYTHING]),
    )
    def upload(self, stem, content, checksummed, at_once, asked):
        """Put one of two contents under one of four keys, and send its message."""
        if not at_once:
            self.system.now += 1
        key = f"audio/{stem}.wav"
        self.system.bucket.put(key, tiny_wav(content), checksummed=checksummed)
        self.system.ledger.user_touched(key)
        self.sent.append(
            {
                "userId": "ann",
                "trackId": "t",
                "stemId": stem,
                "filepath": key,
                "timestamp": f"2026-01-01T00:00:{len(self.sent) % 60:02}Z",
                "original_filename": "x.wav",
                "num_peaks": 4,
                **asked,
            }
        )
        self.system.send({"task": "generate_hash_and_webhook", **self.sent[-1]})

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def deliver_again(self, data):
        """Send a message again, as SQS may do at any time."""
        message = data.draw(st.sampled_from(self.sent))
        self.system.send({"task": "generate_hash_and_webhook", **message})

    @rule(asked=st.sampled_from(MIXES), id_=st.sampled_from(["", "one", "two"]))
    def mix(self, asked, id_):
        """Send one of some mixes of one stage and time, with an id or without."""
        fields = {"stageId": "s", "timestamp": "2026-01-01T00:00:00Z", **asked}
        own = {"id": f"{id_}-{MIXES.index(asked)}", "kwargs": fields} if id_ else fields
        self.system.send({"task": "mix_stems_and_upload", **own})

    @rule(stem=st.sampled_from(STEMS))
    def delete(self, stem):
        """Delete a file, as users do with their own."""
        key = f"audio/{stem}.wav"
        if self.system.bucket.current(key):
            self.system.bucket.delete(key)
            self.system.ledger.user_touched(key)

    @rule(kind=st.sampled_from(KINDS), call=st.integers(0, 6))
    def strike(self, kind, call):
        """Let one kind of fault strike at its next occasion."""
        self.faults.want(kind, call)

    @rule(steps=st.integers(1, 30))
    def go_on(self, steps):
        """Let some events happen; the system checks the promises at each event."""
        for _ in range(steps):
            self.system.step()

    def teardown(self):
        """Drain the system: every job must be done and told at the end."""
        if hasattr(self, "system"):
            self.system.drain()
            recover(self.system)


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    derandomize="WAVEFLOW_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
