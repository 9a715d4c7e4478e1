"""A lane over a cloud service: no drive to read, so our own ids are all there is."""

from pathlib import Path

import pytest

from chekpoint.core.errors import NotSent, OutcomeUnknown
from chekpoint.hub import continuity
from chekpoint.store import people
from tests.doubles.bare_cloud import BareCloud
from tests.doubles.hubs import running, sale
from tests.unit.hub_bench import offer, rows, settled, sqlite, until

pytestmark = pytest.mark.anyio
DRIVES = ("9999078900000001", "9999078900000002")


async def test_documents_of_several_drives_are_all_written_down(database: str) -> None:
    cloud = BareCloud(*DRIVES)
    async with running(database, {"c1": cloud}) as hub:
        await offer(hub, *(sale(number) for number in range(5)))
        receipts = await settled(hub, 5)
    assert sorted((r["fn"], r["fd_number"]) for r in receipts) == sorted(
        (d.fn, d.fd_number) for d in cloud.signed
    )
    assert {r["proof"] for r in receipts} == {10}  # signed, and nothing above it


async def test_a_lost_answer_is_asked_for_by_our_id_and_makes_no_second_document(database: str) -> None:
    cloud = BareCloud(*DRIVES)
    cloud.script.extend(["lost", NotSent("not now"), "lost"])
    async with running(database, {"c1": cloud}) as hub:
        await offer(hub, sale(1), sale(2))
        await settled(hub, 2)
        attempts = await rows(hub.store, "attempt")
    assert len(cloud.signed) == 2
    assert [a["outcome"] for a in attempts].count("not_sent") == 1
    assert len(cloud.asked) == 2


async def test_a_restart_asks_for_what_was_on_its_way(database: str) -> None:
    cloud = BareCloud(*DRIVES)
    cloud.script.append(OutcomeUnknown("no answer"))
    async with running(database, {"c1": cloud}) as hub:
        cloud.silent = True
        (receipt,) = await offer(hub, sale(1))
        await until(hub.store, "receipt", lambda all_: all_[0]["state"] in {"in_doubt", "queued"})
    cloud.silent = False
    async with running(database, {"c1": cloud}) as hub:
        assert [row["id"] for row in await settled(hub, 1)] == [receipt]
    assert len(cloud.signed) == 1


async def test_after_a_restore_a_cloud_sends_nothing_until_a_person_has_compared_it(tmp_path: Path) -> None:
    cloud = BareCloud(*DRIVES)
    async with running(sqlite(tmp_path), {"c1": cloud}) as hub:
        await offer(hub, sale(1))
        await settled(hub, 1)
        await hub.store.write(lambda tx: people.set_setting(tx, continuity.RESTORED, "1"))
    async with running(sqlite(tmp_path), {"c1": cloud}) as hub:
        await offer(hub, sale(2))
        found = await until(
            hub.store, "incident", lambda all_: any(i["kind"] == "register_blocked" for i in all_)
        )
        assert "кабинет" in next(i["text_ru"] for i in found if i["kind"] == "register_blocked")
        assert len(cloud.signed) == 1
        await hub.verdicts.write_off("c1", who="admin", reason="сверено")
        await settled(hub, 2)
    assert len(cloud.signed) == 2
