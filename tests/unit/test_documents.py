from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chekpoint.fiscal import container, documents, qr, tlv
from chekpoint.fiscal.counters import DRIVE, SHIFT, Counters
from chekpoint.fiscal.documents import (
    DriveWarnings,
    Registration,
    Stamp,
    Unsent,
    VatSumming,
    read_receipt,
    receipt_document,
)
from chekpoint.fiscal.ffd import Ffd
from chekpoint.fiscal.marks import product_code_of
from chekpoint.fiscal.receipt import (
    Agent,
    AgentSign,
    Buyer,
    Cashier,
    Correction,
    CorrectionBy,
    Item,
    Kind,
    Payment,
    PaymentForm,
    ProductCode,
    ProductCodeKind,
    Receipt,
    Taxation,
)
from chekpoint.fiscal.tlv import Node, TlvError
from chekpoint.fiscal.vat import VatRate
from chekpoint.fiscal.vat_totals import vat_totals
from tests.unit.fiscal_strategies import receipts, stamps
from tests.unit.vectors import RECEIPTS_2020, document_octets

VERSIONS = [Ffd.V1_05, Ffd.V1_1, Ffd.V1_2]
STAMP = Stamp(
    fn="9999078900005488",
    fd_number=17,
    fiscal_sign=2_853_205_313,
    made_at=datetime(2026, 8, 17, 15, 28),  # noqa: DTZ001  documents keep local time
    registration_number="0000000005008570",
    seller_inn="7702203276",
    shift_number=3,
    receipt_number=9,
)
ITEM = Item(name="Чай", price=10_000, quantity=Decimal(2), sum=20_000, vat=VatRate.VAT22)


def made(*items: Item, **changes: Any) -> Receipt:
    """A sale of the items, paid by card."""
    usual: dict[str, Any] = {
        "kind": Kind.SALE,
        "taxation": Taxation.OSN,
        "items": items or (ITEM,),
        "payments": (Payment(form=PaymentForm.ELECTRONIC, sum=sum(i.sum for i in items or (ITEM,))),),
    }
    return Receipt(**{**usual, **changes})


def tags(node: Node | None) -> list[int]:
    """The numbers of the tags inside, in order."""
    assert node is not None
    return [member.tag for member in node]


def _round_trip(receipt: Receipt, stamp: Stamp, ffd: Ffd) -> tuple[Receipt, Stamp]:
    return read_receipt(tlv.decode(tlv.encode(receipt_document(receipt, stamp, ffd))))


def _check(receipt: Receipt, stamp: Stamp, ffd: Ffd) -> None:
    found, found_stamp = _round_trip(receipt, stamp, ffd)
    assert found == receipt
    shown = [
        *("fn", "fd_number", "fiscal_sign", "made_at", "registration_number", "seller_inn", "seller_name"),
        *("shift_number", "receipt_number", "internet_register", "mark_result"),
    ]
    assert [getattr(found_stamp, name) for name in shown] == [getattr(stamp, name) for name in shown]


@settings(deadline=None)
@given(receipts(Ffd.V1_05), stamps)
def test_nothing_of_a_receipt_is_lost_in_ffd_1_05(receipt: Receipt, stamp: Stamp) -> None:
    _check(receipt, stamp, Ffd.V1_05)


@settings(deadline=None)
@given(receipts(Ffd.V1_1), stamps)
def test_nothing_of_a_receipt_is_lost_in_ffd_1_1(receipt: Receipt, stamp: Stamp) -> None:
    _check(receipt, stamp, Ffd.V1_1)


@settings(deadline=None)
@given(receipts(Ffd.V1_2), stamps)
def test_nothing_of_a_receipt_is_lost_in_ffd_1_2(receipt: Receipt, stamp: Stamp) -> None:
    _check(receipt, stamp, Ffd.V1_2)


@pytest.mark.parametrize("row", range(len(RECEIPTS_2020)))
def test_a_real_receipt_says_what_the_tax_service_shows(row: int) -> None:
    given_row = RECEIPTS_2020[row]
    shown = given_row["receipt"]
    receipt, stamp = read_receipt(tlv.decode(_plain(row)))
    assert (stamp.fn, stamp.fd_number, stamp.fiscal_sign) == tuple(
        given_row[k] for k in ("fn", "fd", "fiscal_sign")
    )
    # kktRegId is not compared: JSON and bytes were given different synthetic numbers
    assert (stamp.shift_number, stamp.receipt_number) == (shown["shiftNumber"], shown["requestNumber"])
    assert stamp.made_at.date().isoformat() == shown["dateTime"]
    assert (receipt.kind.code, receipt.taxation.bit) == (shown["operationType"], shown["taxationType"])
    assert receipt.amount == given_row["total"] == shown["totalSum"]
    sums = ("cashTotalSum", "ecashTotalSum", "prepaidSum", "creditSum", "provisionSum")
    assert [receipt.paid(form) for form in PaymentForm] == [shown[name] for name in sums]
    assert [_as_shown(item) for item in receipt.items] == [_without_null(item) for item in shown["items"]]
    live = tlv.decode(_plain(row))
    assert (live.get(1102), live.get(1105)) == (shown.get("nds18"), shown.get("ndsNo"))


@pytest.mark.parametrize("row", range(len(RECEIPTS_2020)))
def test_the_qr_of_a_real_receipt_leads_back_to_it(row: int) -> None:
    receipt, stamp = read_receipt(tlv.decode(_plain(row)))
    numbers = (stamp.fn, stamp.fd_number, stamp.fiscal_sign)
    found = qr.read(qr.write(stamp.made_at, receipt.amount, *numbers, receipt.kind))
    assert (found.total, found.fn, found.fd_number) == (receipt.amount, stamp.fn, stamp.fd_number)


def _plain(row: int) -> bytes:
    return container.decode(bytes.fromhex(RECEIPTS_2020[row]["container_hex"]), strict=False).document


def _as_shown(item: Item) -> dict[str, Any]:
    return {
        "name": item.name,
        "price": item.price,
        "quantity": item.quantity,
        "sum": item.sum,
        "nds": item.vat.code,
        "paymentType": item.method.code,
        "productType": item.object.code,
    }


def _without_null(shown: dict[str, Any]) -> dict[str, Any]:
    names = ("name", "price", "quantity", "sum", "nds", "paymentType", "productType")
    return {name: shown[name] for name in names}


@pytest.mark.parametrize("row", range(len(RECEIPTS_2020)))
def test_a_real_receipt_made_anew_has_the_same_vat_totals(row: int) -> None:
    live = tlv.decode(_plain(row))
    receipt, stamp = read_receipt(live)
    again = receipt_document(receipt, stamp, Ffd.V1_05)
    totals = range(1102, 1108)
    assert {t: live.get(t) for t in totals} == {t: again.get(t) for t in totals}


def test_an_internet_receipt_names_site_buyer_and_itself() -> None:
    receipt = made(
        place="shop.example.com", buyer=Buyer(contact="a@example.com", name="Иванов", inn="500100732259")
    )
    document = receipt_document(receipt, STAMP, Ffd.V1_2)
    assert document.get(1125) == 1
    assert document.get(1187) == "shop.example.com"
    assert document.get(1008) == "a@example.com"
    assert document.path(1256, 1227) == "Иванов"
    assert document.get(1227) is None
    older = receipt_document(receipt, STAMP, Ffd.V1_05)
    assert (older.get(1227), older.get(1228), older.get(1256)) == ("Иванов", "500100732259", None)
    assert receipt_document(made(internet=False), STAMP, Ffd.V1_2).get(1125) is None


def test_a_new_rate_alone_goes_to_the_group_with_a_zero_beside_it() -> None:
    document = receipt_document(made(), STAMP, Ffd.V1_2)
    assert document.child(1115) == Node(1115, (Node(1119, (Node(1199, 11), Node(1120, 3607))),))
    assert document.get(1104) == 0


def test_old_and_new_rates_go_to_their_own_places() -> None:
    old = Item(name="Книга", price=5000, quantity=Decimal(1), sum=5000, vat=VatRate.VAT10)
    free = Item(name="Открытка", price=700, quantity=Decimal(1), sum=700, vat=VatRate.NONE)
    document = receipt_document(made(ITEM, old, free), STAMP, Ffd.V1_05)
    assert (document.get(1103), document.get(1105), document.get(1104)) == (455, 700, None)
    assert document.path(1115, 1119, 1120) == 3607


def test_both_ways_of_summing_vat_exist_and_differ() -> None:
    three = [Item(name="a", price=10, quantity=Decimal(1), sum=10, vat=VatRate.VAT20)] * 3
    assert vat_totals(three, VatSumming.ITEMS)[VatRate.VAT20] == 6
    assert vat_totals(three, VatSumming.TOTAL)[VatRate.VAT20] == 5
    document = receipt_document(made(*three), STAMP, Ffd.V1_2, vat_summing=VatSumming.TOTAL)
    assert document.get(1102) == 5


def test_several_payments_of_one_form_add_up() -> None:
    cards = (Payment(form=PaymentForm.ELECTRONIC, sum=5000), Payment(form=PaymentForm.ELECTRONIC, sum=15_000))
    document = receipt_document(made(payments=cards), STAMP, Ffd.V1_2)
    assert [document.get(tag) for tag in (1031, 1081, 1215, 1216, 1217)] == [0, 20_000, 0, 0, 0]


def test_a_correction_is_short_in_1_05_and_full_later() -> None:
    ground = Correction(by=CorrectionBy.INSTRUCTION, date="2026-08-01", number="12-34", name="Акт")
    short = receipt_document(made(correction=ground), STAMP, Ffd.V1_05)
    full = receipt_document(made(correction=ground), STAMP, Ffd.V1_2)
    assert (short.tag, full.tag) == (31, 31)
    assert (short.all(1059), len(full.all(1059))) == ((), 1)
    assert short.path(1115, 1119, 1120) == 3607
    assert tags(short.child(1174)) == [1177, 1178, 1179]
    assert tags(full.child(1174)) == [1178, 1179]
    assert (short.get(1173), full.path(1174, 1178)) == (1, 1_785_542_400)


def test_a_date_that_is_none_is_refused() -> None:
    with pytest.raises(TlvError) as caught:
        receipt_document(
            made(correction=Correction(by=CorrectionBy.SELF, date="01.08.2026")), STAMP, Ffd.V1_2
        )
    assert caught.value.tag == 1178


SCANNED = "0104605035006964215OoyE8qxeIOn>\x1d91EE06\x1d92abcdef"


def test_a_scanned_mark_never_goes_into_a_receipt_with_its_crypto_tail() -> None:
    marked = Item(
        name="Духи",
        price=100,
        quantity=Decimal(1),
        sum=100,
        vat=VatRate.VAT22,
        mark_code=SCANNED,
        mark_check=15,
    )
    item = receipt_document(made(marked), STAMP, Ffd.V1_2).child(1059)
    assert item is not None
    assert item.path(1163, 1305) == "010460503500696421" + "5OoyE8qxeIOn>"
    assert (item.get(2106), item.get(2102), item.get(2000), item.get(1162)) == (15, 0, None, None)
    older = receipt_document(made(marked), STAMP, Ffd.V1_05).child(1059)
    assert older is not None
    assert older.get(1162) == bytes.fromhex("444d") + (4605035006964).to_bytes(6, "big") + b"5OoyE8qxeIOn>"
    assert (older.get(1163), older.get(2106)) == (None, None)


@pytest.mark.parametrize("prefix", ["", "]d2", "\x1d"])
def test_a_scanner_that_drops_separators_does_not_spoil_the_code(prefix: str) -> None:
    scanned = prefix + SCANNED.replace("\x1d", "")
    assert product_code_of(scanned).value == "0104605035006964215OoyE8qxeIOn>"


def test_an_unknown_mark_is_kept_as_not_recognised() -> None:
    marked = Item(name="x", price=1, quantity=Decimal(1), sum=1, vat=VatRate.NONE, mark_code="A" * 60)
    assert receipt_document(made(marked), STAMP, Ffd.V1_2).path(1059, 1163, 1300) == "A" * 32


def test_a_given_product_code_wins_over_the_scanned_one() -> None:
    code = ProductCode(kind=ProductCodeKind.EAN13, value="4605035006964")
    marked = Item(
        name="x",
        price=1,
        quantity=Decimal(1),
        sum=1,
        vat=VatRate.NONE,
        mark_code=SCANNED,
        product_codes=(code,),
    )
    assert tags(receipt_document(made(marked), STAMP, Ffd.V1_2).child(1059)).count(1163) == 1
    assert receipt_document(made(marked), STAMP, Ffd.V1_2).path(1059, 1163, 1302) == "4605035006964"


def test_a_receipts_agent_moves_to_the_items_in_1_2() -> None:
    agent = Agent(sign=AgentSign.ANOTHER, agent_phones=("+79990001122",))
    modern = receipt_document(made(agent=agent), STAMP, Ffd.V1_2)
    older = receipt_document(made(agent=agent), STAMP, Ffd.V1_05)
    assert (modern.get(1057), modern.path(1059, 1222), modern.path(1059, 1223, 1073)) == (
        None,
        64,
        "+79990001122",
    )
    assert (older.get(1057), older.get(1073), older.path(1059, 1222)) == (64, "+79990001122", None)


def test_signs_that_cp866_lacks_do_not_stop_a_receipt() -> None:
    fancy = Item(name="Чай «Зелёный» — 100 ₽", price=1, quantity=Decimal(1), sum=1, vat=VatRate.NONE)
    receipt, _ = _round_trip(made(fancy, place="«сайт»"), STAMP, Ffd.V1_2)
    assert receipt.items[0].name.startswith('Чай "Зелёный" - 100 ')
    assert receipt.place == '"сайт"'


def test_a_document_is_signed_after_it_was_made() -> None:
    unsigned = receipt_document(made(), STAMP, Ffd.V1_2)
    document = documents.signed(unsigned, 1)
    assert document.get(1077) == bytes.fromhex("210400000001")
    assert documents.signed(document, STAMP.fiscal_sign) == unsigned
    with pytest.raises(TlvError):
        documents.signed(unsigned, 1 << 32)


@pytest.mark.parametrize("ffd", VERSIONS)
def test_the_format_version_is_read_back(ffd: Ffd) -> None:
    assert documents.ffd_of(receipt_document(made(), STAMP, ffd)) is ffd


def test_a_live_registration_gives_its_stamp() -> None:
    stamp = documents.read_stamp(tlv.decode(document_octets("V1")))
    assert (stamp.fn, stamp.fd_number, stamp.fiscal_sign) == ("9999078900005488", 1, 2_853_205_313)
    assert stamp.seller_inn == "7702203276"
    assert stamp.made_at == datetime(2017, 3, 3, 11, 38)  # noqa: DTZ001  documents keep local time


def _without(document: Node, tag: int) -> Node:
    return Node(document.tag, tuple(node for node in document if node.tag != tag))


def _with(document: Node, node: Node) -> Node:
    return Node(document.tag, (node, *_without(document, node.tag)))


@pytest.mark.parametrize("tag", [1054, 1055, 1020, 1041, 1040, 1012, 1077, 1037, 1018])
def test_a_missing_tag_is_named(tag: int) -> None:
    with pytest.raises(TlvError) as caught:
        read_receipt(_without(receipt_document(made(), STAMP, Ffd.V1_2), tag))
    assert caught.value.tag == tag
    assert caught.value.ru


@pytest.mark.parametrize(
    "node",
    [Node(1054, 5), Node(1055, 0), Node(1020, "x"), Node(1041, 5), Node(1077, b"x"), Node(1059, ())],
)
def test_a_value_that_the_law_does_not_know_is_named(node: Node) -> None:
    with pytest.raises(TlvError):
        read_receipt(_with(receipt_document(made(), STAMP, Ffd.V1_2), node))


def test_a_taxation_left_out_is_the_registrations() -> None:
    bare = _without(receipt_document(made(), STAMP, Ffd.V1_2), 1055)
    receipt, _ = read_receipt(bare, taxation=Taxation.PATENT)
    assert receipt.taxation is Taxation.PATENT


def test_an_item_with_the_least_that_the_law_allows_is_read() -> None:
    item = documents.read_receipt(
        _with(receipt_document(made(), STAMP, Ffd.V1_05), Node(1059, (Node(1043, 500),)))
    )[0].items[0]
    assert (item.name, item.price, item.quantity, item.vat) == ("", 500, Decimal(1), VatRate.NONE)


def test_reports_are_no_receipts() -> None:
    with pytest.raises(TlvError):
        read_receipt(documents.shift_open_document(STAMP, Ffd.V1_2))


@settings(deadline=None)
@given(
    st.integers(0, 26), st.lists(st.tuples(st.integers(0, 500), st.integers(0, 255)), min_size=1, max_size=5)
)
def test_a_damaged_receipt_raises_nothing_but_tlv_errors(row: int, damage: list[tuple[int, int]]) -> None:
    data = bytearray(_plain(row))
    for place, value in damage:
        data[place % len(data)] = value
    try:
        receipt, _ = read_receipt(tlv.decode(bytes(data), strict=False))
    except TlvError as error:
        assert error.ru  # noqa: PT017  many damages end here
    else:
        assert receipt.amount >= 0


CASHIER = Cashier(name="Иванова А. Б.", inn="500100732259")


def _counters() -> Counters:
    back = made(kind=Kind.SALE_RETURN)
    ground = Correction(by=CorrectionBy.SELF, date="2026-08-01")
    return Counters().plus(made()).plus(made()).plus(back).plus(made(correction=ground))


def test_counters_add_up_by_kind_form_and_rate() -> None:
    counters = _counters()
    node = counters.node(SHIFT)
    assert counters.count == 4
    assert node.get(1134) == 3
    assert (node.path(1129, 1135), node.path(1129, 1201), node.path(1129, 1138)) == (2, 40_000, 40_000)
    assert node.path(1129, 1115, 1119, 1120) == 7214
    assert (node.path(1130, 1135), node.child(1131)) == (1, None)
    assert (node.path(1133, 1144), node.path(1133, 1145, 1201)) == (1, 20_000)


REPORTS: dict[int, Callable[[Ffd], Node]] = {
    2: lambda ffd: documents.shift_open_document(
        STAMP, ffd, cashier=CASHIER, warnings=DriveWarnings(replace_now=True, operator_message=1)
    ),
    5: lambda ffd: documents.shift_close_document(
        STAMP,
        ffd,
        documents=6,
        shift=_counters(),
        drive=_counters(),
        unsent=Unsent(count=2, first_at=STAMP.made_at, first_number=16),
        cashier=CASHIER,
        warnings=DriveWarnings(operator_overdue=True),
        key_days=410,
    ),
    21: lambda ffd: documents.state_document(
        STAMP,
        ffd,
        unsent=Unsent(count=1, first_at=STAMP.made_at, first_number=17),
        drive=_counters(),
        key_days=410,
    ),
    1: lambda ffd: documents.registration_document(
        STAMP,
        Registration(taxations=3, kkt_number="0128003270", operator_inn="7704211201", key_days=410),
        ffd,
    ),
    11: lambda ffd: documents.registration_document(
        STAMP,
        Registration(taxations=3, kkt_number="0128003270", excise=True, marked_goods=True),
        ffd,
        cashier=CASHIER,
        reasons=1,
    ),
}


@pytest.mark.parametrize("ffd", VERSIONS)
@pytest.mark.parametrize("code", REPORTS)
def test_every_report_is_written_strictly_and_carries_its_stamp(code: int, ffd: Ffd) -> None:
    document = REPORTS[code](ffd)
    assert document.tag == code
    assert tlv.decode(tlv.encode(document)) == document
    assert documents.ffd_of(document) is ffd
    found = documents.read_stamp(document)
    assert (found.fn, found.fd_number, found.fiscal_sign) == (STAMP.fn, STAMP.fd_number, STAMP.fiscal_sign)


def test_a_shift_close_counts_what_the_shift_did() -> None:
    document = REPORTS[5](Ffd.V1_2)
    assert [document.get(tag) for tag in (1038, 1111, 1118, 1097, 1053, 1213)] == [3, 6, 4, 2, 1, 410]
    assert document.path(SHIFT, 1129, 1135) == document.path(DRIVE, 1129, 1135) == 2
    assert document.get(1051) is None
    assert REPORTS[5](Ffd.V1_05).get(SHIFT) is None


def test_the_state_of_settlements_tells_the_head_of_the_queue() -> None:
    document = REPORTS[21](Ffd.V1_2)
    assert [document.get(tag) for tag in (1097, 1116)] == [1, 17]
    assert document.get(1098) == document.get(1012)


def test_a_registration_is_folded_into_1290_as_in_a_live_one() -> None:
    live = tlv.decode(document_octets("V2"))
    assert REPORTS[11](Ffd.V1_2).get(1290) == live.get(1290) == 0x140
    assert (REPORTS[11](Ffd.V1_2).get(1205), REPORTS[11](Ffd.V1_05).get(1101)) == (1, 1)
    assert set(tags(tlv.decode(document_octets("V1")))) - set(tags(REPORTS[11](Ffd.V1_05))) == {
        1017,
        1046,
        1048,
        1009,
        1117,
        1187,
    }
