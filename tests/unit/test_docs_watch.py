"""docs/watch.md is the table of what is watched: every check is in it, and every row has a test."""

import re
from pathlib import Path

from chekpoint.app.settings import load
from chekpoint.hub import sites
from chekpoint.hub.causes import TRAITS
from chekpoint.watch.checks import CHECKS
from chekpoint.watch.thresholds import Thresholds

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "watch.md").read_text("utf-8")
ROWS = {
    int(number): re.findall(r"`(\w+)`", kinds)
    for number, kinds in re.findall(r"^\| (\d+) \|[^|]*\|([^|]*)\|", PAGE, re.MULTILINE)
}
TESTS = "\n".join(
    path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__)
)


def test_every_number_is_in_the_table_and_every_check_in_its_row() -> None:
    assert set(range(1, 31)) <= ROWS.keys()
    assert {(check.number, check.kind) for check in CHECKS} == {
        (number, kind) for number, kinds in ROWS.items() for kind in kinds if kind not in OF_THE_HUB
    }


OF_THE_HUB = TRAITS.keys() - {check.kind for check in CHECKS}


def test_every_row_has_a_test_that_opens_and_closes_its_incident() -> None:
    marked = {int(number) for number in re.findall(r"(?:mark\.check\(|\bSaid\()(\d+)", TESTS)}
    assert sorted(ROWS.keys() - marked) == []


def test_no_kind_is_without_a_test() -> None:
    by_constant = {
        value for name, value in vars(sites).items() if re.search(rf"\b{name}\b", TESTS) and name.isupper()
    }
    assert [
        check.kind for check in CHECKS if f'"{check.kind}"' not in TESTS and check.kind not in by_constant
    ] == []


def test_the_thresholds_of_the_page_are_those_of_the_code(tmp_path: Path) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "chekpoint.toml"
    path.write_text(block.replace('{"Наш магазин" = 14400}', "{}"), "utf-8")
    settings = load(path, {})
    assert settings.watch == Thresholds()
    named = set(re.findall(r"^(\w+) =", block.partition("[watch]")[2], re.MULTILINE))
    assert named == set(Thresholds.__struct_fields__) - {"outside"}
