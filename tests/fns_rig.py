"""The emulated tax service on a real port, over an operator that has taken a drive's documents."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from chekpoint.core.clock import SystemClock
from chekpoint.core.ports import TaxQuestion
from chekpoint.emulators.fiscal_drive import FiscalDrive
from chekpoint.emulators.fns import Face, FnsService, server
from chekpoint.emulators.fns.service import MASTER_TOKEN
from chekpoint.emulators.ofd import EmulatedOfd
from chekpoint.fiscal.receipt import Kind
from chekpoint.ofd.fns import Fns, FnsConfig
from tests.contract.http_bench import down, listening, up
from tests.emulated_world import NOON, drive_in_shift, item, receipt


class Winding(SystemClock):
    """Real time, in which sleeps are short and counted as if they were long: no test waits for a minute."""

    def __init__(self) -> None:
        self.slept = 0.0

    def now(self) -> Any:
        return super().now() + timedelta(seconds=self.slept)

    def monotonic(self) -> float:
        return super().monotonic() + self.slept

    async def sleep(self, seconds: float) -> None:
        self.slept += seconds
        await super().sleep(0)


class TaxOffice:
    """A drive with a sale and a return, an operator that took them, and the tax service behind it."""

    def __init__(self) -> None:
        self.clock = Winding()
        self.drive: FiscalDrive = drive_in_shift()
        self.ofd = EmulatedOfd(clock=self.clock)
        for kind in (Kind.SALE, Kind.SALE_RETURN):
            self.drive.register_receipt(receipt(item(1_000 * kind.code), kind=kind), NOON)
        while self.drive.unsent().count:
            self.drive.load_ticket(self.ofd.take(self.drive.outgoing()[1]), NOON)
        self.service = FnsService(self.ofd.archive, clock=self.clock, operator=self.ofd.account_conduct)
        self.conduct = self.service.conduct
        self.url = ""

    @property
    def questions(self) -> list[TaxQuestion]:
        return [
            TaxQuestion(
                fn=d.fn, fd_number=d.fd_number, fiscal_sign=d.sign_text, total=d.total, made_at=d.made_at.isoformat(),
                kind=d.kind,
            )
            for d in self.drive.documents()
            if d.code == 3
        ]  # fmt: skip

    def client(self, **config: Any) -> Fns:
        settings = {"inn": "7700000016", "master_token": MASTER_TOKEN, "base_url": self.url, **config}
        return Fns(FnsConfig(**settings), self.clock)

    def close(self) -> None:
        self.ofd.close()
        self.drive.close()


@asynccontextmanager
async def open_office(office: TaxOffice | None = None) -> AsyncIterator[TaxOffice]:
    """The office at work."""
    made = office or TaxOffice()
    listener = listening(0)
    running = server(Face(made.service))
    await up(running, listener)
    made.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        yield made
    finally:
        await down(running, listener)
        made.close()
