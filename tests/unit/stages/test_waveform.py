"""Drawing of the hashed bytes, published once, and told with every field."""

import json

import msgspec
import pytest
from support.memory import MemoryObjects
from support.records import TS, UPLOAD, hash_request
from support.simulation.traffic import tiny_wav
from waveflow.audio.listen.findings import MusicalKey, Tempo
from waveflow.errors import CorruptAudioError, StorageUnavailableError
from waveflow.events.flow import MusicFindings, WaveformRequest
from waveflow.events.webhooks import Dedupe
from waveflow.ports import Policy
from waveflow.stages.hash import hash_object
from waveflow.stages.waveform import draw_waveform

KEY = UPLOAD["filepath"]
DOCUMENT = f"waveforms/stem789_waveform_{TS}.json"
BODY = tiny_wav(1)
TEMPO = Tempo(value=120.0, confidence=0.9, alternative=60.0, reason=None)
TONIC = MusicalKey(value="C major", confidence=0.9, relative="A minor", reason=None)
FIELDS = [
    "audio_data_hash",
    "waveform_data_path",
    "file_size",
    "duration",
    "sample_rate",
    "num_peaks",
    "channels",
    "format",
    "peak",
    "warnings",
]


class Damaging(MemoryObjects):
    """A bucket whose every read flips a bit on the way."""

    def read(self, key, *, etag, size=None):
        """Damage the first byte of the samples."""
        body = bytearray(b"".join(super().read(key, etag=etag, size=size)))
        body[44] ^= 1
        yield bytes(body)


def stored(body=BODY, bucket=MemoryObjects):
    """Return a bucket that holds the upload."""
    objects = bucket()
    objects.put(KEY, body)
    return objects


def policy(scratch=None):
    """Return the operator's choices."""
    return Policy(
        allowed_prefixes=("audio/",),
        max_file_bytes=1_000_000,
        dedupe_mode="delete",
        verdict_mode="callback",
        scratch=scratch,
    )


def run(objects, message=None, *, scratch=None, **request):
    """Pin the upload of a message with some fields of its own, and draw it."""
    choices = policy(scratch)
    asked = hash_request(**(message or {}))
    pinned = hash_object(asked, objects=objects, policy=choices)
    return draw_waveform(
        WaveformRequest(job=pinned.job, source=pinned.source, **request),
        objects=objects,
        policy=choices,
    )


def test_the_result_says_what_was_drawn_and_where_it_is():
    """A server stores these fields, and a missing field breaks its page."""
    objects = stored()

    outcome = run(objects)

    document = json.loads(objects.body(DOCUMENT))
    told = msgspec.to_builtins(outcome)["result"]
    assert outcome.status == "SUCCESS"
    assert list(told) == FIELDS
    assert told["waveform_data_path"] == DOCUMENT
    assert told["audio_data_hash"] == document["audio_hash"]
    assert told["file_size"] == len(BODY)
    assert told["format"] == "wav"
    assert {name: told[name] for name in ("duration", "sample_rate", "peak")} == {
        name: document[name] for name in ("duration", "sample_rate", "peak")
    }


@pytest.mark.parametrize(
    ("message", "verdict", "drawn"),
    [({}, None, 1024), ({"num_peaks": 7}, None, 7), ({"num_peaks": 7}, 9, 9)],
)
def test_the_verdict_decides_over_the_message_how_many_peaks(message, verdict, drawn):
    """A server that asks for fewer peaks in its answer must not get the message's."""
    objects = stored()

    outcome = run(objects, message, num_peaks=verdict)

    assert outcome.result.num_peaks == drawn
    assert len(json.loads(objects.body(DOCUMENT))["peaks"]) == drawn


def test_a_redelivery_writes_nothing_new():
    """A second version of the same document would be paid for on every repeat."""
    objects = stored()
    first = run(objects)

    again = run(objects)

    assert again.result == first.result
    assert len(objects.versions[DOCUMENT]) == 1


def test_damaged_bytes_are_never_drawn():
    """A server would keep the picture of a file that nobody uploaded."""
    pinned = hash_object(hash_request(), objects=stored(), policy=policy())
    objects = stored(bucket=Damaging)
    request = WaveformRequest(job=pinned.job, source=pinned.source)

    with pytest.raises(StorageUnavailableError):
        draw_waveform(request, objects=objects, policy=policy())

    assert objects.body(DOCUMENT) is None


def test_a_file_that_cannot_be_drawn_leaves_nothing_behind(tmp_path):
    """Neither a document nor a temporary file may outlive a failed drawing."""
    objects = stored(BODY[:12] + b"junk" * 20)

    with pytest.raises(CorruptAudioError):
        run(objects, scratch=tmp_path)

    assert objects.body(DOCUMENT) is None
    assert list(tmp_path.iterdir()) == []


def test_a_refused_deletion_is_shown_beside_the_drawing():
    """An operator learns from the completion why a duplicate was kept."""
    told = run(stored(), dedupe=Dedupe(refused="ORDER")).result

    assert msgspec.to_builtins(told)["dedupe"] == {"refused": "ORDER"}


def test_an_analysis_joins_what_both_stages_found():
    """A server that asked gets loudness from here, tempo and key from `music`."""
    music = MusicFindings(tempo=TEMPO, key=TONIC)

    told = msgspec.to_builtins(run(stored(), {"analysis": True}, music=music).result)

    assert list(told) == [*FIELDS, "analysis"]
    assert list(told["analysis"]) == ["loudness", "tempo", "key", "warnings"]
    assert told["analysis"]["tempo"]["value"] == 120
    assert told["analysis"]["key"]["relative"] == "A minor"
    assert told["analysis"]["loudness"]["true_peak"] < 0


@pytest.mark.parametrize(
    ("music", "code"),
    [
        (None, "INTERNAL_ERROR"),
        (MusicFindings(error="CorruptAudioError"), "CORRUPT_AUDIO"),
        (MusicFindings(error="Sandbox.Timedout"), "RESOURCE_LIMIT"),
    ],
)
def test_music_that_failed_is_a_code_and_no_failure(music, code):
    """A user loses the tempo, not the waveform."""
    outcome = run(stored(), {"analysis": True}, music=music)

    assert outcome.status == "SUCCESS"
    assert outcome.result.analysis.error_code == code
    assert outcome.result.analysis.tempo is None
    assert outcome.result.analysis.loudness is not None
