"""What an accountant finds on a morning, planted in the showcase: days compared, mismatches, payments, a file."""

from datetime import date, timedelta
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import bindparam, insert

from chekpoint.core.clock import epoch_ms
from chekpoint.hub.hub import Hub
from chekpoint.hub.mismatch_words import explain
from chekpoint.store import mismatches, payments
from chekpoint.store.journal import Tx
from chekpoint.store.mismatches import Difference
from chekpoint.store.payments import Payment
from chekpoint.store.sql import Query
from chekpoint.store.tables_watch import compared
from tests.doubles.hubs import SELLER, SHOP

FN = {"k1": "9999078900001111", "k2": "9999078900002222"}
_COMPARED = Query(insert(compared).values({c.name: bindparam(c.name) for c in compared.columns}))


def today(hub: Hub) -> date:
    """The day of the sellers' zone is near enough to the registers' for a picture."""
    return hub.post.clock.now().date()


def first_days(hub: Hub) -> list[date]:
    """Ten days of this month: they are there whatever today is."""
    start = today(hub).replace(day=1)
    return [start + timedelta(days=n) for n in range(10)]


def difference(kind: str, day: date, fd: int, register: str = "k1", **facts: Any) -> Difference:
    """A mismatch in the words of the hub."""
    said = explain(kind, fd=fd, fn=FN[register], sum="129,80 ₽", ours="129,80 ₽", theirs="129,00 ₽", **facts)
    return Difference(
        kind=kind, subject=f"{FN[register]}/{fd}", severity=said.severity, day=day.isoformat(), text_ru=said.text_ru,
        text_en=said.text_en, act_ru=said.act_ru, act_en=said.act_en, register_id=register, fn=FN[register], fd_number=fd,
        ours=_side(fd, 12_980), theirs=_side(fd, 12_900, received_at="2026-11-24T09:00:00+00:00"),
    )  # fmt: skip


def _side(fd: int, total: int, **more: Any) -> bytes:
    items = [{"name": "Чай «Иван-да-Марья», листовой, 250 г", "sum": total, "quantity": "1", "vat": "vat22"}]
    side = {
        "fd_number": fd, "fiscal_sign": "0012345678", "total": total, "kind": 1, "made_at": "2026-11-24T12:30:15",
        "items": items,
    }  # fmt: skip
    return msgspec.json.encode(side | more)


def _plant(tx: Tx, hub: Hub) -> None:
    days = first_days(hub)
    for n, day in enumerate(days):
        for register, fn in FN.items():
            if register == "k2" and n == 3:
                continue  # nobody compared this one
            ours = 0 if n == 5 else 40 + n
            short = (
                2
                if (register, n) == ("k1", 9)
                else 1
                if (register, n) in {("k1", 2), ("k2", 4), ("k1", 6)}
                else 0
            )
            tx.run(
                _COMPARED, fn=fn, day=day.isoformat(), register_id=register, ours=ours, theirs=ours, equal=ours - short,
                source="operator:ofd", at=tx.now,
            )  # fmt: skip
    found = [
        difference("differs_sum", days[2], 12), difference("missing_here", days[2], 13),
        difference("foreign", days[4], 5, "k2"), difference("differs_sum", days[6], 17),
    ]  # fmt: skip
    mismatches.settle(tx, {}, found, hub.post.keys.new)
    settled = mismatches.of_kinds(tx, ["differs_sum"])["differs_sum", f"{FN['k1']}/17"]
    mismatches.resolve(tx, settled.id, "admin", "Чек возврата оформлен, ФД 18")


def _pay(tx: Tx, hub: Hub) -> None:
    now = epoch_ms(hub.post.clock.now())
    told = (
        ("1050", 178_000, 0, 20),
        ("2200", 129_800, 0, 3),
        ("2201", 50_000, 1, 60 * 30),
        ("2202", 99_900, 0, 1),
    )
    rows = [
        Payment(hub.post.keys.new(), SELLER, SHOP.id, f"shop:{SHOP.id}", f"pay-{order}", order, sum_, refund,
                now - minutes * 60_000)
        for order, sum_, refund, minutes in told
    ]  # fmt: skip
    payments.keep(tx, rows)


async def plant(hub: Hub) -> None:
    """Put all of it into the store."""
    await hub.store.write(partial(_plant, hub=hub))
    await hub.store.write(partial(_pay, hub=hub))
