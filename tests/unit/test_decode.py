"""``chekpoint decode``: bytes that someone sent a support desk, told in words; broken ones in one line."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from chekpoint.cli.decode import LARGEST, decode

DATA = Path(__file__).parents[1] / "data"
APP = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
APP.command()(decode)
QR = "t=20260817T1528&s=232.20&fn=7380440902582955&i=5321&fp=1291708960&n=1"


def _vectors() -> dict[str, dict[str, Any]]:
    content = json.loads((DATA / "ofd_messages.json").read_text(encoding="utf-8"))
    listed = content["vectors"] if isinstance(content, dict) else content
    return {one["name"].split()[0]: one for one in listed}


VECTORS = _vectors()
CONTAINERS = [
    json.loads(line) for line in (DATA / "containers_2020.jsonl").read_text(encoding="utf-8").splitlines()
]


def run(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    result = CliRunner().invoke(APP, [str(one) for one in arguments], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def tree(*arguments: str | Path, stdin: bytes | None = None) -> Any:
    return json.loads(run(*arguments, "--json", stdin=stdin).stdout)


def values(branch: Any) -> dict[int, Any]:
    found = {branch["tag"]: branch["value"]} if "value" in branch else {}
    for inside in branch.get("inside", ()):
        found = {**values(inside), **found}
    return found


def test_a_live_operators_answer_is_told_in_words() -> None:
    text = run(VECTORS["V4"]["hex"]).stdout
    assert "подтверждение оператора" in text
    assert "1022 код ответа ОФД: 0 - документ принят" in text
    assert (
        "1022 код ответа ОФД: 14 - ошибка форматно-логического контроля" in run(VECTORS["V3"]["hex"]).stdout
    )


def test_a_registers_message_is_opened_down_to_the_tags() -> None:
    message = tree(VECTORS["V2"]["hex"])
    assert (message["kind"], message["ffd"], message["fn"]) == ("message", "1.2", "9999078902013267")
    container = message["inside"][0]
    assert container["crc_right"]
    assert container["length_right"]
    found = values(container)
    assert found[1018].strip() == "7802781104"
    assert found[1037].strip() == "0000000000024136"


def test_every_vector_of_messages_and_documents_can_be_read() -> None:
    for name, vector in VECTORS.items():
        if vector["kind"] in {"message", "container", "tlv"}:
            assert run(vector["hex"]).exit_code == 0, name


def test_receipts_of_2020_show_sums_in_roubles_and_doubts_in_the_header() -> None:
    one = CONTAINERS[0]
    text = run(one["container_hex"]).stdout
    assert "1020 сумма расчета, указанного в чеке (БСО): 50.00 руб." in text
    assert "1199 ставка НДС: 1 - 20%" in text
    assert "1077 ФП документа: 31048a6d4022 = 2322415650" in text
    assert "длина FFFF неверна" in text
    for other in CONTAINERS:
        assert values(tree(other["container_hex"]))[1040] == other["fd"]


def test_bytes_come_from_a_file_from_hex_in_a_file_and_from_a_pipe(tmp_path: Path) -> None:
    octets = bytes.fromhex(VECTORS["V4"]["hex"])
    binary, typed = tmp_path / "answer.bin", tmp_path / "answer.txt"
    binary.write_bytes(octets)
    typed.write_text(octets.hex(" ", 2) + "\n", encoding="ascii")
    straight = run(VECTORS["V4"]["hex"]).stdout
    assert run(binary).stdout == run(typed).stdout == straight
    assert run("-", stdin=octets).stdout == straight
    assert run(octets.hex(":").upper()).stdout == straight


def test_a_scanned_code_is_read() -> None:
    text = run(QR).stdout
    assert "Итог: 232.20 руб." in text
    assert "17.08.2026 15:28" in text
    assert tree(QR)["fiscal_sign"] == 1291708960


@pytest.mark.parametrize(
    "source",
    ["", "zzz", "deadbeef", "ab", "t=1&s=2", "ff" * 40, "https://example.ru/", "Ы", "x" * 5000, "\x01=\x02"],
)
def test_nonsense_is_answered_in_one_line(source: str) -> None:
    result = run("--", source)
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    assert run(tmp_path).exit_code == 2
    large = tmp_path / "large"
    large.write_bytes(bytes(LARGEST + 1))
    assert run(large).exit_code == 2


def test_strict_forgives_nothing() -> None:
    assert run(CONTAINERS[0]["container_hex"], "--strict").exit_code == 1
    assert run(VECTORS["V4"]["hex"], "--strict").exit_code == 0


def test_an_encrypted_body_is_called_one() -> None:
    octets = bytearray.fromhex(VECTORS["V2"]["hex"])
    octets[62:70] = b"\xff" * 8
    text = run(octets.hex()).stdout
    assert "Содержимое зашифровано" in text
    assert "CRC" in text


@given(st.binary(min_size=1, max_size=200))
@settings(deadline=None)
def test_no_bytes_are_more_than_a_refusal(octets: bytes) -> None:
    assert run("-", stdin=octets).exit_code in {0, 1}


@given(st.integers(0, 324), st.integers(0, 255))
@settings(deadline=None)
def test_no_damage_to_a_live_message_is_more_than_a_refusal(place: int, octet: int) -> None:
    octets = bytearray.fromhex(VECTORS["V2"]["hex"])
    octets[place] = octet
    for more in ((), ("--json",), ("--strict",)):
        assert run(octets.hex(), *more).exit_code in {0, 1}
