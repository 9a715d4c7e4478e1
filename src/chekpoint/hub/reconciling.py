"""A person's verbs over what reconciliation found, each with a reason and an audit row."""

import msgspec

from chekpoint.core.errors import Unfit
from chekpoint.core.lifecycle import Cause, State
from chekpoint.core.ports import FiscalDocument, OfdRecord
from chekpoint.hub.gaps import refresh
from chekpoint.hub.names import Keys
from chekpoint.store import incidents, mismatches, ofd_records, outcomes, people
from chekpoint.store.journal import Tx
from chekpoint.store.mismatches import Mismatch

NO_REASON = "укажите причину: она останется в журнале аудита / say why: the audit keeps it"
GONE = "такого расхождения нет / there is no such mismatch"


class Reconciling:
    """Units to be given to ``store.write``. ``who`` and ``reason`` go into the audit."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def resolve(self, tx: Tx, mismatch_id: str, who: str, reason: str) -> None:
        """A person knows what it is. It stays resolved while it lasts, and counts for no incident.

        Raises Unfit without a reason or for an unknown id, Conflict when it is closed or resolved already.
        """
        found = self._asked(tx, mismatch_id, reason)
        mismatches.resolve(tx, mismatch_id, who, reason)
        self._note(tx, "resolve_mismatch", found, who, reason)

    def reopen(self, tx: Tx, mismatch_id: str, who: str, reason: str) -> None:
        """It needs a person again; raises as ``resolve``, Conflict when it is not resolved."""
        found = self._asked(tx, mismatch_id, reason)
        mismatches.reopen(tx, mismatch_id)
        self._note(tx, "reopen_mismatch", found, who, reason)

    def accept_orphan(self, tx: Tx, mismatch_id: str, who: str, reason: str) -> None:
        """The document was rightly made past this hub: the journal accounts for it, and asks no more.

        Raises as ``resolve``, Unfit when the mismatch is of no document that is missing here.
        """
        found = self._asked(tx, mismatch_id, reason)
        if found.kind not in {"missing_here", "duplicate", "foreign"} or found.fn is None:
            raise Unfit("это не чек мимо Chekpoint / this is no receipt made past Chekpoint")
        document = _document(tx, found)
        mismatches.resolve(tx, mismatch_id, who, reason)
        if document is not None and outcomes.see(tx, document, found.register_id or ""):
            self._carry_over(tx, found, who, reason)
        incidents.close(tx, "foreign_document", found.subject)
        self._note(tx, "accept_orphan", found, who, reason)

    def adopt(self, tx: Tx, mismatch_id: str, who: str, reason: str) -> None:
        """The answer was lost, and this is the document of that receipt: it is fiscalised, never sent again.

        Raises as ``resolve``, Unfit for another kind or when sum or kind differ, Conflict when the receipt
        is in doubt no more.
        """
        found = self._asked(tx, mismatch_id, reason)
        document = _document(tx, found) if found.kind == "lost_answer" else None
        if found.receipt_id is None or document is None:
            raise Unfit("это не потерянный ответ кассы / this is no lost answer of a register")
        owner = outcomes.owner_of(tx, found.receipt_id)
        if owner.total != document.total or owner.kind_code != document.kind:
            raise Unfit("у документа другая сумма или признак расчёта / its sum or kind differs")
        outcomes.end_all(tx, found.receipt_id, "registered")
        outcomes.fiscalise(
            tx, found.receipt_id, State.IN_DOUBT, Cause.LOCATED, document, register=found.register_id or "",
            evidence=bytes(found.theirs or found.ours or b"").decode(), key=self._keys.new(), check=tx.now,
            source=f"person:{who}",
        )  # fmt: skip
        incidents.close(tx, "in_doubt", found.receipt_id)
        mismatches.resolve(tx, mismatch_id, who, reason)
        self._note(tx, "adopt_document", found, who, reason)

    def _asked(self, tx: Tx, mismatch_id: str, reason: str) -> Mismatch:
        if not reason.strip():
            raise Unfit(NO_REASON)
        found = mismatches.one(tx, mismatch_id)
        if found is None:
            raise Unfit(GONE)
        return found

    def _carry_over(self, tx: Tx, found: Mismatch, who: str, reason: str) -> None:
        """The journal knows it now: the next comparison will call it foreign, and that is answered already."""
        if mismatches.of_subject(tx, "foreign", found.subject):
            return
        twin = mismatches.Difference(
            **{n: getattr(found, n) for n in mismatches.Difference._fields} | {"kind": "foreign"}
        )
        key = self._keys.new()
        mismatches.settle(tx, {}, [twin], lambda: key)
        mismatches.resolve(tx, key, who, reason)

    def _note(self, tx: Tx, verb: str, found: Mismatch, who: str, reason: str) -> None:
        if found.register_id is not None:
            refresh(tx, found.register_id, self._keys.new)
        body = msgspec.json.encode({"mismatch": found.id, "kind": found.kind})
        people.note_deed(
            tx, self._keys.new(), who=who, verb=verb, subject=found.subject, reason=reason, body=body
        )


def _document(tx: Tx, found: Mismatch) -> FiscalDocument | None:
    """The document that a mismatch speaks of: from the drive, else as an operator shows it."""
    if found.fn is None or found.fd_number is None:
        return None
    known = outcomes.document(tx, found.fn, found.fd_number)
    if known is not None:
        return known
    shown = ofd_records.of_document(tx, found.fn, found.fd_number)
    return _as_document(shown[0]) if shown else None


def _as_document(record: OfdRecord) -> FiscalDocument:
    return FiscalDocument(
        fn=record.fn, fd_number=record.fd_number, fiscal_sign=record.fiscal_sign, total=record.total,
        made_at=record.made_at, kind=record.kind, document=record.document, shift_number=record.shift_number,
        registration_number=record.registration_number,
    )  # fmt: skip
