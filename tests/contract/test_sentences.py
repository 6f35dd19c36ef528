"""Sentences of the page: each code has one in English and one in Korean."""

import re
from pathlib import Path
from typing import get_args

import pytest
from waveflow.api.errors import RefusalError
from waveflow.audio.listen.findings import StemWarning
from waveflow.audio.mix.render import LOUDNESS_LIMITED, LOUDNESS_UNKNOWN
from waveflow.audio.mix.stem import CUT_AWAY, RESAMPLED
from waveflow.audio.preview.encoder import PREVIEW_FAILED
from waveflow.audio.stream import CHANNELS_MIXED, NON_FINITE_SAMPLES, TRUNCATED
from waveflow.audio.waveform.zoom_levels import ZOOM_DROPPED
from waveflow.errors import WaveflowError
from waveflow.stages._optional import AUDIO_ID_UNKNOWN, ZOOM_FAILED

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "local/page/src/sentences.js").read_text("utf-8")
ENGLISH, KOREAN = re.split(r"^  ko: \{$", PAGE, flags=re.MULTILINE)
DOCS = (ROOT / "docs/webhooks.md").read_text("utf-8")
REASONS = DOCS.split("| `dedupe.refused` | why the object stayed |")[1].split("\n\n")[0]

ERRORS = {kind.code for kind in WaveflowError.__subclasses__()}
WARNINGS = {
    *(TRUNCATED, NON_FINITE_SAMPLES, RESAMPLED),
    *(CUT_AWAY, LOUDNESS_LIMITED, LOUDNESS_UNKNOWN),
    *(ZOOM_DROPPED, ZOOM_FAILED, PREVIEW_FAILED, AUDIO_ID_UNKNOWN, CHANNELS_MIXED),
    *get_args(StemWarning.__annotations__["code"]),
}
UNASKED = {"BAD_SIGNATURE", "UPLOAD_NOT_FOUND", "UPLOAD_INCOMPLETE"}  # by the page
REFUSALS = {kind.code for kind in RefusalError.__subclasses__()} - UNASKED
KEPT = {
    reason
    for row in REASONS.splitlines()
    for reason in re.findall(r"`([A-Z_]+)`", row.rsplit("|", 2)[0])
}
RAISED = {
    reason
    for path in ROOT.glob("layers/waveflow/src/waveflow/stages/*.py")
    for reason in re.findall(
        r'DedupeRefusedError\("([A-Z_]+)"', path.read_text("utf-8")
    )
}


def sentence(block: str, code: str) -> str:
    """Return the sentence of a code in one language; empty where there is none."""
    found = re.search(rf'(?<![A-Z_]){code}: "([^"]+)"', block)
    return found[1] if found else ""


def test_the_documented_reasons_are_all():
    """A reason that the webhooks' page lacks would miss its sentence here too."""
    assert KEPT >= RAISED > set()


@pytest.mark.parametrize("code", sorted(ERRORS | WARNINGS | KEPT | REFUSALS))
def test_each_code_has_a_sentence_in_both_languages(code: str):
    """A musician would read a bare code, or English on a Korean page."""
    assert sentence(ENGLISH, code)
    assert re.search("[가-힣]", sentence(KOREAN, code))


@pytest.mark.parametrize("code", sorted(WARNINGS))
def test_each_warning_is_explained_in_a_document(code: str):
    """A developer who meets a warning must find the code in the documents."""
    pages = (ROOT / "docs").glob("*.md")

    assert any(re.search(rf"\b{code}\b", page.read_text("utf-8")) for page in pages)
