"""Simulated executions on a fake clock; others run in between at any call."""

import heapq
import itertools
import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
from waveflow import errors
from waveflow.events import flow
from waveflow.ports import Policy
from waveflow.stages.compare import compare_pairs
from waveflow.stages.dedupe_delete import delete_duplicate
from waveflow.stages.hash import hash_object
from waveflow.stages.mix import mix_stems
from waveflow.stages.notify import notify
from waveflow.stages.waveform import draw_waveform

from support.simulation.account import Histories, Throttles
from support.simulation.bucket import EPOCH, Bucket, is_optional
from support.simulation.checks import Ledger
from support.simulation.faults import Faults
from support.simulation.gate import Gate
from support.simulation.mixes import Claims
from support.simulation.options import encoding
from support.simulation.queue import Queue
from support.simulation.runs import Modes, Run, run_of
from support.simulation.server import Answer, Server
from support.simulation.store import FaultyObjects
from support.simulation.telling import UNDELIVERED, Telling
from support.simulation.wires import CALLS, KilledError, Wires
from support.walker import (
    Execution,
    Failed,
    Invoke,
    Result,
    Sleep,
    Succeeded,
)

DEEP = 3  # depth of executions inside each other's calls
INSIDE = 4  # most events within one call
BESIDE = 12  # most events before a lost invocation goes on
PAUSE_S = 60.0  # longest pause of the server before it repeats a throttled call
PREFIXES = ("audio/", "users/")
MODELS: dict[str, Any] = {
    "Hash": flow.HashRequest,
    "DedupeDelete": flow.DedupeDeleteRequest,
    "Waveform": flow.WaveformRequest,
    "Mix": flow.MixRequest,
    "Compare": flow.CompareRequest,
    "Notify": flow.NotifyRequest,
}


class System:
    """Queue, machine, stages, bucket and server in one thread, with one clock."""

    def __init__(
        self, faults: Faults, definition: Mapping[str, Any], modes: Modes
    ) -> None:
        self.now = 0.0
        self.faults = faults
        self.bucket = Bucket(self.clock, modes.versioned)
        self.server = Server(self.bucket, faults, self.clock, modes.message_mode)
        self.ledger = Ledger(self.bucket, self.server)
        self.throttles = Throttles(faults, self.clock)
        self.histories = Histories(self.clock)
        counts = self.ledger.counts
        self.gate = Gate(faults, self.clock, counts=counts, throttles=self.throttles)
        self.send = Queue(self).send
        self.runs: list[Run] = []
        self.questions: dict[str, Run] = {}
        self.stages: Counter[str] = Counter()
        self._definition = definition
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._ticket = itertools.count()
        self._depth = 0
        self.policy = Policy(
            allowed_prefixes=PREFIXES,
            max_file_bytes=1 << 20,
            dedupe_mode=modes.dedupe_mode,
            verdict_mode="message" if modes.message_mode else "callback",
            zoom_levels=modes.zoom_levels,
            audio_id=modes.audio_id,
        )
        self.claims = Claims(self.bucket, self.ledger.counts)
        self.telling = Telling(self.ledger, self.policy, self.claims, runs=self.runs)

    def clock(self) -> float:
        """Return the simulated time in seconds."""
        return self.now

    def later(self, seconds: float, event: Callable[[], None]) -> None:
        """Schedule an event after some seconds."""
        heapq.heappush(self._events, (self.now + seconds, next(self._ticket), event))

    def step(self) -> bool:
        """Run the next event; return False when no event is left."""
        if not self._events:
            return False
        at, _, event = heapq.heappop(self._events)
        self.now = max(self.now, at)
        event()
        return True

    def drain(self) -> None:
        """Run events until none is left."""
        while self.step():
            pass

    def interleave(self) -> None:
        """Run the next events inside the call of another execution."""
        if self._depth < DEEP:
            for _ in range(1 + self.faults.random.randrange(INSIDE)):
                self.step()

    def retry_beside(self, run: Run) -> None:
        """Let the machine give up a running invocation, and start its retry beside."""
        if self._depth >= DEEP or run.waiting is not None or run.asks:
            return
        run.invocation += 1
        self._advance(run, Failed("Lambda.SdkClientException"))
        for _ in range(self.faults.random.randrange(BESIDE)):
            self.step()

    def start(self, data: list[dict[str, Any]], *, name: str = "") -> Run:
        """Start an execution; the pipe gives an execution no name."""
        start = (EPOCH + timedelta(seconds=self.now)).isoformat(timespec="milliseconds")
        execution = Execution(
            self._definition,
            data,
            name or f"run-{len(self.runs)}",
            start.replace("+00:00", "Z"),
        )
        run = run_of(execution)
        self.runs.append(run)
        run.walk = execution.walk()
        self.histories.begun(run.name)
        self._advance(run, None)
        return run

    def redrive(self, run: Run) -> None:
        """Resume an execution at the state that could not ask or tell."""
        run.walk = run.execution.redrive()
        self.histories.begun(run.name)
        self._advance(run, None)

    def answer(self, token: str, answer: Answer) -> None:
        """Answer a question; an answer to a closed token changes nothing."""
        run = self.questions.pop(token, None)
        if run is None:
            self.ledger.counts["answers to closed questions"] += 1
            return
        result: Result = Succeeded(answer.output)
        if answer.failure:
            result = Failed(answer.failure, "said the server")
        if run.waiting == token:
            run.waiting = None
            self._advance(run, result)
        else:
            run.answered[token] = result

    def _advance(self, run: Run, result: Result | None) -> None:
        try:
            request = run.go_on(result)
        except StopIteration as stop:
            self.histories.entered(run.name, run.execution.entered)
            self.histories.ended(run.name, stop.value)
            self.telling.ended(run, stop.value)
            return
        self.histories.entered(run.name, run.execution.entered)
        if isinstance(request, Sleep):
            part = self.faults.random.random() if request.jitter else 1.0
            self.later(request.seconds * part, lambda: self._advance(run, None))
        else:
            self.later(0.1, lambda: self._invoke(run, request))

    def _invoke(self, run: Run, request: Invoke) -> None:
        run.asks = request.token is not None
        if request.token:
            self.questions[request.token] = run
        run.invocation += 1
        mine = run.invocation
        result = self._lambda(run, request)
        self._send_what_the_server_said()
        if run.invocation != mine:
            return  # the machine gave this invocation up
        if not request.token:
            self._advance(run, result)
        elif request.token in run.answered:
            self._advance(run, run.answered.pop(request.token))
        elif isinstance(result, Failed):
            self.questions.pop(request.token, None)
            self._advance(run, result)
        else:
            self._wait(run, request)

    def _wait(self, run: Run, request: Invoke) -> None:
        token = str(request.token)
        run.waiting = token

        def time_out() -> None:
            if run.waiting == token:
                run.waiting = None
                self.questions.pop(token, None)
                self._advance(run, Failed("States.Timeout"))

        self.later(request.timeout_s, time_out)

    def _send_what_the_server_said(self) -> None:
        answers, self.server.answers = self.server.answers, []
        for token, given in answers:
            self.later(given.delay_s, lambda t=token, a=given: self._repeat(t, a))
        bodies, self.server.follow_ups = self.server.follow_ups, []
        for body in bodies:
            self.send(body)

    def _repeat(self, token: str, given: Answer, *, pause_s: float = 1.0) -> None:
        """Send the server's answer; the server repeats a call that was throttled."""
        if not self.throttles.refuses("SendTaskSuccess"):
            self.answer(token, given)
            return
        longer_s = min(2 * pause_s, PAUSE_S)
        self.later(pause_s, lambda: self._repeat(token, given, pause_s=longer_s))

    def _lambda(self, run: Run, request: Invoke) -> Result:
        """Return the result of a function as Step Functions sees the result."""
        stage = request.function.removesuffix("Function")
        if rejected := self.gate.rejects(stage):
            return rejected
        self.stages[stage] += 1
        self._depth += 1
        try:
            output = self._stage(run, stage, request.payload)
        except KilledError:
            return Failed("Lambda.Unknown", "The function was killed.")
        except errors.WaveflowError as exc:
            said = {"errorType": type(exc).__name__, "errorMessage": str(exc)}
            return Failed(type(exc).__name__, json.dumps(said))
        finally:
            self._depth -= 1
        if self.faults.strikes("Lambda answer lost"):
            return Failed("Lambda.SdkClientException")
        return Succeeded(output)

    def _stage(self, run: Run, stage: str, payload: Any) -> Any:
        request = msgspec.convert(
            msgspec.json.decode(msgspec.json.encode(payload)), MODELS[stage]
        )
        mine = run.invocation
        if stage != "Notify":
            run.spoilt = None
        wires = Wires(self, run, request, self.faults.armed(CALLS[stage]))
        objects = FaultyObjects(self.bucket, wires)
        try:
            result = self._run_stage(stage, request, objects, wires)
        except errors.WaveflowError:
            if run.invocation == mine and is_optional(wires.last_key):
                run.spoilt = wires.last_key
            raise
        return msgspec.json.decode(msgspec.json.encode(result))

    def _run_stage(
        self, stage: str, request: Any, objects: FaultyObjects, wires: Wires
    ) -> Any:
        match stage:
            case "Hash":
                return hash_object(request, objects=objects, policy=self.policy)
            case "DedupeDelete":
                return self._delete(request, objects, wires)
            case "Waveform" | "Mix":
                make = draw_waveform if stage == "Waveform" else mix_stems
                fails = partial(wires.strikes, "preview encoder fails")
                with encoding(next(self._ticket), fails):
                    return make(request, objects=objects, policy=self.policy)
            case "Compare":
                return compare_pairs(request, objects=objects, policy=self.policy)
            case _:
                return notify(request, webhook=wires, tokens=wires, policy=self.policy)

    def _delete(self, request: Any, objects: FaultyObjects, wires: Wires) -> Any:
        try:
            return delete_duplicate(request, objects=objects, policy=self.policy)
        except errors.DedupeRefusedError as refusal:
            if "S3 bit flipped" not in wires.struck:  # a flip looks like other bytes
                self.ledger.refused(request, refusal.reason)
            raise

    def undelivered(self) -> list[Run]:
        """Return the executions that a redrive resumes."""
        ends = ((run, run.ended) for run in self.runs)
        failed = ((run, end) for run, end in ends if end and end.status == "FAILED")
        return [run for run, end in failed if end.state in UNDELIVERED]
