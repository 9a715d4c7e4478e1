"""A hub over bare registers, for tests and benchmarks."""

import random
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

from chekpoint.core.clock import SystemClock
from chekpoint.core.ports import Register
from chekpoint.fiscal.receipt import Buyer, Item, Kind, Payment, PaymentForm, Receipt, Taxation
from chekpoint.fiscal.vat import VatRate
from chekpoint.hub.hub import NO_COMPANIONS, NO_CONNECTORS, Companion, Connector, Hub
from chekpoint.hub.intake import Order
from chekpoint.hub.limits import Limits
from chekpoint.store import people
from chekpoint.store.journal import Tx
from chekpoint.store.store import open_store
from tests.doubles.deaf_shop import DeafShop

QUICK = Limits(
    io_timeout=5, lease=10, status_every=0.5, exchange_every=0.01, exchange_calm=0.05, backoff_first=0.01,
    backoff_most=0.05, retry_receipt=0.01, sweep_every=0.02, pulse_every=0.05, operator_every=0.05, operator_calm=0.05,
)  # fmt: skip
SELLER = "0" * 31 + "1"
SHOP = people.Shop("0" * 31 + "2", SELLER, "shop", "api", "https://shop.example", 300, None, None, None)


def sale(number: int, *, total: int = 10_000) -> Order:
    """An order with one receipt."""
    item = Item(name=f"Товар {number}", price=total, quantity=Decimal(1), sum=total, vat=VatRate.VAT22)
    receipt = Receipt(
        kind=Kind.SALE, taxation=Taxation.OSN, items=(item,),
        payments=(Payment(form=PaymentForm.ELECTRONIC, sum=total),), buyer=Buyer(contact="+79990000000"),
    )  # fmt: skip
    return Order(external_id=f"order-{number}", receipt=receipt)


async def furnish(hub: Hub, registers: Mapping[str, Register], shop: people.Shop = SHOP) -> None:
    """One seller, one shop and these registers; for a store that has them already, nothing."""
    await hub.store.write(lambda tx: people_of(tx, registers, shop))


def people_of(tx: Tx, registers: Iterable[str], shop: people.Shop = SHOP) -> None:
    """The rows of ``furnish``."""
    if people.sellers(tx):
        return
    people.add_seller(tx, SELLER, "7707083893", "ООО «Ромашка»")
    people.add_shop(tx, shop)
    for key in registers:
        people.add_register(tx, key, SELLER, f"касса {key}", maker="bare", config=b"{}")


@asynccontextmanager
async def running(
    url: str, registers: Mapping[str, Register], *, limits: Limits = QUICK, node: str = "a", head: Path | None = None,
    shop: people.Shop = SHOP, group: int = 512, connectors: Mapping[str, Connector] = NO_CONNECTORS,
    companions: Mapping[str, Companion] = NO_COMPANIONS,
) -> AsyncIterator[Hub]:  # fmt: skip
    """A started hub; stopped at the end."""
    clock = SystemClock()
    hub = Hub(
        open_store(url, node=node, clock=clock, group=group), clock, random.Random(secrets.randbits(128)), node=node, limits=limits,
        zone="Europe/Moscow", registers={"bare": lambda row, _note: registers[row.id]}, operators={},
        door=lambda _url, _secret: DeafShop(), head=head, connectors=connectors,
        companions=companions,
    )  # fmt: skip
    await hub.start()
    try:
        await furnish(hub, registers, shop)
        await hub.reload()
        yield hub
    finally:
        await hub.stop()
