"""Links and paths in the documents lead to files that exist."""

import re

import pytest
from support.stack import ROOT

DOCUMENTS = sorted(
    str(path.relative_to(ROOT))
    for pattern in ("*.md", "docs/**/*.md", "examples/*/*.md")
    for path in ROOT.glob(pattern)
)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)")
CORE, LOCAL = ROOT / "layers/waveflow/src", ROOT / "local/src"
# S3 keys begin with `audio/` too, so a module is named by its suffix or its room.
MODULE = r"(?:[\w-]+/)*(?:\w+\.py|\w+/)"
NAMED = {
    ROOT: r"(?:\.ci|\.github|docs|examples|functions|layers|local|requirements"
    r"|scripts|statemachine|tests)/[\w./*-]*[\w*/]",
    CORE: rf"waveflow/{MODULE}",
    CORE / "waveflow": rf"(?:adapters|api|audio|events|stages)/{MODULE}",
    LOCAL: rf"waveflow_local/{MODULE}",
    LOCAL / "waveflow_local": rf"(?:console|demo|engine|files|ops|standin)/{MODULE}",
    ROOT / "tests": r"test_\w+\.py",
}
MADE_LATER = {"examples/nestjs/.env", "examples/seed-002-server/.env"}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_leads_to_files_that_exist(name: str):
    """A reader who follows a moved or misspelt path gives up there."""
    page = ROOT / name
    text = page.read_text("utf-8").replace("NAME", "*")
    lost = [link for link in LINK.findall(text) if not (page.parent / link).exists()]
    for base, pattern in NAMED.items():
        for path in set(re.findall(rf"(?<![\w./…-]){pattern}", text)) - MADE_LATER:
            found = base.rglob(path) if base.name == "tests" else base.glob(path)
            lost += [] if any(found) else [path]

    assert lost == []
