"""A watchman over a real database whose rows a test sets: what the tests of checks share."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec
from sqlalchemy import Table, insert, update

from chekpoint.core.clock import epoch_ms
from chekpoint.core.ports import RegisterStatus
from chekpoint.hub.intake import Intake, Order
from chekpoint.hub.limits import Limits
from chekpoint.hub.names import Keys
from chekpoint.hub.post import Post
from chekpoint.store import incidents, lanes, people
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.store import Store, open_store
from chekpoint.watch.checks import CHECKS
from chekpoint.watch.companion import in_zone
from chekpoint.watch.engine import Watchman
from chekpoint.watch.thresholds import Thresholds
from tests.doubles.hand_clock import HandClock
from tests.doubles.hubs import SELLER, SHOP

T = TypeVar("T")
MOSCOW = timedelta(hours=3)
FN = "9999078900000001"
KINDS = {check.kind: check for check in CHECKS}


class Bench:
    """One seller, one shop, two registers (``k1`` and ``k2``), and the checks of these kinds (all, when none is named).

    ``place`` is a folder, or the address of an empty database.
    """

    def __init__(self, place: Path | str, *kinds: str, **limits: Any) -> None:
        self.clock = HandClock()
        self.url = place if isinstance(place, str) else f"sqlite:///{place / 'watch.db'}"
        self.checks = [KINDS[kind] for kind in kinds] or CHECKS
        self.limits = in_zone(Thresholds(**limits), "Europe/Moscow")
        self.keys = Keys(self.clock, random.Random(7))

    async def __aenter__(self) -> Self:
        self.store: Store = open_store(self.url, node="w", clock=self.clock, inline=True, durable=False)
        await self.store.start()
        post = Post(self.store, self.clock, random.Random(1), node="w", limits=Limits())
        self.man = Watchman(post, self.checks, self.limits)
        self.intake = Intake(
            self.store,
            self.clock,
            random.Random(3),
            post.bell,
            zone="Europe/Moscow",
            secret=b"the same for all",
        )
        await self.write(self._furnish)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.store.stop()

    def _furnish(self, tx: Tx) -> None:
        people.add_seller(tx, SELLER, "7707083893", "ООО «Ромашка»")
        people.add_shop(tx, SHOP)
        for key in ("k1", "k2"):
            people.add_register(tx, key, SELLER, f"касса {key}", maker="bare", config=b"{}")

    async def write(self, unit: Callable[[Tx], T]) -> T:
        return await self.store.write(unit)

    @property
    def now(self) -> int:
        return epoch_ms(self.clock.now())

    @property
    def wall(self) -> datetime:
        """What a register in Moscow shows."""
        return self.clock.now().replace(tzinfo=None) + MOSCOW

    async def said(self, register: str = "k1", **fields: Any) -> None:
        """The register answers now: healthy but for the fields."""
        healthy: dict[str, Any] = {
            "ready": True, "fn": FN, "clock": self.wall.isoformat(), "paper": True, "cover_open": False,
            "unsent_count": 0, "shift": "closed",
        }  # fmt: skip
        body = msgspec.json.encode(RegisterStatus(**healthy | fields))
        await self.write(lambda tx: lanes.note_status(tx, register, body, None, None))

    async def accept(self, order: Order) -> str:
        """A receipt of the shop; its id."""
        return (await self.intake.accept(SHOP, order)).receipt_id

    async def put(self, table: Table, **row: Any) -> None:
        """A row as another part writes it."""
        statement = Query(insert(table).values(row))
        await self.write(lambda tx: tx.run(statement))

    async def change(self, table: Table, **values: Any) -> None:
        """Change every row of a table."""
        statement = Query(update(table).values(values))
        await self.write(lambda tx: tx.run(statement))

    async def holds(self, register: str, fd_number: int) -> None:
        """Its lane stands at a document of the drive FN."""

        def unit(tx: Tx) -> None:
            lease = lanes.take(tx, register, "w", lease_ms=90_000)
            assert lease is not None
            lanes.stand_at(tx, register, lease.fence, fn=FN, last_fd=fd_number)

        await self.write(unit)

    async def opened(self, seconds: float = 0) -> dict[tuple[str, str], str]:
        """Let time pass, look; (kind, subject) -> severity of what is open."""
        self.clock.wind(seconds)
        await self.man.once()
        found = await self.store.read(incidents.open_now)
        return {(one.kind, one.subject): one.severity for one in found}

    async def words(self, kind: str) -> str:
        """What the one open incident of a kind says, in both languages."""
        (one,) = [one for one in await self.store.read(incidents.open_now) if one.kind == kind]
        assert one.text_ru
        assert one.text_en
        return f"{one.text_ru} / {one.text_en}"
