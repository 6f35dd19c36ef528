"""Mixes name the stems that they used, by marks that an erasure can look for."""

import pytest
from support.memory import MemoryObjects
from support.records import SENT, mix_request
from support.simulation.traffic import tiny_wav
from waveflow.ports import Policy
from waveflow.stages._used import STEMS, mark_of, marks_in, used_metadata
from waveflow.stages.mix import mix_stems

A, B = "audio/a.wav", "audio/b.wav"
OBJECTS = (
    f"mixed/stage1_mixed_{SENT}.wav",
    f"waveforms/stage1_mixed_waveform_{SENT}.json",
)
POLICY = Policy(
    allowed_prefixes=("audio/",),
    max_file_bytes=1 << 20,
    dedupe_mode="delete",
    verdict_mode="callback",
)
LARGEST_METADATA = 2_048  # S3 counts names and values


def marks(**asked):
    """Mix two stems, and return the marks of each object of the mix."""
    objects = MemoryObjects()
    for number, key in enumerate((A, B)):
        objects.put(key, tiny_wav(number))
    mix_stems(mix_request(stem_paths=[A, B], **asked), objects=objects, policy=POLICY)
    return [marks_in(objects.find(key).metadata) for key in OBJECTS]


def test_a_mix_is_marked_with_each_of_its_stems():
    """A mix that an erasure cannot find keeps the voice of somebody who has left."""
    assert marks() == [{mark_of(A), mark_of(B)}] * 2


def test_a_muted_stem_leaves_no_mark():
    """A mix without a stem's sound must not go when that stem goes."""
    assert (
        marks(stems=[{"path": B, "mute": True}], mix={"format": "wav16"})
        == [{mark_of(A)}] * 2
    )


def test_the_marks_of_a_comparison_of_64_pairs_fit_into_the_metadata():
    """S3 refuses an object with more than 2 KB of metadata, and the job would fail."""
    keys = [f"users/ann/{'x' * 900}{number}.wav" for number in range(128)]
    metadata = used_metadata(keys)
    others = {"waveflow-source": "0" * 64, "waveflow-request": "0" * 64}

    size = sum(len(n) + len(v) for n, v in {**metadata, **others}.items())
    assert marks_in(metadata) == {mark_of(key) for key in keys}
    assert size < LARGEST_METADATA


@pytest.mark.parametrize("name", ["audio/한글.wav", "audio/a.wav.bak", "audio/a"])
def test_keys_that_look_alike_have_other_marks(name):
    """A mark of another stem would erase that stem's mixes."""
    assert mark_of(name) != mark_of(A)
    assert set(used_metadata([name])[STEMS]) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    )


def test_an_object_of_an_older_release_has_no_marks():
    """Unknown must not count as unused: the operator has to hear of such a mix."""
    assert marks_in({"waveflow-request": "0" * 64}) is None
    assert marks_in(used_metadata([])) == frozenset()
