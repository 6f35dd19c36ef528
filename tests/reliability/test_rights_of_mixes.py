"""Rights of the stages mix and compare: each is enough, and each is used."""

import pytest
from support.account import BUCKET, NEW, OLD, enforced
from support.invocations import COMPARED, EVERYTHING, MIX, SUM
from support.policies import READS, UPLOADS, WRITES
from support.records import START, record
from support.simulation.traffic import tiny_wav
from waveflow.adapters.s3 import S3ObjectStore
from waveflow.errors import InvalidMessageError, StemMissingError
from waveflow.events.flow import CompareRequest, MixRequest
from waveflow.ports import Policy
from waveflow.stages.compare import compare_pairs
from waveflow.stages.mix import mix_stems

POLICY = Policy(
    allowed_prefixes=("audio/", "users/"),
    max_file_bytes=1 << 20,
    dedupe_mode="delete",
    verdict_mode="callback",
)


def mixed(objects, *paths, **asked):
    """Mix stems under one stage and time."""
    body = {**MIX, "stem_paths": list(paths), **EVERYTHING, **asked}
    request = MixRequest(record=record(body), start=START, name="r")
    return mix_stems(request, objects=objects, policy=POLICY).outcome.result


@pytest.mark.parametrize(
    ("asked", "warnings"), [({}, []), (SUM, ["LOUDNESS_UNKNOWN"])], ids=["mean", "sum"]
)
def test_mix_does_its_work_with_its_rights(account, asked, warnings):
    """A stem that is missing or a time that is taken must not look like a right."""
    objects = S3ObjectStore(account.client("mix", "s3"), BUCKET)

    with enforced():
        for _ in range(2):
            assert mixed(objects, OLD, NEW, **asked).warnings == warnings
        for form in ("wav16", "flac16"):
            with pytest.raises(InvalidMessageError, match="another timestamp"):
                mixed(objects, OLD, NEW, mix={"format": form})
        with pytest.raises(StemMissingError):
            mixed(objects, OLD, "audio/missing.wav", stageId="other", **asked)


def noting(account, stage):
    """Return a client with the stage's rights, and the set of calls that it notes."""
    client, calls = account.client(stage, "s3"), set()

    def note(params, model, **_):
        calls.add((model.name, params["Key"]))

    client.meta.events.register("provide-client-params.s3", note)
    return client, calls


def test_mix_needs_every_right_of_its_role(account):
    """A right that no call of the stage needs is a gift to whoever takes it over."""
    client, calls = noting(account, "mix")

    with enforced():
        for _ in range(2):
            told = mixed(S3ObjectStore(client, BUCKET), OLD, NEW, **SUM)

    wav = told.mixed_file_path.replace(".flac", ".wav")
    for key in (wav, told.mixed_file_path, told.waveform_data_path):
        assert ("HeadObject", key) in calls
    reads = {place(key) for name, key in calls if name in {"HeadObject", "GetObject"}}
    writes = {place(key) for name, key in calls if name == "PutObject"}
    assert {name for name, _ in calls} == {"HeadObject", "GetObject", "PutObject"}
    assert (reads, writes) == ({*READS["mix"]}, {*WRITES["mix"]})


def compared(objects, *keys, **fields):
    """Compare the first key with each of the others."""
    pairs = [{"before": keys[0], "after": key} for key in keys[1:]]
    body = {**COMPARED, "pairs": pairs, **fields}
    request = CompareRequest(record=record(body), start=START, name="r")
    return compare_pairs(request, objects=objects, policy=POLICY).outcome.result


def test_compare_does_its_work_with_every_right_of_its_role(account):
    """A missing object or a taken time must not look like a right, nor need more."""
    mix = "mixed/s_mixed_1.wav"
    account.s3.put_object(Bucket=BUCKET, Key=mix, Body=tiny_wav(1))
    client, calls = noting(account, "compare")
    objects = S3ObjectStore(client, BUCKET)

    with enforced():
        for _ in range(2):
            assert compared(objects, OLD, NEW, mix).statuses == ["same", "same"]
        with pytest.raises(InvalidMessageError, match="another timestamp"):
            compared(objects, OLD, NEW)
        for missing in ("audio/missing.wav", "mixed/missing.wav"):
            with pytest.raises(StemMissingError):
                compared(objects, OLD, missing, stageId="other")

    reads = {place(key) for name, key in calls if name in {"HeadObject", "GetObject"}}
    writes = {place(key) for name, key in calls if name == "PutObject"}
    assert (reads, writes) == ({*READS["compare"]}, {*WRITES["compare"]})


def place(key):
    """Return the prefix of a key as the table of rights names it."""
    prefix = key.partition("/")[0] + "/"
    return UPLOADS if prefix in POLICY.allowed_prefixes else prefix
