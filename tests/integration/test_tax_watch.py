"""The last rung: a hub's receipts, and the tax service's double on a real port that has them, or has not."""

import random
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chekpoint.core.clock import SystemClock
from chekpoint.core.lifecycle import Proof
from chekpoint.core.ports import FiscalDocument, FnsState, OfdRecord
from chekpoint.emulators.fns.service import MASTER_TOKEN
from chekpoint.emulators.ofd import OfdDocument
from chekpoint.fiscal import tlv
from chekpoint.fiscal.tlv import Node
from chekpoint.hub import tax
from chekpoint.hub.hub import Hub
from chekpoint.hub.tax_watch import TaxWatch
from chekpoint.ofd.fns import Fns, FnsConfig
from chekpoint.store import incidents, people, views_receipt
from chekpoint.store import tax as asked
from chekpoint.store.journal import Tx
from tests.doubles.bare_register import BareRegister
from tests.doubles.hubs import QUICK, SELLER, furnish, running, sale
from tests.fns_rig import TaxOffice, open_office
from tests.unit.hub_bench import offer, rows, sqlite, until

pytestmark = pytest.mark.anyio
ACCOUNT = "0" * 31 + "9"
SOON = {"share": 1.0, "after_seconds": 0.0}


class Bench:
    """A hub whose receipts have their tickets, and a watch that a test drives by hand."""

    def __init__(self, hub: Hub, register: BareRegister, office: TaxOffice) -> None:
        self.hub, self.register, self.office = hub, register, office
        office.conduct.polls = 0
        self.watch = TaxWatch(hub.post, {"fns": self._make})

    def _make(self, config: bytes) -> tuple[Fns, tax.TaxPlan]:
        made = msgspec.json.decode(config, type=FnsConfig)
        return Fns(made, self.office.clock), made.plan

    async def connect(self, *, ask_store: bool = True, **plan: Any) -> None:
        settings = {
            "ask_store": ask_store,
            "inn": "7707083893",
            "master_token": MASTER_TOKEN,
            "base_url": self.office.url,
            "plan": {**SOON, **plan},
        }
        body = msgspec.json.encode(settings)

        def unit(tx: Tx) -> None:
            if people.accounts(tx):
                people.configure_account(tx, ACCOUNT, body)
            else:
                people.add_account(tx, ACCOUNT, SELLER, "fns", body)

        await self.hub.store.write(unit)

    async def ticketed(self, count: int, *, stored: bool = True) -> list[str]:
        """Register receipts and wait for their tickets; ``stored``: the operator hands them on."""
        ids = await offer(self.hub, *(sale(n) for n in range(count)))
        await until(self.hub.store, "receipt", lambda all_: _above(all_, Proof.TICKETED) == count)
        for document in self.register.archive.values():
            if stored and document.document == 3:
                self.office.ofd.archive.keep(taken(document))
        return ids

    async def proofs(self) -> dict[str, int]:
        return {row["id"]: row["proof"] for row in await rows(self.hub.store, "receipt")}

    async def question(self, receipt_id: str) -> asked.Question | None:
        return await self.hub.store.read(lambda tx: asked.question(tx, receipt_id))

    async def incidents(self) -> list[tuple[str, str]]:
        return [(one.kind, one.subject) for one in await self.hub.store.read(incidents.open_now)]

    async def rounds(self) -> None:
        while await self.watch.once():
            pass


def _above(all_: list[dict[str, Any]], rung: Proof) -> int:
    return sum(row["proof"] >= rung for row in all_)


def taken(document: FiscalDocument) -> OfdDocument:
    """A bare register's document as an operator keeps it."""
    body = tlv.encode(Node(3, (Node(1008, "+79990000000"),)))
    return OfdDocument(
        fn=document.fn, fd_number=document.fd_number, code=3, received_at=datetime.now(UTC), container=b"", tlv=body,
        ticket=b"", answer=0, flags=0, made_at=datetime.fromisoformat(document.made_at),
        fiscal_sign=int(document.fiscal_sign), kind=document.kind, total=document.total,
    )  # fmt: skip


@asynccontextmanager
async def bench_at(url: str) -> AsyncIterator[Bench]:
    register = BareRegister("9999078900000077")
    async with open_office() as office, running(url, {"0" * 31 + "8": register}) as hub:
        made = Bench(hub, register, office)
        yield made
        await made.watch.aclose()


@pytest.fixture(params=["sqlite", "postgresql"])
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    url = sqlite(tmp_path) if request.param == "sqlite" else request.getfixturevalue("pg_database")
    async with bench_at(url) as made:
        yield made


async def test_what_the_tax_service_has_climbs_to_the_last_rung_with_its_evidence(bench: Bench) -> None:
    ids = await bench.ticketed(3)
    await bench.connect()
    await bench.rounds()
    assert await bench.proofs() == dict.fromkeys(ids, Proof.AT_TAX_SERVICE)

    for one in ids:
        whole = await bench.hub.store.read(partial(views_receipt.whole, receipt_id=one))
        assert whole is not None
        (found,) = [e for e in whole.evidence if e.rung == Proof.AT_TAX_SERVICE]
        assert found.source == "tax:fns"
        assert '"GetTicket"' in found.body
        assert "+7999" not in found.body
        assert await bench.question(one) is None


async def test_a_right_sign_alone_climbs_nothing_and_is_asked_again_when_it_is_due(bench: Bench) -> None:
    (one,) = await bench.ticketed(1)
    bench.office.conduct.lag_seconds = 3600
    await bench.connect(again_seconds=0.001)
    assert await bench.watch.once()
    assert await bench.proofs() == {one: Proof.TICKETED}
    open_ = await bench.question(one)
    assert open_ is not None
    assert (open_.sign_right, open_.in_store, open_.code) == (True, False, 404)
    assert await bench.incidents() == []
    bench.office.conduct.lag_seconds = 0
    await until_true(bench.watch.once)
    assert await bench.proofs() == {one: Proof.AT_TAX_SERVICE}


async def test_a_sign_that_does_not_fit_is_an_incident_until_it_is_found_right(bench: Bench) -> None:
    (one,) = await bench.ticketed(1, stored=False)
    await bench.connect(again_seconds=0.001)
    await bench.watch.once()
    assert await bench.incidents() == [("tax_sign_wrong", one)]
    assert await bench.proofs() == {one: Proof.TICKETED}
    for document in bench.register.archive.values():
        bench.office.ofd.archive.keep(taken(document))
    await until_true(bench.watch.once)
    assert await bench.incidents() == []
    assert await bench.proofs() == {one: Proof.AT_TAX_SERVICE}


async def test_a_document_that_stays_away_from_the_store_is_told(bench: Bench) -> None:
    (one,) = await bench.ticketed(1)
    bench.office.conduct.lag_seconds = 10**6
    await bench.connect(again_seconds=0.001, absent_days=1e-9)
    await bench.watch.once()
    await until_true(lambda: _has(bench, ("tax_absent", one)))
    assert await bench.proofs() == {one: Proof.TICKETED}


async def _has(bench: Bench, wanted: tuple[str, str]) -> bool:
    await bench.watch.once()
    return wanted in await bench.incidents()


async def test_the_days_limit_holds_over_all_rounds(bench: Bench) -> None:
    await bench.ticketed(5)
    await bench.connect(daily=2)
    await bench.rounds()
    assert sorted((await bench.proofs()).values()) == [Proof.TICKETED] * 3 + [Proof.AT_TAX_SERVICE] * 2
    assert sum(bench.office.service.asked.values()) == 4  # two questions about each


async def test_only_the_share_is_asked_about_and_doubts_come_first(bench: Bench) -> None:
    ids = await bench.ticketed(3)
    await bench.connect(share=0.0)
    await bench.rounds()
    assert set((await bench.proofs()).values()) == {Proof.TICKETED}
    await bench.hub.store.write(lambda tx: tax.doubt(tx, ids[1], SELLER))
    await bench.rounds()
    assert {one for one, proof in (await bench.proofs()).items() if proof == Proof.AT_TAX_SERVICE} == {ids[1]}


def test_the_share_is_a_share() -> None:
    chance = random.Random(7)
    keys = [f"{chance.getrandbits(128):032x}" for _ in range(4000)]
    assert 300 < sum(tax.is_sampled(key, 0.1) for key in keys) < 500
    assert all(tax.is_sampled(key, 1.0) for key in keys)


async def test_a_service_that_does_not_answer_is_told_and_costs_nothing_of_the_days_limit(
    bench: Bench,
) -> None:
    (one,) = await bench.ticketed(1)
    bench.office.conduct.failure = "ip"
    await bench.connect(daily=1)
    for _ in range(3):
        assert not await bench.watch.once()
    assert await bench.incidents() == [("tax_service_silent", ACCOUNT)]
    bench.office.conduct.failure = ""
    assert await bench.watch.once()
    assert await bench.incidents() == []
    assert await bench.proofs() == {one: Proof.AT_TAX_SERVICE}


async def test_without_the_store_each_is_asked_about_once_and_nothing_more_is_claimed(bench: Bench) -> None:
    (one,) = await bench.ticketed(1)
    await bench.connect(again_seconds=0.001, ask_store=False)
    await bench.rounds()
    await bench.rounds()
    assert await bench.proofs() == {one: Proof.TICKETED}
    asked_about = await bench.question(one)
    assert asked_about is not None
    assert (asked_about.due, asked_about.sign_right, asked_about.in_store) == (None, True, None)
    assert sum(bench.office.service.asked.values()) == 1


async def test_questions_that_nobody_asks_are_forgotten(bench: Bench) -> None:
    kept, old = await bench.ticketed(2)

    def unit(tx: Tx) -> int:
        tax.doubt(tx, kept, SELLER)
        asked.put(tx, asked.Question(receipt_id=old, seller_id=SELLER, due=None, since=1))
        return asked.forget_older(tx, 2)

    assert await bench.hub.store.write(unit) == 1
    assert await bench.question(old) is None
    assert await bench.question(kept) is not None


async def test_new_settings_are_taken_without_a_restart(bench: Bench) -> None:
    (one,) = await bench.ticketed(1)
    await bench.connect(share=0.0)
    await bench.rounds()
    await bench.connect(share=1.0)
    await bench.rounds()
    assert await bench.proofs() == {one: Proof.AT_TAX_SERVICE}


async def test_an_account_that_cannot_be_used_stops_nobody(bench: Bench) -> None:
    await bench.hub.store.write(
        lambda tx: people.add_account(tx, "0" * 31 + "a", SELLER, "fns", b'{"inn":"7707083893","master_token":"x","ca_file":"/no"}')
    )  # fmt: skip
    (one,) = await bench.ticketed(1)
    await bench.hub.store.write(lambda tx: people.add_account(tx, ACCOUNT, SELLER, "fns", _settings(bench)))
    await bench.rounds()
    assert await bench.proofs() == {one: Proof.AT_TAX_SERVICE}


def _settings(bench: Bench) -> bytes:
    return msgspec.json.encode(
        {"inn": "7707083893", "master_token": MASTER_TOKEN, "base_url": bench.office.url, "plan": SOON}
    )


async def test_an_operator_that_shows_the_tax_services_word_is_a_source_too(bench: Bench) -> None:
    accepted, doubted = await bench.ticketed(2)
    new = bench.hub.post.keys.new

    def unit(tx: Tx) -> tuple[bool, bool]:
        return (
            tax.seen_at_operator(
                tx, accepted, _record(FnsState.ACCEPTED), seller_id=SELLER, source="operator:x", key=new
            ),
            tax.seen_at_operator(
                tx, doubted, _record(FnsState.REFUSED), seller_id=SELLER, source="operator:x", key=new
            ),
        )

    assert await bench.hub.store.write(unit) == (True, False)
    assert await bench.proofs() == {accepted: Proof.AT_TAX_SERVICE, doubted: Proof.TICKETED}
    question = await bench.question(doubted)
    assert question is not None
    assert question.first
    assert await bench.question(accepted) is None


def _record(state: FnsState) -> OfdRecord:
    return OfdRecord(
        fn="9999078900000077", fd_number=2, fiscal_sign="1000000002", total=10_000, made_at="2026-11-24T10:00:00",
        kind=1, fns=state, evidence="{}",
    )  # fmt: skip


async def until_true(met: Callable[[], Any]) -> None:
    from tests import waiting

    await waiting.until(met)


async def test_the_hub_runs_it_beside_the_lanes(tmp_path: Path) -> None:
    register = BareRegister("9999078900000077")
    clock = SystemClock()
    async with open_office() as office:
        office.conduct.polls = 0

        def make(config: bytes) -> tuple[Fns, tax.TaxPlan]:
            made = msgspec.json.decode(config, type=FnsConfig)
            return Fns(made, office.clock), made.plan

        from chekpoint.store.store import open_store
        from tests.doubles.deaf_shop import DeafShop

        hub = Hub(
            open_store(sqlite(tmp_path), node="a", clock=clock), clock, random.Random(secrets.randbits(128)), node="a",
            limits=QUICK, zone="Europe/Moscow", registers={"bare": lambda _row, _note: register}, operators={},
            door=lambda _url, _secret: DeafShop(),
            companions={"tax": lambda hub: TaxWatch(hub.post, {"fns": make}).run()},
        )  # fmt: skip
        await hub.start()
        try:
            await furnish(hub, {"0" * 31 + "8": register})
            await hub.reload()
            bench = Bench(hub, register, office)
            await bench.ticketed(2)
            await bench.connect()
            await until(hub.store, "receipt", lambda all_: _above(all_, Proof.AT_TAX_SERVICE) == 2)
            assert hub.dead_workers() == []
        finally:
            await hub.stop()
