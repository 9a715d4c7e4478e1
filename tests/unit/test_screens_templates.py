"""What a template calls exists: templates are not type-checked, so their names are read from the parsed source."""

from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader, nodes

import chekpoint.web
from chekpoint.web.lingo import TEXTS, Lingo

TEMPLATES = Path(chekpoint.web.__file__).parent / "templates"
NAMES = sorted(found.name for found in TEMPLATES.glob("*.html"))


def parsed(name: str) -> nodes.Template:
    return Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True).parse(
        (TEMPLATES / name).read_text()
    )


def test_there_are_templates_to_read() -> None:
    assert "chain.html" in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_template_asks_the_language_only_for_what_it_can(name: str) -> None:
    for asked in parsed(name).find_all(nodes.Getattr):
        if isinstance(asked.node, nodes.Name) and asked.node.name == "lingo":
            assert asked.attr in {*dir(Lingo), "lang", "zone"}, f"line {asked.lineno}"


@pytest.mark.parametrize("name", NAMES)
def test_each_text_of_a_template_is_there_in_both_languages(name: str) -> None:
    for call in parsed(name).find_all(nodes.Call):
        if (
            isinstance(call.node, nodes.Name)
            and call.node.name == "t"
            and isinstance(call.args[0], nodes.Const)
        ):
            assert call.args[0].value in TEXTS["ru"].keys() & TEXTS["en"].keys(), f"line {call.lineno}"


def test_both_languages_say_the_same_things() -> None:
    assert TEXTS["ru"].keys() == TEXTS["en"].keys()
