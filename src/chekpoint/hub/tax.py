"""The last rung: what the tax service says, asked about a sample, and about whatever is in doubt.

The open API is slow and has a quota, so not every receipt is asked about. A share of those that the operator has
taken is, chosen by their keys; before them, those of which an operator said that the tax service has a remark.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from chekpoint.core.lifecycle import Proof
from chekpoint.core.ports import FnsState, OfdRecord, TaxAnswer, TaxQuestion
from chekpoint.hub import tax_words
from chekpoint.store import incidents, tax
from chekpoint.store.journal import Tx
from chekpoint.store.transitions import climb

SOURCE: Final = "tax:fns"
SIGN_WRONG: Final = "tax_sign_wrong"
ABSENT: Final = "tax_absent"
SILENT: Final = "tax_service_silent"  # its subject is the account
_LONGEST_PAUSE: Final = 24 * 3600
_PARTS: Final = 1 << 24  # keys end in chance: six of their digits choose the sample


class TaxPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much is asked. The service's own quota is not published: begin low."""

    share: Annotated[float, Meta(ge=0, le=1)] = 0.05  # of the receipts that the operator has taken
    daily: Annotated[int, Meta(ge=0)] = 200  # documents in one calendar day, UTC
    days: Annotated[float, Meta(gt=0, le=30)] = 3.0  # receipts older than this are not begun with
    after_seconds: Annotated[float, Meta(ge=0)] = 3600.0  # not before: an operator sends with a lag
    again_seconds: Annotated[float, Meta(gt=0)] = 3600.0  # not in the store yet: doubled each time, to a day
    absent_days: Annotated[float, Meta(gt=0)] = 3.0  # not in the store for so long: people are told
    give_up_days: Annotated[float, Meta(gt=0)] = 30.0  # and after this it is asked no more


def told_of(one: tax.Candidate) -> TaxQuestion:
    """What the service must be told of a receipt."""
    return TaxQuestion(
        fn=one.fn, fd_number=one.fd_number, fiscal_sign=one.fiscal_sign, total=one.total, made_at=one.made_at,
        kind=one.kind,
    )  # fmt: skip


def is_sampled(receipt_id: str, share: float) -> bool:
    """Is the receipt of the share? The same answer each time, on every node."""
    return int(receipt_id[-6:], 16) < share * _PARTS


def doubt(tx: Tx, receipt_id: str, seller_id: str) -> None:
    """Something is said to be wrong with a receipt on its way to the tax service: ask before all others."""
    known = tax.question(tx, receipt_id)
    if known is not None and known.first:
        return
    since = tx.now if known is None else known.since
    tax.put(
        tx,
        tax.Question(receipt_id=receipt_id, seller_id=seller_id, due=tx.now, since=since, first=True),
    )


def seen_at_operator(
    tx: Tx, receipt_id: str, record: OfdRecord, *, seller_id: str, source: str, key: Callable[[], str]
) -> bool:
    """What an operator says of the way to the tax service; True when the receipt climbed to the last rung.

    The caller has seen that the record is of this receipt, every field equal. ``source``: ``operator:NAME``.
    """
    if record.fns is FnsState.ACCEPTED and record.answer == 0:
        return _climb(tx, receipt_id, seller_id, source=source, body=record.evidence, key=key)
    if record.fns in {FnsState.WARNING, FnsState.REFUSED}:
        doubt(tx, receipt_id, seller_id)
    return False


def told_later(
    tx: Tx, records: Sequence[OfdRecord], *, seller_id: str, source: str, key: Callable[[], str]
) -> int:
    """Records of one drive that a later list showed: the tax service's word may have come since; how many climbed."""
    spoken = {one.fd_number: one for one in records if one.fns not in {None, FnsState.WAITING}}
    if not spoken:
        return 0
    known = tax.below(tx, records[0].fn, min(spoken), max(spoken))
    ours = [(one, spoken[one.fd_number]) for one in known if one.fd_number in spoken]
    return sum(
        seen_at_operator(tx, one.id, record, seller_id=seller_id, source=source, key=key)
        for one, record in ours
        if int(record.fiscal_sign) == int(one.fiscal_sign) and record.total == one.total
    )


def settle(
    tx: Tx,
    one: tax.Candidate,
    asked: tax.Question,
    answer: TaxAnswer,
    *,
    plan: TaxPlan,
    key: Callable[[], str],
) -> None:
    """Write down what the tax service said of one receipt."""
    if answer.in_store:
        _climb(tx, one.id, one.seller_id, source=SOURCE, body=answer.evidence, key=key)
        return
    if answer.sign_right is False:
        words = tax_words.sign_wrong(one.fn, one.fd_number, answer.code, answer.message)
        incidents.open_incident(tx, SIGN_WRONG, one.id, words, key=key())
    elif answer.sign_right:
        incidents.close(tx, SIGN_WRONG, one.id)
    if answer.in_store is False and tx.now - asked.since > plan.absent_days * 86_400_000:
        words = tax_words.absent(one.fn, one.fd_number, plan.absent_days)
        incidents.open_incident(tx, ABSENT, one.id, words, key=key())
    tax.put(tx, _again(tx, asked, answer, plan))


def _climb(
    tx: Tx, receipt_id: str, seller_id: str, *, source: str, body: str, key: Callable[[], str]
) -> bool:
    tax.forget(tx, receipt_id, seller_id)
    for kind in (SIGN_WRONG, ABSENT):
        incidents.close(tx, kind, receipt_id)
    return climb(tx, receipt_id, Proof.AT_TAX_SERVICE, source=source, body=body, check=None, key=key())


def _again(tx: Tx, asked: tax.Question, answer: TaxAnswer, plan: TaxPlan) -> tax.Question:
    """The question as it stays: with its next time, or none when there is nothing more to learn."""
    pause = min(plan.again_seconds * 2**asked.tries, _LONGEST_PAUSE)
    over = tx.now - asked.since > plan.give_up_days * 86_400_000
    learned = (
        answer.sign_right is True and answer.in_store is None and answer.code == 200
    )  # the store is not asked
    return msgspec.structs.replace(
        asked, due=None if over or learned else tx.now + int(pause * 1000), tries=asked.tries + 1, asked_at=tx.now,
        sign_right=answer.sign_right, in_store=answer.in_store, code=answer.code, message=answer.message,
    )  # fmt: skip
