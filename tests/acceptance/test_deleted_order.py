"""An order is deleted on the site after it was paid and its check was made.

The old program stood still there: one deleted order blocked the queue of every other, and nobody was told. Here the
check of the deleted order hurts nobody else, and a person hears what to do about it.
"""

from pathlib import Path

import pytest

from chekpoint.emulators.bitrix_site.checks import Status
from chekpoint.emulators.fiscal_drive import Registration
from chekpoint.store import people
from tests.acceptance.truth_rig import truth
from tests.bitrix_rig import exchange, paid, printed, shop_of
from tests.bitrix_rig import world as site_world

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]


async def test_deleted_order(tmp_path: Path) -> None:
    async with truth(tmp_path) as world, site_world() as place:
        number = Registration().serial
        site = place.site(number=number)
        first = await paid(site)
        gone = await paid(site)
        site.delete_order(gone.order_id)
        after = await paid(site)
        await world.hub.store.write(lambda tx: people.add_shop(tx, shop_of(exchange(place), 4)))
        await world.hub.reload()

        await printed(site, first.id, after.id)
        await world.opened("bitrix_order_deleted")
        incidents = await world.read("/incidents")
        assert f"заказ удалён после создания чека {gone.id}" in incidents
        await world.told("🔴", f"заказ удалён после создания чека {gone.id}", "восстановите заказ")
        assert "внимание" in await world.link("shop")
        assert site.check(gone.id).status is not Status.PRINTED
        signed = [doc for doc in world.register.drive.documents() if doc.receipt is not None]
        assert len(signed) == 2
