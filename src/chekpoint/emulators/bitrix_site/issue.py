"""When the site creates a check, which type it has, and which cashbox may print it (``CheckManager::addChecks``)."""

from collections.abc import Iterable
from typing import Final

import msgspec

from chekpoint.emulators.bitrix_site.cashboxes import Cashbox, Handler
from chekpoint.emulators.bitrix_site.checks import Check, CheckType, Related, Status
from chekpoint.emulators.bitrix_site.content import content_of
from chekpoint.emulators.bitrix_site.orders import Order, Payment
from chekpoint.emulators.bitrix_site.state import SiteState

NO_CASHBOX: Final = "Нет кассы, подходящей для печати чека"
WRONG_SUM: Final = "Сумма по чеку не совпадает с общей суммой товаров"
NO_ITEMS: Final = "Пустой список товаров"
NO_MARK: Final = "Не указан код маркировки"
_MARKED: Final = frozenset({"commodity_marking", "commodity_marking_excise"})


class NoCheck(Exception):
    """The site creates no check; the text says why, as the order's mark does."""


def ffd105(state: SiteState) -> bool:
    """All or nothing: one weak active cashbox turns every FFD 1.05 type off."""
    active = [box for box in state.cashboxes.values() if box.active]
    return bool(active) and all(_knows_ffd105(state, box) for box in active)


def _knows_ffd105(state: SiteState, box: Cashbox) -> bool:
    if box.handler is Handler.REST:
        handler = state.handler_coded(box.rest_code)
        return handler is not None and handler.supports_ffd105
    return box.handler is not Handler.BITRIX


def collate_payment(state: SiteState, order: Order, payment: Payment) -> CheckType | None:
    """The type of the check that a payment which has just come in makes; None for none."""
    seen = any(check.payment_id == payment.id for check in state.checks_of(order.id))
    if seen or not _collatable(order):
        return None
    if not ffd105(state):
        return CheckType.SELL if order.paid == order.price else None
    if order.shipped:
        return CheckType.CREDIT_PAYMENT
    if state.settings.check_type_on_pay == "sell":
        return CheckType.SELL
    if state.settings.check_type_on_pay == "advance":
        return CheckType.ADVANCE
    return CheckType.FULL_PREPAYMENT if payment.sum == order.price else CheckType.PREPAYMENT


def collate_shipment(state: SiteState, order: Order) -> CheckType | None:
    """The type of the check that a shipment makes; None for none."""
    seen = any(check.shipment for check in state.checks_of(order.id))
    if seen or not _collatable(order) or not ffd105(state):
        return None
    if order.paid < order.price:
        return CheckType.CREDIT
    return None if state.settings.check_type_on_pay == "sell" else CheckType.SELL


def _collatable(order: Order) -> bool:
    """Orders with several payments get no automatic checks, nor those that a pay system keeps to itself."""
    return len(order.payments) == 1 and order.payments[0].can_print


def add_check(
    state: SiteState,
    order: Order,
    check_type: CheckType,
    *,
    payment_id: int | None,
    related: tuple[Related, ...] = (),
    shipment: bool = False,
) -> Check | None:
    """A new row in N, or in P when it is to be printed at once; None when no cashbox is active at all.

    Raises NoCheck when the check is not valid or no active cashbox fits: then there is no row.
    """
    active = [box for box in state.cashboxes.values() if box.active]
    if not active:
        return None
    draft = Check(
        id=0, order_id=order.id, type=check_type, sum=0, created_at=state.now(),
        payment_id=payment_id, related=related, shipment=shipment,
    )  # fmt: skip
    total = _validated(state, draft)
    fitting = [box for box in active if _may_print(box, order, payment_id)]
    if not fitting:
        raise NoCheck(NO_CASHBOX)
    check = msgspec.structs.replace(
        draft, id=state.next_id("check"), sum=total, allowed=tuple(box.id for box in fitting)
    )
    return _assigned(state, check, fitting)


def _assigned(state: SiteState, check: Check, fitting: list[Cashbox]) -> Check:
    """An immediate cashbox that is enabled takes the check away from every pulling one, by lot."""
    at_once = [box for box in fitting if not box.handler.pull and box.enabled]
    if at_once:
        box = state.chance.choice(at_once)
        check = msgspec.structs.replace(
            check, status=Status.PENDING, cashbox_id=box.id, print_start=state.now()
        )
    state.keep_check(check)
    state.raise_flags(check.allowed)
    return check


def _validated(state: SiteState, draft: Check) -> int:
    """The check's sum in kopecks; raises NoCheck."""
    content = content_of(state, draft)
    if not content.items:
        raise NoCheck(NO_ITEMS)
    if any(item.payment_object in _MARKED and not item.marking_code for item in content.items):
        raise NoCheck(NO_MARK)
    if sum(item.sum for item in content.items) != content.total:
        raise NoCheck(WRONG_SUM)
    return content.total


def _may_print(box: Cashbox, order: Order, payment_id: int | None) -> bool:
    """The restriction by pay system: all pay systems of the entity must be listed."""
    wanted: Iterable[Payment] = [p for p in order.payments if payment_id is None or p.id == payment_id]
    listed = box.settings.pay_systems
    return not listed or all(payment.pay_system in listed for payment in wanted)
