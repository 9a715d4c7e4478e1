"""The docs say what the code does."""

import re
from pathlib import Path

from chekpoint.core.lifecycle import diagram

ROOT = Path(__file__).parents[2]


def test_the_diagram_in_the_docs_is_the_transition_table() -> None:
    assert f"```mermaid\n{diagram()}\n```" in (ROOT / "docs" / "chain.md").read_text("utf-8")


def test_no_link_between_the_docs_is_dead() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    links = [
        (page, link) for page in pages for link in re.findall(r"\]\(([^)#:\s]+)\)", page.read_text("utf-8"))
    ]
    assert len(links) > 10
    assert [f"{page.name}: {link}" for page, link in links if not (page.parent / link).exists()] == []
