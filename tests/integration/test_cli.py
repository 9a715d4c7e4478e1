"""The commands as a person types them, against real servers and databases."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Self

import pytest
from typer.testing import CliRunner

from chekpoint.cli import app
from chekpoint.core.clock import SystemClock
from chekpoint.emulators.atol_web.face import AtolWeb
from chekpoint.emulators.atol_web.serve import server
from chekpoint.emulators.drive_archive import Registration
from chekpoint.emulators.fiscal_drive import FiscalDrive
from chekpoint.emulators.register import EmulatedRegister

INN = "7700000016"
NOWHERE = "http://127.0.0.1:9"  # the discard port: nobody listens there


class Emulated:
    """An emulated register with its web server on a real port, in a thread."""

    def __init__(self) -> None:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._started = threading.Event()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        register = EmulatedRegister(FiscalDrive(), clock=SystemClock())
        register.ensure_registered(Registration(seller_inn=INN))
        web = AtolWeb({"1": register}, clock=SystemClock())
        self._server = server(web.app, port=0)
        task = asyncio.get_running_loop().create_task(self._server.serve())
        while not self._server.started:  # noqa: ASYNC110 - uvicorn offers no event
            await asyncio.sleep(0.01)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]
        self._started.set()
        await task

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(20)


@pytest.fixture(scope="module")
def register() -> Iterator[Emulated]:
    with Emulated() as running:
        yield running


class Shell:
    """Runs ``chekpoint`` with its data in a folder of the test."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self._runner = CliRunner(env={"CHEKPOINT_DATA": str(data), "COLUMNS": "200"})

    def __call__(self, *arguments: str, code: int = 0) -> str:
        done = self._runner.invoke(app, list(arguments))
        assert not isinstance(done.exception, Exception), done.exception
        assert done.exit_code == code, done.output
        return done.output

    def rows(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """Look into the database, or forge it."""
        with closing(sqlite3.connect(self.data / "chekpoint.db", isolation_level=None)) as con:
            return con.execute(sql, values).fetchall()


@pytest.fixture
def chekpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(tmp_path)  # where a person would keep chekpoint.toml
    return Shell(tmp_path)


def test_a_wrong_inn_is_refused_before_anything_is_stored(chekpoint: Shell) -> None:
    assert "ИНН" in chekpoint("setup", "seller", "7707083894", "ООО", code=2)
    assert not list(chekpoint.data.glob("*.db"))


def test_the_same_seller_twice_is_an_error_in_words(chekpoint: Shell) -> None:
    chekpoint("setup", "seller", INN, "ООО «Ромашка»")
    said = chekpoint("setup", "seller", INN, "ООО «Ромашка»", code=2)
    assert said.strip()
    assert chekpoint.rows("SELECT inn FROM seller") == [(INN,)]


def test_a_shop_of_an_unknown_seller_says_which_inn_is_missing(chekpoint: Shell) -> None:
    assert INN in chekpoint("setup", "shop", INN, "shop", code=2)


def test_a_key_is_printed_once_and_can_be_revoked_once(chekpoint: Shell) -> None:
    chekpoint("setup", "seller", INN, "ООО «Ромашка»")
    chekpoint("setup", "shop", INN, "shop")
    key_id, secret = chekpoint("setup", "key", "shop").split()
    assert secret.startswith("ck_")
    stored = chekpoint.rows("SELECT hash FROM api_key")
    assert all(secret not in str(row[0]) for row in stored)
    chekpoint("setup", "revoke", key_id)
    chekpoint("setup", "revoke", key_id, code=1)
    deeds = chekpoint.rows("SELECT verb FROM audit ORDER BY at")
    assert [verb for (verb,) in deeds] == ["key_add", "key_add", "key_revoke"]


def test_a_register_of_another_seller_is_not_added(chekpoint: Shell, register: Emulated) -> None:
    chekpoint("setup", "seller", "7707083893", "ООО «Другая»")
    said = chekpoint("registers", "add", "Касса", "7707083893", "--url", register.url, code=1)
    assert INN in said
    assert "Касса" not in chekpoint("registers", "list")


def test_a_register_that_answers_is_added_listed_and_asked(chekpoint: Shell, register: Emulated) -> None:
    chekpoint("setup", "seller", INN, "ООО «Ромашка»")
    chekpoint("registers", "add", "Касса 1", INN, "--url", register.url)
    assert "Касса 1" in chekpoint("registers", "list")
    assert "ФН 9999078900000001" in chekpoint("registers", "status")


def test_a_silent_register_is_not_added_unless_told_so(chekpoint: Shell) -> None:
    chekpoint("setup", "seller", INN, "ООО «Ромашка»")
    chekpoint("registers", "add", "Касса 1", INN, "--url", NOWHERE, code=2)
    chekpoint("registers", "add", "Касса 1", INN, "--url", NOWHERE, "--no-check")
    assert "SILENT" in chekpoint("registers", "status", code=1)


@pytest.mark.parametrize("settings", ["{", '{"base_url": 5}', "[]"])
def test_settings_that_cannot_be_read_are_named(chekpoint: Shell, settings: str) -> None:
    chekpoint("setup", "seller", INN, "ООО «Ромашка»")
    assert "settings" in chekpoint("registers", "add", "Касса", INN, "--settings", settings, code=2)


def test_the_doctor_names_what_is_missing_and_what_is_silent(chekpoint: Shell, register: Emulated) -> None:
    assert "касс нет" in chekpoint("doctor", code=1)
    chekpoint("setup", "seller", INN, "ООО «Ромашка»")
    chekpoint("registers", "add", "Касса 1", INN, "--url", register.url)
    assert "не передано в ОФД 1" in chekpoint("doctor", code=1)  # this one has no operator
    chekpoint("registers", "add", "Касса 2", INN, "--url", NOWHERE, "--no-check")
    assert "Касса 2" in chekpoint("doctor", code=1)


def test_verify_finds_an_event_that_somebody_changed(chekpoint: Shell, register: Emulated) -> None:
    chekpoint("setup", "seller", INN, "ООО «Ромашка»")
    chekpoint("registers", "add", "Касса 1", INN, "--url", register.url)
    assert "журнал верен" in chekpoint("verify")
    chekpoint.rows("UPDATE event SET body = ? WHERE kind = 'seller_added'", b'{"inn":"0"}')
    assert "changed after it was written" in chekpoint("verify", code=1)


def test_an_empty_list_of_receipts_is_no_error_and_a_wrong_state_is(chekpoint: Shell) -> None:
    chekpoint("receipts")
    assert "in_doubt" in chekpoint("receipts", "--state", "lost", code=2)


def test_submit_without_a_hub_says_that_nobody_answers(chekpoint: Shell, tmp_path: Path) -> None:
    order = tmp_path / "order.json"
    order.write_text('{"external_id": "1"}', "utf-8")
    assert "does not answer" in chekpoint("submit", str(order), "--key", "k", "--url", NOWHERE, code=1)
    assert "cannot be read" in chekpoint("submit", str(tmp_path / "none.json"), "--key", "k", code=2)


def test_a_setting_that_cannot_be_used_is_named(chekpoint: Shell) -> None:
    (chekpoint.data / "chekpoint.toml").write_text("[limits]\nio_timeout = 100\nlease = 50\n", "utf-8")
    assert "lease" in chekpoint("serve", code=2)
    (chekpoint.data / "chekpoint.toml").write_text("zone = 'Europe/Nowhere'\n", "utf-8")
    assert "Nowhere" in chekpoint("serve", code=2)


def test_restored_makes_the_next_start_compare_every_register(chekpoint: Shell) -> None:
    chekpoint("restored")
    assert chekpoint.rows("SELECT value FROM meta WHERE name = 'restored'")[0][0]


def test_a_register_that_will_not_come_back_is_written_off_with_a_reason(chekpoint: Shell) -> None:
    chekpoint("setup", "seller", INN, "ООО «Ромашка»")
    register = chekpoint("registers", "add", "Касса 1", INN, "--url", NOWHERE, "--no-check").strip()
    assert "nobody waits" in chekpoint("registers", "write-off", "Касса 1", "--reason", "сгорела", code=2)
    chekpoint.rows("INSERT INTO meta (name, value) VALUES (?, '')", f"unread:{register}")
    chekpoint("registers", "write-off", "Касса 1", "--reason", "сгорела")
    assert chekpoint.rows("SELECT verb, reason FROM audit") == [("write_off", "сгорела")]
    assert chekpoint.rows("SELECT count(*) FROM meta WHERE name LIKE 'unread:%'") == [(0,)]


def test_pools_are_made_filled_and_emptied_in_words(chekpoint: Shell) -> None:
    chekpoint("setup", "seller", INN, "ООО «Ромашка»")
    chekpoint("setup", "shop", INN, "Магазин")
    for name in ("Касса 1", "Касса 2"):
        chekpoint("registers", "add", name, INN, "--url", NOWHERE, "--no-check")
    chekpoint("pools", "add", "Доставка")
    chekpoint("pools", "put", "Доставка", "Касса 2", "--reserve", "60")
    chekpoint("pools", "route", "Доставка", "--shop", "Магазин", "--taxation", "osn", "--taxation", "patent")
    listed = chekpoint("pools", "list")
    assert "резерв, за 60 с" in listed
    assert "магазин = Магазин; СНО = osn, patent" in listed
    assert "ведут правила" in chekpoint("pools", "drop", "Доставка", code=2)
    rule = listed.split("правило ")[1].split(":")[0]
    chekpoint("pools", "unroute", rule, "--reason", "не нужно")
    chekpoint("pools", "take", "Доставка", "Касса 2")
    chekpoint("pools", "drop", "Доставка")
    assert "Доставка" not in chekpoint("pools", "list")
    assert chekpoint.rows("SELECT count(*) FROM audit WHERE verb LIKE 'pool%' OR verb LIKE 'route%'") == [
        (6,)
    ]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("put", "Все кассы", "Касса 9"), "нет кассы"),
        (("route", "Все кассы"), "условие"),
        (("route", "Все кассы", "--taxation", "общая"), "usn_income"),
        (("add", "Все кассы"), "уже есть"),
        (("drop", "Все кассы"), "не удаляется"),
        (("unroute", "x"), "нет правила"),
    ],
)
def test_a_pool_that_cannot_be_says_why(chekpoint: Shell, command: tuple[str, ...], said: str) -> None:
    chekpoint("setup", "seller", INN, "ООО «Ромашка»")
    assert said in chekpoint("pools", *command, code=2)
    assert chekpoint.rows("SELECT count(*) FROM audit") == [(0,)]


def test_the_day_of_a_register_is_shown_changed_and_asked_of(chekpoint: Shell) -> None:
    chekpoint("setup", "seller", INN, "ООО «Ромашка»")
    chekpoint("registers", "add", "Касса 1", INN, "--url", NOWHERE, "--no-check")
    assert "close_at: -" in chekpoint("registers", "day", "Касса 1")
    changed = chekpoint("registers", "day", "Касса 1", "--close-at", "23:00", "--opening-cash", "500")
    assert "close_at: 23:00" in changed
    assert "opening_cash: 50000" in changed
    assert "close_at: -" in chekpoint("registers", "day", "Касса 1", "--close-at", "-")
    chekpoint("registers", "ask", "Касса 1", "cash_out", "100,50")
    assert chekpoint.rows("SELECT verb, kopecks, state FROM errand") == [("cash", -10_050, "waiting")]
    chekpoint("registers", "switch", "Касса 1", "drain", "--reason", "замена ФН")
    assert chekpoint.rows("SELECT draining FROM register") == [(1,)]
    assert not chekpoint("registers", "totals", "Касса 1")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("day", "Касса 9"), "нет кассы"),
        (("day", "Касса 1", "--close-at", "7:00"), "ЧЧ:ММ"),
        (("day", "Касса 1", "--printing", "perhaps"), "из списка"),
        (("ask", "Касса 1", "dance"), "нет такого действия"),
        (("ask", "Касса 1", "cash_in", "сто"), "Сумма"),
        (("switch", "Касса 1", "up", "--reason", "x"), "drain"),
    ],
)
def test_a_day_that_cannot_be_says_why(chekpoint: Shell, command: tuple[str, ...], said: str) -> None:
    chekpoint("setup", "seller", INN, "ООО «Ромашка»")
    chekpoint("registers", "add", "Касса 1", INN, "--url", NOWHERE, "--no-check")
    assert said in chekpoint("registers", *command, code=2)
    assert chekpoint.rows("SELECT count(*) FROM errand") == [(0,)]
