"""Checks of webhooks and ends: the server is told the truth, then and at the end."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from waveflow.events.messages import Job
from waveflow.ports import Policy

from support.lambda_errors import NOT_READY
from support.simulation.checks import (
    CODES,
    BrokenPromiseError,
    Gone,
    Ledger,
    recorded,
)
from support.simulation.gate import TOO_LONG
from support.simulation.mixes import Claims, mixes_same
from support.simulation.options import CODES as CODES_OF_OPTIONS
from support.simulation.options import Asked, files_of, untrue
from support.simulation.runs import Run
from support.simulation.server import is_final, rendition
from support.walker import Ended, Failed

THROTTLED = "Lambda.TooManyRequestsException"
UNDELIVERED = {"Ask", "AskUndelivered", "Tell", "TellFailure"}


class Telling:
    """Comparison of every webhook and every end with bucket, ledger and server."""

    def __init__(
        self, ledger: Ledger, policy: Policy, claims: Claims, *, runs: Sequence[Run]
    ) -> None:
        self._ledger, self._runs = ledger, runs
        self._policy, self._claims = policy, claims
        self._bucket = ledger.bucket
        self._server = ledger.server

    def told(self, payload: Mapping[str, Any], run: Run) -> None:
        """Check that a webhook's outcome is true at this moment."""
        task_id, status = payload["task_id"], payload["status"]
        self._ledger.counts[f"told {status}"] += 1
        if status == "FAILURE":
            if payload["result"]["error_code"] not in CODES:
                raise BrokenPromiseError(f"{task_id} failed with no code of ours.")
            if isinstance(run.left_with, Failed):
                self._check_blame(payload, run.left_with.error)
            if payload["result"]["error_code"] == "INVALID_MESSAGE":
                self._claims.refused(payload, run.execution)
            if is_final(self._server.told.get(task_id)):
                self._ledger.counts["FAILURE after a final outcome, ignored"] += 1
        elif status == "DUPLICATE":
            self._check_deleted(payload)
        elif "stemId" in payload:
            self._check_drawn(payload)
        else:
            self._claims.told(payload, run.execution.input[0])
            self._check_of_stage(payload)

    def _check_blame(self, payload: Mapping[str, Any], error: str) -> None:
        """Check that the server is not blamed for Lambda, and that sleep is waited out.

        `error` ended the state whose failure is told.
        """
        task_id, code = payload["task_id"], payload["result"]["error_code"]
        if code == "INVALID_VERDICT" and error.startswith("Lambda."):
            raise BrokenPromiseError(f"{task_id} blames the server for {error}.")
        if error in NOT_READY and code != "RESOURCE_LIMIT":
            raise BrokenPromiseError(f"{task_id} tells {error} as {code}.")
        self._check_patience(task_id, error)

    def _check_patience(self, name: str, error: str | None) -> None:
        """Raise for an error of Lambda that passes within the machine's patience."""
        if error == THROTTLED:
            raise BrokenPromiseError(f"{name} gave up on a throttle that passes.")
        if error in NOT_READY and not self._ledger.counts[TOO_LONG]:
            raise BrokenPromiseError(f"{name} gave up on a function that wakes.")

    def _check_drawn(self, payload: Mapping[str, Any]) -> None:
        """Check that the named document holds the peaks of the named hash."""
        result = payload["result"]
        before = self._server.told.get(payload["task_id"], {})
        refused = result.get("dedupe", {}).get("refused")
        if before.get("status") == "DUPLICATE" and refused != "RESTORED":
            # A server that gives two times one id asks for two renditions.
            if before["timestamp"] == payload["timestamp"]:
                task_id = payload["task_id"]
                raise BrokenPromiseError(f"{task_id} is drawn after DUPLICATE.")
            self._ledger.counts["another rendition drawn after DUPLICATE"] += 1
        if self._hash_in(result["waveform_data_path"]) != result["audio_data_hash"]:
            raise BrokenPromiseError(f"{payload['task_id']} is told as drawn, not so.")
        self._check_files(payload, result, {result["audio_data_hash"]})
        self._check_not_deleted(payload)
        self._ledger.told_drawn.add((_record_key(payload), result["audio_data_hash"]))

    def _check_of_stage(self, payload: Mapping[str, Any]) -> None:
        """Check a mix, or that a comparison's document says what is told."""
        if "comparison_path" not in payload:
            self._check_mixed(payload)
            return
        self._claims.check(payload)
        versions = self._bucket.versions[payload["comparison_path"]]
        documents = [json.loads(version.body) for version in versions if version.body]
        # A version that was replaced meanwhile may have changed the document since.
        told = [[pair["status"] for pair in each["pairs"]] for each in documents]
        if payload["statuses"] not in told:
            raise BrokenPromiseError(f"{payload['task_id']} is told as compared.")

    def _check_mixed(self, payload: Mapping[str, Any]) -> None:
        """Check that a mix's WAV and document exist, and belong together."""
        path = payload["mixed_file_path"]
        audio, ever = self._bucket.current(path), self._bucket.ever.get(path, set())
        document = self._hash_in(payload["waveform_data_path"])
        if audio is None or document not in ever:
            raise BrokenPromiseError(f"{payload['task_id']} is told as mixed, not so.")
        if document != audio.sha256:
            self._check_rewriting(payload)
        self._claims.check(payload)
        # A mix of stems that were replaced meanwhile may lie there instead.
        self._check_files(payload, payload, ever)

    def _check_rewriting(self, payload: Mapping[str, Any]) -> None:
        """Check that a document beside a newer WAV is the limit known of two runs.

        The other run wrote its WAV, of stems that were replaced meanwhile, and has
        not yet written its document, or failed for good before that.
        """
        rivals = [run for run in self._runs if mixes_same(payload, run.execution)]
        at_work = [run for run in rivals if run.ended is None and run.state == "Mix"]
        failed = [run for run in rivals if run.ended and "FAILURE" in run.told]
        if not at_work and not failed:
            raise BrokenPromiseError(f"{payload['task_id']} is told of another's WAV.")
        self._ledger.counts["mixes told while another run rewrites them"] += 1

    def _check_files(
        self, payload: Mapping[str, Any], told: Mapping[str, Any], sources: set[str]
    ) -> None:
        """Check that optional outputs exist as told, and are of the told source."""
        for path in untrue(told, self._bucket, sources=sources):
            raise BrokenPromiseError(f"{payload['task_id']} tells of {path}, not so.")
        for file in files_of(told):
            self._ledger.counts["optional files told"] += 1
            body = self._bucket.current(file["path"]).body
            if "stemId" in payload and len(body) != file["bytes"]:
                raise BrokenPromiseError(f"{file['path']} has other bytes than told.")

    def _check_deleted(self, payload: Mapping[str, Any]) -> None:
        """Check a duplicate's record, and its delete by a stage or a user."""
        record = recorded(self._bucket, _record_key(payload))
        if record is None or record.state == "intended" or not record.looked:
            raise BrokenPromiseError(f"{payload['task_id']} is no recorded duplicate.")
        if record.source.audio_hash != payload["result"]["audio_data_hash"]:
            raise BrokenPromiseError(f"{payload['task_id']} is told of other bytes.")
        # Another message about the same upload may have deleted first.
        ours = {gone.key for found in self._ledger.gone.values() for gone in found}
        if record.source.key not in ours | set(self._ledger.touched):
            raise BrokenPromiseError(f"{payload['task_id']} was deleted by nobody.")

    def ended(self, run: Run, end: Ended) -> None:
        """Check that an execution ends with a code, and that the server was told."""
        self._ledger.counts[
            f"ended {end.status} at {end.state} {end.error or ''}".strip()
        ] += 1
        self._check_patience(run.name, end.error)
        if end.status == "SUCCEEDED":
            self._check_success(run, end)
        elif end.state == "Failed":
            if end.error not in CODES:
                raise BrokenPromiseError(f"{run.name} ended with {end.error}.")
            if run.spoilt:
                raise BrokenPromiseError(f"{run.name} failed for {run.spoilt}.")
            if run.tells and "FAILURE" not in run.told:
                raise BrokenPromiseError(f"{run.name} failed, and told nobody.")
        elif end.state not in UNDELIVERED:
            raise BrokenPromiseError(f"{run.name} ended at {end.state}: {end.error}.")

    def _check_success(self, run: Run, end: Ended) -> None:
        if end.state == "Held":
            if run.execution.variables["verdict"] != {"verdict": "hold"}:
                raise BrokenPromiseError(f"{run.name} was held, and nobody said so.")
        elif end.output["status"] not in run.told:
            raise BrokenPromiseError(f"{run.name} succeeded, and told nobody.")
        elif "statuses" in end.output["result"]:
            pass  # a comparison has no options
        elif end.output["status"] == "SUCCESS":
            self._check_places(run, end.output["result"])

    def _check_places(self, run: Run, result: Mapping[str, Any]) -> None:
        """Check that all that was asked for has a place in the result."""
        job = msgspec.convert(run.execution.variables["job"], Job)
        for fault in Asked(job, self._policy).faults(result):
            raise BrokenPromiseError(f"{run.name} is wrong in {fault}.")
        for name in set(CODES_OF_OPTIONS.values()) & set(result["warnings"]):
            self._ledger.counts[f"done without: {name}"] += 1

    def settled(self, runs: list[Run]) -> None:
        """Check all executions and outcomes at the end, when no fault strikes."""
        for run in runs:
            end = run.ended
            if end is None:
                raise BrokenPromiseError(f"{run.name} never ended.")
            if end.status == "FAILED" and end.state in UNDELIVERED:
                raise BrokenPromiseError(f"{run.name} was never told.")
        if lost := self._ledger.without_copy():
            raise BrokenPromiseError(f"{lost[0].key} has no live copy left.")
        for told in self._server.told.values():
            if told["status"] == "SUCCESS" and "stemId" in told:
                self._check_drawn(told)
            elif told["status"] == "SUCCESS":
                self._check_of_stage(told)
            elif told["status"] == "DUPLICATE":
                self._check_survived(told)

    def _check_not_deleted(self, told: Mapping[str, Any]) -> None:
        """Raise for a stem that is told as drawn, and whose upload was deleted."""
        for gone in self._gone_with(told):
            ours = self._ledger.touched.get(gone.key, 0) < gone.at
            drawn = gone.sha256 == told["result"]["audio_data_hash"]
            if ours and drawn and self._bucket.hidden(gone.key):
                raise BrokenPromiseError(
                    f"{told['task_id']} is told as drawn, and deleted."
                )

    def _check_survived(self, told: Mapping[str, Any]) -> None:
        """Raise for a duplicate without a live copy that no user deleted later."""
        for gone in self._gone_with(told):
            later = self._ledger.touched.get(gone.survivor, 0) > gone.at
            if not gone.alive and not later and not self._lives(gone):
                raise BrokenPromiseError(
                    f"{told['task_id']} is told as a duplicate of nothing."
                )

    def _lives(self, gone: Gone) -> bool:
        return self._bucket.copies[gone.sha256] > 0

    def _gone_with(self, told: Mapping[str, Any]) -> list[Gone]:
        return self._ledger.gone[_record_key(told)]

    def _hash_in(self, key: str) -> str | None:
        document = self._bucket.current(key)
        if document is None or document.body is None:
            return None
        return str(json.loads(document.body)["audio_hash"])


def _record_key(payload: Mapping[str, Any]) -> str:
    return f"dedupe/{rendition(payload)}.json"
