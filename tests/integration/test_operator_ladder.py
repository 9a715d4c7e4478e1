"""A receipt climbs to its ticket by what each operator's account shows: register, operator and hub are all running."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from chekpoint.app.compose import build_hub
from chekpoint.app.settings import Settings
from chekpoint.cli.trial_stand import INN, QUICK, _parties
from chekpoint.core.lifecycle import Proof
from chekpoint.hub.hub import Hub
from chekpoint.store import listing, people
from chekpoint.store.journal import Tx
from tests.contract.test_operator_contract import BENCHES
from tests.doubles.hubs import SELLER, SHOP, sale
from tests.waiting import until

pytestmark = pytest.mark.anyio


def furnish(tx: Tx, face: str, name: str, account: str) -> None:
    bench = BENCHES[name]
    base = account + bench.prefix
    more = {key: base + path for key, path in bench.addresses.items()}
    config = {"base_url": base, "inn": INN, "min_interval": 0.05, **more, **bench.settings}
    people.add_seller(tx, SELLER, INN, "ООО «Ромашка»")
    people.add_shop(tx, SHOP)
    register = msgspec.json.encode({"base_url": face, "poll_first": 0.05})
    people.add_register(tx, "0" * 31 + "3", SELLER, "Касса 1", maker="atol", config=register)
    people.add_account(tx, "0" * 31 + "4", SELLER, name, msgspec.json.encode(config))


async def line(hub: Hub) -> Any:
    (found,) = await hub.store.read(lambda tx: listing.page(tx, listing.Filter(limit=2)))
    return found


@pytest.mark.parametrize("name", BENCHES)
async def test_receipt_climbs_by_what_the_account_shows(name: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        _, face, account = await _parties(stack)
        http = await stack.enter_async_context(httpx2.AsyncClient(timeout=10.0, trust_env=False))
        hub = build_hub(Settings(data=tmp_path, node="a", limits=QUICK), http)
        await hub.start()
        stack.push_async_callback(hub.stop)
        await hub.store.write(lambda tx: furnish(tx, face, name, account))
        await hub.reload()
        assert hub.intake is not None
        await hub.intake.accept(SHOP, sale(1))

        async def ticketed() -> bool:
            return int((await line(hub)).proof) >= int(Proof.TICKETED)

        await until(ticketed)
        receipt_id = (await line(hub)).id
        proofs = await hub.store.read(lambda tx: listing.evidence_of(tx, receipt_id))
        assert f"operator:{name}" in {one.source for one in proofs}
