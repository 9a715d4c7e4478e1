"""ATOL by format version, by what the server says of itself, and over a queue that does not move."""

import msgspec
import pytest

from chekpoint.core.errors import BlockReason, RegisterBlocked, Rejected
from chekpoint.core.ports import Absent, Registered
from chekpoint.fiscal.receipt import Correction, CorrectionBy, Kind, SettlementMethod
from chekpoint.registers.atol.errors import Generation
from tests.contract.atol_bench import atol_bench
from tests.contract.register_bench import attempt_of, truth
from tests.emulated_world import item, receipt

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("generation", ["v1", "v2"])]
CORRECTION = Correction(by=CorrectionBy.SELF, date="2026-11-01", number="17")


async def test_generation_is_found_out(generation: str) -> None:
    async with atol_bench(generation) as bench:
        await bench.register.status()
        assert bench.register._session.generation is Generation(generation)


async def test_register_of_ffd_105_takes_receipts_and_short_corrections(generation: str) -> None:
    sale = receipt(item(9_999, "2.474", sum=24_738, unit_name="кг"), item(method=SettlementMethod.ADVANCE))
    async with atol_bench(generation, ffd="1.05") as bench:
        assert (await bench.register.status()).ffd == "1.05"
        await bench.register.submit(attempt_of(bench, sale))
        correction = attempt_of(bench, receipt(item(700), correction=CORRECTION), 2)
        made = await bench.register.submit(correction)
        assert [(d.code, d.total) for d in truth(bench)] == [(3, sale.amount), (31, 700)]
        found = await bench.register.locate(correction)
        assert isinstance(found, Registered)
        assert found.document.fd_number == made.document.fd_number


async def test_lost_correction_without_items_is_found_by_its_mark(generation: str) -> None:
    async with atol_bench(generation, ffd="1.05") as bench:
        lost = attempt_of(bench, receipt(item(700), correction=CORRECTION), 2)
        other = attempt_of(bench, receipt(item(700), correction=CORRECTION), 3)
        made = await bench.register.submit(lost)
        forgotten = msgspec.structs.replace(
            lost, id=f"{lost.id}-purged"
        )  # the server kept 30 days of results
        found = await bench.register.locate(forgotten)
        assert isinstance(found, Registered)
        assert found.document.fd_number == made.document.fd_number
        assert isinstance(await bench.register.locate(other), Absent)


async def test_correction_of_a_return_is_refused_by_ffd_105_before_sending(generation: str) -> None:
    async with atol_bench(generation, ffd="1.05") as bench:
        content = receipt(kind=Kind.SALE_RETURN, correction=CORRECTION)
        with pytest.raises(Rejected):
            await bench.register.submit(attempt_of(bench, content))
        assert truth(bench) == []


async def test_queue_that_does_not_move_gives_the_receipt_back(generation: str) -> None:
    async with atol_bench(generation) as bench:
        await bench.register.status()
        attempt = attempt_of(bench, receipt())
        engine = bench.web.devices.find("1").engine
        engine.hold(on=True)
        with pytest.raises(RegisterBlocked) as caught:
            await bench.register.submit(attempt)
        assert caught.value.reason is BlockReason.BUSY
        engine.hold(on=False)
        assert isinstance(await bench.register.locate(attempt), Absent)
        assert truth(bench) == []


async def test_wrong_password_blocks_the_lane(generation: str) -> None:
    async with atol_bench(generation) as bench:
        bench.register._session.config = type(bench.config)(
            base_url=bench.config.base_url, user="admin", password="wrong"
        )
        with pytest.raises(RegisterBlocked) as caught:
            await bench.register.submit(attempt_of(bench, receipt()))
        assert caught.value.reason is BlockReason.ACCESS
