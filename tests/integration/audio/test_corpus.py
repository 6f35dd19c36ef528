"""Files of the corpus, each with the answer of its class."""

import csv
import json
from pathlib import Path

import pytest
from support import corpus
from waveflow.audio.waveform.draw import Waveform, draw, waveform_document
from waveflow.errors import WaveflowError

ROWS = corpus.rows()
pytestmark = pytest.mark.skipif(not ROWS, reason=corpus.ABSENT)

with Path(__file__).with_name("corpus_answers.tsv").open(encoding="utf-8") as table:
    # The index says what two decoders do, but the contract decides: a note in the table
    # gives the reason where an answer differs from the index.
    ANSWERS = {line["file"]: line for line in csv.DictReader(table, delimiter="\t")}
REJECTIONS = {"UNSUPPORTED_MEDIA", "CORRUPT_AUDIO"}


def answer(row: dict[str, str]) -> Waveform | str:
    """Return the waveform of a file, or the code of its error."""
    try:
        waveform = draw(corpus.FOLDER / row["file"], 1024)
    except WaveflowError as error:
        return error.code
    document = waveform_document(waveform, audio_hash="", created_at="")
    json.loads(document, parse_constant=pytest.fail)
    return waveform


def allowed(row: dict[str, str]) -> set[str]:
    """Return the codes that the index's class allows; ACCEPT is one of them."""
    expected = row["expected"]
    if expected.startswith("reject: EMPTY_AUDIO"):
        return {"EMPTY_AUDIO"}
    if expected.startswith("reject"):
        return REJECTIONS
    if expected.startswith(("accept or", "by contract")):
        return {"ACCEPT", *REJECTIONS}
    return {"ACCEPT"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["file"])
def test_file_gets_its_own_answer(row: dict[str, str]):
    """A change of decoder or parser must not change any file's code or frames."""
    given, listed = answer(row), ANSWERS[row["file"]]

    if isinstance(given, Waveform):
        assert ("ACCEPT", str(given.frames)) == (listed["answer"], listed["frames"])
    else:
        assert given == listed["answer"]


def test_the_table_agrees_with_the_index_but_for_what_is_settled_in_it():
    """A wrong row in the table must be seen, so each difference needs a note."""
    assert [row["file"] for row in ROWS] == list(ANSWERS)
    differ = {
        row["file"]
        for row in ROWS
        if ANSWERS[row["file"]]["answer"] not in allowed(row)
        or ANSWERS[row["file"]]["frames"] not in {"", row["ffmpeg_frames"]}
    }

    assert differ == {name for name, listed in ANSWERS.items() if listed["note"]}


CONTRACT_SAYS_NO = (
    ".mp4",
    ".wma",
    ".aac",
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
    """Formats outside the contract would be promised by accident: ALS, WMA, video."""
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
    """Users send M4A and FLAC of 15 or 20 bits, which libsndfile does not know."""
    given = answer(row)

    assert isinstance(given, Waveform)
    assert given.frames == int(row["ffmpeg_frames"])
