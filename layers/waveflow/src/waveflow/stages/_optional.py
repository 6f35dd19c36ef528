"""Make what a message asks for beside its waveform; no failure here ends the job."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from msgspec import UNSET, Struct, UnsetType

from waveflow.audio.listen.guard import Budget, Guard
from waveflow.audio.listen.identity import AudioIdentity
from waveflow.audio.preview.encoder import (
    PREVIEW_FAILED,
    Preview,
    PreviewEncoder,
    PreviewKind,
)
from waveflow.audio.stream import Block, Listener, Stream
from waveflow.audio.waveform.draw import ALGORITHM
from waveflow.audio.waveform.zoom import WaveformData
from waveflow.audio.waveform.zoom_levels import Zoom, ZoomLevels
from waveflow.errors import (
    InvalidMessageError,
    StorageUnavailableError,
    WaveflowError,
)
from waveflow.events.flow import preview_key, zoom_key
from waveflow.events.messages import DuplicateMessage, Job
from waveflow.events.options import (
    OptionalResults,
    PreviewFile,
    PreviewFiles,
    PreviewFormat,
    WaveformOptions,
    ZoomLevelFile,
    is_ladder,
)
from waveflow.ports import ObjectStore, Policy

ZOOM_FAILED = "ZOOM_FAILED"
AUDIO_ID_UNKNOWN = "AUDIO_ID_UNKNOWN"
PREVIEW_ALGORITHM = 1  # raised when the same source would give another preview
STORAGE_RETRIES = 3  # by the state machine, of STORAGE_UNAVAILABLE
CONTENT_TYPES = {"opus": "audio/ogg", "mp3": "audio/mpeg"}
DAT_TYPE = "application/octet-stream"


class Wanted(Struct, frozen=True, kw_only=True):
    """Say what is asked for, by the message or else by the stack's parameters."""

    zoom_levels: Sequence[int]
    split_channels: bool = False
    audio_id: bool
    previews: Sequence[PreviewFormat] = ()


def wanted_of(job: Job, *, policy: Policy) -> Wanted:
    """Return what a job is asked for; a message wins over the stack's parameters."""
    message = job.message
    if isinstance(message, DuplicateMessage):
        return Wanted(zoom_levels=policy.zoom_levels, audio_id=policy.audio_id)
    waveform = message.waveform or WaveformOptions()
    levels, audio_id = waveform.zoom_levels, message.audio_id
    return Wanted(
        zoom_levels=policy.zoom_levels if levels is UNSET else levels,
        split_channels=bool(waveform.split_channels),
        audio_id=policy.audio_id if audio_id is UNSET else audio_id,
        previews=message.previews or (),
    )


class OptionalOutputs:
    """Listen to the decode of a job's sound, and publish what was asked for.

    Parameters
    ----------
    folder
        Takes the files of previews.
    budget
        Time and disk that all optional listeners of the job share.
    is_last
        Whether the machine will not run the stage again: then storage that fails
        costs the output and not the job.
    """

    def __init__(
        self, job: Job, wanted: Wanted, *, folder: Path, budget: Budget, is_last: bool
    ) -> None:
        self._job, self._wanted = job, wanted
        self._folder, self._budget, self._is_last = folder, budget, is_last
        self._zoom: Guard[Zoom] | None = None
        self._identity: Guard[str | None] | None = None
        self._previews: dict[PreviewFormat, Guard[Preview]] = {}
        self.warnings: set[str] = set()

    def listen(self, stream: Stream, source: Path) -> list[Listener[object]]:
        """Return the listeners that the job needs for an opened file."""
        wanted, budget = self._wanted, self._budget
        if wanted.zoom_levels:
            self._zoom = Guard(partial(_zoom_levels, stream, wanted), budget)
        if wanted.audio_id:
            self._identity = Guard(lambda _: AudioIdentity(stream, source), budget)
        for form in wanted.previews:
            path = self._folder / f"preview.{form}"
            self._previews[form] = Guard(partial(_encoder, path, form), budget)
        guards = [self._zoom, self._identity, *self._previews.values()]
        return [guard for guard in guards if guard is not None]

    def publish(self, objects: ObjectStore, *, audio_hash: str) -> OptionalResults:
        """Publish all files, and return the results; `warnings` says what is missing.

        Raises
        ------
        StorageUnavailableError
            An output could not be stored, and the machine will run the stage again.
        """
        source = {"waveflow-source": audio_hash}
        zoom, identity = self._zoom, self._identity
        return OptionalResults(
            zoom_levels=UNSET
            if zoom is None
            else self._publish_zoom(zoom, objects, source),
            audio_id=UNSET if identity is None else self._identify(identity),
            previews=self._publish_previews(objects, source),
        )

    def _publish_zoom(
        self, guard: Guard[Zoom], objects: ObjectStore, source: Mapping[str, str]
    ) -> list[ZoomLevelFile] | None:
        try:
            zoom = guard.finish()
            files = [
                self._publish_level(level, objects, source) for level in zoom.levels
            ]
        except WaveflowError as exc:
            self._note(exc, ZOOM_FAILED)
            return None
        self.warnings |= zoom.warnings
        return files or None

    def _publish_level(
        self, level: WaveformData, objects: ObjectStore, source: Mapping[str, str]
    ) -> ZoomLevelFile:
        split = self._wanted.split_channels and level.channels > 1
        key = zoom_key(self._job, level.samples_per_pixel, split=split)
        content = level.dat()
        objects.publish(
            key,
            content,
            content_type=DAT_TYPE,
            metadata={**source, "waveflow-algorithm": str(ALGORITHM)},
        )
        return ZoomLevelFile(
            samples_per_pixel=level.samples_per_pixel,
            path=key,
            bytes=len(content),
            length=level.length,
            channels=level.channels,
        )

    def _identify(self, guard: Guard[str | None]) -> str | None:
        try:
            identity = guard.finish()
        except WaveflowError as exc:
            self._note(exc, AUDIO_ID_UNKNOWN)
            return None
        if identity is None:
            self.warnings.add(AUDIO_ID_UNKNOWN)
        return identity

    def _publish_previews(
        self, objects: ObjectStore, source: Mapping[str, str]
    ) -> PreviewFiles | UnsetType:
        if not self._previews:
            return UNSET
        metadata = {**source, "waveflow-algorithm": str(PREVIEW_ALGORITHM)}
        return PreviewFiles(
            **{
                form: self._publish_preview(form, objects, metadata)
                for form in self._previews
            }
        )

    def _publish_preview(
        self, form: PreviewFormat, objects: ObjectStore, metadata: Mapping[str, str]
    ) -> PreviewFile | None:
        key = preview_key(self._job, form)
        try:
            preview = self._previews[form].finish()
            size = preview.size_bytes
            there = objects.find(key)
            if there is not None and metadata.items() <= there.metadata.items():
                size = there.size  # encoders differ by processor: the first one stays
            else:
                objects.publish(
                    key,
                    preview.path,
                    content_type=CONTENT_TYPES[form],
                    metadata=metadata,
                )
        except WaveflowError as exc:
            self._note(exc, PREVIEW_FAILED)
            return None
        self.warnings |= preview.warnings
        return PreviewFile(path=key, bytes=size, duration=round(preview.duration, 6))

    def _note(self, error: WaveflowError, code: str) -> None:
        """Take the code of a missing output, or raise where a retry may bring it."""
        if isinstance(error, StorageUnavailableError) and not self._is_last:
            raise error
        self.warnings.add(code)


def _zoom_levels(stream: Stream, wanted: Wanted, _block: Block) -> ZoomLevels:
    if not is_ladder(wanted.zoom_levels):  # no pattern of a parameter can refuse these
        raise InvalidMessageError("The stack's zoom levels are no multiples.")
    return ZoomLevels(stream, wanted.zoom_levels, split=wanted.split_channels)


def _encoder(path: Path, form: PreviewFormat, _block: Block) -> PreviewEncoder:
    return PreviewEncoder(path, PreviewKind(form))
