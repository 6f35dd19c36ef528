"""Make the optional outputs of a job; an output that fails never fails the job."""

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec
from aws_lambda_powertools import Logger
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
from waveflow.errors import StorageUnavailableError, WaveflowError
from waveflow.events.flow import preview_key, zoom_key
from waveflow.events.messages import (
    CompareMessage,
    DuplicateMessage,
    Job,
    MixMessage,
)
from waveflow.events.options import (
    PreviewFile,
    PreviewFiles,
    PreviewFormat,
    WaveformOptions,
    ZoomLevelFile,
)
from waveflow.events.webhooks import MixResult, WaveformResult
from waveflow.ports import DRAWN_BY, SOURCE, ObjectStore, Policy

Told = TypeVar("Told", WaveformResult, MixResult)

ZOOM_FAILED = "ZOOM_FAILED"
AUDIO_ID_UNKNOWN = "AUDIO_ID_UNKNOWN"
# Raised with every change that gives another preview of the same source.
PREVIEW_ALGORITHM = 1
# Retries of STORAGE_UNAVAILABLE by the state machine. The machine counts retries for
# all errors of a state together: after another error an attempt may look like the last.
STORAGE_RETRIES = 3
CONTENT_TYPES = {"opus": "audio/ogg", "mp3": "audio/mpeg"}
DAT_TYPE = "application/octet-stream"


class Wanted(Struct, frozen=True, kw_only=True):
    """Name the outputs that a message, or else the stack's parameters, ask for."""

    zoom_levels: Sequence[int]
    split_channels: bool = False
    audio_id: bool
    previews: Sequence[PreviewFormat] = ()


def wanted_of(job: Job, *, policy: Policy) -> Wanted:
    """Return the outputs that a job is asked for; its message wins over the stack."""
    message = job.message
    if isinstance(message, DuplicateMessage | CompareMessage):  # have no options
        return Wanted(zoom_levels=policy.zoom_levels, audio_id=policy.audio_id)
    waveform = message.waveform or WaveformOptions()
    levels, audio_id = waveform.zoom_levels, message.audio_id
    # The stack's zoom levels are asked of uploads, its audio_id of mixes too.
    by_default = () if isinstance(message, MixMessage) else policy.zoom_levels
    return Wanted(
        zoom_levels=by_default if levels is UNSET else levels,
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
        Time and disk that all optional listeners of the job share; publishing takes
        of the time, too.
    retries
        Of the stage by the machine. In the last attempt, storage that fails costs
        the output and not the job.
    """

    def __init__(
        self, job: Job, policy: Policy, *, folder: Path, budget: Budget, retries: int
    ) -> None:
        self._job, self._wanted = job, wanted_of(job, policy=policy)
        self._folder, self._budget = folder, budget
        self._is_last = retries >= STORAGE_RETRIES
        self._zoom: Guard[Zoom] | None = None
        self._identity: Guard[str | None] | None = None
        self._previews: dict[PreviewFormat, Guard[Preview]] = {}
        self._warnings: set[str] = set()

    def listen(
        self, stream: Stream, source: Path, *, reserved_bytes: int = 0
    ) -> list[Listener[object]]:
        """Return the listeners that the job needs for an opened file.

        Parameters
        ----------
        reserved_bytes
            Disk that the job itself still has to fill, which previews leave free.
        """
        wanted, budget = self._wanted, self._budget
        if wanted.zoom_levels:
            self._zoom = Guard(
                lambda _: ZoomLevels(
                    stream, wanted.zoom_levels, split=wanted.split_channels
                ),
                budget,
            )
        if wanted.audio_id:
            self._identity = Guard(lambda _: AudioIdentity(stream, source), budget)
        if wanted.previews:
            free = shutil.disk_usage(self._folder).free - reserved_bytes
            budget.disk_bytes = max(0, min(budget.disk_bytes, free))
        for form in wanted.previews:
            path = self._folder / f"preview.{form}"
            self._previews[form] = Guard(partial(_encoder, path, form), budget)
        guards = [self._zoom, self._identity, *self._previews.values()]
        return [guard for guard in guards if guard is not None]

    def publish(
        self, result: Told, *, objects: ObjectStore, audio_hash: str, deadline: float
    ) -> Told:
        """Publish all files, and return the result with a place for each of them.

        Parameters
        ----------
        deadline
            A value of `time.monotonic()`; no upload begins after the deadline.

        Raises
        ------
        StorageUnavailableError
            An output could not be stored, and the machine will run the stage again.
        """
        # The identity needs no storage, and must not wait for storage that is slow.
        identity, source = self._identify(), {SOURCE: audio_hash}
        budget = self._budget
        budget.time_s = min(budget.time_s, deadline - time.monotonic())
        return msgspec.structs.replace(
            result,
            audio_id=identity,
            zoom_levels=self._publish_zoom(objects, source),
            previews=self._publish_previews(objects, source),
            warnings=sorted({*result.warnings, *self._warnings}),
        )

    def _publish_zoom(
        self, objects: ObjectStore, source: Mapping[str, str]
    ) -> list[ZoomLevelFile] | UnsetType | None:
        """Publish all levels, or return None; levels before a failed level stay."""
        if self._zoom is None:
            return UNSET
        try:
            zoom = self._zoom.finish()
            files = [
                self._publish_level(level, objects, source) for level in zoom.levels
            ]
        except Exception as exc:  # noqa: BLE001 - the job matters more
            self._note(exc, ZOOM_FAILED)
            return None
        self._warnings |= zoom.warnings
        return files or None

    def _publish_level(
        self, level: WaveformData, objects: ObjectStore, source: Mapping[str, str]
    ) -> ZoomLevelFile:
        split = self._wanted.split_channels and level.channels > 1
        key = zoom_key(self._job, level.samples_per_pixel, split=split)
        content = level.dat()
        metadata = {**source, DRAWN_BY: str(ALGORITHM)}
        with self._timed():
            objects.publish(key, content, content_type=DAT_TYPE, metadata=metadata)
        return ZoomLevelFile(
            samples_per_pixel=level.samples_per_pixel,
            path=key,
            bytes=len(content),
            length=level.length,
            channels=level.channels,
        )

    def _identify(self) -> str | UnsetType | None:
        if self._identity is None:
            return UNSET
        try:
            identity = self._identity.finish()
        except WaveflowError as exc:
            self._note(exc, AUDIO_ID_UNKNOWN)
            return None
        if identity is None:
            self._warnings.add(AUDIO_ID_UNKNOWN)
        return identity

    def _publish_previews(
        self, objects: ObjectStore, source: Mapping[str, str]
    ) -> PreviewFiles | UnsetType:
        if not self._previews:
            return UNSET
        metadata = {**source, DRAWN_BY: str(PREVIEW_ALGORITHM)}
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
            with self._timed():
                # Encoders differ by processor: a preview that is there stays.
                size = objects.publish_once(
                    key,
                    preview.path,
                    content_type=CONTENT_TYPES[form],
                    metadata=metadata,
                )
        except Exception as exc:  # noqa: BLE001 - the job matters more
            self._note(exc, PREVIEW_FAILED)
            return None
        self._warnings |= preview.warnings
        return PreviewFile(path=key, bytes=size, duration=round(preview.duration, 6))

    @contextmanager
    def _timed(self) -> Iterator[None]:
        """Take the time of one upload off the budget, which must not be used up."""
        self._budget.check()
        started = time.monotonic()
        try:
            yield
        finally:
            self._budget.time_s -= time.monotonic() - started

    def _note(self, error: Exception, code: str) -> None:
        """Take the code of a missing output, or raise where a retry may bring it."""
        if isinstance(error, StorageUnavailableError) and not self._is_last:
            raise error
        self._warnings.add(code)
        kind = type(error.__cause__ or error).__name__  # the error's text may be secret
        keys = {"job_id": self._job.job_id, "outcome": code, "kind": kind}
        Logger().warning("missing", extra=keys)


def _encoder(path: Path, form: PreviewFormat, _block: Block) -> PreviewEncoder:
    return PreviewEncoder(path, PreviewKind(form))
