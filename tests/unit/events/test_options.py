"""Options of messages: accepted, refused by name, and never carried through."""

import json

import msgspec
import pytest
from support.records import START, UPLOAD, record
from waveflow.errors import InvalidMessageError
from waveflow.events.deliveries import delivery_of_failure
from waveflow.events.flow import TellFailureRequest, preview_key, zoom_key
from waveflow.events.messages import Job
from waveflow.events.normalise import Entry, read_job

MIX = {
    "task": "mix_stems_and_upload",
    "stageId": "stage-1",
    "stem_paths": ["audio/a.wav"],
    "timestamp": "2024-01-01T10:00:00Z",
}
ANALYSIS = {**UPLOAD, "task": "process_audio_analysis"}
DUPLICATE = {**UPLOAD, "task": "process_duplicate_file", "audio_hash": "ab"}


def read(body: object) -> Job:
    """Return the job of a message body."""
    return read_job(Entry(record=record(body), start=START, name="run-1"))


@pytest.mark.parametrize("body", [UPLOAD, ANALYSIS, MIX])
def test_three_messages_may_ask_for_everything(body):
    """A server that sends the options must find them in the job, as sent."""
    options = {
        "waveform": {"zoom_levels": [64, 256, 65_536], "split_channels": True},
        "previews": ["mp3", "opus"],
        "audio_id": True,
    }

    job = read({**body, **options})

    sent = msgspec.to_builtins(job.message)
    assert {name: sent[name] for name in options} == options
    assert job.extra == {}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"waveform": None, "previews": None, "audio_id": None, "mix": None},
        {"stems": None},
    ],
)
def test_nothing_asked_is_the_message_of_the_release_before(options):
    """A job's state must not grow by one byte for a server that asks for nothing."""
    before = msgspec.json.encode(read(UPLOAD))

    assert msgspec.json.encode(read({**UPLOAD, **options})) == before
    assert b"waveform" not in before.replace(b"generate_hash_and_webhook", b"")


def test_null_inside_an_option_counts_as_absent():
    """JavaScript says null for a member that it leaves out."""
    options = {"zoom_levels": [256], "split_channels": None}

    message = read({**UPLOAD, "waveform": options}).message

    assert msgspec.to_builtins(message)["waveform"] == {"zoom_levels": [256]}


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"waveform": {"zom_levels": [256]}}, "waveform.zom_levels"),
        ({"waveform": {"zoom_levels": [256.0]}}, "waveform.zoom_levels"),
        ({"waveform": {"zoom_levels": [256.5]}}, "waveform.zoom_levels"),
        ({"waveform": {"zoom_levels": [True]}}, "waveform.zoom_levels"),
        ({"waveform": {"zoom_levels": [1e400]}}, "waveform.zoom_levels"),
        ({"waveform": {"zoom_levels": [63]}}, "waveform.zoom_levels"),
        ({"waveform": {"zoom_levels": [65_537]}}, "waveform.zoom_levels"),
        ({"waveform": {"zoom_levels": ["256"]}}, "waveform.zoom_levels"),
        ({"waveform": {"zoom_levels": 256}}, "waveform.zoom_levels"),
        ({"waveform": {"zoom_levels": [64] * 4}}, "waveform.zoom_levels"),
        ({"waveform": {"zoom_levels": [1024, 256]}}, "waveform.zoom_levels"),
        ({"waveform": {"zoom_levels": [256, 256]}}, "waveform.zoom_levels"),
        ({"waveform": {"zoom_levels": [256, 640]}}, "waveform.zoom_levels"),
        ({"waveform": {"split_channels": 1}}, "waveform.split_channels"),
        ({"waveform": []}, "waveform"),
        ({"previews": ["opus", "opus"]}, "previews"),
        ({"previews": ["flac"]}, "previews"),
        ({"previews": "opus"}, "previews"),
        ({"audio_id": 1}, "audio_id"),
        ({"mix": {"channels": 2}}, "mix"),
        ({"stems": []}, "stems"),
    ],
)
def test_a_wrong_option_is_refused_by_its_name(options, named):
    """A developer must learn which member is wrong, and a log must not show values."""
    with pytest.raises(InvalidMessageError) as refused:
        read({**UPLOAD, **options})

    assert str(refused.value).endswith((f"invalid {named}.", f"no option {named}."))


def test_a_mix_may_set_everything():
    """A page with faders must find every setting in the job, as it was sent."""
    options = {
        "mix": {
            "format": "flac24",
            "sample_rate": 96_000,
            "loudness": {"integrated": -14, "true_peak": -0.5},
        },
        "stems": [
            {
                "path": "audio/a.wav",
                "gain_db": -3.5,
                "pan": 0.25,
                "invert": True,
                "offset_ms": -12,
            }
        ],
    }

    job = read({**MIX, **options})

    sent = msgspec.to_builtins(job.message)
    assert {name: sent[name] for name in options} == options
    assert job.extra == {}


RATES = ["first", "highest", 44_100, 48_000, 88_200, 96_000]
FORMATS = ["wav24", "wav16", "wav32f", "flac16", "flac24"]


def stem(**settings):
    """Return the option `stems` with one stem."""
    return {"stems": [{"path": "audio/a.wav", **settings}]}


@pytest.mark.parametrize(
    "options",
    [
        stem(gain_db=-60, pan=-1, offset_ms=-600_000),
        stem(gain_db=12, pan=1, offset_ms=600_000),
        *(
            {"mix": {"loudness": {"integrated": loud, "true_peak": peak}}}
            for loud, peak in ((-30, -9), (-8, -0.5))
        ),
        *({"mix": {"sample_rate": rate}} for rate in RATES),
        *({"mix": {"format": form}} for form in FORMATS),
        {"mix": {"channels": 1}},
    ],
    ids=str,
)
def test_a_mix_may_go_to_every_end(options):
    """A fader that is drawn to its end must not make a message that is refused."""
    assert not read({**MIX, **options}).message.is_classic


def test_a_mix_has_the_defaults_of_the_contract():
    """A server that leaves a member out must get what the contract says."""
    asked = {"mix": {"loudness": {"integrated": -14}}, **stem()}

    message = read({**MIX, **asked}).message

    mix, fader = message.mix, message.stems[0]
    assert (mix.channels, mix.format, mix.sample_rate) == (2, "wav24", "first")
    assert mix.loudness.true_peak == -1
    assert (fader.gain_db, fader.pan, fader.offset_ms) == (0, msgspec.UNSET, 0)
    assert not fader.mute
    assert not fader.invert


@pytest.mark.parametrize("options", [{"mix": {}}, {"stems": []}])
def test_an_empty_option_asks_for_the_sum(options):
    """Both options ask for the sum of the stems; the classic mix knows neither."""
    assert not read({**MIX, **options}).message.is_classic


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"mix": []}, "mix"),
        ({"mix": {"chanels": 2}}, "mix.chanels"),
        ({"mix": {"channels": 3}}, "mix.channels"),
        ({"mix": {"channels": True}}, "mix.channels"),
        ({"mix": {"channels": 2.5}}, "mix.channels"),
        ({"mix": {"format": "mp3"}}, "mix.format"),
        ({"mix": {"sample_rate": 22_050}}, "mix.sample_rate"),
        ({"mix": {"sample_rate": "lowest"}}, "mix.sample_rate"),
        ({"mix": {"loudness": -14}}, "mix.loudness"),
        ({"mix": {"loudness": {}}}, "mix.loudness.integrated"),
        ({"mix": {"loudness": {"integrated": -7.9}}}, "mix.loudness.integrated"),
        ({"mix": {"loudness": {"integrated": -30.1}}}, "mix.loudness.integrated"),
        (
            {"mix": {"loudness": {"integrated": -14, "true_peak": -0.4}}},
            "mix.loudness.true_peak",
        ),
        (
            {"mix": {"loudness": {"integrated": -14, "true_peak": -9.1}}},
            "mix.loudness.true_peak",
        ),
        ({"mix": {"loudness": {"integrated": -14, "lra": 7}}}, "mix.loudness.lra"),
        ({"stems": {}}, "stems"),
        ({"stems": ["audio/a.wav"]}, "stems"),
        ({"stems": [{}]}, "stems[0].path"),
        ({"stems": [{"path": "audio/other.wav"}]}, "stems[0].path"),
        ({"stems": [{"path": "audio/a.wav"}] * 2}, "stems[1].path"),
        (stem(gain=1), "stems[0].gain"),
        (stem(gain_db=12.1), "stems[0].gain_db"),
        (stem(gain_db=-60.1), "stems[0].gain_db"),
        (stem(gain_db=1e400), "stems[0].gain_db"),
        (stem(gain_db=float("nan")), "stems[0].gain_db"),
        (stem(gain_db=True), "stems[0].gain_db"),
        (stem(pan=-1.1), "stems[0].pan"),
        (stem(pan=1.1), "stems[0].pan"),
        (stem(pan="left"), "stems[0].pan"),
        (stem(mute=1), "stems[0].mute"),
        (stem(invert="yes"), "stems[0].invert"),
        (stem(offset_ms=600_001), "stems[0].offset_ms"),
        (stem(offset_ms=-600_001), "stems[0].offset_ms"),
        (stem(mute=True), "stems (all are muted)"),
        (
            {"mix": {"channels": 1}, **stem(pan=0)},
            "stems[0].pan (the mix has one channel)",
        ),
    ],
)
def test_a_wrong_option_of_a_mix_is_refused_by_its_name(options, named):
    """A developer must learn which member of which stem is wrong."""
    with pytest.raises(InvalidMessageError) as refused:
        read({**MIX, **options})

    assert str(refused.value).endswith(f"invalid {named}.")


def test_null_deep_inside_an_option_counts_as_absent():
    """A form whose pan was never touched sends null."""
    nulls = {"mix": {"loudness": None, "format": None}, **stem(pan=None, gain_db=None)}

    assert read({**MIX, **nulls}) == read({**MIX, "mix": {}, **stem()})


@pytest.mark.parametrize("option", ["waveform", "previews", "audio_id"])
def test_a_message_without_options_refuses_them(option):
    """A server that asks a duplicate message for a preview would wait for ever."""
    value = {"waveform": {}, "previews": [], "audio_id": True}[option]

    with pytest.raises(InvalidMessageError, match=f"no option {option}"):
        read({**DUPLICATE, option: value})


def test_options_are_not_carried_through_a_refusal():
    """A field of the contract must not come back as an unknown field of the server."""
    body = {**UPLOAD, "waveform": {"zoom": 1}, "mix": 1, "roomId": 7}
    request = TellFailureRequest(
        record=record(body), start=START, name="run-1", stage="hash", error={}
    )

    delivery = delivery_of_failure(request, None, code="INVALID_MESSAGE")

    assert delivery.payload["roomId"] == 7
    assert not {"waveform", "mix", "previews", "audio_id"} & set(delivery.payload)
    assert json.dumps(delivery.payload)


def test_no_stem_is_named_like_a_mix():
    """A stem and a stage may share an id, and must not share an object."""
    stem, mix = read(UPLOAD), read({**MIX, "stageId": UPLOAD["stemId"]})

    for job, folder in ((stem, ""), (mix, "mixed/")):
        name = f"{folder}{UPLOAD['stemId']}"
        zoom = f"waveforms/{name}_zoom_{job.ts}/"
        assert zoom_key(job, 256, split=False) == f"{zoom}256.dat"
        assert zoom_key(job, 256, split=True) == f"{zoom}256_split.dat"
        assert preview_key(job, "mp3") == f"previews/{name}_{job.ts}.mp3"
