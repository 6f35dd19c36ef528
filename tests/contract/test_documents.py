"""Links and paths in the documents lead to files that exist."""

import re
from pathlib import Path

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


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_link_to_a_section_finds_its_heading(name: str):
    """A reader who follows a link to a renamed section lands at the page's top."""
    page = ROOT / name
    links = re.findall(
        r"\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)", page.read_text("utf-8")
    )

    lost = [
        f"{path}#{section}"
        for path, section in links
        if section not in sections(page.parent / path if path else page)
    ]

    assert lost == []


def sections(page: Path) -> set[str]:
    """Return the names that GitHub gives a page's headings: lower case, hyphens."""
    headings = re.findall(r"(?m)^#+ (.+)$", page.read_text("utf-8"))
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.replace(" ", "-") for heading in plain}


def test_both_languages_of_the_seeds_lead_to_the_same_places():
    """A promise that stands in one language only is lost for the other's readers."""
    english, korean = (
        (ROOT / "docs" / name).read_text("utf-8").split("\n## ", 1)[1]
        for name in ("from-the-seeds.md", "from-the-seeds.ko.md")
    )
    target = re.compile(r"\]\(([^)]+)\)")

    assert target.findall(english) == target.findall(korean)
    assert english.count("\n|") == korean.count("\n|")
