"""The control panel of an emulator over HTTP: look at it, and break it while it runs.

``control_app`` is mounted beside a face (at ``/``). GET ``/`` is a small page for people that says in large letters
that this is a test double; its buttons are plain forms. Programs post JSON to ``/control/*`` and read
``/control/state``; a wrong body gets HTTP 400 ``{"error": ...}``.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from html import escape
from typing import Any, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from chekpoint.emulators import control_page
from chekpoint.emulators.control_drive import break_hardware, order_drive
from chekpoint.emulators.control_orders import (
    AccountSetting,
    ClockSetting,
    Cover,
    DriveOrder,
    FaultOrder,
    Hardware,
    OfdSetting,
    Paper,
    Shift,
    Switch,
)
from chekpoint.emulators.drive_errors import EmulatedError
from chekpoint.emulators.faults import Fault, FaultKind, FaultPlan, FaultSpecError, Point
from chekpoint.emulators.ofd.cabinet import FAILURES
from chekpoint.emulators.ofd.conduct import ANSWERS
from chekpoint.emulators.ofd.operator import EmulatedOfd
from chekpoint.emulators.register import EmulatedRegister
from chekpoint.fiscal.receipt import Cashier

FORM = "application/x-www-form-urlencoded"


class ControlError(Exception):
    """A control request that makes no sense; the text says why."""


class Controlled(msgspec.Struct, kw_only=True):
    """What one panel controls."""

    faults: FaultPlan
    register: EmulatedRegister | None = None
    ofd: EmulatedOfd | None = None
    extra: Callable[[], dict[str, Any]] | None = None  # more lines of a face for the state


def control_app(
    *,
    faults: FaultPlan,
    register: EmulatedRegister | None = None,
    ofd: EmulatedOfd | None = None,
    extra: Callable[[], dict[str, Any]] | None = None,
) -> Starlette:
    """The panel as an ASGI application with the routes ``/`` and ``/control/*``."""
    return Starlette(routes=control_routes(faults=faults, register=register, ofd=ofd, extra=extra))


def control_routes(
    *,
    faults: FaultPlan,
    register: EmulatedRegister | None = None,
    ofd: EmulatedOfd | None = None,
    extra: Callable[[], dict[str, Any]] | None = None,
) -> list[Route]:
    """The same as routes, for a face that mounts them in its own application."""
    panel = Controlled(faults=faults, register=register, ofd=ofd, extra=extra)

    async def home(_: Request) -> Response:
        return HTMLResponse(
            control_page.page(state_of(panel), with_register=register is not None, with_ofd=ofd is not None)
        )

    async def state(_: Request) -> Response:
        return JSONResponse(msgspec.to_builtins(state_of(panel)))

    routes = [Route("/", home), Route("/control/state", state), _post("fault", panel, FaultOrder, _fault)]
    if register is not None:
        routes += [
            _post("paper", panel, Paper, _paper),
            _post("cover", panel, Cover, _cover),
            _post("power", panel, Switch, _power),
            _post("link", panel, Switch, _link),
            _post("clock", panel, ClockSetting, _clock),
            _post("shift", panel, Shift, _shift),
            _post("hardware", panel, Hardware, _hardware),
            _post("drive", panel, DriveOrder, _drive),
        ]
    if ofd is not None:
        routes.append(_post("account", panel, AccountSetting, _account))
    routes.append(_post("ofd", panel, OfdSetting, _ofd))
    return routes


Body = TypeVar("Body", bound=msgspec.Struct)


def _post(
    name: str, panel: Controlled, shape: type[Body], act: Callable[[Controlled, Body], Awaitable[None]]
) -> Route:
    async def endpoint(request: Request) -> Response:
        form = request.headers.get("content-type", "").startswith(FORM)
        try:
            await act(panel, await _body(request, shape, form=form))
        except (ControlError, FaultSpecError, EmulatedError, msgspec.ValidationError) as error:
            return _refused(str(error), form=form)
        if form:
            return RedirectResponse("../", status_code=303)  # relative: the panel may be mounted anywhere
        return JSONResponse(msgspec.to_builtins(state_of(panel)))

    return Route(f"/control/{name}", endpoint, methods=["POST"])


async def _body(request: Request, shape: type[Body], *, form: bool) -> Body:
    """JSON for programs, a plain form for people; raises msgspec.ValidationError or ControlError."""
    if form:
        fields = await request.form()
        return msgspec.convert({k: str(v) for k, v in fields.items() if v != ""}, shape, strict=False)
    try:
        return msgspec.json.decode(await request.body(), type=shape)
    except msgspec.DecodeError as error:
        raise ControlError(f"JSON: {error}") from error


def _refused(text: str, *, form: bool) -> Response:
    if form:
        return HTMLResponse(f"<!doctype html><meta charset=utf-8><p>{escape(text)}<p><a href='/'>←</a>", 400)
    return JSONResponse({"error": text}, 400)


def state_of(panel: Controlled) -> dict[str, Any]:
    """Everything the panel shows: state, archive, queue, conduct, faults."""
    shown: dict[str, Any] = {"test_double": True}
    if panel.register is not None:
        shown |= _register_state(panel.register)
    if panel.ofd is not None:
        shown["ofd"] = {
            "conduct": panel.ofd.conduct,
            "drives": [
                {"fn": fn, "documents": count, "last_fd": last, "rejected": rejected}
                for fn, count, last, rejected in panel.ofd.archive.drives()
            ],
            "refused_messages": panel.ofd.refused,
        }
    shown["faults"] = {
        "seed": panel.faults.seed,
        "drawn": panel.faults.drawn,
        "chances": panel.faults.chances,
        "ordered": panel.faults.pending(),
    }
    return shown | (panel.extra() if panel.extra else {})


def _register_state(register: EmulatedRegister) -> dict[str, Any]:
    drive = register.drive
    last = list(drive.documents(max(1, drive.last_fd - 9)))
    return {
        "register": register.inspect(),
        "archive": {
            "fn": drive.number,
            "documents": drive.last_fd,
            "totals": drive.totals,
            "last": [
                {
                    "fd": d.fd_number,
                    "code": d.code,
                    "made_at": d.made_at.isoformat(),
                    "sign": d.sign_text,
                    "total": d.total,
                    "ticket": d.answer,
                    "flags": d.flags,
                }
                for d in last
            ],
        },
        "queue": register.exchange.status(),
        "exchange_enabled": register.exchange.enabled,
    }


async def _fault(panel: Controlled, order: FaultOrder) -> None:
    if order.clear:
        panel.faults.clear()
        return
    if order.spec is not None:
        panel.faults.reseed(order.spec)
        return
    try:
        point, kind = Point(order.point), FaultKind(order.kind)
    except ValueError as error:
        raise ControlError(str(error)) from error
    fault = Fault(kind=kind, seconds=order.seconds, after_bytes=order.after_bytes, detail=order.detail)
    panel.faults.order(point, fault, times=order.times)


async def _paper(panel: Controlled, paper: Paper) -> None:
    _register(panel).paper = paper.present


async def _cover(panel: Controlled, cover: Cover) -> None:
    _register(panel).cover_open = cover.open


async def _power(panel: Controlled, switch: Switch) -> None:
    register = _register(panel)
    if switch.on:
        register.power_on()
    else:
        register.power_off(switch.seconds)


async def _link(panel: Controlled, switch: Switch) -> None:
    register = _register(panel)
    if switch.on:
        register.link_on()
    else:
        register.link_off(switch.seconds)


async def _clock(panel: Controlled, setting: ClockSetting) -> None:
    register = _register(panel)
    if setting.local is not None:
        register.set_clock(_possible(setting.local))
    elif setting.offset_seconds is not None:
        register.clock_offset = timedelta(seconds=setting.offset_seconds)
    else:
        raise ControlError("local или/or offset_seconds")


def _possible(local: datetime) -> datetime:
    """A wall clock that a fiscal document can carry (1012 is an unsigned 32-bit count of seconds)."""
    if not 2016 <= local.year <= 2105 or local.tzinfo is not None:
        raise ControlError(f"local: {local}: 2016..2105, без зоны / without zone")
    return local


async def _shift(panel: Controlled, shift: Shift) -> None:
    register, cashier = _register(panel), Cashier(name=shift.cashier)
    await (register.open_shift(cashier) if shift.open else register.close_shift(cashier))


async def _hardware(panel: Controlled, order: Hardware) -> None:
    break_hardware(_register(panel), order)


async def _drive(panel: Controlled, order: DriveOrder) -> None:
    await order_drive(_register(panel), order)


async def _ofd(panel: Controlled, setting: OfdSetting) -> None:
    if setting.answer is not None and setting.answer not in ANSWERS:
        raise ControlError(f"answer: {ANSWERS}")
    if setting.flags is not None and not 0 <= setting.flags <= 255:
        raise ControlError("flags: 0..255")
    if setting.enabled is not None:
        _register(panel).exchange.enabled = setting.enabled
        _register(panel).exchange.wake()
    given = {k: v for k, v in msgspec.structs.asdict(setting).items() if v is not None and k != "enabled"}
    if given and panel.ofd is None:
        raise ControlError("здесь нет ОФД / there is no operator here")
    if panel.ofd is not None:
        for name, value in given.items():
            setattr(panel.ofd.conduct, name, value)


async def _account(panel: Controlled, setting: AccountSetting) -> None:
    if panel.ofd is None:
        raise ControlError("здесь нет ОФД / there is no operator here")
    if setting.failure == "none":  # a plain form cannot say an empty value
        setting.failure = ""
    if setting.failure and setting.failure not in FAILURES:
        raise ControlError(f"failure: none, {', '.join(FAILURES)}")
    if setting.sign_form is not None and setting.sign_form not in {"text", "number", "base64"}:
        raise ControlError("sign_form: text | number | base64")
    conduct = panel.ofd.account_conduct
    for name in (
        "delay_seconds",
        "flc_seconds",
        "zone_hours",
        "padded",
        "sign_form",
        "token_seconds",
        "token_uses",
        "page_limit",
        "requests_per_second",
        "failure",
    ):
        value = getattr(setting, name)
        if value is not None:
            setattr(conduct, name, value)
    if setting.fn is not None and setting.fd is not None:
        conduct.tamper((setting.fn, setting.fd), setting)


def _register(panel: Controlled) -> EmulatedRegister:
    if panel.register is None:
        raise ControlError("здесь нет ККТ / there is no register here")
    return panel.register
