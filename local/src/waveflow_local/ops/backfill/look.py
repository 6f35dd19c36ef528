"""Look what lies in the bucket of a line, and say whether the stem must be drawn."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec
from msgspec import Struct
from waveflow.audio.waveform.draw import ALGORITHM
from waveflow.audio.waveform.zoom_levels import levels_within
from waveflow.errors import StorageUnavailableError
from waveflow.events.fields import JsonObject
from waveflow.events.flow import preview_key, waveform_key, zoom_key
from waveflow.events.messages import DEFAULT_NUM_PEAKS
from waveflow.events.options import PreviewFormat
from waveflow.ports import ObjectStore

from waveflow_local.ops.backfill.lines import BackfillLine

STEREO = 2
# A run of days outlasts what boto3's own retries do not.
PAUSES_S = (1.0, 5.0, 15.0, 30.0, 60.0)
# Frames are guessed as 16-bit stereo of 44.1 kHz where no document tells seconds.
BYTES_A_SECOND = 176_400


class Reason(StrEnum):
    """Name why a stem is drawn, or why none can be drawn."""

    NO_DOCUMENT = "no document"
    OLDER = "older algorithm"
    NO_OUTPUT = "output missing"
    GONE = "no original"


class Asked(Struct, frozen=True, kw_only=True):
    """Name the outputs that a run asks for, beside the document of each stem.

    Parameters
    ----------
    options
        Of the messages; `zoom_levels` are the stack's where `options` name none.
    """

    options: JsonObject
    zoom_levels: Sequence[int] = ()

    @property
    def split_channels(self) -> bool:
        """Tell whether zoom levels of two channels are asked for."""
        return bool(self.options.get("waveform", {}).get("split_channels"))

    @property
    def previews(self) -> Sequence[PreviewFormat]:
        """Return the formats of the previews that are asked for."""
        previews: Sequence[PreviewFormat] = self.options.get("previews", ())
        return previews

    @property
    def audio_id(self) -> bool:
        """Tell whether the identity of the sound is asked for."""
        return bool(self.options.get("audio_id"))


class Document(Struct, frozen=True):
    """Hold what a waveform document says about its own drawing."""

    algorithm: int = 0
    num_peaks: int = DEFAULT_NUM_PEAKS
    duration: float = 0.0
    sample_rate: int = 0


@dataclass(frozen=True)
class Standing:
    """Say what lies in the bucket of one line; `reason` is None of a current stem.

    Parameters
    ----------
    size_bytes
        Of the original; 0 of a stem that is not drawn.
    seconds
        Of the sound, guessed from the bytes where no document tells them.
    """

    reason: Reason | None
    size_bytes: int = 0
    seconds: float = 0.0
    num_peaks: int | None = None

    @property
    def is_to_draw(self) -> bool:
        """Tell whether an execution can bring what is missing or stale."""
        return self.reason not in {None, Reason.GONE}


class Look:
    """Compare what lies in a bucket with what a run asks for; change nothing."""

    def __init__(self, objects: ObjectStore, asked: Asked) -> None:
        self._objects, self.asked = objects, asked

    def __call__(self, line: BackfillLine) -> Standing:
        """Return the standing of one line; wait where S3 asks callers to slow down."""
        for pause in PAUSES_S:
            try:
                return self._look(line)
            except StorageUnavailableError:
                time.sleep(pause)
        return self._look(line)

    def _look(self, line: BackfillLine) -> Standing:
        document = self._document(line)
        reason = self._reason(line, document)
        if reason is None:
            return Standing(None)
        stored = self._objects.find(line.filepath)
        if stored is None:
            return Standing(Reason.GONE)
        seconds = document.duration if document else stored.size / BYTES_A_SECOND
        num_peaks = document.num_peaks if document else None
        return Standing(reason, stored.size, seconds, num_peaks)

    def _document(self, line: BackfillLine) -> Document | None:
        content = self._objects.load(waveform_key(line.job()))
        if content is None:
            return None
        try:
            return msgspec.json.decode(content, type=Document)
        except msgspec.MsgspecError:
            return Document()  # whatever lies there, the stage draws anew

    def _reason(self, line: BackfillLine, document: Document | None) -> Reason | None:
        if document is None:
            return Reason.NO_DOCUMENT
        if document.algorithm < ALGORITHM:
            return Reason.OLDER
        there = (
            self._has_identity(line)
            and self._has_previews(line)
            and self._has_levels(line, document)
        )
        return None if there else Reason.NO_OUTPUT

    def _has_identity(self, line: BackfillLine) -> bool:
        """Tell whether the server has the identity, which no object holds."""
        return not self.asked.audio_id or bool(line.audio_id)

    def _has_previews(self, line: BackfillLine) -> bool:
        job = line.job()
        return all(
            self._objects.find(preview_key(job, form)) for form in self.asked.previews
        )

    def _has_levels(self, line: BackfillLine, document: Document) -> bool:
        split = self.asked.split_channels and line.channels in {msgspec.UNSET, STEREO}
        frames = round(document.duration * document.sample_rate)
        levels = levels_within(
            frames, self.asked.zoom_levels, lanes=STEREO if split else 1
        )
        job = line.job()
        return all(
            self._objects.find(zoom_key(job, level, split=split)) for level in levels
        )
