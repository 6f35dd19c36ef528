"""Define the five queue messages that the server sends."""

from msgspec import UNSET, Struct, UnsetType, field

from waveflow.events.fields import (
    Id,
    JsonObject,
    Key,
    NumPeaks,
    StemPaths,
    Timestamp,
    WantsAnalysis,
    iso_time,
)
from waveflow.events.mix_options import MixOptions, StemsOptions
from waveflow.events.options import Previews, WantsAudioId, WaveformOptions
from waveflow.events.pairs import Pairs

DEFAULT_NUM_PEAKS = 1024


class Survivor(Struct, frozen=True, kw_only=True):
    """Older stem that stays when its duplicate is deleted."""

    stem_id: str = field(name="stemId")
    filepath: str


class StemMessage(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="task"
):
    """Share the fields of the three messages about one stem."""

    user_id: Id = field(name="userId")
    track_id: Id = field(name="trackId")
    stem_id: Id = field(name="stemId")
    filepath: Key
    timestamp: Timestamp | UnsetType = UNSET
    original_filename: str | UnsetType = UNSET
    num_peaks: NumPeaks = DEFAULT_NUM_PEAKS
    analysis: WantsAnalysis = False
    upstream_id: Id | UnsetType = field(default=UNSET, name="upstreamId")


class UploadMessage(
    StemMessage, frozen=True, kw_only=True, tag="generate_hash_and_webhook"
):
    """Queue message about an upload: hash the stem, then ask for a verdict."""

    timestamp: Timestamp
    original_filename: str
    stage_id: Id | UnsetType = field(default=UNSET, name="stageId")
    waveform: WaveformOptions | UnsetType = UNSET
    previews: Previews | UnsetType = UNSET
    audio_id: WantsAudioId | UnsetType = UNSET


class DuplicateMessage(
    StemMessage, frozen=True, kw_only=True, tag="process_duplicate_file"
):
    """Queue message with the verdict `duplicate`: the stem is to be deleted."""

    audio_hash: str
    duplicate_of: Survivor | UnsetType = UNSET


class AnalysisMessage(
    StemMessage, frozen=True, kw_only=True, tag="process_audio_analysis"
):
    """Queue message with the verdict `new`: the stem's waveform is to be drawn."""

    audio_hash: str | UnsetType = UNSET
    waveform: WaveformOptions | UnsetType = UNSET
    previews: Previews | UnsetType = UNSET
    audio_id: WantsAudioId | UnsetType = UNSET


class MixMessage(
    Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    tag_field="task",
    tag="mix_stems_and_upload",
):
    """Queue message that asks for the mix of all stems of a stage."""

    stage_id: Id = field(name="stageId")
    stem_paths: StemPaths
    mix: MixOptions | UnsetType = UNSET
    stems: StemsOptions | UnsetType = UNSET
    upstream_id: Id | UnsetType = field(default=UNSET, name="upstreamId")
    timestamp: Timestamp | UnsetType = UNSET
    waveform: WaveformOptions | UnsetType = UNSET
    previews: Previews | UnsetType = UNSET
    audio_id: WantsAudioId | UnsetType = UNSET

    @property
    def is_classic(self) -> bool:
        """Tell whether the mix is classic: the mono mean of all stems."""
        return self.mix is UNSET and self.stems is UNSET


class CompareMessage(
    Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    tag_field="task",
    tag="compare_mixes",
):
    """Queue message that asks how the versions of some recordings differ."""

    stage_id: Id = field(name="stageId")
    pairs: Pairs
    num_peaks: NumPeaks = DEFAULT_NUM_PEAKS
    upstream_id: Id | UnsetType = field(default=UNSET, name="upstreamId")
    timestamp: Timestamp | UnsetType = UNSET


Message = (
    UploadMessage | DuplicateMessage | AnalysisMessage | MixMessage | CompareMessage
)
MESSAGES: dict[str, type[Message]] = {
    "generate_hash_and_webhook": UploadMessage,
    "process_duplicate_file": DuplicateMessage,
    "process_audio_analysis": AnalysisMessage,
    "mix_stems_and_upload": MixMessage,
    "compare_mixes": CompareMessage,
}


class Job(Struct, frozen=True, kw_only=True):
    """Carry one parsed queue message, with job id and time, to every later stage."""

    job_id: str
    ts: int
    message: Message
    extra: JsonObject = {}

    @property
    def stem(self) -> StemMessage:
        """Return the message of a stem's job; raise TypeError for another job."""
        if not isinstance(self.message, StemMessage):
            raise TypeError("A mix or a comparison has no stem.")
        return self.message

    @property
    def subject_id(self) -> str:
        """Return the stem id or stage id that the job's S3 output keys contain."""
        if isinstance(self.message, StemMessage):
            return self.message.stem_id
        return self.message.stage_id

    @property
    def timestamp(self) -> str:
        """Return the message's time as the message has it, or else the job's time."""
        return self.message.timestamp or iso_time(self.ts)
