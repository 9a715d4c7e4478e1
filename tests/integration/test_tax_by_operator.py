"""The tax service's word as an operator shows it: First OFD's dialect on a real port, a hub's own receipts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
import uvicorn

from chekpoint.core.clock import SystemClock
from chekpoint.core.lifecycle import Proof
from chekpoint.emulators.ofd import EmulatedOfd
from chekpoint.emulators.ofd.cabinet import API_KEY
from chekpoint.emulators.ofd.conduct import Flc
from chekpoint.emulators.stand import ofd_app
from chekpoint.hub.hub import Hub
from chekpoint.hub.operators import OperatorWatch
from chekpoint.ofd.first_ofd import FirstOfd, FirstOfdConfig
from chekpoint.store import views_receipt
from chekpoint.store.tax import due
from tests.contract.http_bench import down, listening, up
from tests.doubles.bare_register import BareRegister
from tests.doubles.hubs import SELLER, running, sale
from tests.integration.test_tax_watch import taken
from tests.unit.hub_bench import offer, rows, sqlite, until

pytestmark = pytest.mark.anyio
INN = "7707083893"


class WithoutTickets(BareRegister):
    """A maker that gives no access to tickets: the account must be asked."""

    gives_tickets = False


@asynccontextmanager
async def account(ofd: EmulatedOfd) -> AsyncIterator[FirstOfd]:
    listener = listening(0)
    server = uvicorn.Server(uvicorn.Config(ofd_app(ofd), ws="none", log_level="warning"))
    await up(server, listener)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/first-ofd"
    client = FirstOfd(FirstOfdConfig(inn=INN, api_key=API_KEY, base_url=url, min_interval=0.0), SystemClock())
    try:
        yield client
    finally:
        await client.aclose()
        await down(server, listener)
        ofd.close()


async def receipts(hub: Hub, register: BareRegister, ofd: EmulatedOfd, count: int) -> list[str]:
    """Receipts that have left their register, and are at the operator."""
    ids = await offer(hub, *(sale(n) for n in range(count)))
    await until(hub.store, "receipt", lambda all_: [r["proof"] for r in all_] == [Proof.SENT_TO_OFD] * count)
    for document in register.archive.values():
        if document.document == 3:
            whose = {"seller_inn": INN, "registration_number": "0000000001002292", "shift_number": 1}
            ofd.archive.keep(msgspec.structs.replace(taken(document), **whose))
    return ids


async def test_what_the_tax_service_has_taken_is_the_last_rung_and_the_operator_is_its_source(
    tmp_path: Path,
) -> None:
    register, ofd = WithoutTickets("9999078900000077"), EmulatedOfd(clock=SystemClock())
    async with running(sqlite(tmp_path), {"0" * 31 + "8": register}) as hub, account(ofd) as client:
        ids = await receipts(hub, register, ofd, 4)
        numbers = {row["id"]: (row["fn"], row["fd_number"]) for row in await rows(hub.store, "receipt")}
        for one, state in zip(ids[1:], (Flc.WAITING, Flc.WARNING, Flc.ERROR), strict=True):
            ofd.account_conduct.flc[numbers[one]] = state
        assert await OperatorWatch(hub.post, SELLER, "first_ofd", client).once()
        proofs = {row["id"]: row["proof"] for row in await rows(hub.store, "receipt")}
        assert [proofs[one] for one in ids] == [
            Proof.AT_TAX_SERVICE, Proof.TICKETED, Proof.TICKETED, Proof.SENT_TO_OFD
        ]  # fmt: skip
        whole = await hub.store.read(lambda tx: views_receipt.whole(tx, ids[0]))
        assert whole is not None
        by_rung = {found.rung: found.source for found in whole.evidence}
        assert by_rung[Proof.TICKETED] == by_rung[Proof.AT_TAX_SERVICE] == "operator:first_ofd"
        doubts = await hub.store.read(lambda tx: due(tx, SELLER))
        assert {one.receipt_id for one in doubts} == {ids[2], ids[3]}
