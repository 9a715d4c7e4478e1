"""The demonstration's second shop: an emulated 1C-Bitrix site, whose registers are the hub.

Its admin page shows what an administrator would see; the hub's screens show what is proven.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from chekpoint.cli.demo_stand import free_port, serving
from chekpoint.core.clock import SystemClock
from chekpoint.emulators.bitrix_site.checks import Check, Status
from chekpoint.emulators.bitrix_site.face import Sites
from chekpoint.emulators.bitrix_site.orders import Line
from chekpoint.emulators.bitrix_site.serve import server
from chekpoint.emulators.bitrix_site.site import Site
from chekpoint.fiscal.receipt import Receipt
from chekpoint.fiscal.vat import VatRate

PORT = 8085
NAME = "shop.test"
KNOWN = frozenset(
    {VatRate.VAT20, VatRate.VAT10, VatRate.VAT0, VatRate.NONE}
)  # what every age of the site names
RULES = {
    "taxation": "osn",
    "vat": [{"received": "none", "rate": "none"}],
}  # the site says "none" of many a rate
PATIENCE = 90.0  # seconds for the site to see its checks printed


class Shown(NamedTuple):
    """What the site's administrator sees in the end."""

    paid: int
    printed: int
    url: str


class DemoSite:
    """The running site."""

    def __init__(self, sites: Sites, site: Site, url: str) -> None:
        self._sites, self._site, self.url = sites, site, url

    def settings(self) -> bytes:
        """The hub's settings of this shop (JSON of its door's form)."""
        key = next(value for value, active in self._site.state.hashes.items() if active)
        link = f"{self.url}/bitrix/tools/sale_check_print.php?hash={key}"
        return msgspec.json.encode({"exchange": {"link": link, "version": "2"}, "rules": RULES})

    async def play(self, receipts: Sequence[Receipt]) -> Shown:
        """Switch the cashboxes on, take orders like these receipts, have them paid, wait for the checks."""
        await self._until(lambda: bool(self._site.cashboxes()))
        for box in self._site.cashboxes():
            self._site.activate(box.id)
        self._sites.hang_up()  # the poll that hangs was answered for cashboxes that were off
        paid = [check.id for receipt in receipts if (check := await self._order(receipt)) is not None]
        await self._until(lambda: not any(self._site.check(i).open for i in paid))
        printed = sum(self._site.check(i).status is Status.PRINTED for i in paid)
        return Shown(len(paid), printed, self.url)

    async def _order(self, receipt: Receipt) -> Check | None:
        lines = [
            Line(name=i.name, price=i.price, quantity=i.quantity, sum=i.sum, vat=i.vat.value)
            for i in receipt.items
        ]
        order = self._site.create_order(lines, email="buyer@example.com")
        return await self._site.pay(order.id)

    async def _until(self, seen: Callable[[], bool]) -> None:
        clock = SystemClock()
        until = clock.monotonic() + PATIENCE
        while not seen() and clock.monotonic() < until:
            await clock.sleep(0.05)


def orders_of(receipts: Sequence[Receipt], most: int) -> list[Receipt]:
    """Receipts that a site of any age can name."""
    fit = [r for r in receipts if r.items and all(i.vat in KNOWN and i.sum > 0 for i in r.items)]
    return fit[:most]


@asynccontextmanager
async def site_up(state: Path) -> AsyncIterator[DemoSite]:
    """Start the site on its port (or a free one)."""
    async with AsyncExitStack() as stack:
        sites = Sites(clock=SystemClock(), path=state / "bitrix.sqlite")
        stack.callback(sites.close)
        port = free_port(PORT)
        url = f"http://127.0.0.1:{port}/s/{NAME}"
        site = sites.add(NAME, public_url=url)
        site.change_settings(core="new", timed_uuid=True)
        if not site.state.hashes:
            site.generate_link()
        await serving(stack, server(sites, port=port))
        yield DemoSite(sites, site, url)
