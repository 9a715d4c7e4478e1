"""An emulated shop site on a real port, and a watch over a real database that looks at it."""

import asyncio
import random
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from chekpoint.core.clock import Clock, SystemClock
from chekpoint.emulators.orange_data.papers import Papers
from chekpoint.emulators.shop_front.front import ShopFront
from chekpoint.emulators.shop_front.serve import server
from chekpoint.hub.journeys import Do, Journey, Stage
from chekpoint.hub.limits import Limits
from chekpoint.hub.post import Post
from chekpoint.hub.sites import SiteVerbs, Wanted
from chekpoint.store import incidents
from chekpoint.store.incidents import Open
from chekpoint.store.store import Store, open_store
from chekpoint.watch.check import Check
from chekpoint.watch.engine import Watchman
from chekpoint.watch.probes.settings import ProbeSettings
from chekpoint.watch.probes.sites import SiteProbes
from tests.doubles.hand_clock import HandClock
from tests.waiting import until

TO_PAYMENT: Journey = (
    Stage(do=Do.OPEN, what="/"),
    Stage(do=Do.CLICK, what="css=#tea button"),
    Stage(do=Do.SEE, what="Чай «Иван-да-Марья»"),
    Stage(do=Do.CLICK, what="Оформить заказ"),
    Stage(do=Do.FILL, what="Имя", value="Проверка сайта"),
    Stage(do=Do.FILL, what="Почта", value="check@shop.example"),
    Stage(do=Do.CLICK, what="Перейти к оплате"),
    Stage(do=Do.AT, what="/pay/"),
    Stage(do=Do.SEE, what="К оплате 450,00"),
)
QUICK = ProbeSettings(stage_timeout=2.0, page_timeout=2.0, journey_limit=60.0)


class Served(NamedTuple):
    """A site that answers at ``url``."""

    front: ShopFront
    url: str


@asynccontextmanager
async def serving(papers: Papers | None = None) -> AsyncIterator[Served]:
    """The emulated site, until the end."""
    front = ShopFront(SystemClock())
    made = server(front, papers=papers)
    task = asyncio.create_task(made.serve())
    await until(lambda: made.started)
    port = made.servers[0].sockets[0].getsockname()[1]
    try:
        yield Served(front, f"{'https' if papers else 'http'}://127.0.0.1:{port}/")
    finally:
        made.should_exit = True
        await task


class Lookout:
    """Probes and checks of one node on a clock that is wound by hand; what is asked is asked for real."""

    def __init__(self, store: Store, clock: Clock, checks: Sequence[Check]) -> None:
        self.store, self.clock = store, clock
        self.post = Post(store, clock, random.Random(1), node="w", limits=Limits())
        self.man = Watchman(self.post, checks)

    def wind(self, seconds: float) -> None:
        if isinstance(self.clock, HandClock):
            self.clock.wind(seconds)

    def sites(self, folder: Path, settings: ProbeSettings = QUICK, ca: Path | None = None) -> SiteProbes:
        context = ssl.create_default_context(cafile=str(ca) if ca else None)
        return SiteProbes(self.post, settings, context, folder / "sites")

    async def add(self, wish: Wanted) -> str:
        verbs = SiteVerbs(self.post.keys, who="test")
        return await self.store.write(lambda tx: verbs.add(tx, wish))

    async def look(self, probe: SiteProbes, *, after: float = 0) -> None:
        """Let time pass, look at what is due, wait for the answers."""
        self.wind(after)
        await asyncio.gather(*await probe.once())

    async def judge(self, *, after: float = 0) -> Mapping[str, Open]:
        """Let time pass, run the checks; open incidents by kind."""
        self.wind(after)
        await self.man.once()
        return {one.kind: one for one in await self.store.read(incidents.open_now)}


@asynccontextmanager
async def lookout(
    folder: Path, checks: Sequence[Check], clock: Clock | None = None
) -> AsyncIterator[Lookout]:
    """A lookout over a database of its own."""
    clock = clock or HandClock()
    store = open_store(f"sqlite:///{folder / 'w.db'}", node="w", clock=clock, inline=True, durable=False)
    await store.start()
    try:
        yield Lookout(store, clock, checks)
    finally:
        await store.stop()
