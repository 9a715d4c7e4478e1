"""Invariants 1 and 10 after a restore from backup: what the simulation found, one case each."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from chekpoint.core.clock import SystemClock
from chekpoint.core.errors import BlockReason, Conflict
from chekpoint.core.ports import FiscalDocument
from chekpoint.hub.hub import Hub
from chekpoint.hub.names import order_mark
from chekpoint.store.people import Shop
from chekpoint.store.store import open_store
from tests.doubles.bare_register import BareRegister
from tests.doubles.hubs import SHOP, people_of, running, sale
from tests.unit.hub_bench import documents_of, offer, rows, settled, sqlite, until

pytestmark = pytest.mark.anyio
FN, OTHER, FRESH = "9999078900000001", "9999078900000002", "9999078900000003"


@asynccontextmanager
async def restored(
    folder: Path, registers: dict[str, BareRegister], head: str | None = "1000\n"
) -> AsyncIterator[Hub]:
    """A hub whose head file says that more was done than the journal knows (None: there is no such file)."""
    path = folder / "head"
    if head is None:
        path.unlink(missing_ok=True)
    else:
        path.write_text(head)
    async with running(sqlite(folder), registers, head=path) as hub:
        yield hub


async def at_work(folder: Path, registers: dict[str, BareRegister]) -> None:
    """Every lane has stood once, as on the day of the backup."""
    async with running(sqlite(folder), registers, head=folder / "head") as hub:
        await until(
            hub.store, "event", lambda all_: sum(e["kind"] == "drive_changed" for e in all_) == len(registers)
        )


async def test_a_crash_while_registers_are_compared_does_not_lower_the_barrier(tmp_path: Path) -> None:
    works, dark = BareRegister(FN), BareRegister(OTHER)
    both = {"r1": works, "r2": dark}
    await at_work(tmp_path, both)
    dark.blocked = BlockReason.NO_LINK
    async with restored(tmp_path, both) as hub:
        await until(hub.store, "incident", lambda _: hub.post.barrier.missing == {"r2"})
    async with restored(tmp_path, both, head="1\n") as hub:  # by now the journal has grown past the file
        assert hub.post.barrier.missing == {"r2"}
        await offer(hub, sale(1))
        dark.blocked = None
        await settled(hub, 1)


async def test_a_lost_head_file_counts_as_a_restore(tmp_path: Path) -> None:
    works, dark = BareRegister(FN), BareRegister(OTHER)
    await at_work(tmp_path, {"r1": works, "r2": dark})
    dark.blocked = BlockReason.NO_LINK
    async with restored(tmp_path, {"r1": works, "r2": dark}, head=None) as hub:
        await until(hub.store, "incident", lambda _: hub.post.barrier.missing == {"r2"})


async def test_a_new_hub_without_a_head_file_starts_at_once(tmp_path: Path) -> None:
    async with restored(tmp_path, {"r1": BareRegister(FN)}, head=None) as hub:
        assert not hub.post.barrier.holds


async def test_a_shop_that_speaks_at_once_is_no_sign_of_an_earlier_life(tmp_path: Path) -> None:
    url, spoke = sqlite(tmp_path), asyncio.Event()
    cli = open_store(url, node="cli", clock=SystemClock())
    await cli.start()
    await cli.write(lambda tx: people_of(tx, ["r1"]))
    await cli.stop()

    async def speak(hub: Hub, shop: Shop) -> None:
        await hub.store.write(lambda tx: tx.event("spoke", shop.id))
        spoke.set()

    async with running(
        url, {"r1": BareRegister(FN)}, head=tmp_path / "head", connectors={"api": speak}
    ) as hub:
        await spoke.wait()
        assert not hub.post.barrier.holds
        assert "restored" not in {row["kind"] for row in await rows(hub.store, "incident")}


async def test_what_may_be_registered_is_not_cancelled_while_registers_are_compared(tmp_path: Path) -> None:
    dark = BareRegister(FN)
    await at_work(tmp_path, {"r1": dark})
    dark.blocked = BlockReason.NO_LINK
    async with restored(tmp_path, {"r1": dark}) as hub:
        (key,) = await offer(hub, sale(1))
        with pytest.raises(Conflict):
            await hub.verdicts.cancel(key, who="shop", reason="changed their mind")
        assert [r["state"] for r in await rows(hub.store, "receipt")] == ["queued"]


async def test_a_drive_swapped_since_the_backup_waits_for_a_person_and_nothing_is_sent_twice(
    tmp_path: Path,
) -> None:
    old, fresh = BareRegister(FN), BareRegister(FRESH)
    await at_work(tmp_path, {"r1": old})
    marks = [order_mark(SHOP.id, f"order-{n}") for n in (1, 2)]
    on_old, _ = (
        register.sign(10_000, 1, 3, mark) for register, mark in zip((old, fresh), marks, strict=True)
    )
    async with restored(tmp_path, {"r1": fresh}) as hub:
        await offer(hub, sale(1), sale(2), sale(3))
        await until(hub.store, "incident", lambda all_: any(i["kind"] == "register_blocked" for i in all_))
        assert {r["state"] for r in await rows(hub.store, "receipt")} == {"queued"}
        await hub.verdicts.write_off_drive("r1", who="person", reason="swapped", documents=[on_old])
        await settled(hub, 3)
    assert sorted(documents_of(old, fresh).values()) == [1, 1, 1]


async def test_an_order_adopted_from_another_registers_drive_still_climbs(tmp_path: Path) -> None:
    registers = {"r1": BareRegister(FN), "r2": BareRegister(OTHER)}
    await at_work(tmp_path, registers)
    for number in range(4):
        registers["r2"].sign(10_000, 1, 3, order_mark(SHOP.id, f"order-{number}"))
    async with restored(tmp_path, registers) as hub:
        await until(hub.store, "incident", lambda _: not hub.post.barrier.holds)
        await offer(hub, *(sale(n) for n in range(4)))
        seen = await until(hub.store, "receipt", lambda all_: all(r["proof"] == 30 for r in all_))
    assert {r["register_id"] for r in seen} == {"r2"}
    assert sorted(documents_of(*registers.values()).values()) == [1] * 4


async def test_a_person_may_tell_of_the_document_but_not_of_one_with_another_sum(tmp_path: Path) -> None:
    dark = BareRegister(FN)
    dark.blocked = BlockReason.NO_LINK
    async with running(sqlite(tmp_path), {"r1": dark}) as hub:
        (key,) = await offer(hub, sale(1))
        with pytest.raises(ValueError, match="reason"):
            await hub.verdicts.registered(key, _document(10_000), who="person", reason=" ")
        with pytest.raises(Exception, match="another sum"):
            await hub.verdicts.registered(key, _document(9_999), who="person", reason="at the operator")
        await hub.verdicts.registered(key, _document(10_000), who="person", reason="at the operator")
        (seen,) = await rows(hub.store, "receipt")
        with pytest.raises(Exception, match=r"no transition|got there first"):
            await hub.verdicts.registered(key, _document(10_000), who="person", reason="again")
    assert (seen["state"], seen["fn"], seen["fd_number"]) == ("fiscalised", OTHER, 7)


def _document(total: int) -> FiscalDocument:
    return FiscalDocument(
        fn=OTHER, fd_number=7, fiscal_sign="1234567890", total=total, made_at="2026-11-24T10:00:00", kind=1
    )
