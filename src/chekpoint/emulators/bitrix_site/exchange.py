"""``sale_check_print.php``: one long poll, from the request's body to what it answers.

Order of work: results first (if any was processed, the answer is the acknowledgement alone), then the cashboxes,
then Z-reports and checks, then waiting for new checks.
"""

from typing import Any, Final

import msgspec

from chekpoint.emulators.bitrix_site.cashboxes import Cashbox, Handler, converted, handler_of, titled
from chekpoint.emulators.bitrix_site.checks import Check, Status, ZReport
from chekpoint.emulators.bitrix_site.printed import apply_printed, kopecks
from chekpoint.emulators.bitrix_site.state import SiteState
from chekpoint.emulators.bitrix_site.tasks import check_task, report_task
from chekpoint.emulators.bitrix_site.z_reports import due_report
from chekpoint.emulators.waiting import either

REDELIVERY_SECONDS: Final = 240.0
PER_ANSWER: Final = 5
CADENCE_SECONDS: Final = 0.5
LONGEST_POLL: Final = 60.0
Row = dict[str, Any]


class BadRequest(Exception):
    """A body that makes PHP throw; the text is the exception's."""


async def poll(state: SiteState, body: bytes, host: str) -> Row:
    """The answer's object, after as long as the site lets a client wait; raises BadRequest."""
    started = state.clock.monotonic()
    version, kkm = _read(body)
    acknowledged = apply_printed(state, kkm)
    if acknowledged:
        return {"ack": acknowledged}
    cashboxes = _refresh(state, version, kkm)
    until = started + longest_wait(state)
    if not cashboxes:
        await state.clock.sleep(until - started)
        return {}
    reports = _reports(state, cashboxes, host)
    tasks = take_checks(state, cashboxes, host)
    if not reports and not tasks:
        tasks = await _wait_for_checks(state, cashboxes, host, until)
    return ({"reports": reports} if reports else {}) | ({"print": tasks} if tasks else {})


def longest_wait(state: SiteState) -> float:
    """Seconds: three quarters of what PHP allows, 60 at most."""
    allowed = state.settings.max_execution_time
    return min(LONGEST_POLL, 0.75 * allowed) if allowed else LONGEST_POLL


def _read(body: bytes) -> tuple[object, list[Any]]:
    try:
        request = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadRequest(f"JSON decode: {error}") from error
    if not isinstance(request, dict):
        return None, []
    kkm = request.get("kkm")
    listed = list(kkm.values()) if isinstance(kkm, dict) else kkm  # a PHP array either way
    registers = listed if isinstance(listed, list) else []
    return request.get("api_version"), [register for register in registers if isinstance(register, dict)]


def _refresh(state: SiteState, version: object, kkm: list[Any]) -> list[Cashbox]:
    """Register or refresh every register of the request; those that are to print, in the request's order."""
    ready: dict[int, Cashbox] = {}
    for register in kkm:
        number = register.get("zn")
        if not isinstance(number, str | int) or isinstance(number, bool) or not str(number).strip():
            state.say("касса без заводского номера в запросе")
            continue
        known = state.cashbox_numbered(str(number))
        handler, enabled = handler_of(version), register.get("status") == "ok"
        if known is None:
            _register(state, register, handler, enabled=enabled)
            continue
        box = _refreshed(state, known, handler, enabled=enabled)
        if box.active and enabled:
            ready[box.id] = box
    return list(ready.values())


def _register(state: SiteState, register: Row, handler: Handler, *, enabled: bool) -> None:
    """An unknown number: a new inactive cashbox, and its first Z row from the register's counters."""
    box = Cashbox(
        id=state.next_id("cashbox"),
        name=titled(handler),
        handler=handler,
        number_kkm=str(register["zn"])[:64],
        enabled=enabled,
        email=state.settings.shop_email,
        created_at=state.now(),
        last_check_at=state.now(),
    )
    state.keep_cashbox(box)
    cash, income = kopecks(register.get("cache")), kopecks(register.get("reg_income"))
    first = ZReport(
        id=state.next_id("report"), cashbox_id=box.id, created_at=state.now(), status=Status.PRINTED,
        print_start=state.now(), print_end=state.now(),
        cash=cash, cashless=income - cash, cumulative=kopecks(register.get("nz_sum")),
    )  # fmt: skip
    state.keep_report(first)


def _refreshed(state: SiteState, box: Cashbox, handler: Handler, *, enabled: bool) -> Cashbox:
    """A known number, whoever serves it: another version silently takes it over."""
    if box.handler is not handler:
        state.say(f"касса {box.number_kkm}: {box.handler} → {handler}, НДС и виды оплаты сброшены")
        box = converted(box, handler)
    if not enabled:
        state.say(f"CASHBOX_STATUS_ERROR: касса {box.number_kkm} не готова к печати")
    box = msgspec.structs.replace(box, enabled=enabled, last_check_at=state.now())
    state.keep_cashbox(box)
    return box


def _reports(state: SiteState, cashboxes: list[Cashbox], host: str) -> list[Row]:
    due = [(box, due_report(state, box)) for box in cashboxes]
    return [report_task(state, box, report, host) for box, report in due if report is not None]


async def _wait_for_checks(state: SiteState, cashboxes: list[Cashbox], host: str, until: float) -> list[Row]:
    """Only a new check ends the wait, at the next half second; nothing else is looked at until the next poll."""
    started = state.clock.monotonic()
    flag = state.listen(frozenset(box.id for box in cashboxes))
    try:
        while (left := until - state.clock.monotonic()) > 0:
            await either(state.clock, left, flag)
            if not flag.is_set():
                continue
            passed = state.clock.monotonic() - started
            await state.clock.sleep(CADENCE_SECONDS - passed % CADENCE_SECONDS)
            flag.clear()
            tasks = take_checks(state, cashboxes, host)
            if tasks:
                return tasks
    finally:
        state.deafen(flag)
    return []


def take_checks(state: SiteState, cashboxes: list[Cashbox], host: str) -> list[Row]:
    """Up to five checks, handed out: P from now on (``getPrintableChecks``). None while the table is locked."""
    if state.busy_locks > 0:
        state.busy_locks -= 1
        return []
    by_id = {box.id: box for box in cashboxes}
    tasks: list[Row] = []
    for check in _printable(state, by_id):
        taken = _handed(state, check, by_id)
        box = by_id.get(taken.cashbox_id or 0)
        task = check_task(state, box, taken, host) if box is not None else {}
        if task:
            tasks.append(task)
    return tasks


def _printable(state: SiteState, by_id: dict[int, Cashbox]) -> list[Check]:
    overdue = state.now() - REDELIVERY_SECONDS
    found: list[Check] = []
    rows = list(state.waiting.values())
    if state.settings.order_by == "random":
        state.chance.shuffle(rows)
    for check in rows:
        fresh = check.status is Status.NEW and check.print_start is None
        again = (
            check.status is Status.PENDING and check.print_start is not None and check.print_start < overdue
        )
        if (fresh or again) and any(box_id in by_id for box_id in check.allowed):
            found.append(check)
            if len(found) == PER_ANSWER:
                break
    return found


def _handed(state: SiteState, check: Check, by_id: dict[int, Cashbox]) -> Check:
    """The check as handed out. DATE_PRINT_START stays that of the first time, so an overdue one comes every time."""
    allowed = [box_id for box_id in check.allowed if box_id in by_id]
    if check.status is Status.NEW:
        chosen: int | None = state.chance.choice(allowed)
    else:
        chosen = _moved(state, check, allowed)
    box = by_id.get(chosen or 0)
    handed = msgspec.structs.replace(
        check,
        status=Status.PENDING,
        cashbox_id=chosen,
        print_start=state.now() if check.print_start is None else check.print_start,
        handed=check.handed + 1,
        handed_to=_once_more(check.handed_to, box),
    )
    state.keep_check(handed)
    return handed


def _once_more(handed_to: tuple[str, ...], box: Cashbox | None) -> tuple[str, ...]:
    if box is None or handed_to[-1:] == (box.number_kkm,):
        return handed_to
    return (*handed_to[-20:], box.number_kkm)


def _moved(state: SiteState, check: Check, allowed: list[int]) -> int | None:
    """An overdue check goes to another cashbox of the same request, if there is one.

    The site's array_diff keeps the keys and its lot is drawn from 0..n-1: a gap makes CASHBOX_ID null.
    """
    others = {place: box_id for place, box_id in enumerate(allowed) if box_id != check.cashbox_id}
    if not others:
        return check.cashbox_id
    return others.get(state.chance.randrange(len(others)))
