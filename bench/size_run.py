"""The process whose memory is measured: 100,000 receipts wait while 100 registers work. Prints JSON."""

import asyncio
import tempfile

import msgspec

from bench.lifecycle_run import offer
from bench.memory import peak_mib, resident_mib
from chekpoint.core.errors import BlockReason
from chekpoint.hub.limits import Limits
from tests.doubles.bare_register import BareRegister
from tests.doubles.hubs import running, sale

QUEUED, REGISTERS = 100_000, 100


async def measure(folder: str) -> dict[str, float]:
    """Fill the queue while every register has no paper, then let them work for a while."""
    registers = {f"{n:032x}": BareRegister(f"99990788{n:08}") for n in range(1, REGISTERS + 1)}
    for register in registers.values():
        register.blocked = BlockReason.PAPER_OUT
    async with running(f"sqlite:///{folder}/a.db", registers, limits=Limits(backoff_most=2.0)) as hub:
        orders = (sale(number) for number in range(QUEUED))
        await offer(hub, orders)
        queued = resident_mib()
        for register in registers.values():
            register.blocked = None
        while sum(len(register.archive) for register in registers.values()) < QUEUED // 20:  # noqa: ASYNC110 - the drives tell nobody
            await asyncio.sleep(0.05)
        return {"resident_queued_mib": queued, "resident_mib": peak_mib()}


def main() -> None:
    """Measure."""
    with tempfile.TemporaryDirectory(prefix="chekpoint-size-") as folder:
        print(msgspec.json.encode(asyncio.run(measure(folder))).decode())


if __name__ == "__main__":
    main()
