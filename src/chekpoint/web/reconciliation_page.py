"""Reconciliation: the month as a map of days, one day with its mismatches, and a person's word about each."""

from datetime import date, timedelta
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chekpoint.core.errors import StoreError
from chekpoint.hub.mismatch_words import KINDS
from chekpoint.hub.payments import RULE_MS
from chekpoint.hub.reconciling import Reconciling
from chekpoint.store import mismatches, views_payments, views_reconciliation, views_registers
from chekpoint.store.journal import Tx
from chekpoint.store.views_reconciliation import NOBODY
from chekpoint.web import books, forms
from chekpoint.web.desk import back, desk_of, key_of, member, tell

REASON_MOST: Final = 500
NO_REGISTER: Final = "-"  # stands in an address for what belongs to no register
_PAST_US: Final = frozenset({"missing_here", "duplicate", "foreign"})


def kind_words(kind: str) -> tuple[str, str]:
    """The name of a kind of mismatches, Russian and English."""
    return KINDS[kind].name if kind in KINDS else (kind, kind)


def verbs_of(one: mismatches.Mismatch) -> tuple[str, ...]:
    """What a person may say of a mismatch."""
    if one.closed_at is not None:
        return ()
    if one.resolved_at is not None:
        return ("reopen",)
    if one.kind == "lost_answer" and one.receipt_id is not None:
        return ("adopt", "resolve")
    return ("accept", "resolve") if one.kind in _PAST_US and one.fn is not None else ("resolve",)


@member
async def show(request: Request) -> Response:
    """The month: registers by days."""
    desk = desk_of(request)
    today = desk.lingo(request).local(desk.now()).date()
    first = books.month_of(request.query_params.get("month", ""), today)
    days = books.month_days(first)

    def look(tx: Tx) -> dict[str, Any]:
        names = views_registers.names(tx)
        compared = views_reconciliation.days(tx, days[0], days[-1])
        tallies = views_reconciliation.tallies(tx, days[0], days[-1])
        return {
            "lines": books.lines(days, compared, tallies, names), "left": views_reconciliation.left(tx),
            "latest": views_reconciliation.latest(tx), "late": views_payments.count(tx, desk.now() - RULE_MS),
        }  # fmt: skip

    before, after = books.neighbours(first)
    return await desk.page(
        request, "reconciliation.html", first=first, days=days, before=before, after=after, today=today.isoformat(),
        nobody=NOBODY, offset=first.weekday(), **await desk.store.read(look),
    )  # fmt: skip


@member
async def day(request: Request) -> Response:
    """One day of one register: counts, mismatches, both sides; 404 for what is no day."""
    desk, at = desk_of(request), _day(request)
    asked = key_of(request, "register")
    register_id = NOBODY if asked == NO_REGISTER else asked

    def look(tx: Tx) -> dict[str, Any]:
        compared = views_reconciliation.days(tx, at.isoformat(), at.isoformat())
        return {
            "compared": [one for one in compared if one.register_id == register_id],
            "found": views_reconciliation.of_day(tx, at.isoformat(), register_id),
            "names": views_registers.names(tx),
        }  # fmt: skip

    found = await desk.store.read(look)
    if register_id not in found["names"] and not found["compared"] and not found["found"] and register_id:
        raise HTTPException(404)
    lingo = desk.lingo(request)
    sides = {one.id: books.sides(one.ours, one.theirs, lingo) for one in found["found"]}
    return await desk.page(
        request, "reconciliation_day.html", day=at, register_id=register_id, asked=asked, sides=sides,
        before=(at - timedelta(days=1)).isoformat(), after=(at + timedelta(days=1)).isoformat(),
        kind_words=kind_words, verbs_of=verbs_of, most=views_reconciliation.MOST, **found,
    )  # fmt: skip


def _day(request: Request) -> date:
    try:
        return date.fromisoformat(request.path_params["day"])
    except ValueError:
        raise HTTPException(404) from None


@member
async def decide(request: Request) -> Response:
    """A person's word: resolve, accept a receipt made past the hub, adopt a lost answer, reopen. Audited."""
    desk, key = desk_of(request), key_of(request, "mismatch")
    fields = await forms.read(request)
    verb = _VERBS.get(request.path_params["verb"])
    found = await desk.store.read(lambda tx: mismatches.one(tx, key))
    if verb is None or found is None:
        raise HTTPException(404)
    who, reason = request.state.person.login, fields.get("reason", "")[:REASON_MOST]
    verbs = Reconciling(desk.keys)
    try:
        await desk.store.write(lambda tx: getattr(verbs, verb)(tx, key, who, reason))
    except StoreError as error:
        tell(request, "verb.failed", "bad", why=str(error))
    else:
        tell(request, "books.decided")
    return back(f"/reconciliation/{found.day}/{found.register_id or NO_REGISTER}#m-{key}")


_VERBS: Final = {"resolve": "resolve", "accept": "accept_orphan", "adopt": "adopt", "reopen": "reopen"}
ROUTES = [
    Route("/reconciliation", show, methods=["GET"]),
    Route("/reconciliation/{day:str}/{register:str}", day, methods=["GET"]),
    Route("/reconciliation/mismatches/{mismatch:str}/{verb:str}", decide, methods=["POST"]),
]
