"""One receipt: its two axes, what happened to it, and what a person may decide."""

from typing import Any, Final, NamedTuple

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chekpoint.core.errors import Conflict, StoreError
from chekpoint.core.lifecycle import Proof, State
from chekpoint.hub.verdicts import Verdicts
from chekpoint.store import tax, views_receipt
from chekpoint.store.views_receipt import Event, Evidence, Whole
from chekpoint.web import forms
from chekpoint.web.desk import Desk, back, desk_of, key_of, member, tell
from chekpoint.web.found_document import found_document
from chekpoint.web.lingo import Lingo
from chekpoint.web.printing import printed

RUNGS: Final = tuple(rung for rung in Proof if rung is not Proof.NONE)
REASON_MOST: Final = 500
_NO_REASON_NEEDED: Final = frozenset({"look_again"})


class Rung(NamedTuple):
    """One rung of the ladder: reached or not, with its evidence."""

    proof: Proof
    reached: bool
    evidence: list[Evidence]


def ladder(whole: Whole) -> list[Rung]:
    """The rungs from the highest down, as the ladder is drawn."""
    return [
        Rung(rung, whole.head.proof >= rung, [found for found in whole.evidence if found.rung == rung])
        for rung in reversed(RUNGS)
    ]


def verbs(whole: Whole) -> list[str]:
    """What a person may do with the receipt now; the transition table decides what will be taken."""
    state, proven = State(whole.head.state), whole.head.proof >= Proof.TICKETED
    if state is State.QUEUED:
        return ["cancel"]
    if state is State.IN_DOUBT:
        return ["look_again", "registered", "not_registered"]
    if state is State.REJECTED:
        return ["again"]
    if state is State.REGISTERING or (state is State.FISCALISED and not proven):
        return ["look_again"]
    return []


class Happening(NamedTuple):
    """One line of the timeline."""

    at: int
    tone: str
    text: str
    note: str


def happening(event: Event, lingo: Lingo) -> Happening:
    """An event in words; one of an unknown kind keeps its own name."""
    body: dict[str, Any] = msgspec.json.decode(event.body)
    word = body.get("cause") or body.get("rung") or body.get("verb") or body.get("incident") or ""
    key = f"event.{event.kind}.{word}" if word else f"event.{event.kind}"
    text = lingo.t(key) if lingo.has(key) else f"{event.kind} {word}".strip()
    tone = {"proof": "proof", "incident_opened": "bad", "deed": "deed"}.get(event.kind, "plain")
    if event.kind == "state":
        tone = {"fiscalised": "proof", "in_doubt": "doubt", "rejected": "bad"}.get(
            body.get("new", ""), "plain"
        )
    return Happening(event.at, tone, text, _note(body, lingo))


def _note(body: dict[str, Any], lingo: Lingo) -> str:
    if "fd" in body:
        return lingo.t("receipt.fd_of", fd=body["fd"], fn=body.get("fn", ""))
    words = [body.get(name) for name in ("why", "reason", "evidence")]
    return next((str(word) for word in words if word), "")


@member
async def show(request: Request) -> Response:
    """The page; 404 when there is no such receipt."""
    desk = desk_of(request)
    key = key_of(request, "receipt")
    whole, asked = await desk.store.read(lambda tx: (views_receipt.whole(tx, key), tax.question(tx, key)))
    if whole is None:
        raise HTTPException(404, "receipt")
    link = await desk.public_link(whole.head.id)
    context = _context(desk, request, whole)
    return await desk.page(request, "receipt.html", link=link, tax=asked, **context)


def _context(desk: Desk, request: Request, whole: Whole) -> dict[str, Any]:
    lingo = desk.lingo(request)
    return {
        "whole": whole, "head": whole.head, "ladder": ladder(whole), "verbs": verbs(whole),
        "happenings": [happening(event, lingo) for event in whole.events],
        "printed": printed(whole.head, whole.document), "Proof": Proof, "register": _register(whole),
    }  # fmt: skip


def _register(whole: Whole) -> str | None:
    names = [one.register for one in whole.attempts if one.register_id == whole.head.register_id]
    return next((name for name in names if name), whole.head.register_id)


@member
async def decide(request: Request) -> Response:
    """An operator's verb: done, or refused in words. The page says which."""
    desk, receipt_id, verb = desk_of(request), key_of(request, "receipt"), request.path_params["verb"]
    fields = await forms.read(request)
    reason = fields.get("reason", "")[:REASON_MOST]
    if verb not in {"cancel", "look_again", "registered", "not_registered", "again"}:
        raise HTTPException(404)
    if verb not in _NO_REASON_NEEDED and not reason:
        tell(request, "verb.no_reason", "bad")
    elif verb not in _NO_REASON_NEEDED and fields.get("sure") != "yes":
        tell(request, "verb.not_sure", "bad")
    else:
        await _carry_out(desk, request, verb, receipt_id, fields | {"reason": reason})
    return back(f"/receipts/{receipt_id}")


async def _carry_out(
    desk: Desk, request: Request, verb: str, receipt_id: str, fields: dict[str, str]
) -> None:
    who = request.state.person.login
    try:
        if verb == "registered":
            await _registered(desk, receipt_id, fields, who=who)
        else:
            await _call(desk.hub.verdicts, verb, receipt_id, who=who, reason=fields["reason"])
    except Conflict:
        tell(request, "verb.conflict", "bad")
    except ValueError:
        tell(request, "verb.registered.amiss", "bad")
    except StoreError as error:
        tell(request, "verb.failed", "bad", why=str(error))
    else:
        tell(request, f"verb.{verb}.done")


async def _registered(desk: Desk, receipt_id: str, fields: dict[str, str], *, who: str) -> None:
    """A person found the document; ValueError when what was typed is no document of this receipt."""
    head = await desk.store.read(lambda tx: views_receipt.head(tx, receipt_id))
    document = found_document(head, fields) if head is not None else None
    if document is None:
        raise ValueError("not a document")
    await desk.hub.verdicts.registered(receipt_id, document, who=who, reason=fields["reason"])


async def _call(verdicts: Verdicts, verb: str, receipt_id: str, *, who: str, reason: str) -> None:
    if verb == "cancel":
        await verdicts.cancel(receipt_id, who=who, reason=reason)
    elif verb == "not_registered":
        await verdicts.not_registered(receipt_id, who=who, reason=reason)
    elif verb == "again":
        await verdicts.again(receipt_id, who=who, reason=reason)
    else:
        await verdicts.look_again(receipt_id, who=who)


ROUTES = [
    Route("/receipts/{receipt:str}", show, methods=["GET"]),
    Route("/receipts/{receipt:str}/{verb:str}", decide, methods=["POST"]),
]
