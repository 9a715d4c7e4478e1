"""The rules of the house that neither ruff nor import-linter can see."""

import ast
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "chekpoint"
MODULES = sorted(PACKAGE.rglob("*.py"))
MODULE_LINES = 450
FUNCTION_LINES = 45

# Makers and services: the law and the hub's words must stay true when one of them is replaced by another.
MAKERS = (
    r"aqsi|atol|атол|bifit|бифит|bitrix|битрикс|business\.?ru|cloudkassir|dreamkas|дримкас|evotor|эвотор|\bferma\b"
    r"|insales|komtet|комтет|kontur|lifepay|mercury|меркури|modulkassa|модулькасс|nanokassa|opencart|orange_?data"
    r"|\bpirit|\bпирит|platforma_?ofd|prestashop|robokassa|робокасс|sberbank|сбербанк|shtrih|shtrikh"
    r"|штрих-?(?:м|фр|мпей)\b|starrus|starrys|taxcom|такском|telegram|телеграм|tinkoff|тинькофф|viki_?print|whatsapp"
    r"|woocommerce|yandex|яндекс|yookassa|юкасс"
)
MAKER = re.compile(MAKERS, re.IGNORECASE)


def test_makers_are_named_so_that_they_are_found() -> None:
    named = ["class AtolWeb:", "SHTRIH_PORT", "# как у Штрих-М", "orange_data", "ключ Битрикс24"]
    innocent = ["# штрихкод, тег 1162", "каталог", "штриховой код", "регулятор", "контур проверки"]
    assert [text for text in named if not MAKER.search(text)] == []
    assert [text for text in innocent if MAKER.search(text)] == []


@pytest.mark.parametrize("floor", ["fiscal", "core"])
def test_a_new_maker_does_not_change_the_law_or_the_core(floor: str) -> None:
    sources = sorted((PACKAGE / floor).rglob("*.py"))
    assert sources, f"{floor}/ is empty"
    assert [find for path in sources for find in _lines_matching(path, MAKER)] == []


def test_the_law_reads_no_clock_and_opens_no_file() -> None:
    sources = sorted((PACKAGE / "fiscal").rglob("*.py"))
    assert [find for path in sources for find in _impure_calls(path)] == []


# A migration is history, made from the tables once: it has no subject of its own and is never edited.
WRITTEN = [path for path in MODULES if path.parent.name != "versions"]


def test_a_module_has_one_subject() -> None:
    sizes = {path: len(path.read_text().splitlines()) for path in WRITTEN}
    assert [f"{_name(path)}: {size}" for path, size in sizes.items() if size > MODULE_LINES] == []


def test_a_function_fits_on_a_screen() -> None:
    long = [(path, node) for path in WRITTEN for node in _functions(path) if _length(node) > FUNCTION_LINES]
    assert [f"{_name(path)}:{node.lineno} {node.name}: {_length(node)}" for path, node in long] == []


def test_nothing_is_left_for_later() -> None:
    unfinished = re.compile(r"\b(?:TODO|FIXME|XXX|HACK|NotImplementedError)\b")
    assert [find for path in MODULES for find in _lines_matching(path, unfinished)] == []


def test_an_installed_wheel_lacks_no_file_of_the_package(tmp_path: Path) -> None:
    build: list[str | Path] = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("chekpoint-*.whl")
    shipped = set(zipfile.ZipFile(wheel).namelist())
    assert "chekpoint/py.typed" in shipped
    assert _package_files() - shipped == set()
    assert [name for name in shipped if name.endswith("/licenses/LICENSE")]


def test_the_command_is_installed() -> None:
    (command,) = entry_points(group="console_scripts", name="chekpoint")
    assert command.value == "chekpoint.cli:main"


def _package_files() -> set[str]:
    """Every file of the package on disk but what Python itself wrote, as named in a wheel."""
    files = [path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {path.relative_to(PACKAGE.parent).as_posix() for path in files}


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _lines_matching(path: Path, pattern: re.Pattern[str]) -> Iterator[str]:
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if pattern.search(line):
            yield f"{_name(path)}:{number}: {line.strip()}"


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(), path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _impure_calls(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(), path)):
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Name(id="open" | "print" | "input") | ast.Attribute(attr="now" | "utcnow" | "today"):
                yield f"{_name(path)}:{node.lineno}: {ast.unparse(node)}"
