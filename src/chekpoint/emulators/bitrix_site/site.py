"""One emulated site: what its shop, its administrator and its buyers can do.

    site = Site("shop.test", clock=SystemClock())
    order = site.create_order([Line(price=10_000)], email="buyer@example.com")
    await site.pay(order.id)          # creates the check, if a cashbox is active
    site.checks()[0].status

Verbs raise SiteError for what the site would not let one do.
"""

import base64
import hashlib
import random
from collections.abc import Sequence
from typing import Any

import msgspec

from chekpoint.core.clock import Clock
from chekpoint.emulators.bitrix_site import exchange, z_reports
from chekpoint.emulators.bitrix_site.at_once import Printers
from chekpoint.emulators.bitrix_site.atol_farm import FarmPrinter
from chekpoint.emulators.bitrix_site.cashboxes import Cashbox, CashboxSettings, Handler, filled_in
from chekpoint.emulators.bitrix_site.checks import Check, CheckType, Related, Status, ZReport
from chekpoint.emulators.bitrix_site.http_call import Fetch, HttpLine
from chekpoint.emulators.bitrix_site.issue import NoCheck, add_check, collate_payment, collate_shipment
from chekpoint.emulators.bitrix_site.orders import Line, Order, Payment
from chekpoint.emulators.bitrix_site.rest_print import RestPrinter
from chekpoint.emulators.bitrix_site.shelf import Shelf
from chekpoint.emulators.bitrix_site.state import SiteSettings, SiteState
from chekpoint.emulators.faults import FaultPlan


class SiteError(Exception):
    """What the site does not let one do; the text says why."""


class Site:
    """A site by its host name. ``faults`` strikes who calls it, ``outgoing`` what it calls (REST, cloud)."""

    def __init__(
        self,
        name: str,
        *,
        clock: Clock,
        shelf: Shelf | None = None,
        faults: FaultPlan | None = None,
        outgoing: FaultPlan | None = None,
        public_url: str = "",
        fetch: Fetch | None = None,
        seed: int = 0,
    ) -> None:
        chance = random.Random(f"{name}:{seed}")
        self.state = SiteState(name, clock=clock, shelf=shelf or Shelf(), chance=chance)
        self.faults = faults or FaultPlan()
        self.outgoing = outgoing or FaultPlan()
        self.html_answers = False  # a maintenance page with HTTP 200 in place of every answer of the exchange
        carry = fetch or HttpLine(clock, self.outgoing).fetch
        farm = FarmPrinter(self.state, carry, public_url or f"http://{name}")
        self.printers = Printers(
            self.state,
            {Handler.REST: RestPrinter(self.state, carry), Handler.ATOL_V4: farm, Handler.ATOL_V5: farm},
        )

    @property
    def name(self) -> str:
        """The site's host, and its name among others."""
        return self.state.name

    # What the shop and its buyers do

    def create_order(
        self,
        lines: Sequence[Line],
        *,
        payments: Sequence[int] | None = None,
        email: str = "",
        phone: str = "",
        delivery: int = 0,
        pay_system: str = "card",
        cash: bool = False,
        can_print: bool = True,
    ) -> Order:
        """An unpaid order. ``payments`` are kopecks each; one of the whole price unless given."""
        draft = Order(id=0, lines=tuple(lines), payments=(), email=email, phone=phone, delivery=delivery)
        sums = [draft.price] if payments is None else payments
        made = tuple(
            Payment(
                id=self.state.next_id("payment"), sum=s, pay_system=pay_system, cash=cash, can_print=can_print
            )
            for s in sums
        )
        order = msgspec.structs.replace(draft, id=self.state.next_id("order"), payments=made)
        self.state.keep_order(order)
        return order

    async def pay(self, order_id: int, payment_id: int | None = None) -> Check | None:
        """A payment comes in (the first unpaid one unless named); the check that it made, if any."""
        order = self.order(order_id)
        payment = (
            order.payment(payment_id) if payment_id else next((p for p in order.payments if not p.paid), None)
        )
        if payment is None:
            raise SiteError(f"заказ {order_id}: нет такой неоплаченной оплаты")
        if payment.paid:
            return None
        paid = msgspec.structs.replace(payment, paid=True, returned=False)
        order = order.with_payment(paid)
        self.state.keep_order(order)
        kind = collate_payment(self.state, order, paid) if paid.can_print else None
        return await self._issued(order, kind, payment_id=paid.id) if kind else None

    async def ship(self, order_id: int) -> Check | None:
        """The order's shipment is deducted; the check that it made, if any."""
        order = msgspec.structs.replace(self.order(order_id), shipped=True)
        self.state.keep_order(order)
        kind = collate_shipment(self.state, order)
        return await self._issued(order, kind, payment_id=None, shipment=True) if kind else None

    def refund(self, order_id: int, payment_id: int | None = None) -> None:
        """Money goes back. No return check comes of it: the operator must make one by hand."""
        order = self.order(order_id)
        payment = (
            order.payment(payment_id) if payment_id else next((p for p in order.payments if p.paid), None)
        )
        if payment is None:
            raise SiteError(f"заказ {order_id}: нет такой оплаты")
        self.state.keep_order(order.with_payment(msgspec.structs.replace(payment, paid=False, returned=True)))

    def delete_order(self, order_id: int) -> None:
        """The order goes with its payments; its checks stay, empty, and no result of theirs is ever accepted."""
        self.order(order_id)
        self.state.drop_order(order_id)

    # What the administrator does

    async def add_check(
        self,
        order_id: int,
        kind: CheckType,
        *,
        payment_id: int | None = None,
        related: Sequence[Related] = (),
    ) -> Check | None:
        """A check made by hand, also of several payments; raises SiteError when the site refuses it."""
        order = self.order(order_id)
        first = order.payments[0].id if order.payments else None
        try:
            check = add_check(self.state, order, kind, payment_id=payment_id or first, related=tuple(related))
        except NoCheck as error:
            raise SiteError(str(error)) from error
        return await self._printed(check)

    async def _issued(
        self, order: Order, kind: CheckType, *, payment_id: int | None, shipment: bool = False
    ) -> Check | None:
        """A check that the site makes by itself: where it cannot, the order is marked and life goes on."""
        try:
            check = add_check(self.state, order, kind, payment_id=payment_id, shipment=shipment)
        except NoCheck as error:
            self.state.keep_order(msgspec.structs.replace(order, marked=str(error)))
            self.state.say(f"заказ {order.id}: чек не создан: {error}")
            return None
        return await self._printed(check)

    async def _printed(self, check: Check | None) -> Check | None:
        if check is None:
            return None
        await self.printers.print_now(check)
        return self.state.checks[check.id]

    def delete_check(self, check_id: int) -> None:
        """The admin's list lets one delete what is N or E only."""
        if self.check(check_id).status not in {Status.NEW, Status.ERROR}:
            raise SiteError(f"чек {check_id}: удалить можно только не распечатанный или ошибочный")
        self.state.drop_check(check_id)

    def ask_report(self, cashbox_id: int) -> ZReport:
        """The button "Z-report"."""
        return z_reports.ask_report(self.state, self.cashbox(cashbox_id))

    def generate_link(self) -> str:
        """A new hash for the exchange's address. It is the md5 of the second: anybody may guess it."""
        seconds = str(int(self.state.now())).encode()
        made = hashlib.md5(base64.b64encode(seconds), usedforsecurity=False).hexdigest()
        self.state.keep_hash(made)
        return made

    def allow_hash(self, value: str, *, active: bool = True) -> None:
        """A row put into ``b_sale_cashbox_connect`` by SQL."""
        self.state.keep_hash(value, active=active)

    def add_cashbox(
        self,
        handler: Handler,
        *,
        number: str,
        name: str = "",
        active: bool = True,
        use_offline: bool = False,
        settings: CashboxSettings | None = None,
    ) -> Cashbox:
        """A cashbox made by hand (a cloud one, or one that is to be polled for)."""
        box = Cashbox(
            id=self.state.next_id("cashbox"),
            name=name or handler.value,
            handler=handler,
            number_kkm=number,
            active=active,
            enabled=not handler.pull,
            use_offline=use_offline,
            email=self.state.settings.shop_email,
            created_at=self.state.now(),
            settings=settings or CashboxSettings(),
        )
        box = msgspec.structs.replace(box, settings=filled_in(box))
        self.state.keep_cashbox(box)
        return box

    def activate(self, cashbox_id: int, *, active: bool = True, **changes: Any) -> Cashbox:
        """The administrator saves the cashbox's form; ``changes`` are fields of CashboxSettings."""
        box = self.cashbox(cashbox_id)
        try:
            merged = msgspec.to_builtins(filled_in(box)) | changes
            settings = msgspec.convert(merged, CashboxSettings)
        except msgspec.ValidationError as error:
            raise SiteError(f"касса {cashbox_id}: {error}") from error
        box = msgspec.structs.replace(box, active=active, settings=settings)
        self.state.keep_cashbox(box)
        return box

    def change_settings(self, **changes: Any) -> SiteSettings:
        """Change options of the site (fields of SiteSettings)."""
        try:
            settings = msgspec.convert(msgspec.to_builtins(self.state.settings) | changes, SiteSettings)
        except msgspec.ValidationError as error:
            raise SiteError(str(error)) from error
        self.state.keep_settings(settings, self.state.webhook)
        return settings

    def make_webhook(self, secret: str) -> None:
        """The secret of the incoming webhook: ``/rest/1/<secret>/<method>``."""
        self.state.keep_settings(self.state.settings, secret)

    # What can be seen

    def order(self, order_id: int) -> Order:
        """The order; raises SiteError when it is not there (any more)."""
        found = self.state.orders.get(order_id)
        if found is None:
            raise SiteError(f"заказ {order_id} не найден")
        return found

    def check(self, check_id: int) -> Check:
        """The check; raises SiteError."""
        found = self.state.checks.get(check_id)
        if found is None:
            raise SiteError(f"чек {check_id} не найден")
        return found

    def checks(self) -> list[Check]:
        """All checks, oldest first."""
        return list(self.state.checks.values())

    def cashbox(self, cashbox_id: int) -> Cashbox:
        """The cashbox; raises SiteError."""
        found = self.state.cashboxes.get(cashbox_id)
        if found is None:
            raise SiteError(f"касса {cashbox_id} не найдена")
        return found

    def cashboxes(self) -> list[Cashbox]:
        """All cashboxes, in the order of their coming."""
        return list(self.state.cashboxes.values())

    def reports(self) -> list[ZReport]:
        """All Z-reports, oldest first."""
        return list(self.state.reports.values())

    def admits(self, value: str) -> bool:
        """Is this an active hash of the exchange?"""
        return self.state.hashes.get(value.strip(), False)

    async def poll(self, body: bytes, host: str) -> dict[str, Any]:
        """One poll of the exchange without HTTP; raises exchange.BadRequest."""
        return await exchange.poll(self.state, body, host)
