"""One site's tables and options. Everything else reads and changes them through here.

Rows are immutable; ``keep_*`` puts a new version in the place of the old one and on the shelf.
"""

import asyncio
import random
from collections import deque
from datetime import datetime, timedelta, timezone
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from chekpoint.core.clock import Clock
from chekpoint.emulators.bitrix_site.cashboxes import Cashbox, RestHandler
from chekpoint.emulators.bitrix_site.checks import Check, ZReport
from chekpoint.emulators.bitrix_site.orders import Order
from chekpoint.emulators.bitrix_site.shelf import Shelf

LOG_LINES: Final = 300
KINDS: Final = ("order", "payment", "check", "report", "cashbox", "handler")


class SiteSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of a site and the age of its core.

    ``core``: ``old`` (price before discount, no line type, usn_income, VAT 18), ``middle`` (discounted price,
    rounding mismatches reach the client), ``new`` (26.250: uneven lines are split). ``timed_uuid``: the uuid ends
    in the time of the hand-out. ``order_by`` is what a SELECT without ORDER BY comes to.
    """

    core: Literal["old", "middle", "new"] = "new"
    timed_uuid: bool = True
    check_type_on_pay: Literal["sell", "prepayment", "advance"] = "sell"  # sale/check_type_on_pay
    max_execution_time: Annotated[int, Meta(ge=0, le=3600)] = 0  # seconds, of PHP; 0 is no limit
    shop_email: str = "shop@shop.example"  # email_from
    shop_email_for_buyer: bool = True  # a buyer without contact gets the shop's
    zone_hours: Annotated[float, Meta(ge=-12, le=14)] = 3.0
    order_by: Literal["id", "random"] = "id"
    currency: str = "RUB"


class _Counter(msgspec.Struct, frozen=True):
    last: int


class _Hash(msgspec.Struct, frozen=True):
    hash: str
    active: bool


class _Option(msgspec.Struct, frozen=True):
    name: str
    value: str


class _Settings(msgspec.Struct, frozen=True):
    settings: SiteSettings
    webhook: str


class SiteState:
    """The tables of one site. ``chance`` stands for what the site draws by lot."""

    def __init__(self, name: str, *, clock: Clock, shelf: Shelf, chance: random.Random) -> None:
        self.name = name
        self.clock = clock
        self.chance = chance
        self.settings = SiteSettings(shop_email=f"shop@{name}")
        self.webhook = ""  # the secret part of an incoming webhook's address
        self.log: deque[tuple[float, str]] = deque(maxlen=LOG_LINES)
        self.options: dict[str, str] = {}
        self.hashes: dict[str, bool] = {}
        self.orders: dict[int, Order] = {}
        self.checks: dict[int, Check] = {}
        self.waiting: dict[int, Check] = {}  # those of the checks that are N or P
        self.of_order: dict[int, set[int]] = {}
        self.by_uuid: dict[str, int] = {}
        self.reports: dict[int, ZReport] = {}
        self.cashboxes: dict[int, Cashbox] = {}
        self.handlers: dict[int, RestHandler] = {}
        self.busy_locks = 0  # so many times GET_LOCK('get_check_list') will find it taken
        self._shelf = shelf
        self._last: dict[str, int] = {}
        self._sleepers: dict[asyncio.Event, frozenset[int]] = {}
        self._load()

    def _load(self) -> None:
        shelf, name = self._shelf, self.name
        for kept in shelf.rows(name, "settings", _Settings):
            self.settings, self.webhook = kept.settings, kept.webhook
        self.options = {row.name: row.value for row in shelf.rows(name, "option", _Option)}
        self.hashes = {row.hash: row.active for row in shelf.rows(name, "hash", _Hash)}
        self.orders = {row.id: row for row in shelf.rows(name, "order", Order)}
        self.reports = {row.id: row for row in shelf.rows(name, "report", ZReport)}
        self.cashboxes = {row.id: row for row in shelf.rows(name, "cashbox", Cashbox)}
        self.handlers = {row.id: row for row in shelf.rows(name, "handler", RestHandler)}
        for check in sorted(shelf.rows(name, "check", Check), key=lambda row: row.id):
            self._remember(check)
        for kind in KINDS:
            for counter in shelf.rows(name, f"last_{kind}", _Counter):
                self._last[kind] = counter.last

    def now(self) -> float:
        """Unix seconds, UTC."""
        return self.clock.now().timestamp()

    def local(self, moment: float) -> datetime:
        """A moment on the site's wall clock."""
        return datetime.fromtimestamp(moment, timezone(timedelta(hours=self.settings.zone_hours)))

    def next_id(self, kind: str) -> int:
        """AUTO_INCREMENT: never a number twice."""
        self._last[kind] = self._last.get(kind, 0) + 1
        self._shelf.put(self.name, f"last_{kind}", 1, _Counter(self._last[kind]))
        return self._last[kind]

    def say(self, text: str) -> None:
        """One line for ``b_sale_cashbox_err_log`` and the administrator's notices."""
        self.log.append((self.now(), text))

    def keep_settings(self, settings: SiteSettings, webhook: str) -> None:
        """Change the site's options or its incoming webhook."""
        self.settings, self.webhook = settings, webhook
        self._shelf.put(self.name, "settings", 1, _Settings(settings, webhook))

    def keep_option(self, name: str, value: str) -> None:
        """Set one option of the module; an empty value deletes it."""
        if value:
            self.options[name] = value
            self._shelf.put(self.name, "option", name, _Option(name, value))
        else:
            self.options.pop(name, None)
            self._shelf.drop(self.name, "option", name)

    def keep_hash(self, value: str, *, active: bool = True) -> None:
        """A row of ``b_sale_cashbox_connect``."""
        self.hashes[value] = active
        self._shelf.put(self.name, "hash", value, _Hash(value, active))

    def keep_order(self, order: Order) -> None:
        self.orders[order.id] = order
        self._shelf.put(self.name, "order", order.id, order)

    def drop_order(self, order_id: int) -> None:
        """The order and its payments go; nothing looks at the checks."""
        self.orders.pop(order_id, None)
        self._shelf.drop(self.name, "order", order_id)

    def keep_cashbox(self, cashbox: Cashbox) -> None:
        self.cashboxes[cashbox.id] = cashbox
        self._shelf.put(self.name, "cashbox", cashbox.id, cashbox)

    def drop_cashbox(self, cashbox_id: int) -> None:
        self.cashboxes.pop(cashbox_id, None)
        self._shelf.drop(self.name, "cashbox", cashbox_id)

    def keep_handler(self, handler: RestHandler) -> None:
        self.handlers[handler.id] = handler
        self._shelf.put(self.name, "handler", handler.id, handler)

    def drop_handler(self, handler_id: int) -> None:
        self.handlers.pop(handler_id, None)
        self._shelf.drop(self.name, "handler", handler_id)

    def keep_report(self, report: ZReport) -> None:
        self.reports[report.id] = report
        self._shelf.put(self.name, "report", report.id, report)

    def keep_check(self, check: Check) -> None:
        self._remember(check)
        self._shelf.put(self.name, "check", check.id, check)

    def drop_check(self, check_id: int) -> None:
        check = self.checks.pop(check_id)
        self.waiting.pop(check_id, None)
        self.of_order[check.order_id].discard(check_id)
        self.by_uuid.pop(check.external_uuid, None)
        self._shelf.drop(self.name, "check", check_id)

    def _remember(self, check: Check) -> None:
        self.checks[check.id] = check
        self.of_order.setdefault(check.order_id, set()).add(check.id)
        if check.open:
            self.waiting[check.id] = check
        else:
            self.waiting.pop(check.id, None)
        if check.external_uuid:
            self.by_uuid[check.external_uuid] = check.id

    def checks_of(self, order_id: int) -> list[Check]:
        """Every check of an order, also of one that has been deleted."""
        return [self.checks[check_id] for check_id in sorted(self.of_order.get(order_id, ()))]

    def cashbox_numbered(self, number: str) -> Cashbox | None:
        """The cashbox with this NUMBER_KKM, of whatever handler."""
        return next((box for box in self.cashboxes.values() if box.number_kkm == number), None)

    def handler_coded(self, code: str) -> RestHandler | None:
        """The REST handler with this code."""
        return next((handler for handler in self.handlers.values() if handler.code == code), None)

    def listen(self, cashbox_ids: frozenset[int]) -> asyncio.Event:
        """A flag ``sale_checks_<id>`` for each of these cashboxes; ``deafen`` it afterwards."""
        event = asyncio.Event()
        self._sleepers[event] = cashbox_ids
        return event

    def deafen(self, event: asyncio.Event) -> None:
        self._sleepers.pop(event, None)

    def raise_flags(self, cashbox_ids: tuple[int, ...]) -> None:
        """A check was created: polls that wait for one of these cashboxes may wake."""
        for event, wanted in self._sleepers.items():
            if not wanted.isdisjoint(cashbox_ids):
                event.set()
