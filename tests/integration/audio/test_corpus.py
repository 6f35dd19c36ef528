"""Every file of the corpus gets the answer of its class."""

import json

import pytest
from support import corpus
from waveflow.audio.document import waveform_document
from waveflow.audio.peaks import Waveform, draw
from waveflow.errors import WaveflowError

ROWS = corpus.rows()
pytestmark = pytest.mark.skipif(not ROWS, reason=corpus.ABSENT)

REJECTIONS = {"UNSUPPORTED_MEDIA", "CORRUPT_AUDIO"}
MP3_FRAME = 1152

# Where the answer differs from the index on purpose, file by file. The index
# says what two decoders do; the contract decides.
SETTLED = {
    "scipy-wav/test-1234Hz-le-1ch-10S-20bit-extra.wav": (
        "BAD_SAMPLE_RATE",
        "1,234 Hz is below the contract's 4 kHz; the index asks decoders only",
    ),
    "tinytag/empty_file.aiff": (
        "EMPTY_AUDIO",
        "0 bytes are EMPTY_AUDIO in the contract, whatever the suffix",
    ),
}
# Frames differ from the index's count, and why ours stands.
LENGTHS = {
    "tinytag/8khz_5s.opus": (240_000, "Opus is decoded at 48 kHz: 5 s either way"),
    "ietf-flac/faulty__01_-_wrong_max_blocksize.flac": (
        101_999,
        "STREAMINFO's own count; the index has only a decoder that stopped early",
    ),
}


def answer(row: dict[str, str]) -> Waveform | str:
    """Give the waveform, or the code of the error."""
    try:
        waveform = draw(corpus.FOLDER / row["file"], 1024)
    except WaveflowError as error:
        return error.code
    document = waveform_document(waveform, audio_hash="", created_at="")
    json.loads(document, parse_constant=pytest.fail)
    return waveform


def allowed(row: dict[str, str]) -> set[str]:
    """Translate the index's class into codes; ACCEPT is one of them."""
    expected = row["expected"]
    if row["file"] in SETTLED:
        return {SETTLED[row["file"]][0]}
    if expected.startswith("reject: EMPTY_AUDIO"):
        return {"EMPTY_AUDIO"}
    if expected.startswith("reject"):
        return REJECTIONS
    if expected.startswith(("accept or", "by contract")):
        return {"ACCEPT", *REJECTIONS}
    return {"ACCEPT"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["file"])
def test_file_gets_the_answer_of_its_class(row: dict[str, str]):
    """What is accepted is whole; what is rejected has a typed reason."""
    given = answer(row)

    code = given if isinstance(given, str) else "ACCEPT"
    assert code in allowed(row)
    if isinstance(given, Waveform):
        counts = {int(row[key]) for key in ("frames", "ffmpeg_frames") if row[key]}
        if row["file"] in LENGTHS:
            counts = {LENGTHS[row["file"]][0]}
        assert min(abs(given.frames - count) for count in counts) <= MP3_FRAME


CONTRACT_SAYS_NO = (
    ".mp4",
    ".wma",
    ".aac",
    ".ogv",
    "tinytag/mp3_audio.m4a",
    "pydub/bach.ogg",
)


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if row["file"].endswith(CONTRACT_SAYS_NO)],
    ids=lambda row: row["file"],
)
def test_what_a_decoder_opens_but_the_contract_does_not_list_is_unsupported(
    row: dict[str, str],
):
    """ALS, WMA, raw ADTS, video, MP3 in MP4 and FLAC in Ogg stay outside."""
    assert answer(row) == "UNSUPPORTED_MEDIA"


CONTRACT_SAYS_YES = ("tinytag/classical.m4a", "pydub/format_test.m4a", "_20-bit.flac")


@pytest.mark.parametrize(
    "row",
    [
        row
        for row in ROWS
        if row["file"].endswith((*CONTRACT_SAYS_YES, "15_bit_per_sample.flac"))
    ],
    ids=lambda row: row["file"],
)
def test_what_the_contract_lists_is_accepted_by_the_second_decoder(
    row: dict[str, str],
):
    """M4A, and FLAC of 15 and 20 bits, which libsndfile does not know."""
    given = answer(row)

    assert isinstance(given, Waveform)
    assert given.frames == int(row["ffmpeg_frames"])
