"""What is wrong with one document, once its two sides are not known to be equal.

A difference that a document on its way explains is none yet: ``Patience`` says how long that may take.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from chekpoint.core.ports import RegisterStatus
from chekpoint.fiscal.money import roubles
from chekpoint.fiscal.vat_totals import vat_totals
from chekpoint.hub import digests, facts, strays
from chekpoint.hub.mismatch_words import explain
from chekpoint.store import doubles
from chekpoint.store.comparison import RECEIPT_CODES, Ours, Sides, Theirs
from chekpoint.store.doubles import Stray
from chekpoint.store.journal import Tx
from chekpoint.store.mismatches import Difference

KIND_WORDS: Final = {1: "приход", 2: "возврат прихода", 3: "расход", 4: "возврат расхода"}
CODE_WORDS: Final = {3: "чек", 31: "чек коррекции", 4: "БСО", 41: "БСО коррекции"}
FIELD_WORDS: Final = {
    "name": "названия", "sum": "суммы", "price": "цены", "quantity": "количество", "vat": "ставки НДС",
}  # fmt: skip
NOT_SAID: Final = "ОФД не назвал причину / no reason given"


class Patience(NamedTuple):
    """How long, in milliseconds, a document may be on its way before that is a mismatch."""

    shown: int  # from the drive to the operator's cabinet
    tax: int  # from the operator to the tax service


class Place(NamedTuple):
    """Where the documents come from."""

    fn: str
    register_id: str
    status: RegisterStatus | None  # what its register said last
    drives: Sequence[str]  # all that either side knows: a document may be shown under a wrong one
    complete: bool = True  # did the operator list all it has? An imported file may show a part


class Judge:
    """One comparison of one drive. ``hours``: the operator's times are all shifted, a mismatch of its own."""

    def __init__(self, tx: Tx, place: Place, patience: Patience, hours: int = 0) -> None:
        self._tx, self._place, self._patience, self._hours = tx, place, patience, hours

    def judge(self, both: Sides) -> Iterator[Difference]:
        """The differences of one FD number; none when all that differs has time yet, or is no receipt."""
        ours = both.ours
        theirs = [one for one in both.theirs if one.document in RECEIPT_CODES]
        if ours is None:
            yield from self._missing_here(theirs)
        elif ours.document in RECEIPT_CODES:
            if ours.receipt_id is None:
                yield self._foreign(ours, theirs)
            elif not theirs:
                yield from self._missing_there(ours)
            else:
                yield from self._differences(ours, theirs)

    # -- both sides have it ------------------------------------------------------------------------------------------

    def _differences(self, ours: Ours, theirs: list[Theirs]) -> Iterator[Difference]:
        told = set[str]()
        for one in theirs:
            if _sign(one) != _sign(ours) and self._of_another_drive(one):
                continue  # it is told of at the drive that has signed it
            for found in (*self._fields(ours, one), *self._on_its_way(ours, one)):
                if found.kind not in told:
                    told.add(found.kind)
                    yield found
        if all(_sign(one) != _sign(ours) for one in theirs) and "differs_sign" not in told:
            yield from self._missing_there(ours)

    def _fields(self, ours: Ours, one: Theirs) -> Iterator[Difference]:
        if _sign(one) != _sign(ours):
            yield self._say("differs_sign", ours, one, ours=ours.fiscal_sign, theirs=one.fiscal_sign)
            return  # another document altogether: its other fields say nothing
        if one.total != ours.total:
            yield self._say("differs_sum", ours, one, ours=roubles(ours.total), theirs=roubles(one.total))
        if one.document != ours.document or one.kind not in {0, ours.kind}:
            yield self._say("differs_kind", ours, one, ours=_kind(ours), theirs=_kind(one))
        if not self._same_time(ours.made_at, one.made_at):
            yield self._say("differs_date", ours, one, ours=ours.made_at, theirs=one.made_at)
        if not digests.equal(ours.items_digest, one.items_digest):
            fields = digests.unequal_fields(ours.items_digest or "", one.items_digest or "")
            ru = ", ".join(FIELD_WORDS[name] for name in fields)
            yield self._say("differs_items", ours, one, ours=", ".join(fields), theirs=ru)
        if not facts.same_vat(one, ours):
            yield self._say("differs_vat", ours, one, ours=_our_vat(ours), theirs=_their_vat(one))

    def _same_time(self, ours: str, theirs: str) -> bool:
        if ours[: facts.MINUTE] == theirs[: facts.MINUTE]:
            return True
        return bool(self._hours) and shift_between(ours, theirs) == self._hours

    def _on_its_way(self, ours: Ours, one: Theirs) -> Iterator[Difference]:
        """What the operator says of the control and of the tax service."""
        if one.answer != 0 or one.fns == "refused":
            yield self._say("quarantined", ours, one, why=_why(one))
        elif one.fns == "warning":
            yield self._say("remarked", ours, one, why=_why(one))
        elif one.fns == "waiting" and self._tx.now - ours.seen_at > self._patience.tax:
            yield self._say("waiting_tax", ours, one, since=ours.made_at)

    # -- one side has it ---------------------------------------------------------------------------------------------

    def _missing_there(self, ours: Ours) -> Iterator[Difference]:
        other = doubles.shown_under(self._tx, self._stray(ours), self._place.drives)
        if other is not None:
            yield self._say("wrong_drive", ours, None, theirs=other)
        elif self._place.complete and self._tx.now - ours.seen_at > self._patience.shown:
            kind = "unsent" if self._is_unsent(ours.fd_number) else "missing_there"
            yield self._say(kind, ours, None, since=ours.made_at)

    def _is_unsent(self, number: int) -> bool:
        """Does the register itself say that the document waits there?"""
        status = self._place.status
        if status is None or status.fn != self._place.fn or not status.unsent_count:
            return False
        return status.unsent_first_fd is not None and number >= status.unsent_first_fd

    def _missing_here(self, theirs: list[Theirs]) -> Iterator[Difference]:
        for one in theirs:
            if not self._of_another_drive(one):
                yield self._whose("missing_here", self._stray(one), None, one)
                return

    def _foreign(self, ours: Ours, theirs: list[Theirs]) -> Difference:
        """Its items are not in the journal: the operator may show them."""
        shown = next((one.items_digest for one in theirs if _sign(one) == _sign(ours)), None)
        return self._whose("foreign", self._stray(ours, shown), ours, next(iter(theirs), None))

    def _whose(self, kind: str, stray: Stray, ours: Ours | None, theirs: Theirs | None) -> Difference:
        found = strays.belonging(self._tx, stray)
        whole = ours or theirs
        if whole is None:
            raise AssertionError  # a stray document is on one side at least
        if found.receipt is None:
            return self._say(kind, whole, theirs)
        return self._say(
            found.kind or kind, whole, theirs, other=found.receipt.fd_number, order=found.receipt.external_id
        )._replace(receipt_id=found.receipt.receipt_id)

    def _of_another_drive(self, one: Theirs) -> bool:
        return doubles.signed_by(self._tx, self._stray(one), self._place.drives) is not None

    def _stray(self, one: Ours | Theirs, items: str | None = None) -> Stray:
        return Stray(
            self._place.fn, one.fd_number, one.kind, one.total, one.fiscal_sign, one.made_at,
            items or one.items_digest, one.mark if isinstance(one, Ours) else None,
        )  # fmt: skip

    def _say(self, kind: str, one: Ours | Theirs, shown: Theirs | None, /, **said: Any) -> Difference:
        ours = one if isinstance(one, Ours) else None
        told = explain(kind, fd=one.fd_number, fn=self._place.fn, sum=roubles(one.total), **said)
        return Difference(
            kind=kind, subject=f"{self._place.fn}/{one.fd_number}", day=one.made_at[:10], **told._asdict(),
            register_id=self._place.register_id, fn=self._place.fn, fd_number=one.fd_number,
            receipt_id=ours and ours.receipt_id, ours=ours and _ours_json(ours),
            theirs=shown and _theirs_json(shown),
        )  # fmt: skip


def shift_between(ours: str, theirs: str) -> int | None:
    """By how many whole hours theirs is later; None when it is not whole, or no time can be read."""
    try:
        apart = datetime.fromisoformat(theirs[: facts.MINUTE]) - datetime.fromisoformat(ours[: facts.MINUTE])
    except ValueError:
        return None
    hours, rest = divmod(apart.total_seconds(), 3600)
    return None if rest else int(hours)


def _sign(one: Ours | Theirs) -> str:
    return facts.sign_of(one.fiscal_sign)


def _kind(one: Ours | Theirs) -> str:
    code = CODE_WORDS.get(one.document, str(one.document))
    return f"{code} «{KIND_WORDS.get(one.kind, one.kind)}»"


def _why(one: Theirs) -> str:
    said = facts.record_of(one).fns_message
    return said or (f"код ответа ОФД {one.answer}" if one.answer else NOT_SAID)


def _our_vat(ours: Ours) -> str:
    receipt = facts.receipt_of(ours)
    return "?" if receipt is None else _vat(vat_totals(receipt.items).items())


def _their_vat(one: Theirs) -> str:
    return _vat(facts.record_of(one).vat or ())


def _vat(totals: Any) -> str:
    return ", ".join(f"{rate.label}: {roubles(total)}" for rate, total in totals if total) or "0.00"


_FACTS: Final = ("fd_number", "fiscal_sign", "total", "made_at", "kind", "document")


def _ours_json(one: Ours) -> bytes:
    known: dict[str, Any] = {name: getattr(one, name) for name in _FACTS}
    receipt = facts.receipt_of(one)
    if receipt is not None:
        known["items"] = [
            {"name": i.name, "sum": i.sum, "price": i.price, "quantity": str(i.quantity), "vat": i.vat}
            for i in receipt.items
        ]
        known["vat"] = list(vat_totals(receipt.items).items())
    return msgspec.json.encode(known)


def _theirs_json(one: Theirs) -> bytes:
    """The record itself, with the source that shows it, less the operator's verbatim answer."""
    record = msgspec.structs.replace(facts.record_of(one), evidence="")
    return msgspec.json.encode({"source": one.source, **msgspec.to_builtins(record)})
