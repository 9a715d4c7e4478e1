"""``chekpoint bitrix``: connecting a site from nothing, each step told; and what is said when a step fails."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import NamedTuple

import msgspec
import pytest
from typer.testing import CliRunner, Result

from chekpoint.cli.bitrix import bitrix_app
from chekpoint.core.clock import SystemClock
from chekpoint.emulators.bitrix_site.cashboxes import Handler
from chekpoint.emulators.bitrix_site.face import Sites
from chekpoint.emulators.bitrix_site.serve import server
from chekpoint.emulators.bitrix_site.site import Site
from chekpoint.hub.names import Keys
from chekpoint.shops.bitrix.settings import BitrixSettings, settings_of
from chekpoint.store import people
from chekpoint.store.journal import Tx
from chekpoint.store.store import open_store, sqlite_url
from tests.bitrix_rig import HASH

INN = "7707083893"


class Stage(NamedTuple):
    site: Site
    address: str
    folder: Path

    @property
    def link(self) -> str:
        return f"{self.address}/s/shop.test/bitrix/tools/sale_check_print.php?hash={HASH}"

    @property
    def webhook(self) -> str:
        return f"{self.address}/s/shop.test/rest/1/{'w' * 16}/"

    def run(self, *words: str) -> Result:
        env = {"CHEKPOINT_DATA": str(self.folder), "CHEKPOINT_NODE": "t", "COLUMNS": "200"}
        return CliRunner().invoke(bitrix_app, list(words), env=env)

    def connect(self, *words: str) -> Result:
        return self.run("connect", "Магазин", INN, "https://shop.ru", *words)

    def shops(self) -> list[people.Shop]:
        async def work() -> list[people.Shop]:
            store = open_store(sqlite_url(self.folder / "chekpoint.db"), node="look", clock=SystemClock())
            await store.start()
            try:
                return await store.read(people.shops)
            finally:
                await store.stop()

        return asyncio.run(work())

    def settings(self) -> BitrixSettings:
        (shop,) = self.shops()
        return settings_of(shop.settings)


@contextmanager
def _served(sites: Sites) -> Iterator[str]:
    run = server(sites)
    thread = threading.Thread(target=run.run, daemon=True)
    thread.start()
    try:
        ready = threading.Event()
        for _ in range(1000):
            if run.started:
                break
            ready.wait(0.01)
        yield f"http://127.0.0.1:{run.servers[0].sockets[0].getsockname()[1]}"
    finally:
        run.should_exit = True
        thread.join(10)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    sites = Sites(clock=SystemClock())
    site = sites.add("shop.test")
    site.change_settings(max_execution_time=2)
    site.allow_hash(HASH)
    site.make_webhook("w" * 16)
    asyncio.run(_furnish(tmp_path))
    try:
        with _served(sites) as address:
            yield Stage(site, address, tmp_path)
    finally:
        sites.close()


async def _furnish(folder: Path) -> None:
    clock = SystemClock()
    store = open_store(sqlite_url(folder / "chekpoint.db"), node="first", clock=clock)
    await store.start()
    key = Keys(clock, Random(1)).new()

    def unit(tx: Tx) -> None:
        people.add_seller(tx, key, INN, "ООО «Ромашка»")

    await store.write(unit)
    await store.stop()


def test_a_fresh_site_is_connected_and_nothing_on_it_is_touched(stage: Stage) -> None:
    stage.site.add_cashbox(Handler.BITRIX_V2, number="00106702123456")
    done = stage.connect(
        "--link", stage.link, "--taxation", "osn", "--vat-none", "vat22", "--email", "info@shop.ru"
    )
    assert done.exit_code == 0, done.output
    assert "[да] сайт принял ссылку обмена" in done.output
    (box,) = stage.site.cashboxes()
    assert (box.handler, box.last_check_at) == (Handler.BITRIX_V2, None)
    settings = stage.settings()
    assert settings.exchange is not None
    assert settings.exchange.version is None
    assert settings.rules.vat[0].rate == "vat22"


def test_a_wrong_link_is_told_and_nothing_is_stored(stage: Stage) -> None:
    done = stage.connect("--link", stage.link[:-1] + "x")
    assert done.exit_code == 1
    assert "403" in done.output
    assert stage.shops() == []


@pytest.mark.parametrize("link", ["nonsense", "https://shop.ru/x.php", "http://127.0.0.1:1/x?hash=1"])
def test_a_link_that_leads_nowhere_is_told_in_one_line(stage: Stage, link: str) -> None:
    done = stage.connect("--link", link)
    assert done.exit_code in {1, 2}
    assert "Traceback" not in done.output
    assert stage.shops() == []


def test_what_none_means_is_asked_for(stage: Stage) -> None:
    done = stage.connect("--link", stage.link)
    assert "--vat-none" in done.output


def test_one_site_is_connected_once(stage: Stage) -> None:
    assert stage.connect("--link", stage.link).exit_code == 0
    again = stage.run("connect", "Другой", INN, "https://shop.ru", "--link", stage.link)
    assert again.exit_code == 2
    assert "уже подключён" in again.output


def test_the_rest_cashbox_is_registered_with_its_rates_and_a_second_time_adds_none(stage: Stage) -> None:
    words = (
        "--webhook",
        stage.webhook,
        "--taxation",
        "osn",
        "--email",
        "i@shop.ru",
        "--active",
        "--no-check",
    )
    first, second = stage.connect(*words), stage.connect(*words)
    assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
    assert len(stage.site.cashboxes()) == len(stage.site.state.handlers) == 1
    settings = stage.settings()
    assert settings.cashbox is not None
    assert stage.site.state.handlers[1].print_url.endswith(f"/bitrix/{settings.cashbox.secret}/print")
    assert {rule.received: rule.rate for rule in settings.rules.vat}["id:7"] == "vat22"
    assert settings.cashbox.secret not in first.output


def test_a_webhook_without_rights_and_a_hub_that_is_not_there_are_told(stage: Stage) -> None:
    done = stage.connect("--webhook", stage.webhook.replace("www", "xxx"), "--address", "http://127.0.0.1:1")
    assert done.exit_code == 1
    assert "[НЕТ] адрес хаба не отвечает" in done.output
    assert "[НЕТ] вебхук не подходит" in done.output


def test_rules_are_set_with_an_audit_row_and_a_wrong_one_is_refused(stage: Stage) -> None:
    stage.connect("--link", stage.link)
    body = msgspec.json.encode(
        {"taxation": "usn_income", "vat": [{"received": "none", "rate": "none"}]}
    ).decode()
    assert stage.run("rules", "Магазин", "--set", body, "--reason", "УСН").exit_code == 0
    assert stage.settings().rules.taxation == "usn_income"
    assert stage.settings().exchange is not None
    wrong = stage.run("rules", "Магазин", "--set", '{"vat": [{"received": "none", "rate": "vat21"}]}')
    assert wrong.exit_code == 2
    assert "$.vat[0].rate" in wrong.output


def test_sites_are_listed_without_their_secrets(stage: Stage) -> None:
    stage.connect("--link", stage.link)
    shown = stage.run("sites")
    assert "Магазин" in shown.output
    assert HASH not in shown.output
