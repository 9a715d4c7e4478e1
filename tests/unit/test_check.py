"""``chekpoint check``: whatever a file holds, each receipt gets a verdict, and nobody gets a traceback."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from chekpoint.cli.check import check
from chekpoint.cli.json_lines import LONGEST_LINE, WHOLE

DATA = Path(__file__).parents[1] / "data"
APP = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
APP.command()(check)
RECEIPT: dict[str, Any] = {
    "kind": "sale",
    "taxation": "usn_income",
    "items": [{"name": "Чай", "price": 12000, "quantity": "2", "sum": 24000, "vat": "none"}],
    "payments": [{"form": "electronic", "sum": 24000}],
    "buyer": {"contact": "+79990000000"},
}


def run(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    result = CliRunner().invoke(APP, [str(one) for one in arguments], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def of(*receipts: Any) -> Result:
    return run("-", stdin=b"\n".join(json.dumps(one).encode() for one in receipts))


def last(result: Result) -> str:
    return result.stdout.splitlines()[-1]


def test_all_real_receipts_of_2020_are_accepted_but_seven() -> None:
    result = run(DATA / "receipts_2020.jsonl")
    assert last(result) == "393 accepted, 7 with faults"
    assert result.exit_code == 1
    assert "10: payments_total_mismatch /payments: " in result.stdout


def test_recent_receipts_with_their_oddities_in_english() -> None:
    result = run(DATA / "receipts_recent.jsonl", "--notes", "--lang", "en")
    assert last(result) == "21 accepted, 1 with faults"
    assert "5: mark_code_missing /items/0/mark_code: A marked product needs its code" in result.stdout
    assert "1:   (sums_in_roubles /totalSum: Sums are written as fractional roubles" in result.stdout


def test_a_right_receipt_of_our_api_ends_with_zero() -> None:
    result = of(RECEIPT, {"external_id": "17", "receipt": RECEIPT})
    assert result.exit_code == 0
    assert result.stdout.splitlines() == ["1: accepted", "2: accepted", "2 accepted, 0 with faults"]


def test_a_fault_is_told_with_its_place_and_code() -> None:
    result = of({**RECEIPT, "buyer": {}}, RECEIPT)
    assert result.exit_code == 1
    assert result.stdout.startswith("1: contact_missing /buyer/contact: ")
    assert last(result) == "1 accepted, 1 with faults"


def test_a_wrong_form_names_the_field() -> None:
    broken = {**RECEIPT, "items": [{**RECEIPT["items"][0], "price": "12000"}]}
    assert "1: form /items/0/price: " in of(broken).stdout
    assert "1: form /: " in of({**RECEIPT, "colour": "red"}).stdout
    assert "1: not_a_receipt /: " in of({"totalSum": 100}).stdout


def test_one_document_and_an_array_are_read_as_well_as_lines(tmp_path: Path) -> None:
    pretty = tmp_path / "one.json"
    pretty.write_text(json.dumps(RECEIPT, indent=2), encoding="utf-8-sig")
    assert last(run(pretty)) == "1 accepted, 0 with faults"
    pretty.write_text(json.dumps([RECEIPT, RECEIPT, 5], indent=2), encoding="utf-8")
    result = run(pretty)
    assert last(result) == "2 accepted, 1 with faults"
    assert "3: form /: " in result.stdout


def test_a_line_that_is_no_json_is_a_receipt_with_that_fault() -> None:
    lines = [json.dumps(RECEIPT).encode(), b"{", b"", b"\xff\xfe{}", b'{"a": NaN}', b"[" * 100_000, b'"x"']
    result = run("-", stdin=b"\r\n".join(lines))
    assert result.exit_code == 1
    assert last(result) == "1 accepted, 5 with faults"
    for place in (2, 4, 5, 6):
        assert f"\n{place}: not_json /: " in result.stdout


def test_rates_are_judged_by_the_day_that_is_given() -> None:
    later = {**RECEIPT, "items": [{**RECEIPT["items"][0], "vat": "vat22"}]}
    body = json.dumps(later).encode()
    assert "vat_rate_unknown_on_date" in run("-", "--on", "2025-12-31", stdin=body).stdout
    assert run("-", "--on", "2026-01-01", stdin=body).exit_code == 0


def test_a_registers_format_is_taken_into_account() -> None:
    item = {
        **RECEIPT["items"][0],
        "object": "commodity_marked",
        "mark_code": "01x",
        "quantity": 1,
        "sum": 12000,
    }
    marked = {**RECEIPT, "items": [item], "payments": [{"form": "cash", "sum": 12000}]}
    body = json.dumps(marked).encode()
    assert "ffd_too_old" in run("-", "--ffd", "1.05", stdin=body).stdout
    assert run("-", "--ffd", "1.2", stdin=body).exit_code == 0


@pytest.mark.parametrize("content", [b"", b"\n\n", b"[]"])
def test_a_file_without_receipts_cannot_be_checked(content: bytes) -> None:
    result = run("-", stdin=content)
    assert result.exit_code == 2
    assert "no receipts" in result.stderr


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent.json", tmp_path / "name\nwith break"):
        result = run(path)
        assert result.exit_code == 2
        assert result.stderr.count("\n") == 1
    binary = tmp_path / "photo.jpg"
    binary.write_bytes(bytes(range(256)) * 100)
    result = run(binary)
    assert result.exit_code == 2
    assert "UTF-8" in result.stderr


@pytest.mark.parametrize("arguments", [["--lang", "fr"], ["--ffd", "9"], ["--on", "yesterday"]])
def test_wrong_options_are_explained(arguments: list[str]) -> None:
    assert run("-", *arguments, stdin=b"{}").exit_code == 2


def test_a_line_of_hundreds_of_megabytes_is_refused_without_being_kept(tmp_path: Path) -> None:
    path = tmp_path / "endless.jsonl"
    with path.open("wb") as file:
        file.write(json.dumps(RECEIPT).encode() + b"\n")
        for _ in range(3 * WHOLE // (1 << 20)):
            file.write(b"x" * (1 << 20))
        file.write(b"\n" + json.dumps(RECEIPT).encode())
    result = run(path)
    assert last(result) == "2 accepted, 1 with faults"
    assert f"2: not_json /: Строка длиннее {LONGEST_LINE >> 20} МиБ" in result.stdout
    assert "3: accepted" in result.stdout


def test_a_sparse_gigabyte_is_called_binary_at_once(tmp_path: Path) -> None:
    path = tmp_path / "hole"
    with path.open("wb") as file:
        os.ftruncate(file.fileno(), 1 << 30)
    assert run(path).exit_code == 2


def test_lone_surrogates_and_terminal_commands_cannot_leave_the_file() -> None:
    evil = {**RECEIPT, "seller_inn": "\x1b[2J\x07"}
    result = of(evil)
    assert "inn_checksum /seller_inn" in result.stdout
    assert "\x1b" not in result.stdout
    lone = json.dumps({**RECEIPT, "place": "\ud800"}).encode()
    assert last(run("-", stdin=lone)) == "0 accepted, 1 with faults"


@given(st.lists(st.binary(max_size=30), max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_content_is_more_than_a_verdict(lines: list[bytes]) -> None:
    assert run("-", stdin=b"\n".join(lines)).exit_code in {1, 2}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from([*RECEIPT, "receipt", "totalSum"]), inner),
    max_leaves=5,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from([*RECEIPT, "receipt", "totalSum", "operationType", "dateTime"]), JSON))
@settings(deadline=None)
def test_no_json_is_more_than_a_verdict(body: Any) -> None:
    assert of({**RECEIPT, **body}).exit_code in {0, 1}
