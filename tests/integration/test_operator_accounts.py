"""Accounts at operators in a running hub."""

import random
from pathlib import Path

import pytest

from chekpoint.app.compose import operator_makers
from chekpoint.core.clock import SystemClock
from chekpoint.hub import cabinets
from chekpoint.hub.hub import Hub
from chekpoint.store import people, probes
from chekpoint.store.journal import Tx
from chekpoint.store.store import open_store
from tests.doubles.deaf_shop import DeafShop
from tests.doubles.hubs import QUICK, SELLER

pytestmark = pytest.mark.anyio
GOOD, NO_ZONE, NO_FILE, NO_JSON = ("0" * 31 + digit for digit in "4567")


async def test_account_with_wrong_settings_does_not_stop_the_others(tmp_path: Path) -> None:
    clock = SystemClock()
    hub = Hub(
        open_store(f"sqlite:///{tmp_path / 'hub.db'}", node="a", clock=clock), clock, random.Random(1), node="a",
        limits=QUICK, zone="Europe/Moscow", registers={}, operators=operator_makers(clock),
        door=lambda _url, _secret: DeafShop(),
    )  # fmt: skip

    def unit(tx: Tx) -> None:
        people.add_seller(tx, SELLER, "7700000016", "ООО «Ромашка»")
        inn = '"inn": "7700000016"'
        people.add_account(
            tx, NO_ZONE, SELLER, "first_ofd", f'{{{inn}, "api_key": "x", "zone": "?"}}'.encode()
        )
        people.add_account(
            tx, NO_FILE, SELLER, "ofd_ru", f'{{{inn}, "token": "x", "ca_file": "/none"}}'.encode()
        )
        people.add_account(tx, NO_JSON, SELLER, "kontur", b"{")
        people.add_account(tx, GOOD, SELLER, "ofd_ru", f'{{{inn}, "token": "x"}}'.encode())

    await hub.start()
    try:
        await hub.store.write(unit)
        await hub.reload()
        assert [name for name in hub._tasks if name.startswith("operator:")] == [f"operator:{GOOD}"]
        assert hub.dead_workers() == []
        kept = {one.subject: one for one in await hub.store.read(lambda tx: probes.every(tx, cabinets.KIND))}
        assert [key for key in (NO_ZONE, NO_FILE, NO_JSON) if key not in kept or kept[key].ok] == []
        answer = cabinets.answer_of(kept[NO_ZONE])
        assert answer is not None
        assert answer.fault is not None
        assert answer.fault.ru.startswith("настроен неверно")
    finally:
        await hub.stop()
