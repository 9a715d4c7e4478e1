"""All that is compared of a document, as one number.

Equal numbers mean that every field agrees: sum, kind, document code, fiscal sign, minute, items, VAT. What the
operator does not show takes the place of ours, and so differs in nothing. Negative numbers need a look whatever the
other side says: a document that is no receipt of ours, a record that is not accepted (yet). Zero: no receipt.
"""

import hashlib
from typing import Final

import msgspec

from chekpoint.core.ports import OfdRecord
from chekpoint.fiscal.receipt import Receipt
from chekpoint.hub import digests
from chekpoint.store.comparison import RECEIPT_CODES, Ours, Theirs

BITS: Final = 44  # a drive holds fewer than 2**18 documents: the sum of all their facts fits 63 bits
MINUTE: Final = 16  # characters of YYYY-MM-DDTHH:MM: a drive keeps no seconds, so they are not compared
NO_RECEIPT: Final = 0
_RECEIPT: Final = msgspec.json.Decoder(Receipt)
_RECORD: Final = msgspec.json.Decoder(OfdRecord)


def digested(one: Ours) -> Ours:
    """Our document with its digests and facts, from the content of its receipt."""
    if one.content is not None:
        of_items, of_vat = digests.of_receipt(_RECEIPT.decode(one.content))
        one = one._replace(items_digest=of_items, vat_digest=of_vat)
    return one._replace(facts=of_ours(one))


def of_ours(one: Ours) -> int:
    """Facts of our document whose digests are known."""
    if one.document not in RECEIPT_CODES:
        return NO_RECEIPT
    found = _number(
        one.total, one.kind, one.document, sign_of(one.fiscal_sign), one.made_at[:MINUTE], one.items_digest,
        one.vat_digest,
    )  # fmt: skip
    return found if one.receipt_id else -found


def of_theirs(one: Theirs, ours: Ours | None) -> int:
    """Facts of a record, held against our document of the same number."""
    if one.document not in RECEIPT_CODES:
        return NO_RECEIPT
    found = _plain(one, ours)
    return found if accepted(one) else -(found ^ 2)  # and never equal to a document that is not ours


def _plain(one: Theirs, ours: Ours | None) -> int:
    kind, items, vat = one.kind, one.items_digest, one.vat_digest
    if ours is not None:
        kind = kind or ours.kind  # 0: a word that the client of the account does not know
        items = ours.items_digest if digests.equal(ours.items_digest, items) else items
        vat = ours.vat_digest if same_vat(one, ours) else vat
    return _number(one.total, kind, one.document, sign_of(one.fiscal_sign), one.made_at[:MINUTE], items, vat)


def same_vat(one: Theirs, ours: Ours) -> bool:
    """Do the tax sums agree? By up to a kopeck for each item they may differ: both ways of summing are lawful."""
    if digests.equal(ours.vat_digest, one.vat_digest):
        return True
    receipt, shown = receipt_of(ours), record_of(one).vat
    return receipt is not None and shown is not None and digests.near(receipt, shown)


def accepted(one: Theirs) -> bool:
    """Is there nothing to be said of its way to the tax service?"""
    return one.answer == 0 and one.fns in {None, "accepted"}


def matches(one: Theirs, ours: Ours) -> bool:
    """Has the operator taken it, with every field equal? Its way to the tax service is another rung."""
    return one.answer == 0 and bool(ours.facts) and ours.facts == _plain(one, ours)


def record_of(one: Theirs) -> OfdRecord:
    """The record itself, as the operator's client read it."""
    return _RECORD.decode(bytes(one.body))


def sign_of(text: str) -> str:
    """ФПД without the zeros that some leave out."""
    return text.lstrip("0")


def receipt_of(one: Ours) -> Receipt | None:
    """The receipt of our document, without its buyer."""
    return None if one.content is None else _RECEIPT.decode(one.content)


def _number(*values: object) -> int:
    """Never zero."""
    octets = hashlib.blake2b("\x1f".join(map(str, values)).encode(), digest_size=8).digest()
    return (int.from_bytes(octets, "big") >> (64 - BITS)) | 1
