"""What people and programs do to an emulated site over HTTP: JSON, or the plain forms of the admin's page.

Each verb is a body (``forbid_unknown_fields``) and what it does; ``act`` reads one and does it.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from chekpoint.emulators.bitrix_site.cashboxes import CashboxSettings, Handler
from chekpoint.emulators.bitrix_site.checks import CheckType, Related
from chekpoint.emulators.bitrix_site.orders import Line
from chekpoint.emulators.bitrix_site.site import Site, SiteError
from chekpoint.emulators.control_orders import FaultOrder
from chekpoint.emulators.faults import Fault, FaultKind, FaultPlan, Point

Sum = Annotated[int, Meta(ge=0, le=1_000_000_000_000)]


class NewOrder(msgspec.Struct, forbid_unknown_fields=True):
    """An order, paid at once if ``paid``. ``count`` such orders; ``price`` stands for a single line."""

    lines: tuple[Line, ...] = ()
    payments: tuple[Sum, ...] | None = None
    email: str = "buyer@shop.example"
    phone: str = ""
    delivery: Sum = 0
    pay_system: str = "card"
    cash: bool = False
    paid: bool = True
    count: Annotated[int, Meta(ge=1, le=10_000)] = 1
    price: Annotated[int, Meta(ge=1, le=1_000_000_000_000)] = 10_000
    name: Annotated[str, Meta(min_length=1, max_length=200)] = "Товар"
    vat: str = "vat20"


class OfOrder(msgspec.Struct, forbid_unknown_fields=True):
    """One order, and a payment of it (the first that fits unless named)."""

    order_id: int
    payment_id: int | None = None


class NewCheck(msgspec.Struct, forbid_unknown_fields=True):
    """A check by hand."""

    order_id: int
    type: CheckType
    payment_id: int | None = None
    related: tuple[Related, ...] = ()


class OfCheck(msgspec.Struct, forbid_unknown_fields=True):
    """One check."""

    check_id: int


class NewCashbox(msgspec.Struct, forbid_unknown_fields=True):
    """A cashbox made by hand."""

    handler: Handler
    number: Annotated[str, Meta(min_length=1, max_length=64)]
    name: str = ""
    active: bool = True
    use_offline: bool = False
    settings: CashboxSettings | None = None


class Activation(msgspec.Struct, forbid_unknown_fields=True):
    """The form of a cashbox, saved; ``settings`` are fields of CashboxSettings."""

    cashbox_id: int
    active: bool = True
    settings: dict[str, Any] = {}


class OfCashbox(msgspec.Struct, forbid_unknown_fields=True):
    """One cashbox."""

    cashbox_id: int


class Hash(msgspec.Struct, forbid_unknown_fields=True):
    """A hash of one's own choosing; empty: the site makes one."""

    hash: Annotated[str, Meta(max_length=100)] = ""
    active: bool = True


class Webhook(msgspec.Struct, forbid_unknown_fields=True):
    """The secret part of an incoming webhook's address."""

    secret: Annotated[str, Meta(min_length=1, max_length=100, pattern="^[A-Za-z0-9]+$")]


class Conduct(msgspec.Struct, forbid_unknown_fields=True):
    """``busy_locks`` of the next looks at the table find it locked; ``html`` answers everything by a page."""

    html: bool | None = None
    busy_locks: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """A verb that needs no more words."""


class OutgoingFault(FaultOrder):
    """A fault of what the site calls itself: ``face.request`` before it arrives, ``face.answer`` on the way back."""


async def _order(site: Site, body: NewOrder) -> Any:
    lines = body.lines or (Line(price=body.price, name=body.name, vat=body.vat),)
    made: list[int] = []
    for _ in range(body.count):
        order = site.create_order(
            lines, payments=body.payments, email=body.email, phone=body.phone, delivery=body.delivery,
            pay_system=body.pay_system, cash=body.cash,
        )  # fmt: skip
        made.append(order.id)
        if body.paid:
            await site.pay(order.id)
    return {"orders": made}


async def _pay(site: Site, body: OfOrder) -> Any:
    return {"check": await site.pay(body.order_id, body.payment_id)}


async def _ship(site: Site, body: OfOrder) -> Any:
    return {"check": await site.ship(body.order_id)}


async def _refund(site: Site, body: OfOrder) -> Any:
    site.refund(body.order_id, body.payment_id)
    return {}


async def _delete_order(site: Site, body: OfOrder) -> Any:
    site.delete_order(body.order_id)
    return {}


async def _check(site: Site, body: NewCheck) -> Any:
    made = await site.add_check(body.order_id, body.type, payment_id=body.payment_id, related=body.related)
    return {"check": made}


async def _delete_check(site: Site, body: OfCheck) -> Any:
    site.delete_check(body.check_id)
    return {}


async def _ask_check(site: Site, body: OfCheck) -> Any:
    await site.printers.ask(site.check(body.check_id))
    return {"check": site.check(body.check_id)}


async def _cashbox(site: Site, body: NewCashbox) -> Any:
    made = site.add_cashbox(
        body.handler, number=body.number, name=body.name, active=body.active,
        use_offline=body.use_offline, settings=body.settings,
    )  # fmt: skip
    return {"cashbox": made}


async def _activate(site: Site, body: Activation) -> Any:
    return {"cashbox": site.activate(body.cashbox_id, active=body.active, **body.settings)}


async def _report(site: Site, body: OfCashbox) -> Any:
    return {"report": site.ask_report(body.cashbox_id)}


async def _hash(site: Site, body: Hash) -> Any:
    if not body.hash:
        return {"hash": site.generate_link()}
    site.allow_hash(body.hash, active=body.active)
    return {"hash": body.hash}


async def _webhook(site: Site, body: Webhook) -> Any:
    site.make_webhook(body.secret)
    return {"path": f"/rest/1/{body.secret}/"}


async def _settings(site: Site, body: dict[str, Any]) -> Any:
    return {"settings": site.change_settings(**body)}


async def _conduct(site: Site, body: Conduct) -> Any:
    if body.html is not None:
        site.html_answers = body.html
    if body.busy_locks is not None:
        site.state.busy_locks = body.busy_locks
    return {}


async def _agent(site: Site, _: Nothing) -> Any:
    return {"asked": await site.printers.run_agent()}


async def _fault(site: Site, body: FaultOrder) -> Any:
    return _plan_changed(site.faults, body)


async def _outgoing(site: Site, body: OutgoingFault) -> Any:
    return _plan_changed(site.outgoing, body)


def _plan_changed(plan: FaultPlan, order: FaultOrder) -> Any:
    if order.clear:
        plan.clear()
    elif order.spec is not None:
        plan.reseed(order.spec)
    else:
        try:
            point, kind = Point(order.point), FaultKind(order.kind)
        except ValueError as error:
            raise SiteError(str(error)) from error
        fault = Fault(kind=kind, seconds=order.seconds, after_bytes=order.after_bytes, detail=order.detail)
        plan.order(point, fault, times=order.times)
    return {"faults": plan.pending()}


_VERBS: Final[dict[str, tuple[Any, Callable[[Site, Any], Awaitable[Any]]]]] = {
    "order": (NewOrder, _order),
    "pay": (OfOrder, _pay),
    "ship": (OfOrder, _ship),
    "refund": (OfOrder, _refund),
    "delete_order": (OfOrder, _delete_order),
    "check": (NewCheck, _check),
    "delete_check": (OfCheck, _delete_check),
    "ask_check": (OfCheck, _ask_check),
    "cashbox": (NewCashbox, _cashbox),
    "activate": (Activation, _activate),
    "report": (OfCashbox, _report),
    "hash": (Hash, _hash),
    "webhook": (Webhook, _webhook),
    "settings": (dict[str, Any], _settings),
    "conduct": (Conduct, _conduct),
    "agent": (Nothing, _agent),
    "fault": (FaultOrder, _fault),
    "outgoing": (OutgoingFault, _outgoing),
}
VERBS: Final = tuple(_VERBS)


async def act(site: Site, verb: str, body: bytes | dict[str, Any]) -> Any:
    """Do one verb; ``body`` is JSON, or the fields of a form. Raises SiteError, FaultSpecError, msgspec errors."""
    if verb not in _VERBS:
        raise SiteError(f"{verb}: {' | '.join(VERBS)}")
    shape, work = _VERBS[verb]
    if isinstance(body, bytes):
        return await work(site, msgspec.json.decode(body or b"{}", type=shape))
    return await work(site, msgspec.convert(body, shape, strict=False))


def state_of(site: Site) -> dict[str, Any]:
    """Everything there is to see of a site, for programs."""
    return {
        "test_double": True,
        "site": site.name,
        "settings": site.state.settings,
        "orders": list(site.state.orders.values()),
        "cashboxes": site.cashboxes(),
        "checks": site.checks(),
        "reports": site.reports(),
        "hashes": site.state.hashes,
        "handlers": list(site.state.handlers.values()),
        "faults": {"incoming": site.faults.pending(), "outgoing": site.outgoing.pending()},
        "log": list(site.state.log)[-50:],
    }
