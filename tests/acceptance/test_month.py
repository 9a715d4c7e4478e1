"""A month of emulated days: every planted fault is found in its class and on its day, and nothing else is.

Real: two registers' fiscal drives (one is changed in the middle), the operator that takes their documents, its account
over HTTP on a real port, the account client, the journal's units, the comparing worker. Not here: the makers' wires;
what the lanes write down after a document is written by the same units. The clock is wound by hand.
"""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
import uvicorn

from chekpoint.core.lifecycle import Cause, Proof, State
from chekpoint.core.ports import FiscalDocument
from chekpoint.emulators.drive_archive import ArchivedDocument, Registration
from chekpoint.emulators.fiscal_drive import FiscalDrive
from chekpoint.emulators.ofd import EmulatedOfd
from chekpoint.emulators.ofd.account import API_KEY, Account, account_app
from chekpoint.emulators.ofd.conduct import AccountConduct
from chekpoint.fiscal.receipt import Receipt
from chekpoint.hub.due_days import DueDays
from chekpoint.ofd.ofd_ru import OfdRu, OfdRuConfig
from chekpoint.store import outcomes
from chekpoint.store.journal import Tx
from tests.both_sides import BothSides, both_sides
from tests.doubles.hubs import SELLER
from tests.emulated_world import item, receipt

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]
DAYS, SALES, MINUTES = 30, 5, 10
A1, A2, B = "9999078900000001", "9999078900000002", "9999078900000003"
NUMBERS = {A1: "0000000001002292", A2: "0000000001002292", B: "0000000002003393"}
CHANGED_ON = 16  # register A gets a new drive that day
HOUR = 3600
Fault = Callable[["Struck"], Awaitable[None]]


class Month:
    """``wanted``: (class, subject, day) of what must stand open in the end."""

    def __init__(self, sides: BothSides, url: str, ofd: EmulatedOfd) -> None:
        self.sides, self.ofd, self.clock = sides, ofd, sides.clock
        self.drives = {fn: FiscalDrive(fn) for fn in NUMBERS}
        config = OfdRuConfig(inn="7700000016", token=API_KEY, base_url=url, min_interval=0.0)
        self.operator = OfdRu(config, self.clock)
        self.days = DueDays(sides.post, SELLER, "ofd_ru", self.operator)
        self.wanted: set[tuple[str, str, str]] = set()
        self.sold = 0
        self.of_day: dict[tuple[str, str], int] = {}

    @property
    def today(self) -> str:
        return self.local().date().isoformat()

    def local(self) -> datetime:
        """The registers' wall clock: Moscow."""
        return (self.clock.now() + timedelta(hours=3)).replace(tzinfo=None, microsecond=0)

    def shop_drives(self, day: int) -> dict[str, str]:
        """Register -> the drive that is in it."""
        return {"r1": A1 if day < CHANGED_ON else A2, "r2": B}

    # -- one day -----------------------------------------------------------------------------------------------------

    async def day(self, number: int) -> None:
        struck, fault = PLANTS.get(number, ("", None))
        for register, fn in self.shop_drives(number).items():
            drive = self.drives[fn]
            if drive.last_fd == 0:
                entry = Registration(registration_number=NUMBERS[fn])
                await self.known(register, drive.register(entry, self.local()))
            await self.known(register, drive.open_shift(self.local()))
        for turn in range(SALES):
            self.clock.wind(MINUTES * 60)
            for register, fn in self.shop_drives(number).items():
                await self.sell(register, self.drives[fn], fault if fn == struck and turn == 2 else None)
        self.clock.wind(MINUTES * 60)
        for register, fn in self.shop_drives(number).items():
            await self.known(register, self.drives[fn].close_shift(self.local()))
        self.send()
        await self.look(hours=2)
        await self.look(hours=24 - 2 - MINUTES * (SALES + 1) / 60)

    async def look(self, hours: float) -> None:
        self.clock.wind(hours * HOUR)
        await self.days.once()

    async def sell(self, register: str, drive: FiscalDrive, fault: "Fault | None") -> None:
        """One sale of ours."""
        self.sold += 1
        goods = receipt(item(10_000 + self.sold * 111, name=f"Товар {self.sold}"))
        signed = drive.register_receipt(goods, self.local())
        if fault is lost:
            await self.sides.lose("order-lost", goods, drive.last_fd - 1, register=register, fn=drive.number)
        else:
            await self.ours(register, signed, goods)
        if fault is not None:
            await fault(Struck(self, register, drive, signed, goods))

    async def ours(self, register: str, signed: ArchivedDocument, goods: Receipt) -> None:
        """What a lane writes down of its receipt."""
        receipt_id = await self.sides.doubt(f"order-{signed.fn[-1]}-{signed.fd_number}", goods)
        doc = document(signed)

        def unit(tx: Tx) -> None:
            outcomes.fiscalise(
                tx, receipt_id, State.IN_DOUBT, Cause.LOCATED, doc, register=register, evidence="{}",
                key=self.sides.post.keys.new(), check=tx.now,
            )  # fmt: skip

        await self.sides.store.write(unit)
        key = (signed.fn, self.today)
        self.of_day[key] = self.of_day.get(key, 0) + 1

    async def known(self, register: str, signed: ArchivedDocument) -> None:
        """A document that is no receipt of ours, read from the drive by the lane."""
        await self.sides.store.write(lambda tx: outcomes.see(tx, document(signed), register))

    def send(self) -> None:
        """The registers' exchange with the operator: in FD order, the head blocks the rest."""
        for drive in self.drives.values():
            while drive.last_fd and drive.unsent().count:
                self.send_one(drive)

    def send_one(self, drive: FiscalDrive) -> None:
        drive.load_ticket(self.ofd.take(drive.outgoing()[1]), self.local())

    def expect(self, kind: str, fn: str, number: int | None = None) -> None:
        self.wanted.add((kind, fn if number is None else f"{fn}/{number}", self.today))


def document(signed: ArchivedDocument) -> FiscalDocument:
    return FiscalDocument(
        fn=signed.fn, fd_number=signed.fd_number, fiscal_sign=f"{signed.fiscal_sign:010d}", total=signed.total,
        made_at=signed.made_at.isoformat(), kind=signed.kind, document=signed.code, shift_number=signed.shift_number,
        receipt_number=signed.receipt_number,
    )  # fmt: skip


class Struck(NamedTuple):
    """The sale that a fault strikes: just signed, and known to the journal unless its answer is lost."""

    month: Month
    register: str
    drive: FiscalDrive
    signed: ArchivedDocument
    goods: Receipt

    @property
    def key(self) -> tuple[str, int]:
        return self.signed.fn, self.signed.fd_number

    @property
    def conduct(self) -> AccountConduct:
        return self.month.ofd.account_conduct

    def print_as_a_stranger(self, goods: Receipt) -> ArchivedDocument:
        return self.drive.register_receipt(goods, self.month.local())


async def hidden(one: Struck) -> None:
    """The operator never shows it."""
    one.conduct.hidden.add(one.key)
    one.month.expect("missing_there", *one.key)


async def other_sum(one: Struck) -> None:
    one.conduct.sum_delta[one.key] = 100
    one.month.expect("differs_sum", *one.key)


async def other_sign(one: Struck) -> None:
    one.conduct.sign_delta[one.key] = 7
    one.month.expect("differs_sign", *one.key)


async def other_drive(one: Struck) -> None:
    """After the change of drives the operator books a document under the drive that is gone."""
    one.conduct.fn_instead[one.key] = A1
    one.month.expect("wrong_drive", *one.key)


async def twice(one: Struck) -> None:
    """The account shows it twice: the same document is no mismatch."""
    one.conduct.doubled.add(one.key)


async def refused(one: Struck) -> None:
    """Format-logic control says no."""
    while one.drive.unsent().first_fd != one.signed.fd_number:
        one.month.send_one(one.drive)
    one.month.ofd.conduct.answer = 14
    one.month.send_one(one.drive)
    one.month.ofd.conduct.answer = 0
    one.month.expect("quarantined", *one.key)


async def stranger(one: Struck) -> None:
    """Another program prints on the register, and the lane reads its document."""
    foreign = one.print_as_a_stranger(receipt(item(777_777, name="Чужое")))
    await one.month.known(one.register, foreign)
    one.month.expect("foreign", foreign.fn, foreign.fd_number)


async def unseen(one: Struck) -> None:
    """Another program prints, and the journal never learns of it."""
    past = one.print_as_a_stranger(receipt(item(888_888, name="Мимо")))
    one.month.expect("missing_here", past.fn, past.fd_number)


async def again(one: Struck) -> None:
    """Another program repeats our receipt a minute later."""
    one.month.clock.wind(60)
    double = one.print_as_a_stranger(one.goods)
    await one.month.known(one.register, double)
    one.month.expect("duplicate", double.fn, double.fd_number)


async def hole(one: Struck) -> None:
    """A document that neither the journal nor the account knows."""
    gone = one.print_as_a_stranger(receipt(item(999_999, name="Пропажа")))
    one.conduct.hidden.add((gone.fn, gone.fd_number))
    one.month.expect("fd_hole", gone.fn, gone.fd_number)


async def lost(one: Struck) -> None:
    """The answer of the register is lost, and its lane has not looked yet."""
    one.month.expect("lost_answer", *one.key)


PLANTS: dict[int, tuple[str, Fault]] = {
    2: (A1, hidden), 4: (B, other_sum), 6: (A1, stranger), 8: (B, other_sign), 10: (B, unseen), 12: (A1, again),
    14: (B, twice), 17: (A2, hidden), 18: (A2, other_drive), 20: (B, refused), 22: (A2, hole), 24: (B, lost),
    26: (A2, other_sum), 27: (B, stranger),
}  # fmt: skip
SHIFTED, LATE = 15, 21  # days of the operator's own troubles, which pass


@asynccontextmanager
async def served(ofd: EmulatedOfd, clock: object) -> AsyncIterator[str]:
    """The account of the operator on a real port."""
    account = Account(ofd.archive, clock=clock, conduct=ofd.account_conduct)  # type: ignore[arg-type]
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(account_app(account), ws="none", log_level="warning", lifespan="off")
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listener])
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        await server.shutdown(sockets=[listener])


@asynccontextmanager
async def a_month(folder: Path) -> AsyncIterator[Month]:
    async with both_sides(f"sqlite:///{folder / 'month.db'}") as sides:
        ofd = EmulatedOfd(clock=sides.clock)
        async with served(ofd, sides.clock) as url:
            month = Month(sides, url, ofd)
            try:
                yield month
            finally:
                await month.operator.aclose()
                ofd.close()
                for drive in month.drives.values():
                    drive.close()


async def test_a_month_of_days_reconciles_exactly(tmp_path: Path) -> None:
    async with a_month(tmp_path) as month:
        conduct = month.ofd.account_conduct
        for number in range(1, DAYS + 1):
            conduct.zone_hours = -3 if number == SHIFTED else 0
            conduct.delay_seconds = 20 * HOUR if number == LATE else 0.0
            await month.day(number)
        conduct.zone_hours, conduct.delay_seconds = 0, 0.0
        for _ in range(3):
            await month.look(hours=24)

        rows = await month.sides.rows()
        open_ = {(row.kind, row.subject, row.day) for row in rows if row.closed_at is None}
        assert open_ == month.wanted

        passed = {row.kind for row in rows if row.closed_at is not None}
        assert passed == {"wrong_zone", "missing_there"}  # the operator's bad days were told, and ended

        struck = {subject for _, subject, _ in month.wanted}
        proofs = await month.sides.proofs_of_documents()
        assert {key for key, proof in proofs.items() if proof < Proof.MATCHED} == struck & proofs.keys()
        assert len(proofs) == sum(month.of_day.values())
        ours, equal = await month.sides.totals()
        strangers = sum(kind in {"foreign", "duplicate"} for kind, _, _ in month.wanted)
        assert (ours, equal) == (len(proofs) + strangers, len(proofs) - len(struck & proofs.keys()))
