"""Fill the webhooks about jobs of a stage: mixes and comparisons."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from waveflow.events.fields import JsonObject
from waveflow.events.messages import CompareMessage, Job, MixMessage
from waveflow.events.webhooks import ComparisonComplete, FailureResult, MixingComplete

StageReport = MixingComplete | ComparisonComplete
StageMessage = MixMessage | CompareMessage


class Unreadable(Struct, frozen=True, kw_only=True):
    """Hold what is sure of an invalid message: its valid ids, job id and fields."""

    ids: dict[str, str]
    job_id: str
    fields: JsonObject

    def text(self, name: str) -> str | None:
        """Return a field of the message, or None where the field is no text."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else None


def report_of(
    job: Job,
    message: StageMessage,
    *,
    status: Literal["SUCCESS", "FAILURE"],
    processing_time: float | None = None,
    result: FailureResult | UnsetType = UNSET,
) -> StageReport:
    """Return the webhook of a job of a stage, with the fields of its message."""
    if isinstance(message, CompareMessage):
        return ComparisonComplete(
            stage_id=message.stage_id,
            status=status,
            task_id=job.job_id,
            upstream_id=message.upstream_id or None,
            timestamp=job.timestamp,
            result=result,
        )
    return MixingComplete(
        stage_id=message.stage_id,
        status=status,
        task_id=job.job_id,
        upstream_id=message.upstream_id or None,
        stem_count=len(message.stem_paths),
        stem_paths=message.stem_paths,
        timestamp=job.timestamp,
        processing_time=processing_time,
        result=result,
    )


def report_of_refused_mix(
    message: Unreadable, failure: FailureResult
) -> MixingComplete:
    """Return the FAILURE webhook of a mix whose message is invalid."""
    paths = _stem_paths(message.fields)
    return MixingComplete(
        stage_id=message.ids["stageId"],
        status="FAILURE",
        task_id=message.job_id,
        upstream_id=message.ids.get("upstreamId"),
        stem_count=None if paths is None else len(paths),
        stem_paths=paths,
        timestamp=message.text("timestamp"),
        result=failure,
    )


def report_of_refused_comparison(
    message: Unreadable, failure: FailureResult
) -> ComparisonComplete:
    """Return the FAILURE webhook of a comparison whose message is invalid."""
    return ComparisonComplete(
        stage_id=message.ids["stageId"],
        status="FAILURE",
        task_id=message.job_id,
        upstream_id=message.ids.get("upstreamId"),
        timestamp=message.text("timestamp"),
        result=failure,
    )


def _stem_paths(fields: JsonObject) -> list[str] | None:
    paths = fields.get("stem_paths")
    if isinstance(paths, list) and all(isinstance(path, str) for path in paths):
        return paths
    return None
