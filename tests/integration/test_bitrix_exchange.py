"""The exchange against an emulated site over real HTTP: each trap of the site by its name."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from chekpoint.core.errors import BlockReason, Rejected
from chekpoint.emulators.bitrix_site.cashboxes import Handler
from chekpoint.emulators.bitrix_site.checks import CheckType, Related, Status
from chekpoint.emulators.bitrix_site.orders import Line
from chekpoint.fiscal.receipt import Taxation
from chekpoint.fiscal.vat import VatRate
from chekpoint.hub.hub import Hub
from chekpoint.hub.shop_rules import ShopRules, VatRule
from chekpoint.shops.bitrix import BitrixSettings
from chekpoint.store import incidents
from tests.bitrix_rig import (
    ZN,
    NumberedRegister,
    connected,
    exchange,
    marks,
    opened,
    paid,
    printed,
    shop_of,
    world,
)
from tests.doubles.hubs import QUICK
from tests.unit.hub_bench import rows, settled, sqlite
from tests.waiting import until

pytestmark = pytest.mark.anyio


def one(serial: str = ZN) -> dict[str, NumberedRegister]:
    return {"r1": NumberedRegister("9999078900000001", serial)}


async def kinds(hub: Hub) -> list[str]:
    found = await hub.store.read(incidents.open_now)
    return [incident.kind for incident in found]


async def test_a_paid_order_becomes_one_document_and_the_site_gets_its_numbers(tmp_path: Path) -> None:
    registers = one()
    async with world() as place:
        site = place.site()
        async with connected(sqlite(tmp_path), registers, shop_of(exchange(place))):
            check = await paid(site)
            await printed(site, check.id)
            link = site.check(check.id).link
    assert link["fn_number"] == "9999078900000001"
    assert link["doc_sum"] == "100.00"
    assert len(link["doc_time"]) == 10
    assert len(marks(*registers.values())) == 1


@pytest.mark.parametrize("handler", [Handler.BITRIX, Handler.BITRIX_V2, Handler.BITRIX_V3])
async def test_every_version_of_the_exchange_gets_its_receipt(tmp_path: Path, handler: Handler) -> None:
    registers = one()
    version = {Handler.BITRIX: None, Handler.BITRIX_V2: "2", Handler.BITRIX_V3: "3"}[handler]
    async with world() as place:
        site = place.site(handler=handler)
        async with connected(sqlite(tmp_path), registers, shop_of(exchange(place, version=version))):
            check = await paid(site, Line(price=10_000, vat="none"))
            await printed(site, check.id)
        assert site.cashboxes()[0].handler is handler
    assert len(marks(*registers.values())) == 1


@pytest.mark.parametrize("core", ["old", "middle", "new"])
@pytest.mark.parametrize("timed", [True, False])
async def test_trap_uuid_changes_with_each_hand_out(tmp_path: Path, core: str, *, timed: bool) -> None:
    registers = one()
    async with world() as place:
        site = place.site(core=core, timed_uuid=timed)
        registers["r1"].open.clear()
        async with connected(sqlite(tmp_path), registers, shop_of(exchange(place))) as hub:
            check = await paid(site)
            await until(lambda: site.check(check.id).handed == 1)
            place.later()
            await until(lambda: site.check(check.id).handed >= 3)
            registers["r1"].open.set()
            await printed(site, check.id)
            assert [row["state"] for row in await rows(hub.store, "receipt")] == ["fiscalised"]
    assert len(marks(*registers.values())) == 1


async def test_trap_redelivery_to_another_register_never_doubles(tmp_path: Path) -> None:
    registers = {
        "r1": NumberedRegister("9999078900000001", ZN),
        "r2": NumberedRegister("9999078900000002", "00106702123457"),
    }
    async with world() as place:
        site = place.site()
        place.cashbox(site, Handler.BITRIX_V3, "00106702123457")
        for register in registers.values():
            register.script.extend(["lost"])
        async with connected(sqlite(tmp_path), registers, shop_of(exchange(place))):
            checks = [(await paid(site)).id for _ in range(4)]
            place.later()
            await printed(site, *checks)
            place.later()
            await printed(site, (await paid(site)).id)  # by then anything overdue was handed out again
    assert sorted(set(marks(*registers.values()))) == sorted(marks(*registers.values()))
    assert len(marks(*registers.values())) == 5


async def test_trap_five_checks_per_answer_do_not_starve_the_rest(tmp_path: Path) -> None:
    registers = one()
    async with world() as place:
        site = place.site()
        checks = [(await paid(site)).id for _ in range(40)]
        poison = [(await paid(site)) for _ in range(4)]
        for check in poison:
            site.delete_order(check.order_id)
        async with connected(sqlite(tmp_path), registers, shop_of(exchange(place))) as hub:
            await printed(site, *checks)
            place.later()  # now the poison comes with every answer
            late = [(await paid(site)).id for _ in range(10)]
            await printed(site, *late)
            assert "bitrix_order_deleted" in await kinds(hub)
    assert len(marks(*registers.values())) == 50


async def test_trap_result_of_a_deleted_order_is_not_repeated_for_ever(tmp_path: Path) -> None:
    registers = one()
    async with world() as place:
        site = place.site()
        async with connected(sqlite(tmp_path), registers, shop_of(exchange(place))) as hub:
            registers["r1"].open.clear()
            check = await paid(site)
            await until(lambda: site.check(check.id).handed > 0)
            site.delete_order(check.order_id)
            registers["r1"].open.set()
            found = await opened(hub, "bitrix_order_deleted")
            heard = len([line for line in site.state.log if f"|{check.id}" in line[1]])
            for _ in range(
                3
            ):  # each is a poll and a delivery of results, in which the old one could be repeated
                await printed(site, (await paid(site)).id)
            again = len([line for line in site.state.log if f"|{check.id}" in line[1]])
    assert "cancel by refund" in found.text_en
    assert "ФД" in found.text_ru
    assert again == heard
    assert len(marks(*registers.values())) == 4


async def test_trap_empty_check_of_a_deleted_order_makes_no_document(tmp_path: Path) -> None:
    registers = one()
    async with world() as place:
        site = place.site()
        check = await paid(site)
        site.delete_order(check.order_id)
        async with connected(sqlite(tmp_path), registers, shop_of(exchange(place))) as hub:
            other = await paid(site)
            await printed(site, other.id)
            await opened(hub, "bitrix_order_deleted")
    assert len(marks(*registers.values())) == 1


async def test_trap_five_poisoned_checks_fill_the_queue_and_a_person_is_told_how_to_free_it(
    tmp_path: Path,
) -> None:
    registers = one()
    async with world() as place:
        site = place.site()
        poison = [await paid(site) for _ in range(5)]
        for check in poison:
            site.delete_order(check.order_id)
        async with connected(sqlite(tmp_path), registers, shop_of(exchange(place))) as hub:
            await until(lambda: all(site.check(check.id).handed for check in poison))
            place.later()
            found = await opened(hub, "bitrix_queue_stuck")
    assert "UPDATE b_sale_cashbox_check SET STATUS='E' WHERE ID IN (1, 2, 3, 4, 5)" in found.text_ru


async def test_trap_null_contact_is_refused_with_words(tmp_path: Path) -> None:
    registers = one()
    async with world() as place:
        site = place.site(shop_email_for_buyer=False)
        async with connected(sqlite(tmp_path), registers, shop_of(exchange(place))) as hub:
            check = await paid(site, email="")
            await printed(site, check.id, status=Status.ERROR)
            assert await kinds(hub) == ["bitrix_check_refused"]
    assert "адрес почты покупателя" in site.check(check.id).error
    assert marks(*registers.values()) == []


async def test_trap_the_shops_own_mail_in_place_of_the_buyers(tmp_path: Path) -> None:
    registers = one()
    rules = ShopRules(taxation=Taxation.OSN, own_contact="shop@shop.test")
    async with world() as place:
        site = place.site()
        async with connected(sqlite(tmp_path), registers, shop_of(exchange(place, rules=rules))) as hub:
            check = await paid(site, email="")
            await printed(site, check.id)
            assert "bitrix_buyer_unknown" in await kinds(hub)


async def test_trap_a_rate_that_the_site_turned_into_none_is_refused_without_a_rule(tmp_path: Path) -> None:
    registers = one()
    rules = ShopRules(taxation=Taxation.OSN)
    async with world() as place:
        site = place.site(handler=Handler.BITRIX_V2)
        async with connected(sqlite(tmp_path), registers, shop_of(exchange(place, rules=rules))):
            check = await paid(site, Line(price=10_000, vat="vat22"))  # converted from V2 to V3: none
            await printed(site, check.id, status=Status.ERROR)
    assert "НДС" in site.check(check.id).error
    assert marks(*registers.values()) == []


async def test_trap_a_rate_that_the_site_turned_into_none_is_what_the_rule_says(tmp_path: Path) -> None:
    registers = one()
    rules = ShopRules(
        taxation=Taxation.OSN,
        vat=(
            VatRule(received="none", rate=VatRate.NONE, name_has="книга"),
            VatRule(received="none", rate=VatRate.VAT22),
        ),
    )
    async with world() as place:
        site = place.site(handler=Handler.BITRIX_V2)
        async with connected(sqlite(tmp_path), registers, shop_of(exchange(place, rules=rules))) as hub:
            check = await paid(
                site, Line(price=10_000, vat="vat22"), Line(price=500, name="Книга", vat="none")
            )
            await printed(site, check.id)
            (receipt,) = await rows(hub.store, "receipt")
    assert b'"vat":"vat22"' in receipt["content"]
    assert b'"vat":"none"' in receipt["content"]


@pytest.mark.parametrize("core", ["old", "middle"])
async def test_trap_price_times_quantity_is_not_the_sum(tmp_path: Path, core: str) -> None:
    registers = one()
    async with world() as place:
        site = place.site(core=core)
        async with connected(sqlite(tmp_path), registers, shop_of(exchange(place))) as hub:
            line = Line(price=3_333, base_price=5_000, quantity=Decimal(30), sum=100_003)
            check = await paid(site, line)
            await printed(site, check.id)
            (receipt,) = await rows(hub.store, "receipt")
    assert receipt["total"] == 100_003


async def test_trap_two_payments_in_one_order(tmp_path: Path) -> None:
    registers = one()
    async with world() as place:
        site = place.site()
        async with connected(sqlite(tmp_path), registers, shop_of(exchange(place))) as hub:
            order = site.create_order(
                [Line(price=10_000)], payments=[4_000, 6_000], email="buyer@example.com"
            )
            for payment in order.payments:
                assert await site.pay(order.id, payment.id) is None
            second = order.payments[1].id
            check = await site.add_check(order.id, CheckType.SELL, related=[Related(payment_id=second)])
            assert check is not None
            await printed(site, check.id)
            (receipt,) = await rows(hub.store, "receipt")
    assert receipt["total"] == 10_000


async def test_trap_warning_needs_four_strikes_and_the_site_shows_our_text(tmp_path: Path) -> None:
    registers = one()
    registers["r1"].script.append(Rejected("Некорректный код товара", code="148"))
    async with world() as place:
        site = place.site()
        async with connected(sqlite(tmp_path), registers, shop_of(exchange(place))):
            check = await paid(site)
            await printed(site, check.id, status=Status.ERROR)
    assert "Некорректный код товара" in site.check(check.id).error


async def test_trap_a_code_that_the_site_knows_is_final_at_once(tmp_path: Path) -> None:
    registers = one()
    registers["r1"].script.append(Rejected("Чек оплачен не полностью", code="-3897"))
    async with world() as place:
        site = place.site()
        async with connected(sqlite(tmp_path), registers, shop_of(exchange(place))):
            check = await paid(site)
            await printed(site, check.id, status=Status.ERROR)
    assert site.check(check.id).error == "Чек оплачен не полностью"


async def test_trap_late_success_turns_the_sites_error_into_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chekpoint.shops.bitrix.site.LATE_LOOK", 0.1)
    registers = one()
    registers["r1"].script.append(Rejected("СНО не разрешена", code="68"))
    async with world() as place:
        site = place.site()
        async with connected(sqlite(tmp_path), registers, shop_of(exchange(place))) as hub:
            check = await paid(site)
            await printed(site, check.id, status=Status.ERROR)
            (receipt,) = await rows(hub.store, "receipt")
            await hub.verdicts.again(receipt["id"], who="anna", reason="настройки кассы исправлены")
            await printed(site, check.id)
    assert len(marks(*registers.values())) == 1


async def test_trap_a_wrong_hash_is_an_incident_and_not_a_storm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registers = one()
    async with world() as place:
        site = place.site()
        site.allow_hash("0123456789abcdef0123456789abcdef", active=False)
        asked: list[str] = []
        admits = site.admits

        def counted(value: str) -> bool:
            asked.append(value)
            return admits(value)

        monkeypatch.setattr(site, "admits", counted)
        async with connected(sqlite(tmp_path), registers, shop_of(exchange(place))) as hub:
            await opened(hub, "bitrix_link_denied")
    assert len(asked) == 1  # the next one only after a long pause


async def test_trap_the_register_that_does_not_work_is_not_called_ok(tmp_path: Path) -> None:
    registers = one()
    async with world() as place:
        site = place.site()
        async with connected(sqlite(tmp_path), registers, shop_of(exchange(place))):
            await until(lambda: site.cashboxes()[0].enabled)
            registers["r1"].blocked = BlockReason.FISCAL_DRIVE
            await until(lambda: not site.cashboxes()[0].enabled)
            registers["r1"].blocked = None
            await until(lambda: site.cashboxes()[0].enabled)


async def test_trap_documents_that_do_not_leave_are_not_ok(tmp_path: Path) -> None:
    registers = one()
    registers["r1"].unsent_from = 1
    limits = msgspec.structs.replace(QUICK, proof_expected=0.3)
    async with world() as place:
        site = place.site()
        async with connected(sqlite(tmp_path), registers, shop_of(exchange(place)), limits=limits):
            check = await paid(site)
            await printed(site, check.id)
            await until(lambda: not site.cashboxes()[0].enabled)
            registers["r1"].unsent_from = None
            await until(lambda: site.cashboxes()[0].enabled)


async def test_trap_z_report_closes_one_shift_however_often_it_is_asked(tmp_path: Path) -> None:
    registers = one()
    async with world() as place:
        site = place.site()
        async with connected(sqlite(tmp_path), registers, shop_of(exchange(place))):
            check = await paid(site)
            await printed(site, check.id)
            report = site.ask_report(site.cashboxes()[0].id)
            place.later(1.0)
            other = await paid(site)  # ends the poll that is under way
            await printed(site, other.id)
            await until(lambda: site.state.reports[report.id].status is Status.PRINTED)
            told = site.state.reports[report.id]
    closes = [doc for doc in registers["r1"].archive.values() if doc.document == 5]
    assert len(closes) == 1
    assert told.cashless in {10_000, 20_000}
    assert told.link["fiscal_doc_number"] == str(closes[0].fd_number)


async def test_trap_a_poll_converts_no_cashbox_unless_it_is_told_to(tmp_path: Path) -> None:
    """Without a version the request carries no api_version: the site then keeps each register's own class."""
    registers = one()
    async with world() as place:
        site = place.site(handler=Handler.BITRIX)
        async with connected(sqlite(tmp_path), registers, shop_of(exchange(place, version=None))):
            await until(lambda: site.cashboxes()[0].last_check_at is not None)
        assert site.cashboxes()[0].handler is Handler.BITRIX


async def test_a_restart_forgets_no_check_that_the_site_waits_for(tmp_path: Path) -> None:
    registers = one()
    async with world() as place:
        site = place.site()
        settings = exchange(place)
        async with connected(sqlite(tmp_path), registers, shop_of(settings)) as hub:
            registers["r1"].open.clear()
            check = await paid(site)
            await settled(hub, 1, "registering")
        registers["r1"].open.set()
        async with connected(sqlite(tmp_path), registers, shop_of(settings)):
            await printed(site, check.id)
            assert site.check(check.id).handed == 1
    assert len(marks(*registers.values())) == 1


async def test_a_site_that_answers_html_is_asked_again_until_it_is_back(tmp_path: Path) -> None:
    registers = one()
    async with world() as place:
        site = place.site()
        site.html_answers = True
        with capture_logs() as told:
            async with connected(sqlite(tmp_path), registers, shop_of(exchange(place))):
                check = await paid(site)
                await until(lambda: any(line["event"] == "bitrix_site_silent" for line in told))
                site.html_answers = False
                await printed(site, check.id)


async def test_settings_that_do_not_read_are_an_incident_and_no_dead_worker(tmp_path: Path) -> None:
    registers = one()
    shop = shop_of(BitrixSettings())._replace(settings=b'{"exchange": {"link": "nonsense"}}')
    async with world(), connected(sqlite(tmp_path), registers, shop) as hub:
        await opened(hub, "bitrix_settings")
