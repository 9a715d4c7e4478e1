"""What the contract suite of registers needs to know of a driver's test bench.

A bench is one driver on its real protocol against its emulated register. The emulated drive's own archive is
the truth; the driver never sees it.
"""

from collections.abc import Callable
from typing import Protocol

from chekpoint.core.ports import Attempt, Register
from chekpoint.emulators.drive_archive import ArchivedDocument
from chekpoint.emulators.register import EmulatedRegister
from chekpoint.fiscal.receipt import Receipt

RECEIPTS = frozenset({3, 31})


class RegisterBench(Protocol):
    """One driver and its emulated register, with the means to come between them."""

    @property
    def register(self) -> Register:
        """The driver under test."""
        ...

    @property
    def emulated(self) -> EmulatedRegister:
        """The register behind the protocol."""
        ...

    def lose_answer(self) -> None:
        """The answer to the next receipt is lost; the register does its work."""
        ...

    def lose_command(self) -> None:
        """The next receipt hangs on its way."""
        ...

    async def deliver_late(self) -> None:
        """What hung arrives now."""
        ...

    async def break_link(self) -> None:
        """Nothing listens at the register's address."""
        ...

    async def mend_link(self) -> None:
        """It does again."""
        ...


def truth(bench: RegisterBench) -> list[ArchivedDocument]:
    """The receipts that were really signed, in FD order."""
    return [document for document in bench.emulated.drive.documents() if document.code in RECEIPTS]


def carried(bench: RegisterBench, receipt: Receipt) -> Receipt:
    """The content as the bench's protocol can carry it: an old format has no place for some of it."""
    narrow: Callable[[Receipt], Receipt] | None = getattr(bench, "carried", None)
    return narrow(receipt) if narrow is not None else receipt


def cannot(bench: RegisterBench) -> frozenset[str]:
    """Names of contents that the bench's protocol has no words for, and its driver refuses by itself."""
    said: frozenset[str] = getattr(bench, "cannot", frozenset())
    return said


def attempt_of(bench: RegisterBench, receipt: Receipt, number: int = 1) -> Attempt:
    """An attempt as a lane makes it: the drive and its last document are remembered before the first byte.

    A cloud's lane knows neither.
    """
    drive = bench.emulated.drive
    known = bench.register.keeps_archive
    return Attempt(
        id=f"01932d9b-0000-7000-8000-{number:012d}",
        receipt_id=f"receipt-{number}",
        receipt=receipt,
        mark=f"{number:016x}",
        digest=f"digest-{number}",
        fn=drive.number if known else "",
        last_fd=drive.last_fd if known else 0,
        fence=1,
    )
