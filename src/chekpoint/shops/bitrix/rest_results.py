"""What the REST cashbox is told of a receipt, as an answer to CHECK_URL and in ``sale.cashbox.check.apply``.

The site takes any answer but WAIT and ERROR for "printed", also a broken one. So DONE is said only with a
fiscal document in hand, and whatever is unclear is WAIT.
"""

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from chekpoint.core.lifecycle import State
from chekpoint.store import listing
from chekpoint.store.journal import Tx

WAIT: Final[dict[str, Any]] = {"STATUS": "WAIT"}
_OVER: Final = {
    State.CANCELLED: "Чек отменён в Chekpoint до регистрации.",
    State.EXPIRED: "Чек не зарегистрирован в срок, заданный для магазина.",
}


def result_of(tx: Tx, receipt_id: str, shop_id: str, zone: ZoneInfo) -> dict[str, Any]:
    """The fields of an answer; WAIT also for a receipt that is not there, or is another shop's."""
    line = listing.one(tx, receipt_id, shop_id=shop_id)
    if line is None:
        return WAIT
    if line.state == State.FISCALISED:
        document = listing.document_of(tx, receipt_id)
        return _done(receipt_id, document, zone) if document else WAIT
    if line.state == State.REJECTED:
        why = line.error_text or line.error_code or "без объяснения"
        return {"STATUS": "ERROR", "ERROR": f"Касса отказала в регистрации: {why}"}
    over = _OVER.get(State(line.state))
    return {"STATUS": "ERROR", "ERROR": over} if over else WAIT


def _done(receipt_id: str, document: listing.Document, zone: ZoneInfo) -> dict[str, Any]:
    # the register's wall clock: links to the operator's page of the receipt are made of this moment
    made_at = datetime.fromisoformat(document.made_at).replace(tzinfo=zone)
    return {
        "STATUS": "DONE", "UUID": receipt_id, "REG_NUMBER_KKT": document.registration_number or "",
        "FISCAL_DOC_ATTR": document.fiscal_sign, "FISCAL_DOC_NUMBER": document.fd_number,
        "FISCAL_RECEIPT_NUMBER": document.receipt_number or 0, "FN_NUMBER": document.fn,
        "SHIFT_NUMBER": document.shift_number or 0, "PRINT_END_TIME": int(made_at.timestamp()),
    }  # fmt: skip
