"""Define a line of a back-fill's manifest, and the message that draws the stem."""

from msgspec import UNSET, UnsetType, field, structs, to_builtins
from waveflow.events.fields import Channels, Id, JsonObject, NumPeaks, Sha256
from waveflow.events.messages import AnalysisMessage, Job
from waveflow.events.options import AudioId

from waveflow_local.ops.bulk.manifest import StemLine
from waveflow_local.ops.undo import TASK


class BackfillLine(StemLine, frozen=True, kw_only=True):
    """Name one rendition, with all that its message may say about the stem."""

    track_id: Id = field(name="trackId")
    stage_id: Id | UnsetType = field(default=UNSET, name="stageId")
    upstream_id: Id | UnsetType = field(default=UNSET, name="upstreamId")
    original_filename: str | UnsetType = UNSET
    audio_hash: Sha256 | UnsetType = UNSET
    num_peaks: NumPeaks | UnsetType = UNSET
    audio_id: AudioId | UnsetType = UNSET
    channels: Channels | UnsetType = UNSET

    def job(self) -> Job:
        """Return a job of the rendition, which names its outputs."""
        message = AnalysisMessage(
            user_id=self.user_id,
            track_id=self.track_id,
            stem_id=self.stem_id,
            filepath=self.filepath,
            timestamp=self.timestamp,
        )
        return Job(job_id="backfill", ts=self.ts, message=message)


def record_of(
    line: BackfillLine, name: str, *, num_peaks: int | None, options: JsonObject
) -> JsonObject:
    """Return the record of an execution that draws a line, as a pipe would hand over.

    Parameters
    ----------
    name
        Of the execution, and so of the job: new for each run.
    num_peaks
        Of the document that is there, where the line itself names no number.
    """
    fields = to_builtins(structs.replace(line, audio_id=UNSET, channels=UNSET))
    if num_peaks is not None:
        fields.setdefault("num_peaks", num_peaks)
    body = {
        "task": TASK,
        "id": name,
        "args": [],
        "kwargs": {**fields, **options, "backfill": True},
    }
    return {"messageId": name, "body": body}
