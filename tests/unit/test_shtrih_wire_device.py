"""The commands of the emulated Shtrih-M device: what a driver may rely on, and what it must survive."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chekpoint.emulators.faults import Fault, FaultKind, Point
from chekpoint.emulators.shtrih_wire.commands import COMMANDS
from chekpoint.emulators.shtrih_wire.conduct import MarkConduct
from chekpoint.fiscal import tlv
from chekpoint.fiscal.receipt import Kind, PaymentForm, SettlementMethod
from chekpoint.fiscal.tags import TAGS
from chekpoint.fiscal.tlv import Node
from chekpoint.fiscal.vat import VatRate
from tests.shtrih_wire_rig import PASSWORD, Host, closing, five, four, host, item, tags

pytestmark = pytest.mark.anyio
NO_PRINT = b"\x11\x01\x00\x07\x02"  # table 17, row 1, field 7 = 2


async def read_back(h: Host, number: int) -> Node:
    """A document by FF3A and FF3B."""
    head = await h.ask("FF3A", four(number))
    code, size = int.from_bytes(head[:2], "little"), int.from_bytes(head[2:4], "little")
    body = b""
    while (answer := await h.raw("FF3B"))[0] == 0:
        body += answer[1:]
    assert answer == b"\x08"
    assert len(body) == size
    return Node(code, tlv.decode_many(body))


async def test_the_mode_follows_shift_and_receipt() -> None:
    async with host() as h:
        assert await h.mode() == (4, 0)
        await h.ask("E0")
        assert await h.mode() == (2, 0)
        for kind in range(4):
            await h.ask("8D", bytes((kind,)))
            assert await h.mode() == (8 | kind << 4, 0)
            await h.ask("88")
        h.clock.wind(24 * 3600 - 61)
        assert (await h.mode())[0] == 2
        h.clock.wind(2)  # a minute before the fiscal drive's own limit
        assert (await h.mode())[0] == 3
        assert await h.code("8D", b"\0") == 0x4E
        await h.ask("41")
        assert (await h.mode())[0] == 4


async def test_a_receipt_is_on_the_drive_with_the_numbers_the_host_was_told() -> None:
    async with host() as h:
        await h.ask("E0")
        before = (await h.ask("FF01"))[-4:]
        answer = await h.sell(paid=closing(cash=15_000))
        assert answer[:5] == five(5000)  # change
        number, sign = (int.from_bytes(answer[at : at + 4], "little") for at in (5, 9))
        assert number == int.from_bytes(before, "little") + 1
        document = h.register.drive.document(number)
        assert (document.fiscal_sign, document.total, document.kind) == (sign, 10_000, 1)
        receipt = document.receipt
        assert receipt is not None
        assert receipt.items[0].name == "Бананы"
        assert receipt.items[0].method is SettlementMethod.FULL_PAYMENT
        assert receipt.paid(PaymentForm.CASH) == 10_000
        assert receipt.internet
        assert h.register.cash == 10_000


async def test_the_document_is_found_by_its_number_and_read_back_tag_by_tag() -> None:
    order = Node(1084, (Node(1085, "order"), Node(1086, "A-17")))
    async with host() as h:
        await h.ask("E0")
        await h.ask("8D", b"\0")
        await h.ask("FF46", item())
        await h.ask("FF4D", tags(Node(1222, 64), Node(1171, "+79990000000"), Node(1226, "7700000016")))
        await h.ask("FF0C", tags(Node(1008, "a@b.ru"), order))
        await h.ask("FF45", closing(electronic=10_000))
        found = await h.ask("FF0A", four(3))
        assert found[:2] == b"\x03\x00"
        assert found[2:7] == bytes((26, 11, 24, 12, 0))
        assert found[7:11] == four(3)
        assert found[15:] == b"\x01" + five(10_000)
        node = await read_back(h, 3)
        assert node.tag == 3
        assert node.path(1084, 1086) == "A-17"
        assert node.text(1008) == "a@b.ru"
        assert node.path(1059, 1222) == 64
        assert node.path(1059, 1224, 1171) == "+79990000000"
        assert (node.octets(1077) or b"")[:2] == b"\x31\x04"
        assert await h.code("FF0A", four(4)) == 0x08
        shift = await h.ask("FF0A", four(2))
        assert (shift[0], shift[15:]) == (2, b"\x01\x00")
        h.clock.wind(31 * 24 * 3600)
        assert await h.code("FF3A", four(3)) == 0x08
        assert await h.code("FF0A", four(3)) == 0x00


@pytest.mark.parametrize(("code_8d", "code_46", "kind"), [
    (0, 1, Kind.SALE), (1, 3, Kind.PURCHASE), (2, 2, Kind.SALE_RETURN), (3, 4, Kind.PURCHASE_RETURN),
])  # fmt: skip
async def test_the_two_numberings_of_kinds_are_not_mixed_up(code_8d: int, code_46: int, kind: Kind) -> None:
    async with host() as h:
        await h.ask("E0")
        for correction in (False, True):
            await h.ask("8D", bytes((code_8d | correction << 7,)))
            assert await h.code("FF46", item(kind=code_46 % 4 + 1)) == 0x5E
            await h.ask("FF46", item(kind=code_46))
            if correction:
                await h.ask("FF0C", tags(Node(1173, 0)) + tags(Node(1178, 1_790_000_000), Node(1179, "5")))
            await h.ask("FF45", closing(electronic=10_000))
            document = h.register.drive.document(h.register.drive.last_fd)
            assert document.receipt is not None
            assert document.receipt.kind is kind
            assert document.code == (31 if correction else 3)


async def test_the_first_operation_opens_a_receipt_and_the_shift_where_it_is_told_to() -> None:
    async with host() as h:
        assert await h.code("FF46", item()) == 0x3D
        await h.ask("1E", b"\x18\x01\x00\x0d\x02")
        await h.ask("FF46", item())
        assert (await h.mode())[0] == 8
        assert h.register.drive.last_fd == 2


@pytest.mark.parametrize(("paid", "error"), [
    (closing(cash=9_999), 0x45), (closing(electronic=10_001), 0x4D), (closing(cash=10_000, taxation=3), 0x33),
    (closing(cash=10_000, rounding=100), 0x33), (closing(cash=10_000)[:-2], 0x33),
])  # fmt: skip
async def test_a_receipt_that_does_not_add_up_is_refused_and_stays_open(paid: bytes, error: int) -> None:
    async with host() as h:
        await h.ask("E0")
        await h.ask("8D", b"\0")
        await h.ask("FF46", item())
        assert await h.code("FF45", paid) == error
        assert (await h.mode())[0] == 8
        assert h.register.drive.last_fd == 2
        await h.ask("88")
        assert await h.code("88") == 0x55
        assert await h.code("FF45", closing(cash=10_000)) == 0x55


async def test_states_are_told_by_the_errors_that_drivers_know() -> None:
    async with host() as h:
        assert await h.code("10", password=four(777)) == 0x4F
        assert await h.code("41", password=four(1)) == 0x4F
        assert await h.code("8D", b"\0") == 0x3D
        assert await h.code("41") == 0x3D
        assert await h.code("FF77") == 0x37
        assert await h.code("FF0A", b"\1") == 0x33
        await h.ask("E0")
        assert await h.code("E0") == 0x3C
        await h.ask("8D", b"\0", password=four(2))
        assert await h.code("8D", b"\0") == 0x4A
        assert await h.code("41") == 0x4A
        assert await h.code("FF45", closing()) == 0x5E
        assert await h.code("88", password=four(3)) == 0x59
        await h.ask("FF08")
        assert await h.code("51", five(1)) == 0x46
        assert (await h.one(b"\x6b\x4e"))[2:].decode("cp1251") == "Смена превысила 24 часа"


async def test_rates_follow_the_setting_that_renames_twenty_percent() -> None:
    async with host() as h:
        await h.ask("E0")
        for setting, rate in ((1, VatRate.VAT22), (2, VatRate.VAT20)):
            await h.ask("1E", b"\x11\x01\x00\x47" + bytes((setting,)))
            await h.sell(item(rate=1), paid=closing(electronic=10_000))
            receipt = h.register.drive.document(h.register.drive.last_fd).receipt
            assert receipt is not None
            assert receipt.items[0].vat is rate
        assert await h.code("FF46", item(rate=3)) == 0x33


async def test_sums_may_differ_by_a_kopeck_and_no_more() -> None:
    async with host() as h:
        await h.ask("E0")
        await h.ask("8D", b"\0")
        octets = item(price=333, quantity=333_333)
        for total, error in ((111, 0), (112, 0), (110, 0), (113, 0x33)):
            assert await h.code("FF46", octets[:12] + five(total) + octets[17:]) == error
        assert (await h.ask("89"))[1:] == five(333)


async def test_without_printing_paper_does_not_matter() -> None:
    async with host() as h:
        await h.ask("E0")
        h.register.paper = False
        assert await h.mode() == (2, 1)
        await h.ask("1E", NO_PRINT)
        await h.sell()
        assert h.register.drive.last_fd == 3
        assert h.register.unprinted is None
        assert await h.code("40") == 0x6B
        h.register.paper = True
        await h.ask("1E", NO_PRINT[:-1] + b"\1")  # the next document only
        await h.sell()
        assert await h.ask("1F", NO_PRINT[:-1]) == b"\0"


@pytest.mark.parametrize("told", [True, False])
async def test_paper_that_ends_does_not_undo_a_receipt(told: bool) -> None:
    """Told at once, or told that it failed: the document is in the drive, and B0h only prints it."""
    async with host(seconds_per_receipt=0.0) as h:
        h.device.conduct.answers_after_print = not told
        await h.ask("E0")
        await h.ask("8D", b"\0")
        await h.ask("FF46", item())
        h.register.on_signed = None
        h.plan.order(Point.PRINTING, Fault(kind=FaultKind.DELAY, seconds=1))
        original = h.clock.sleep

        async def paper_ends(seconds: float) -> None:
            h.register.paper = False
            await original(seconds)

        h.clock.sleep = paper_ends  # type: ignore[method-assign]
        assert await h.code("FF45", closing(cash=10_000)) == (0 if told else 0x6B)
        h.clock.sleep = original  # type: ignore[method-assign]
        assert h.register.drive.last_fd == 3
        assert await h.mode() == (2, 2)
        assert await h.code("8D", b"\0") == 0x6B
        assert await h.code("FF0A", four(3)) == 0
        h.register.paper = True
        assert await h.mode() == (2, 3)
        assert await h.code("8D", b"\0") == 0x58
        await h.ask("B0")
        assert await h.mode() == (2, 0)
        assert h.register.printed[-1] == 3
        assert h.register.drive.last_fd == 3


async def test_what_is_printing_makes_the_next_command_wait() -> None:
    async with host(tcp=False) as h:
        await h.ask("E0")
        await h.ask("8D", b"\0")
        await h.ask("FF46", item())
        h.register.seconds_per_receipt = 2
        original, waiting = h.clock.sleep, asyncio.Event()

        async def slow(seconds: float) -> None:
            await waiting.wait()

        h.clock.sleep = slow  # type: ignore[method-assign]
        await h.ask("FF45", closing(cash=10_000))
        assert await h.mode() == (2, 5)
        assert await h.code("25", b"\0") == 0x50  # as on record: a cut while the receipt comes out
        assert await h.code("FF01") == 0
        waiting.set()
        h.clock.sleep = original  # type: ignore[method-assign]
        await h.settle()
        assert await h.mode() == (2, 0)
        await h.ask("25", b"\0")


async def test_a_marked_item_needs_its_check_before_it_is_bound() -> None:
    mark = b"0104603620113348\x1d21=3EfODAB=U\x1d93GbLu"
    check = b"\x01\x00" + bytes((len(mark), 0)) + mark
    bind = bytes((len(mark),)) + mark
    async with host() as h:
        await h.ask("E0")
        await h.ask("8D", b"\0")
        await h.ask("FF46", item())
        assert await h.code("FF67", bind) == 0xA5
        assert await h.code("FF69", b"\1") == 0xA1
        answer = await h.ask("FF61", check)
        assert answer[:2] == b"\x01\x00"
        assert answer[3] == len(answer) - 4 == 0x14  # as on record
        assert await h.code("FF61", check) == 0xA1
        assert await h.ask("FF69", b"\1") == b"\x0f"
        await h.ask("FF67", bind)
        await h.ask("FF45", closing(electronic=10_000))
        receipt = h.register.drive.document(3).receipt
        assert receipt is not None
        assert receipt.items[0].mark_check == 15
        assert receipt.items[0].mark_code == mark.decode()
        assert await h.code("FF67", bind) == 0x55


@pytest.mark.parametrize(("conduct", "extra"), [
    (MarkConduct.OFFLINE, b""), (MarkConduct.TIMEOUT, b"\xff\x13"), (MarkConduct.FORGED, None),
])  # fmt: skip
async def test_the_marking_server_may_be_away(conduct: MarkConduct, extra: bytes | None) -> None:
    async with host() as h:
        h.device.conduct.marking = conduct
        answer = await h.ask("FF61", b"\x01\x00\x01\x00x")
        assert answer[0] == (conduct is not MarkConduct.FORGED)
        if extra is not None:
            assert answer[4:] == extra
        h.device.conduct.marking = MarkConduct.TABLE_FULL
        await h.ask("FF69", b"\2")
        assert await h.code("FF61", b"\x01\x00\x01\x00x") == 0xA3
    async with host(ffd="1.05") as old:
        assert await old.code("FF61", b"\x01\x00\x01\x00x") == 0xA0


async def test_a_correction_of_ffd_1_05_has_no_items() -> None:
    zeros = bytes(30)
    async with host(ffd="1.05") as h:
        body = b"\0\1" + five(5000) + five(0) + five(5000) + bytes(15) + zeros + b"\1"
        assert await h.code("FF35") == 0x3D
        await h.ask("E0")
        assert await h.code("FF4A", body) == 0x02
        await h.ask("FF35")
        assert (await h.ask("FF01"))[1] == 0x14
        await h.ask("FF0C", tags(Node(1178, 1_790_000_000), Node(1179, "7"), Node(1177, "акт")))
        assert await h.code("FF4A", b"\0\2" + body[2:]) == 0x5E
        answer = await h.ask("FF4A", body)
        document = h.register.drive.document(int.from_bytes(answer[2:6], "little"))
        assert (document.code, document.kind, document.total) == (31, 1, 5000)
        assert document.receipt is not None
        assert document.receipt.correction is not None
        assert document.receipt.correction.name == "акт"
        assert await h.code("8D", b"\x80") == 0x33
    async with host() as new:
        await new.ask("E0")
        assert await new.code("FF35") == 0x37


async def test_a_correction_that_names_no_day_is_refused() -> None:
    async with host() as h:
        await h.ask("E0")
        await h.ask("8D", b"\x80")
        await h.ask("FF46", item())
        assert await h.code("FF45", closing(electronic=10_000)) == 0x09


async def test_the_shift_in_two_steps_tells_the_documents_and_names_the_cashier() -> None:
    async with host() as h:
        assert await h.code("FF0C", tags(Node(1021, "Иванов"))) == 0x02
        await h.ask("FF41")
        assert (await h.ask("FF01"))[1] == 0x02
        await h.ask("FF0C", tags(Node(1021, "Иванов")))
        answer = await h.ask("FF0B")
        assert answer[:6] == b"\x01\x00" + four(2)
        assert h.register.drive.document(2).node.text(1021) == "Иванов"
        assert (await h.ask("FF40")) == b"\x01\x01\x00\x00\x00"
        await h.ask("1E", b"\x11\x01\x00\x24\x01")
        await h.ask("FF42")
        assert len(await h.ask("FF43")) == 15  # with the moment: T17F36 = 1
        await h.ask("FF37")
        answer = await h.ask("FF38")
        assert answer[:4] == four(4)
        assert h.register.drive.document(4).code == 21


async def test_the_queue_to_the_operator_is_told_as_it_is() -> None:
    async with host() as h:
        answer = await h.ask("FF39")
        assert (answer[2:4], answer[4:8]) == (b"\x01\x00", four(1))
        assert await h.ask("FF3F") == b"\x01\x00"
        assert await h.code("FF3C", four(1)) == 0x08
        await h.ask("1E", b"\x15\x01\x00\x02\x00")
        assert not h.register.exchange.enabled


async def test_settings_are_checked_and_described() -> None:
    async with host() as h:
        name = (await h.ask("2D", b"\x11"))[:40].rstrip(b"\0").decode("cp1251")
        assert name == "РЕГИОНАЛЬНЫЕ НАСТРОЙКИ"
        assert (await h.ask("2E", b"\x11\x07"))[40:] == bytes((0, 1, 0, 3))
        assert await h.code("1E", NO_PRINT[:-1] + b"\x04") == 0x33
        assert await h.code("1F", b"\x63\x01\x00\x01") == 0x5D
        assert await h.code("1F", b"\x11\x02\x00\x01") == 0x33
        assert await h.code("1E", b"\x12\x01\x00\x02x") == 0x73
        assert (await h.ask("1F", b"\x12\x01\x00\x02")).rstrip(b"\0") == b"7700000016"
        await h.ask("1E", b"\x02\x1e\x00\x02" + "Петрова".encode("cp1251"))
        await h.ask("E0")
        await h.sell()
        receipt = h.register.drive.document(3).receipt
        assert receipt is not None
        assert receipt.cashier is not None
        assert receipt.cashier.name == "Петрова"


async def test_the_clock_is_set_only_while_nothing_is_open_and_never_back() -> None:
    async with host() as h:
        later = h.register.local_now() + timedelta(hours=1)
        await h.ask("21", bytes((later.hour, later.minute, later.second)))
        assert h.register.local_now() == later
        assert await h.code("21", bytes((1, 0, 0))) == 0x07
        assert await h.code("21", bytes((25, 0, 0))) == 0x33
        await h.ask("22", bytes((25, 11, 26)))
        assert await h.code("23", bytes((26, 11, 26))) == 0xC0
        await h.ask("23", bytes((25, 11, 26)))
        assert h.register.local_now().day == 25
        await h.ask("E0")
        assert await h.code("22", bytes((26, 11, 26))) == 0x3C


async def test_the_drives_refusals_have_their_codes() -> None:
    async with host() as h:
        await h.ask("E0")
        for detail, code in (
            ("archive_full", 6), ("keys_expired", 5), ("ofd_overdue", 0x15), ("clock_went_back", 7), ("2F", 0x2F),
            ("fault", 3), ("paper_out", 0x6B),
        ):  # fmt: skip
            await h.ask("8D", b"\0")
            await h.ask("FF46", item())
            h.plan.order(Point.BEFORE_SIGN, Fault(kind=FaultKind.REFUSE, detail=detail))
            assert await h.code("FF45", closing(electronic=10_000)) == code
            await h.ask("88")
        h.plan.order(Point.REQUEST, Fault(kind=FaultKind.REFUSE, detail="14"))
        assert await h.code("FF01") == 0x14
        assert h.register.drive.last_fd == 2


async def test_tags_of_the_cash_core_come_before_their_operation() -> None:
    async with host() as h:
        h.device.conduct.tags_first = True
        h.device.conduct.rejected_tags = (1192,)
        await h.ask("E0")
        await h.ask("8D", b"\0")
        await h.ask("FF4D", tags(Node(2108, 11)))
        await h.ask("FF46", item())
        assert await h.code("FF0C", tags(Node(1192, "X"))) == 0x33
        assert await h.code("FF0C", b"\1\2\3") == 0x09
        assert await h.code("FF0C", tags(Node(1020, 5))) == 0x33
        await h.ask("FF45", closing(electronic=10_000))
        receipt = h.register.drive.document(3).receipt
        assert receipt is not None
        assert receipt.items[0].unit == 11


@given(
    st.sampled_from(sorted(COMMANDS)),
    st.binary(max_size=90),
    st.sampled_from(["closed", "open", "receipt", "correction"]),
    st.sampled_from(["1.05", "1.2"]),
)
async def test_no_command_breaks_the_device_whatever_its_parameters(
    code: int, parameters: bytes, state: str, ffd: str
) -> None:
    octets = code.to_bytes(2 if code > 0xFF else 1, "big")
    async with host(ffd=ffd, tcp=False) as h:
        if state != "closed":
            await h.ask("E0")
        if state == "receipt":
            await h.ask("FF46", item())
        if state == "correction":
            await h.raw("FF35")
        if code != 0xFE:
            answer = await h.one(octets + (PASSWORD if COMMANDS[code].password else b"") + parameters)
            assert answer[: len(octets)] == octets
            assert answer[len(octets)] == 0 or len(answer) == len(octets) + 1
        assert (await h.mode())[0] & 0xF in {2, 3, 4, 8}


KNOWN_TAGS = st.sampled_from(sorted(number for number in TAGS if number < 0xFFFF))


@given(st.lists(st.tuples(KNOWN_TAGS, st.binary(max_size=20)), min_size=1, max_size=4), st.booleans())
async def test_no_tag_of_a_host_breaks_the_device(given_tags: list[tuple[int, bytes]], of_item: bool) -> None:
    async with host() as h:
        await h.ask("E0")
        await h.ask("FF46", item())
        for number, value in given_tags:
            octets = number.to_bytes(2, "little") + len(value).to_bytes(2, "little") + value
            await h.raw("FF4D" if of_item else "FF0C", octets)
        error = await h.code("FF45", closing(electronic=10_000))
        assert h.register.drive.last_fd == (3 if error == 0 else 2)


async def test_a_shift_that_ends_over_an_open_receipt_is_the_drives_refusal() -> None:
    async with host() as h:
        await h.ask("E0")
        await h.ask("FF46", item())
        h.clock.wind(24 * 3600 + 1)
        assert await h.code("FF46", item()) == 0x4E
        assert await h.code("FF45", closing(electronic=10_000)) == 0x16
        await h.ask("88")
        await h.ask("41")
