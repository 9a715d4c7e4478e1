"""Each class of mismatch, over both databases: found when it is there, silent when it is not, closed when it goes."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from chekpoint.core.errors import Conflict, Unfit
from chekpoint.core.lifecycle import Proof
from chekpoint.core.ports import FnsState, OfdRecord, RegisterStatus
from chekpoint.fiscal.vat import VatRate
from chekpoint.hub.reconciling import Reconciling
from chekpoint.store import lanes
from tests.both_sides import DAY, FN, BothSides, both_sides, mark_of, otherwise
from tests.emulated_world import item, receipt
from tests.unit.hub_bench import rows

pytestmark = pytest.mark.anyio
HOUR, LONG = 3600, 5 * 86400


@pytest.fixture
async def sides(database: str) -> AsyncIterator[BothSides]:
    """Documents 1 (shift opening) and 2..6 (receipts), old enough to be expected at the operator."""
    async with both_sides(database) as made:
        await made.see(1)
        for number in range(2, 7):
            await made.sell(number)
        made.clock.wind(2 * HOUR)
        yield made


async def only(sides: BothSides, kind: str) -> None:
    """One mismatch, well explained, and one incident of its register."""
    (found,) = await sides.open()
    assert found.kind == kind
    assert "{" not in found.text_ru + found.text_en
    assert found.act_ru
    assert found.act_en


async def test_equal_sides_climb_to_matched_with_the_operators_words_as_evidence(sides: BothSides) -> None:
    assert await sides.compare(*sides.honest()) == Counter()
    assert await sides.counted() == [(DAY, 5, 5, 5)]
    assert set((await sides.proofs()).values()) == {int(Proof.MATCHED)}
    assert await sides.incidents() == []


async def test_missing_there_opens_an_incident_and_closes_by_itself(sides: BothSides) -> None:
    assert await sides.compare(*sides.honest(4)) == Counter(missing_there=1)
    await only(sides, "missing_there")
    (incident,) = await sides.incidents()
    assert (incident.kind, incident.subject, incident.severity) == ("reconciliation_gap", "r1", "critical")
    assert await sides.counted() == [(DAY, 5, 4, 4)]
    assert (await sides.proofs())[4] < Proof.MATCHED
    assert await sides.compare(sides.record(4)) == Counter()
    assert await sides.incidents() == []
    assert [row.closed_at is not None for row in await sides.rows()] == [True]


async def test_a_document_that_may_still_be_on_its_way_is_no_mismatch(sides: BothSides) -> None:
    await sides.sell(7)
    sides.clock.wind(HOUR / 2)
    assert await sides.compare(*sides.honest(7)) == Counter()
    assert await sides.counted() == [(DAY, 6, 5, 5)]
    sides.clock.wind(HOUR)
    assert await sides.compare() == Counter(missing_there=1)


async def test_a_drive_of_which_the_operator_shows_nothing_is_one_mismatch(sides: BothSides) -> None:
    assert await sides.compare() == Counter(drive_missing=1)
    assert await sides.compare(*sides.honest()) == Counter()


async def test_a_document_made_past_the_hub_is_missing_here(sides: BothSides) -> None:
    stranger = otherwise(sides.record(6), fd_number=7, fiscal_sign="777", total=55_500, items=None, vat=None)
    assert await sides.compare(*sides.honest(), stranger) == Counter(missing_here=1)
    await only(sides, "missing_here")
    assert await sides.counted() == [(DAY, 5, 6, 5)]


async def test_a_repetition_of_a_receipt_is_a_double(sides: BothSides) -> None:
    again = otherwise(sides.record(6), fd_number=7, fiscal_sign="777")
    assert await sides.compare(*sides.honest(), again) == Counter(duplicate=1)
    (found,) = await sides.open()
    assert found.receipt_id == sides.ids[6]
    assert "ФД 6" in found.text_ru


async def test_another_programs_document_on_the_drive(sides: BothSides) -> None:
    goods = receipt(item(77_700, name="Чужой товар"))
    await sides.see(7, goods)
    assert await sides.compare(*sides.honest()) == Counter(foreign=1)
    assert await sides.incidents() == []  # the lane opens foreign_document when it reads the drive


async def test_a_foreign_document_with_the_order_mark_of_a_registered_receipt_is_a_double(
    sides: BothSides,
) -> None:
    await sides.see(7, sides.contents[3], mark=mark_of("order-3"))
    assert await sides.compare(*sides.honest()) == Counter(duplicate=1)


CHANGED: dict[str, dict[str, Any]] = {
    "differs_sum": {"total": 99_999},
    "differs_date": {"made_at": "2026-11-24T15:45:00"},
    "differs_kind": {"kind": 2},
    "differs_sign": {"fiscal_sign": "0000005555"},
    "differs_vat": {"vat": ((VatRate.VAT10, 900),)},
    "quarantined": {"answer": 14},
    "remarked": {"fns": FnsState.WARNING},
}


@pytest.mark.parametrize("kind", CHANGED)
async def test_each_field_that_differs_has_its_class(sides: BothSides, kind: str) -> None:
    records = [*sides.honest(4), sides.record(4, **CHANGED[kind])]
    assert await sides.compare(*records) == Counter({kind: 1})
    await only(sides, kind)
    (found,) = await sides.open()
    assert (found.subject, found.day, found.receipt_id) == (f"{FN}/4", DAY, sides.ids[4])


@pytest.mark.parametrize(
    "change", [{"name": "Другой"}, {"sum": 1}, {"price": 1}, {"quantity": "3"}, {"vat": VatRate.VAT0}]
)
async def test_each_field_of_an_item_is_compared(sides: BothSides, change: dict[str, Any]) -> None:
    right = sides.record(4)
    assert right.items
    wrong = otherwise(right, items=(otherwise(right.items[0], **change),))
    assert await sides.compare(*sides.honest(4), wrong) == Counter(differs_items=1)


async def test_a_factor_of_a_hundred_is_a_difference_and_no_unit_to_be_guessed(sides: BothSides) -> None:
    wrong = sides.record(4, total=sides.documents[4].total * 100)
    assert await sides.compare(*sides.honest(4), wrong) == Counter(differs_sum=1)


async def test_what_the_operator_does_not_show_is_not_compared(sides: BothSides) -> None:
    scanty = [otherwise(one, items=None, vat=None) for one in sides.honest(4)]
    right = sides.record(4)
    assert right.items
    bare = otherwise(
        right, items=tuple(otherwise(i, price=None, quantity=None, vat=None) for i in right.items)
    )
    assert await sides.compare(*scanty, otherwise(bare, vat=None, kind=0)) == Counter()
    assert set((await sides.proofs()).values()) == {int(Proof.MATCHED)}


async def test_another_way_of_writing_the_same_is_no_difference(sides: BothSides) -> None:
    goods = receipt(item(10_000, "1.500", name="«Ёлка»  — №5 ", sum=15_000), item(333, "3", vat=VatRate.VAT0))
    await sides.sell(7, goods)
    sides.clock.wind(2 * HOUR)
    right = sides.record(7)
    assert right.items
    padded = otherwise(
        right, fiscal_sign="1007", made_at=right.made_at[:16] + ":59",
        items=(otherwise(right.items[0], name='"Ёлка" - №5', quantity="1.5"), *right.items[1:]),
        vat=(*(right.vat or ()), (VatRate.VAT10, 0)),
    )  # fmt: skip
    assert await sides.compare(*sides.honest(7), padded) == Counter()


async def test_vat_summed_either_way_and_a_kopeck_of_rounding_agree(sides: BothSides) -> None:
    await sides.sell(7, receipt(item(333), item(333), item(333)))
    sides.clock.wind(2 * HOUR)
    for vat in (180, 180, 183, 177):
        assert (
            await sides.compare(*sides.honest(7), sides.record(7, vat=((VatRate.VAT22, vat),))) == Counter()
        )
    assert await sides.compare(sides.record(7, vat=((VatRate.VAT22, 190),))) == Counter(differs_vat=1)


async def test_a_hole_in_the_numbers_is_found_once(sides: BothSides) -> None:
    for number in (10, 11):
        await sides.sell(number)
    sides.clock.wind(2 * HOUR)
    assert await sides.compare(*sides.honest()) == Counter(fd_hole=1)
    (found,) = await sides.open()
    assert (found.fd_number, "7-9" in found.text_ru) == (7, True)


async def test_a_number_that_only_the_operator_knows_is_no_hole(sides: BothSides) -> None:
    await sides.sell(8)
    sides.clock.wind(2 * HOUR)
    close = OfdRecord(
        fn=FN, fd_number=7, fiscal_sign="7", total=0, made_at=f"{DAY}T12:07:00", kind=0, document=5
    )
    assert await sides.compare(*sides.honest(), close) == Counter()


async def test_waiting_for_the_tax_service_is_told_when_it_lasts(sides: BothSides) -> None:
    records = [*sides.honest(4), sides.record(4, fns=FnsState.WAITING)]
    assert await sides.compare(*records) == Counter()
    assert (await sides.proofs())[4] == Proof.MATCHED
    sides.clock.wind(LONG)
    assert await sides.compare(*records) == Counter(waiting_tax=1)
    assert await sides.compare(sides.record(4, fns=FnsState.ACCEPTED)) == Counter()


async def test_times_that_are_all_shifted_are_one_mismatch(sides: BothSides) -> None:
    shifted = [otherwise(one, made_at=one.made_at.replace("T12", "T09")) for one in sides.honest()]
    assert await sides.compare(*shifted) == Counter(wrong_zone=1)
    (found,) = await sides.open()
    assert "-3 ч" in found.text_ru
    assert set((await sides.proofs()).values()) == {int(Proof.SIGNED)}  # every field equal: not yet
    assert await sides.compare(*sides.honest()) == Counter()
    assert set((await sides.proofs()).values()) == {int(Proof.MATCHED)}


async def test_a_document_shown_under_another_drive_is_told_once(sides: BothSides) -> None:
    elsewhere = sides.record(4, fn="9999078900000009")
    assert await sides.compare(*sides.honest(4), elsewhere) == Counter(wrong_drive=1)
    await only(sides, "wrong_drive")


async def test_a_resolved_mismatch_stays_resolved_and_counts_for_no_incident(sides: BothSides) -> None:
    verbs = Reconciling(sides.post.keys)
    await sides.compare(*sides.honest(4))
    (found,) = await sides.open()
    with pytest.raises(Unfit):
        await sides.store.write(lambda tx: verbs.resolve(tx, found.id, "anna", "  "))
    await sides.store.write(lambda tx: verbs.resolve(tx, found.id, "anna", "ОФД чинит, заявка 17"))
    assert await sides.incidents() == []
    assert await sides.compare(*sides.honest(4)) == Counter()
    with pytest.raises(Conflict):
        await sides.store.write(lambda tx: verbs.resolve(tx, found.id, "anna", "ещё раз"))
    await sides.store.write(lambda tx: verbs.reopen(tx, found.id, "boris", "не починили"))
    assert [one.id for one in await sides.open()] == [found.id]
    assert [one.kind for one in await sides.incidents()] == ["reconciliation_gap"]


async def test_an_accepted_orphan_is_asked_about_no_more(sides: BothSides) -> None:
    verbs = Reconciling(sides.post.keys)
    stranger = otherwise(sides.record(6), fd_number=7, fiscal_sign="777", total=55_500, items=None, vat=None)
    await sides.compare(*sides.honest(), stranger)
    (found,) = await sides.open()
    await sides.store.write(lambda tx: verbs.accept_orphan(tx, found.id, "anna", "продажа с кассы в зале"))
    assert await sides.compare(*sides.honest(), stranger) == Counter()
    assert await sides.incidents() == []


async def test_an_unknown_mismatch_is_refused_in_words(sides: BothSides) -> None:
    verbs = Reconciling(sides.post.keys)
    with pytest.raises(Unfit, match="нет"):
        await sides.store.write(lambda tx: verbs.resolve(tx, "no such", "anna", "причина"))


async def test_a_lost_answer_is_adopted_and_never_sent_again(sides: BothSides) -> None:
    goods = receipt(item(66_600, name="Потерянное"))
    receipt_id = await sides.lose("order-lost", goods, last_fd=6)
    sides.documents[7], sides.contents[7] = (
        sides.document(7, goods),
        goods,
    )  # signed, and the journal does not know
    assert await sides.compare(*sides.honest()) == Counter(lost_answer=1)
    (found,) = await sides.open()
    assert found.receipt_id == receipt_id
    assert "order-lost" in found.text_ru
    verbs = Reconciling(sides.post.keys)
    await sides.store.write(lambda tx: verbs.adopt(tx, found.id, "anna", "нашла в кабинете ОФД"))
    assert (await sides.proofs())[7] == Proof.SIGNED
    assert await sides.compare(*sides.honest()) == Counter()
    assert (await sides.proofs())[7] == Proof.MATCHED
    with pytest.raises(Conflict):
        await sides.store.write(lambda tx: verbs.adopt(tx, found.id, "anna", "ещё раз"))


async def test_two_receipts_in_doubt_with_one_content_are_no_guess(sides: BothSides) -> None:
    goods = receipt(item(66_600, name="Потерянное"))
    for order in ("order-lost-1", "order-lost-2"):
        await sides.lose(order, goods, last_fd=6)
    sides.documents[7], sides.contents[7] = sides.document(7, goods), goods
    assert await sides.compare(*sides.honest()) == Counter(missing_here=1)


async def test_a_document_that_the_register_says_it_has_not_sent_is_stuck(sides: BothSides) -> None:
    status = RegisterStatus(ready=True, fn=FN, unsent_count=2, unsent_first_fd=5)
    await sides.store.write(lambda tx: lanes.note_status(tx, "r1", msgspec.json.encode(status), 63, "1.2"))
    assert await sides.compare(*sides.honest(3, 5, 6)) == Counter(missing_there=1, unsent=2)
    (incident,) = await sides.incidents()
    assert "1 расхождение" in incident.text_ru  # what is stuck has the incident of the register's own link


async def test_a_file_that_shows_a_part_calls_nothing_missing(sides: BothSides) -> None:
    await sides.reconciler.keep("import:x.xlsx", [sides.record(3, total=1)])
    await sides.reconciler.compare(FN, DAY, DAY, "import:x.xlsx", complete=False)
    assert [row.kind for row in await sides.open()] == ["differs_sum"]


async def test_two_sources_that_agree_are_one_document(sides: BothSides) -> None:
    await sides.reconciler.keep("import:x.xlsx", sides.honest())
    assert await sides.compare(*sides.honest()) == Counter()
    assert await sides.counted() == [(DAY, 5, 5, 5)]


async def test_a_record_that_changes_says_in_the_chain_what_it_was(sides: BothSides) -> None:
    await sides.compare(*sides.honest(4), sides.record(4, total=1))
    await sides.compare(sides.record(4))
    (event,) = [row for row in await rows(sides.store, "event") if row["kind"] == "ofd_record_changed"]
    assert msgspec.json.decode(event["body"])["was"] == {"total": 1}
