"""OFD.ru's client against the emulated operator's account on a real port: both read the same page of the docs."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
import uvicorn

from chekpoint.core.clock import SystemClock
from chekpoint.core.errors import BlockReason, RegisterBlocked
from chekpoint.core.ports import OfdRecord
from chekpoint.emulators.fiscal_drive import FiscalDrive
from chekpoint.emulators.ofd import EmulatedOfd
from chekpoint.emulators.ofd.account import API_KEY, LOGIN, PASSWORD, Account, account_app
from chekpoint.fiscal.receipt import Correction, CorrectionBy, Kind
from chekpoint.ofd.ofd_ru import OfdRu, OfdRuConfig
from tests.emulated_world import NOON, drive_in_shift, item, receipt

pytestmark = pytest.mark.anyio
SINCE, UNTIL = datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC)


class Cabinet:
    """A drive whose documents have all gone to the operator, and the operator's account over HTTP."""

    def __init__(self) -> None:
        self.drive: FiscalDrive = drive_in_shift()
        self.ofd = EmulatedOfd(clock=SystemClock())
        self.account = Account(self.ofd.archive, clock=SystemClock(), conduct=self.ofd.account_conduct)
        self.url = ""
        for kind in Kind:
            self.drive.register_receipt(receipt(item(1_000 * kind.code), kind=kind), NOON)
        mended = receipt(correction=Correction(by=CorrectionBy.SELF, date="2026-11-01"))
        self.drive.register_receipt(mended, NOON + timedelta(hours=1))
        while self.drive.unsent().count:
            self.drive.load_ticket(self.ofd.take(self.drive.outgoing()[1]), NOON)

    @property
    def receipts(self) -> list[tuple[Any, ...]]:
        return [
            (d.fn, d.fd_number, d.sign_text, d.total, d.made_at.isoformat(), d.kind, d.code)
            for d in self.drive.documents()
            if d.code in {3, 31}
        ]

    async def seen(self, **config: Any) -> list[OfdRecord]:
        settings = {
            "inn": "7700000016",
            "token": API_KEY,
            "base_url": self.url,
            "min_interval": 0.0,
            **config,
        }
        operator = OfdRu(OfdRuConfig(**settings), SystemClock())
        try:
            return [found async for found in operator.documents(self.drive.number, SINCE, UNTIL)]
        finally:
            await operator.aclose()


def plain(found: OfdRecord) -> tuple[Any, ...]:
    return (
        found.fn, found.fd_number, found.fiscal_sign, found.total, found.made_at, found.kind, found.document,
    )  # fmt: skip


@asynccontextmanager
async def served(cabinet: Cabinet) -> AsyncIterator[None]:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(account_app(cabinet.account), ws="none", log_level="warning", lifespan="off")
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listener])
    cabinet.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        yield
    finally:
        await server.shutdown(sockets=[listener])


@pytest.fixture
async def cabinet() -> AsyncIterator[Cabinet]:
    made = Cabinet()
    async with served(made):
        yield made
    made.ofd.close()
    made.drive.close()


async def test_every_receipt_of_the_drive_is_seen_with_every_field_equal(cabinet: Cabinet) -> None:
    found = await cabinet.seen()
    assert [plain(one) for one in found] == cabinet.receipts
    assert {one.answer for one in found} == {0}
    assert all('"DocNumber"' in one.evidence for one in found)


@pytest.mark.parametrize("form", ["text", "number", "base64"])
async def test_each_form_of_the_fiscal_sign_is_the_same_sign(cabinet: Cabinet, form: str) -> None:
    cabinet.account.conduct.sign_form = form
    assert [plain(one) for one in await cabinet.seen()] == cabinet.receipts


async def test_padded_numbers_do_not_hide_a_register(cabinet: Cabinet) -> None:
    cabinet.account.conduct.padded = True
    assert [plain(one) for one in await cabinet.seen()] == cabinet.receipts


async def test_login_and_password_instead_of_a_key(cabinet: Cabinet) -> None:
    found = await cabinet.seen(token="", login=LOGIN, password=PASSWORD)
    assert [plain(one) for one in found] == cabinet.receipts


async def test_hidden_doubled_and_changed_documents_are_shown_as_the_operator_has_them(
    cabinet: Cabinet,
) -> None:
    hidden, doubled, changed = (one[:2] for one in cabinet.receipts[:3])
    cabinet.account.conduct.hidden.add(hidden)
    cabinet.account.conduct.doubled.add(doubled)
    cabinet.account.conduct.sum_delta[changed] = 100
    found = await cabinet.seen()
    assert [one.fd_number for one in found] == [one[1] for one in cabinet.receipts[1:]]
    assert found[1].total == cabinet.receipts[2][3] + 100


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        ("401", BlockReason.ACCESS),
        ("403", BlockReason.ACCESS),
        ("429", BlockReason.BUSY),
        ("503", BlockReason.NO_LINK),
        ("html", BlockReason.NO_LINK),
        ("empty", BlockReason.NO_LINK),
    ],
)
async def test_failing_service_is_never_taken_for_an_empty_one(
    cabinet: Cabinet, failure: str, reason: BlockReason
) -> None:
    cabinet.account.conduct.failure = failure

    class Hasty(SystemClock):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(min(seconds, 0.001))

    operator = OfdRu(
        OfdRuConfig(inn="7700000016", token=API_KEY, base_url=cabinet.url), Hasty(), httpx2.AsyncClient()
    )
    with pytest.raises(RegisterBlocked) as caught:
        await anext(operator.documents(cabinet.drive.number, SINCE, UNTIL))
    assert caught.value.reason is reason
    await operator._http.aclose()


async def test_wrong_key_is_refused_and_said_so(cabinet: Cabinet) -> None:
    with pytest.raises(RegisterBlocked) as caught:
        await cabinet.seen(token="wrong")
    assert caught.value.reason is BlockReason.ACCESS


async def test_the_cabinet_tells_how_long_its_contract_runs_and_what_it_has_last(cabinet: Cabinet) -> None:
    operator = OfdRu(
        OfdRuConfig(inn="7700000016", token=API_KEY, base_url=cabinet.url, min_interval=0.0), SystemClock()
    )
    try:
        (seen,) = [one async for one in operator.registers()]
    finally:
        await operator.aclose()
    first = cabinet.drive.document(1)
    last = list(cabinet.drive.documents())[-1]
    assert first is not None
    assert (seen.fn, seen.last_document_at) == (cabinet.drive.number, last.made_at.isoformat())
    assert seen.contract_until == (first.made_at + timedelta(days=365)).isoformat()
    assert seen.last_received_at is not None
    assert datetime.fromisoformat(seen.last_received_at).tzinfo is not None
