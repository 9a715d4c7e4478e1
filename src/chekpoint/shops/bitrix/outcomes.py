"""From where a receipt stands to what the site is told of its check. Nothing is told before it is certain."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from chekpoint.core.lifecycle import State
from chekpoint.shops.bitrix import words
from chekpoint.shops.bitrix.ledger import Entry
from chekpoint.shops.bitrix.request import Document, Result
from chekpoint.store import listing, standing
from chekpoint.store.journal import Tx

_OVER: Final = {
    State.CANCELLED: "Чек отменён в Chekpoint до регистрации.",
    State.EXPIRED: "Чек не зарегистрирован в срок, заданный для магазина.",
}


class Outcome(NamedTuple):
    """A result that the site has not taken yet."""

    entry: Entry
    result: Result

    @property
    def registered(self) -> bool:
        """Is there a fiscal document?"""
        return self.result.document is not None


def outcomes(tx: Tx, entries: Sequence[Entry]) -> list[Outcome]:
    """What is certain by now, of the entries that wait."""
    found = standing.stands(tx, [entry.receipt_id for entry in entries if entry.receipt_id])
    made = []
    for entry in entries:
        result = _result(tx, entry, found.get(entry.receipt_id or ""))
        if result is not None and not (entry.told and result.document is None):
            made.append(Outcome(entry, result))
    return made


def _result(tx: Tx, entry: Entry, stand: standing.Stand | None) -> Result | None:
    if entry.receipt_id is None:
        return Result(uuid=entry.uuid, code=entry.code, message=entry.message)
    if stand is None:
        return None
    if stand.state == State.FISCALISED:
        document = document_of(tx, stand.id)
        return Result(uuid=entry.uuid, document=document) if document else None
    if stand.state == State.REJECTED:
        text = f"Касса отказала в регистрации: {stand.error_text or stand.error_code or 'без объяснения'}"
        return Result(uuid=entry.uuid, code=words.register_error(stand.error_code), message=text)
    over = _OVER.get(State(stand.state))
    return Result(uuid=entry.uuid, code=words.OTHER_ERROR, message=over) if over else None


def document_of(tx: Tx, receipt_id: str) -> Document | None:
    """The fiscal document of a receipt in the form that results carry."""
    found = listing.document_of(tx, receipt_id)
    line = listing.one(tx, receipt_id)
    if found is None or line is None:
        return None
    kind = next((code for name, code in _KINDS.items() if name == line.kind), None)
    return Document(
        fn=found.fn, fd_number=found.fd_number, fiscal_sign=found.fiscal_sign, made_at=found.made_at,
        registration_number=found.registration_number, total=found.total, kind=kind,
    )  # fmt: skip


_KINDS: Final = {"sale": 1, "sale_return": 2, "purchase": 3, "purchase_return": 4}  # tag 1054
