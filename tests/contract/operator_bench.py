"""What the contract suite of operators needs to know of an account client, and the world it is tried in.

The world is a register whose documents have all gone to the emulated operator, with the operator's real HTTP port.
The drive's own archive is the truth; the client never sees it.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import uvicorn

from chekpoint.core.clock import Clock, SystemClock
from chekpoint.core.ports import OfdItem, OfdRecord, OfdRegister, Operator
from chekpoint.emulators.drive_archive import ArchivedDocument
from chekpoint.emulators.faults import FaultPlan
from chekpoint.emulators.fiscal_drive import FiscalDrive, Registration
from chekpoint.emulators.ofd import EmulatedOfd
from chekpoint.emulators.ofd.cabinet import API_KEY
from chekpoint.emulators.stand import ofd_app
from chekpoint.fiscal.money import quantity_text
from chekpoint.fiscal.receipt import Correction, CorrectionBy, Kind, SettlementMethod
from chekpoint.fiscal.tlv import Node
from chekpoint.fiscal.vat import BY_CODE, FLAT_TAG, VatRate
from chekpoint.ofd.account import AccountConfig
from tests.contract.http_bench import down, listening, up
from tests.emulated_world import NOON, drive_in_shift, item, receipt

INN, OTHER_INN = "7700000016", "7707083893"
SINCE, UNTIL = datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 26, tzinfo=UTC)
RECEIPTS = frozenset({3, 31})
SHIFTS = frozenset({2, 5})


class OperatorBench(msgspec.Struct, frozen=True, kw_only=True):
    """One account client, and what its operator shows. ``prefix``: of its dialect on the emulator's port."""

    config: type[AccountConfig]
    client: Any
    prefix: str
    settings: Mapping[str, Any]
    wrong_key: Mapping[str, Any]
    renewed: Mapping[str, Any]  # settings under which the token runs out
    addresses: Mapping[str, str] = msgspec.field(default_factory=dict)  # other settings that are addresses
    codes: frozenset[int] = frozenset({1}) | SHIFTS | RECEIPTS  # of documents that it lists
    shows_tax_service: frozenset[str] = frozenset()  # FLC states that can be told apart
    shows_vat_sums: bool = True
    shows_contract: bool = True
    shows_received: bool = True  # in its list of registers
    shows_taken_at: bool = True  # when the operator took each document
    secrets: tuple[str, ...] = (API_KEY,)


class Hasty(SystemClock):
    """The real clock, but nobody waits long."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(min(seconds, 0.001))


class World:
    """A register, its operator, and the seller's account there over HTTP."""

    def __init__(self, bench: OperatorBench) -> None:
        self.bench = bench
        self.plan = FaultPlan()
        self.ofd = EmulatedOfd(clock=SystemClock(), faults=self.plan)
        self.drive = drive_in_shift()
        self.url = ""
        self._play()

    def _play(self) -> None:
        """A shift with a receipt of each kind, of several rates and methods, and a correction."""
        for number, kind in enumerate(Kind, start=1):
            self.drive.register_receipt(receipt(item(1_000 * number), kind=kind), NOON)
        mixed = receipt(
            item(33_33, "0.125", name="Сыр", vat=VatRate.VAT10),
            item(120_00, "3", name="Доставка", vat=VatRate.NONE, method=SettlementMethod.ADVANCE),
            item(77_70, name="Книга", vat=VatRate.VAT20),
            item(55_50, name="Экспорт", vat=VatRate.VAT0),
            item(44_40, name="Аванс", vat=VatRate.VAT122),
        )
        self.drive.register_receipt(mixed, NOON + timedelta(minutes=1))
        mended = receipt(correction=Correction(by=CorrectionBy.SELF, date="2026-11-01"))
        self.drive.register_receipt(mended, NOON + timedelta(hours=1))
        self.drive.close_shift(NOON + timedelta(hours=2))
        self.send(self.drive)

    def send(self, drive: FiscalDrive) -> None:
        """Everything the drive has goes to the operator."""
        while drive.unsent().count:
            drive.load_ticket(self.ofd.take(drive.outgoing()[1]), NOON)

    def other_seller(self) -> FiscalDrive:
        """Somebody else's register at the same operator."""
        drive = FiscalDrive("9999078900000003")
        drive.register(Registration(seller_inn=OTHER_INN, registration_number="0000000001009999"), NOON)
        drive.open_shift(NOON)
        drive.register_receipt(receipt(), NOON)
        self.send(drive)
        return drive

    @property
    def listed(self) -> list[ArchivedDocument]:
        """What the operator lists, if it is honest."""
        return [d for d in self.drive.documents() if d.code in self.bench.codes]

    @property
    def receipts(self) -> list[ArchivedDocument]:
        """The receipts of the drive."""
        return [d for d in self.drive.documents() if d.code in RECEIPTS]

    def client(self, clock: Clock | None = None, **settings: Any) -> Operator:
        """The client under test."""
        base = self.url + self.bench.prefix
        places = {name: base + path for name, path in self.bench.addresses.items()}
        form = {
            "inn": INN,
            "base_url": base,
            "min_interval": 0.0,
            **places,
            **self.bench.settings,
            **settings,
        }
        made: Operator = self.bench.client(msgspec.convert(form, self.bench.config), clock or Hasty())
        return made

    async def seen(
        self,
        fn: str | None = None,
        since: datetime = SINCE,
        until: datetime = UNTIL,
        clock: Clock | None = None,
        **settings: Any,
    ) -> list[OfdRecord]:
        """Everything the client shows of a drive."""
        operator = self.client(clock, **settings)
        try:
            return [one async for one in operator.documents(fn or self.drive.number, since, until)]
        finally:
            await operator.aclose()

    async def registers(self) -> list[OfdRegister]:
        """Everything the client shows of the seller's registers."""
        operator = self.client()
        try:
            return [one async for one in operator.registers()]
        finally:
            await operator.aclose()


@asynccontextmanager
async def world_of(bench: OperatorBench, **tls: Any) -> AsyncIterator[World]:
    """The world with the operator's account on a port of its own; ``tls``: key and certificate for uvicorn."""
    world, listener = World(bench), listening(0)
    world.url = f"http{'s' if tls else ''}://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(ofd_app(world.ofd), ws="none", log_level="warning", **tls))
    await up(server, listener)
    try:
        yield world
    finally:
        await down(server, listener)
        world.ofd.close()
        world.drive.close()


def plain(found: OfdRecord) -> tuple[Any, ...]:
    """What every operator shows of a document."""
    return (
        found.fn, found.fd_number, found.fiscal_sign, found.total, found.made_at, found.kind, found.document,
        found.shift_number or 0, found.registration_number,
    )  # fmt: skip


def truth(made: ArchivedDocument) -> tuple[Any, ...]:
    """The same of the drive's own document."""
    rnm = (made.node.text(1037) or "").strip()
    return (
        made.fn, made.fd_number, made.sign_text, made.total, made.made_at.isoformat(), made.kind, made.code,
        made.shift_number, rnm,
    )  # fmt: skip


def true_items(made: ArchivedDocument) -> tuple[OfdItem, ...]:
    """Items by the tags of the signed document."""
    return tuple(map(_true_item, made.node.all(1059)))


def _true_item(node: Node) -> OfdItem:
    quantity: Any = node.get(1023)
    return OfdItem(
        name=node.text(1030) or "",
        sum=node.number(1043) or 0,
        price=node.number(1079),
        quantity=quantity_text(quantity),
        vat=BY_CODE[node.number(1199) or 0],
        method=node.number(1214),
    )


def true_vat(made: ArchivedDocument) -> dict[VatRate, int]:
    """Tax sums by the tags of the signed document, without zeros."""
    node = made.node
    flat = {rate: node.number(tag) or 0 for rate, tag in FLAT_TAG.items()}
    later = {
        BY_CODE[entry.number(1199) or 0]: entry.number(1120) or 0
        for group in node.all(1115)
        for entry in group.all(1119)
    }
    return {rate: kopecks for rate, kopecks in (flat | later).items() if kopecks}
