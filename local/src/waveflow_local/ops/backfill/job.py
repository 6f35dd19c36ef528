"""Put a back-fill together from its stack, manifest and journal; report its end."""

import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from waveflow.adapters.s3 import S3ObjectStore
from waveflow.events.fields import JsonObject

from waveflow_local.ops.backfill.executions import POLL_S, Executions
from waveflow_local.ops.backfill.ledger import Ledger
from waveflow_local.ops.backfill.lines import BackfillLine
from waveflow_local.ops.backfill.look import Asked, Look
from waveflow_local.ops.backfill.progress import Progress, duration
from waveflow_local.ops.backfill.run import Limits, Run, rehearse
from waveflow_local.ops.backfill.tally import Tally
from waveflow_local.ops.bulk.journal import Heading, Journal, default_path
from waveflow_local.ops.bulk.manifest import Manifest
from waveflow_local.ops.bulk.source import find_source
from waveflow_local.ops.stack import Stack

VERB = "backfill"
LOCAL_POLL_S = 0.2  # the local engine is nobody else's


@dataclass(frozen=True)
class Ended:
    """Hold what a run has done, and why the run ended."""

    tally: Tally
    seconds: float
    journal: Path
    stopped: str = ""
    is_old: bool = False

    @property
    def failed(self) -> bool:
        """Tell whether a stem failed, in this process or before."""
        return self.tally.failed.total() > 0

    def __str__(self) -> str:
        """Return the report for the operator."""
        lines = [
            self.tally.report(),
            f"about {self.tally.usd:.4f} USD on AWS, in {duration(self.seconds)}",
        ]
        if self.stopped:
            lines.append(f"stopped: {self.stopped}")
        if self.is_old:
            lines.append(f"{self.journal} is of a run that has ended; for another run")
            lines.append("remove the file, or name a new file with --journal")
        return "\n".join(lines)


class Backfill:
    """Hold what a back-fill works on: one manifest that has no fault, on one stack."""

    def __init__(
        self, stack: Stack, location: str, options: JsonObject, *, stack_name: str
    ) -> None:
        self._stack, self._stack_name = stack, stack_name
        source = find_source(location, s3=lambda: stack.s3)
        prefixes = stack.parts.allowed_prefixes
        self._manifest = Manifest(source, BackfillLine, prefixes=prefixes)
        self._checked = self._manifest.check()
        # The stack's own zoom levels are made where a message names none.
        levels = options.get("waveform", {}).get("zoom_levels")
        levels = stack.parts.zoom_levels if levels is None else levels
        asked = Asked(options=options, zoom_levels=levels)
        self._look = Look(S3ObjectStore(stack.s3, stack.parts.bucket), asked)

    def rehearse(self) -> str:
        """Return the report of a dry run: what would be drawn, and at what price."""
        with closing(Progress(self._checked.stems)) as progress:
            tally = rehearse(self._manifest.lines(), self._look, progress)
        price = f"about {tally.usd:.4f} USD on AWS"
        return f"{tally.report(drawn='would draw')}\n{price}"

    def run(self, limits: Limits, path: Path | None) -> Ended:
        """Draw what is missing or stale; go on where the run of a journal stopped."""
        began = time.monotonic()
        asked = self._look.asked
        heading = Heading(
            verb=VERB,
            stack=self._stack_name,
            manifest=self._checked.sha256,
            stem_count=self._checked.stems,
            bucket=self._stack.parts.bucket,
            options={**asked.options, "zoom_levels": list(asked.zoom_levels)},
        )
        place = path or default_path(self._manifest.location, VERB)
        with Journal(place, heading) as journal:
            ledger = Ledger(journal, asked)
            is_old = ledger.tally.done == ledger.total
            stopped = "" if is_old else self._work(ledger, limits)
        seconds = time.monotonic() - began
        return Ended(ledger.tally, seconds, place, stopped, is_old=is_old)

    def _work(self, ledger: Ledger, limits: Limits) -> str:
        """Run, and return why the run stopped before the end, if it did."""
        executions = Executions(
            self._stack.sfn,
            self._stack.parts.machine_arn,
            poll_s=LOCAL_POLL_S if self._stack.is_local else POLL_S,
        )
        with closing(Progress(ledger.total, resumed=ledger.tally.done)) as progress:
            run = Run(
                ledger, executions, look=self._look, limits=limits, progress=progress
            )
            run.run(self._manifest.lines())
        return run.why_stopped
