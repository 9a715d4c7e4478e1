"""``chekpoint shops`` as a person types it: what the screens do, without a browser."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chekpoint.cli import app

INN = "7700000016"
LINK = "http://127.0.0.1:9/bitrix/tools/sale_check_print.php?hash=" + "a" * 32
BITRIX = ("--site", "https://shop.example", "--no-check", "--set", f"link={LINK}", "--set", "vat_none=none")


class Shell:
    """Runs ``chekpoint`` with its data in a folder of the test, one seller being there."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self._runner = CliRunner(env={"CHEKPOINT_DATA": str(data), "COLUMNS": "200"})
        self.run("setup", "seller", INN, "ООО «Ромашка»")

    def __call__(self, *arguments: str, code: int = 0) -> str:
        return self.run("shops", *arguments, code=code)

    def run(self, *arguments: str, code: int = 0) -> str:
        done = self._runner.invoke(app, list(arguments))
        assert not isinstance(done.exception, Exception), done.exception
        assert done.exit_code == code, done.output
        return done.output

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.data / "chekpoint.db", isolation_level=None)) as con:
            return con.execute(sql).fetchall()


@pytest.fixture
def shops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path)


def test_a_site_is_connected_shown_and_ruled_without_its_secret(shops: Shell) -> None:
    shops("add", "bitrix", "Сайт", *BITRIX)
    assert "Сайт: bitrix, https://shop.example, ждут / wait: 0" in shops("list")
    shown = shops("show", "Сайт")
    assert "1С-Битрикс: обмен" in shown
    assert "a" * 32 not in shown
    rules = json.dumps({"taxation": "usn_income", "vat": [{"received": "none", "rate": "vat5"}]})
    assert "причину" in shops("rules", "Сайт", "--set", rules, code=2)
    assert "usn_income" in shops("rules", "Сайт", "--set", rules, "--reason", "УСН")
    assert shops.rows("SELECT verb, reason FROM audit ORDER BY id") == [
        ("shop_connected", ""), ("shop_rules", "УСН"),
    ]  # fmt: skip


def test_rules_are_not_put_into_the_settings_of_a_module_that_would_not_read_them(shops: Shell) -> None:
    shops("add", "atol_online", "Модуль", "--no-check")
    before = shops.rows("SELECT settings FROM shop")
    assert "правил нет" in shops("rules", "Модуль", "--set", "{}", "--reason", "так", code=2)
    assert shops.rows("SELECT settings FROM shop") == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "magento", "Сайт"), "вид магазина"),
        (("add", "bitrix", "Сайт", "--no-check"), "link"),
        (("add", "bitrix", "Сайт", *BITRIX, "--set", "email=x"), "не адрес почты"),
        (("add", "bitrix", "Сайт", "--set", "link"), "имя=значение"),
        (("add", "api", "Сайт", "--inn", "7707083893"), "seller"),
        (("show", "Нет такого"), "нет"),
        (("key", "Нет такого"), "нет"),
        (("trial", "Нет такого"), "нет"),
        (("settings", "Нет такого", "--deadline", "5"), "нет"),
        (("renew", "Нет такого"), "нет"),
    ],
)
def test_what_cannot_be_is_told_in_words_and_nothing_is_stored(
    shops: Shell, arguments: tuple[str, ...], said: str
) -> None:
    assert said in shops(*arguments, code=2)
    assert shops.rows("SELECT count(*) FROM shop") == [(0,)]


def test_a_key_is_printed_once_listed_by_its_beginning_and_revoked_once(shops: Shell) -> None:
    first = next(
        line for line in shops("add", "api", "Магазин", "--no-check").splitlines() if "Bearer" in line
    )
    second = shops("key", "Магазин").strip()
    shown = shops("show", "Магазин")
    assert second not in shown
    assert first.rpartition(" ")[2] not in shown
    key_id = next(line.split()[-1] for line in shown.splitlines() if second[:8] in line)
    assert "отозван" in shops("revoke", "Магазин", key_id)
    assert "уже отозван" in shops("revoke", "Магазин", key_id, code=2)
    assert [row[0] for row in shops.rows("SELECT verb FROM audit ORDER BY id")][-2:] == [
        "key_add",
        "key_revoke",
    ]


def test_a_password_is_renewed_and_a_link_that_does_not_fit_is_refused(shops: Shell) -> None:
    old = shops("add", "modulkassa", "Модуль", "--no-check")
    new = shops("renew", "Модуль", "--no-check")
    passwords = [line for text in (old, new) for line in text.splitlines() if line.startswith("Пароль")]
    assert len(set(passwords)) == 2
    shops("add", "bitrix", "Сайт", *BITRIX)
    assert "Адрес не годится" in shops("renew", "Сайт", "--set", "link=zzz", "--no-check", code=2)
    shops("add", "api", "Свой", "--no-check")
    assert "нечего заменять" in shops("renew", "Свой", code=2)


def test_notices_are_set_and_taken_away_and_the_rest_stays(shops: Shell) -> None:
    shops("add", "api", "Магазин", "--no-check", "--site", "https://shop.example")
    assert "секрет" in shops("settings", "Магазин", "--webhook", "https://shop.example/hook")
    assert "секрет" not in shops("settings", "Магазин", "--deadline", "60")
    assert shops.rows("SELECT site, deadline_seconds, webhook_url FROM shop") == [
        ("https://shop.example", 60, "https://shop.example/hook"),
    ]  # fmt: skip
    assert "Секунды" in shops("settings", "Магазин", "--deadline", "soon", code=2)
    shops("settings", "Магазин", "--webhook", "")
    assert shops.rows("SELECT webhook_url, webhook_secret FROM shop") == [(None, None)]


def test_a_trial_is_played_from_the_command_line_and_the_journal_stays_empty(shops: Shell) -> None:
    shops("add", "modulkassa", "Модуль", "--no-check")
    said = shops("trial", "Модуль")
    assert "[да] Чек зарегистрирован: ФД" in said
    assert "[НЕТ]" not in said
    assert shops.rows("SELECT count(*) FROM receipt") == [(0,)]
