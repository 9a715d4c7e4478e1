"""``chekpoint payments`` and ``chekpoint reconcile`` as a person types them."""

from pathlib import Path

import pytest
from python_calamine import load_workbook

from tests.integration.test_shops_cli import INN, Shell
from tests.unit.test_importing_rows import HEAD, ROW

PAYMENTS = "Номер платежа;Номер заказа;Дата оплаты;Сумма\np1;1041;24.11.2025 12:30;1 298,00\np2;1042;24.11.2025 13:00;-5\n"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    made = Shell(tmp_path / "data")
    made.run("setup", "shop", INN, "Лавка")
    return made


def write(tmp_path: Path, name: str, text: str) -> str:
    path = tmp_path / name
    path.write_bytes(text.encode("cp1251"))
    return str(path)


def test_payments_are_taken_once_and_listed_until_they_have_receipts(shell: Shell, tmp_path: Path) -> None:
    file = write(tmp_path, "p.csv", PAYMENTS)
    assert "рубли или копейки" in shell.run("payments", "import", file, code=2)
    assert shell.rows("SELECT * FROM payment") == []
    assert "новых: 2" in shell.run("payments", "import", file, "--unit", "rub")
    assert "уже принят" in shell.run("payments", "import", file, code=2)
    assert "новых: 0, было: 2" in shell.run("payments", "import", file, "--again")
    listed = shell.run("payments", "list", code=1)
    assert all(word in listed for word in ("1041", "1298.00", "−5.00", "нет / none"))
    assert shell.rows("SELECT kopecks, refund FROM payment ORDER BY external_id") == [(129_800, 0), (500, 1)]


def test_a_list_without_gaps_ends_well(shell: Shell) -> None:
    said = shell.run("payments", "list")
    assert "оплачено" in said  # the heading
    assert "│" not in said  # and no row under it


def test_a_register_of_a_cabinet_is_mapped_and_told_of(shell: Shell, tmp_path: Path) -> None:
    text = f"{HEAD}\n{ROW}\n".replace("Заводской № ФН", "Накопитель").replace("; ", ";")
    file = write(tmp_path, "o.csv", text)
    said = shell.run("reconcile", "import", file, code=2)
    assert "не понято / not understood: Накопитель" in said
    assert "не найдены столбцы: Номер ФН" in said
    done = shell.run("reconcile", "import", file, "--map", "накопитель=fn", "--label", "Кабинет")
    assert "новых: 1" in done
    assert "ФН хабу не знаком" in done
    assert shell.rows("SELECT source, total FROM ofd_record") == [("import:Кабинет", 123_450)]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--map", "nothing"), "столбец=поле"), (("--map", "x=fn"), "столбцы / columns"), (("--unit", "usd"), "rub | kop"),
        (("--fn", "12"), "16 цифр"), (("--sign", "9"), "приход"), (("--kind", "zzz"), "вид файла"),
        (("--shop", "Нет такого"), "нет магазина"),
    ],
)  # fmt: skip
def test_an_option_that_cannot_be_is_said_to_be_so(
    shell: Shell, tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    file = write(tmp_path, "o.csv", f"{HEAD}\n{ROW}\n")
    assert words in shell.run("reconcile", "import", file, *options, code=2)
    assert shell.rows("SELECT * FROM ofd_record") == []


def test_bad_rows_are_told_and_left_out_only_when_asked_to(shell: Shell, tmp_path: Path) -> None:
    file = write(tmp_path, "o.csv", f"{HEAD}\n{ROW}\n{ROW.replace('1 234,50', 'x')}\n")
    said = shell.run("reconcile", "import", file, code=2)
    assert "строка / row 3, Сумма чека, руб.: x: не сумма" in said
    assert "новых: 1" in shell.run("reconcile", "import", file, "--skip-bad", "--partial")


def test_the_book_is_written_or_its_period_refused(shell: Shell, tmp_path: Path) -> None:
    target = tmp_path / "book.xlsx"
    period = ("--from", "2026-11-01", "--to", "2026-11-30")
    assert "документов / documents: 0" in shell.run("reconcile", "export", *period, "-o", str(target))
    assert load_workbook(str(target)).sheet_names == ["Чеки", "Без документа", "Итоги", "Расхождения"]
    assert "не больше 366" in shell.run(
        "reconcile", "export", "--from", "2020-01-01", "--to", "2026-11-30", "-o", str(target), code=2
    )
    assert "2026-11-30" in shell.run(
        "reconcile", "export", "--from", "вчера", "--to", "сегодня", "-o", str(target), code=2
    )
    nowhere = str(tmp_path / "no" / "book.xlsx")
    assert "нет такой папки" in shell.run("reconcile", "export", *period, "-o", nowhere, code=2)


def test_a_file_that_is_not_there_is_said_not_to_be(shell: Shell, tmp_path: Path) -> None:
    assert "не читается" in shell.run("payments", "import", str(tmp_path / "none.csv"), code=2)
    assert "HTML" in shell.run("payments", "import", write(tmp_path, "a.xls", "<html></html>"), code=2)
