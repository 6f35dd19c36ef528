"""Run one scenario through the whole pipeline, and show its executions."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from rich.console import Console
from waveflow.audio.listen.findings import Analysis, Loudness
from waveflow.events.fields import RESERVED_PREFIXES

from waveflow_local.demo import checks, ffmpeg, outputs, report
from waveflow_local.demo.found import findings
from waveflow_local.demo.outputs import Bucket
from waveflow_local.demo.report import Row
from waveflow_local.demo.scenario import (
    MAX_MIX,
    STEREO_MIX,
    Scenario,
    demonstration,
    own_files,
)
from waveflow_local.demo.stems import write_stems
from waveflow_local.engine.handlers import functions_log
from waveflow_local.engine.history import see
from waveflow_local.engine.pipeline import Pipeline, Settings
from waveflow_local.files import analysis
from waveflow_local.paths import LocalError
from waveflow_local.standin.server import StandIn

_LOOK_EVERY_S = 0.12
_LOOK_AT_LEAST_EVERY_S = 0.4
_QUIET_S = 900.0  # longer than any stage may take


@dataclass
class Run:
    """Send the messages of a scenario to a running pipeline, and check the results."""

    pipeline: Pipeline
    standin: StandIn
    bucket: Bucket
    rows: list[Row]
    arns: dict[str, str] = field(default_factory=dict)
    sent: dict[str, str] = field(default_factory=dict)
    put_at_s: dict[str, float] = field(default_factory=dict)
    before: dict[str, checks.Listing] = field(default_factory=dict)

    def finish(self, view: report.View) -> None:
        """Send every message of the scenario in turn; wait until all executions end."""
        quiet_since = time.monotonic()
        while not all(row.ended for row in self.rows):
            looked = time.monotonic()
            self._send_what_is_due()
            if self._look():
                quiet_since = time.monotonic()
            view.show(self.rows)
            if time.monotonic() - quiet_since > _QUIET_S:
                raise LocalError("Nothing has moved for a quarter of an hour.")
            # Each history request costs the engine time, so requests must be rare.
            spent_s = time.monotonic() - looked
            time.sleep(min(max(_LOOK_EVERY_S, 2 * spent_s), _LOOK_AT_LEAST_EVERY_S))
        view.show(self.rows)

    def _send_what_is_due(self) -> None:
        ended = {row.case.name for row in self.rows if row.ended}
        for row in self.rows:
            case = row.case
            if case.name in self.sent or not ended.issuperset(case.after):
                continue
            if case.redelivers and len(ended) < len(self.rows) - 1:
                continue  # a redelivery runs alone, so that its writes are seen
            if case.upload is not None:
                if not self._is_younger_than(case.after):
                    continue
                self.bucket.put(case.upload.key, case.upload.content)
                self.put_at_s[case.name] = time.time()
            if case.redelivers:
                self.before[case.name] = self.bucket.versions(*RESERVED_PREFIXES)
            body = json.dumps(case.message, ensure_ascii=False)
            self.sent[case.name] = self.pipeline.send(body)

    def _is_younger_than(self, names: Sequence[str]) -> bool:
        """Tell whether an upload now is younger to S3, which counts whole seconds."""
        put_at = [self.put_at_s[name] for name in names if name in self.put_at_s]
        return all(int(time.time()) > int(at_s) for at_s in put_at)

    def _look(self) -> bool:
        """Read the states of running executions; return whether any has changed."""
        moved = False
        for row in self.rows:
            arn = self.arns.get(self.sent.get(row.case.name, ""))
            if arn is None or row.ended:
                continue
            states = len(row.seen.states) if row.seen else -1
            row.seen = see(self.pipeline.clients.sfn, arn)
            moved = moved or row.ended or len(row.seen.states) != states
        return moved

    def check(self, row: Row) -> None:
        """Compare one ended execution with its expected end, and note the faults."""
        if row.seen is None:
            return
        told = self.standin.archive.about(row.case.subject)
        row.faults = checks.faults(row.case, row.seen, told)
        row.faults += checks.duplicate_faults(row.case, self.bucket)
        if row.case.redelivers:
            before = self.before[row.case.name]
            after = self.bucket.versions(*RESERVED_PREFIXES)
            row.faults += checks.redelivery_faults(row.case, before, after, told)

    def collect(self, row: Row, folder: Path) -> None:
        """Download one execution's results into the output folder."""
        seen = row.seen
        if row.faults or seen is None or not seen.outcome:
            return
        if row.case.redelivers:
            row.outputs = ["nothing written twice"]
        elif seen.outcome["status"] == "DUPLICATE" and row.case.upload:
            upload = row.case.upload
            version = self.bucket.kept_version(upload.key, upload.content)
            row.outputs = [f"deleted; version {str(version)[:8]} can be restored"]
        else:
            paths = outputs.collect(
                self.bucket,
                seen.result,
                folder,
                title=row.case.name,
                name=row.case.output,
            )
            row.outputs = [_short_list(paths, folder)]


def run(files: Sequence[Path], folder: Path, *, console: Console) -> int:
    """Run the demonstration, or the user's files; return the exit code."""
    if files:
        return _run_own(files, folder, console=console)
    outputs.clear(folder)
    return play(
        lambda: demonstration(write_stems(folder / "stems")), folder, console=console
    )


def _run_own(files: Sequence[Path], out: Path, *, console: Console) -> int:
    """Tell what each file holds, and send the audio in the user's own order."""
    found = findings(files, out=out)
    for each in found:
        console.print(str(each), highlight=False, markup=False, soft_wrap=True)
    audio = [(each.path, each.name) for each in found if each.is_audio]
    if not audio:
        console.print("No file is audio that WaveFlow reads; nothing was sent.")
        return 0
    folder = outputs.make_new(out)
    if len(audio) > MAX_MIX:
        console.print(f"A mix takes {MAX_MIX} files; the first ones are mixed.")
    code = play(lambda: own_files(audio), folder, console=console)
    if left_out := len(found) - len(audio):
        was = "was" if left_out == 1 else "were"
        console.print(f"{left_out} of {len(found)} files {was} not sent; see above.")
    return code


def play(prepare: Callable[[], Scenario], folder: Path, *, console: Console) -> int:
    """Play a prepared scenario, show how each execution ended; return the exit code."""
    started = time.monotonic()
    with functions_log(folder / outputs.LOG), ThreadPoolExecutor() as pool:
        # Playing the stems and starting the engine take about as long.
        preparing = pool.submit(prepare)
        with _pipeline(folder) as (pipeline, standin, arns):
            scenario = preparing.result()
            ready_s = time.monotonic() - started
            console.print(f"ready after {ready_s:.1f} s at {pipeline.endpoint}")
            bucket = Bucket(pipeline.clients.s3, pipeline.deployment.bucket)
            rows = [Row(case) for case in scenario.cases]
            execution = Run(pipeline, standin, bucket, rows, arns)
            view = report.view_for(console)
            with view:
                execution.finish(view)
            for row in rows:
                execution.check(row)
            list(pool.map(lambda row: execution.collect(row, folder), rows))
            count = len(standin.archive.all())
    _print_findings(rows, folder, console=console)
    good = sum(not row.faults for row in rows)
    console.print(
        f"{good} of {len(rows)} executions ended as they should; "
        f"{count} webhooks received; {time.monotonic() - started:.1f} s; see {folder}/"
    )
    return 0 if good == len(rows) else 1


def _print_findings(rows: Sequence[Row], folder: Path, *, console: Console) -> None:
    """Print the table of executions, the loudness of stems and mix, FFmpeg's too."""
    console.print(report.summary(rows, width=console.width))
    console.print(analysis.table(_analyses(rows)))
    if measured := ffmpeg.measured_line(folder / "mixes" / f"{STEREO_MIX}.wav"):
        console.print(measured, highlight=False, markup=False)


@contextlib.contextmanager
def _pipeline(folder: Path) -> Iterator[tuple[Pipeline, StandIn, dict[str, str]]]:
    arns: dict[str, str] = {}
    lock = threading.Lock()

    def started(message_id: str, arn: str) -> None:
        with lock:
            arns[message_id] = arn

    with StandIn(data=folder) as standin:
        settings = Settings(webhook_url=standin.url)
        with Pipeline(settings, started) as pipeline:
            pipeline.warm()
            standin.answers.clients = pipeline.clients
            standin.answers.queue_url = pipeline.deployment.queue_url
            yield pipeline, standin, arns


def _short_list(paths: Sequence[Path], folder: Path) -> str:
    """Return the paths of one stem's outputs, one line for each folder."""
    own = [path.relative_to(folder) for path in paths]
    return "\n".join(
        f"{parent}/{_short_name([path for path in own if path.parent == parent])}"
        for parent in dict.fromkeys(path.parent for path in own)
    )


def _short_name(paths: Sequence[Path]) -> str:
    """Return file names as one, such as `drums.{json,svg}` or `{256,1024}.dat`."""
    stems = dict.fromkeys(path.stem for path in paths)
    suffixes = dict.fromkeys(path.suffix.removeprefix(".") for path in paths)
    return ".".join(
        f"{{{','.join(parts)}}}" if len(parts) > 1 else "".join(parts)
        for parts in (stems, suffixes)
    )


def _analyses(rows: Sequence[Row]) -> dict[str, Mapping[str, object]]:
    """Return each stem's result with an analysis, and the loudness of a mix alike."""
    found: dict[str, Mapping[str, object]] = {}
    for row in rows:
        result = row.seen.result if row.seen and not row.case.redelivers else {}
        if "analysis" in result:
            found[row.case.name] = result
        elif isinstance(facts := result.get("mix"), dict):
            heard = Analysis(
                loudness=msgspec.convert(facts["loudness"], Loudness),
                tempo=None,
                key=None,
                warnings=[],
            )
            found[row.case.name] = {
                "analysis": msgspec.to_builtins(heard),
                "warnings": result["warnings"],
            }
    return found
