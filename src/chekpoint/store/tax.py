"""What the tax service was asked and is to be asked: questions about single receipts, and how many in a day."""

from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import bindparam, delete, literal, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite

from chekpoint.core.lifecycle import Proof
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import fiscal_document, receipt
from chekpoint.store.tables_watch import probe


class Below(NamedTuple):
    """A receipt below the last rung, with what an operator's record of it must equal."""

    id: str
    fd_number: int
    fiscal_sign: str
    total: int


_BELOW: Final = Query(
    select(receipt.c.id, fiscal_document.c.fd_number, fiscal_document.c.fiscal_sign, fiscal_document.c.total)
    .select_from(fiscal_document.join(receipt, receipt.c.id == fiscal_document.c.receipt_id))
    .where(
        fiscal_document.c.fn == bindparam("fn"),
        fiscal_document.c.fd_number.between(bindparam("low"), bindparam("high")),
        receipt.c.proof < literal_column(str(int(Proof.AT_TAX_SERVICE))),
    )
)


def below(tx: Tx, fn: str, low: int, high: int) -> list[Below]:
    """Receipts of a drive between two FD numbers (both included) that are not known to be at the tax service."""
    return [Below(*row) for row in tx.all(_BELOW, fn=fn, low=low, high=high)]


OPEN: Final = (
    "tax:"  # kind of a probe, with the seller's id; its subject is a receipt, and ``at`` is when it is due
)
OVER: Final = "tax_over:"  # the same when there is nothing more to ask
DAY: Final = "tax_day"  # its subject is an account
READ_MOST: Final = 1000


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One receipt that the tax service is asked about until it says that it has it. Moments are ms UTC."""

    receipt_id: str
    seller_id: str
    due: int | None  # None: nothing more to ask
    since: int  # of the first asking, or of the doubt
    first: bool = False  # somebody has said that something is wrong: before the sample
    tries: int = 0
    asked_at: int | None = None  # when it was answered last
    sign_right: bool | None = None
    in_store: bool | None = None
    code: int = 0
    message: str = ""


class Candidate(NamedTuple):
    """A receipt with what the tax service must be told."""

    id: str
    seller_id: str
    state: str
    proof: int
    fn: str
    fd_number: int
    fiscal_sign: str
    total: int
    made_at: str  # register's wall clock
    kind: int  # 1054

    def open(self, *, doubted: bool) -> bool:
        """Is there anything to ask: taken by the operator (or in doubt there), and not confirmed yet?"""
        return (Proof.SIGNED if doubted else Proof.TICKETED) <= self.proof < Proof.AT_TAX_SERVICE


class Passed(NamedTuple):
    """A receipt of a page, before anything more is read of it."""

    id: str
    seller_id: str
    proof: int


_PAGE: Final = Query(
    select(receipt.c.id, receipt.c.seller_id, receipt.c.proof)
    .where(receipt.c.id > bindparam("after"), receipt.c.id < bindparam("until"))
    .order_by(receipt.c.id)
    .limit(bindparam("most"))
)
_CANDIDATE: Final = Query(
    select(
        receipt.c.id, receipt.c.seller_id, receipt.c.state, receipt.c.proof, fiscal_document.c.fn,
        fiscal_document.c.fd_number, fiscal_document.c.fiscal_sign, fiscal_document.c.total,
        fiscal_document.c.made_at, fiscal_document.c.kind,
    )
    .join(fiscal_document, (fiscal_document.c.fn == receipt.c.fn) & (fiscal_document.c.fd_number == receipt.c.fd_number))
    .where(receipt.c.id == bindparam("receipt"))
)  # fmt: skip
_NAMES: Final = ("kind", "subject", "at", "ok", "since", "body")
_VALUES: Final[dict[str, Any]] = {name: bindparam(name) for name in _NAMES}
_NEW: Final[dict[str, Any]] = {name: bindparam(name) for name in ("at", "ok", "since", "body")}
_KEY: Final = [probe.c.kind, probe.c.subject]
_PUT: Final = Query(
    sqlite.insert(probe).values(_VALUES).on_conflict_do_update(index_elements=_KEY, set_=_NEW),
    postgresql=postgresql.insert(probe).values(_VALUES).on_conflict_do_update(index_elements=_KEY, set_=_NEW),
)
_THIS: Final = (probe.c.kind == bindparam("which"), probe.c.subject == bindparam("about"))
_GET: Final = Query(select(probe.c.body).where(*_THIS))
_FORGET: Final = Query(delete(probe).where(*_THIS))
_OLD: Final = Query(
    delete(probe).where(
        probe.c.kind >= bindparam("first"), probe.c.kind < bindparam("last"), probe.c.since < bindparam("before")
    )
)  # fmt: skip
_DUE: Final = Query(
    select(probe.c.body)
    .where(probe.c.kind == bindparam("which"), probe.c.at <= bindparam("now"))
    .order_by(probe.c.at)
    .limit(bindparam("most"))
)
_ASKED: Final = Query(
    select(probe.c.body)
    .join(receipt, receipt.c.id == probe.c.subject)
    .where(
        receipt.c.id == bindparam("receipt"),
        probe.c.kind.in_(
            [literal(OPEN).concat(receipt.c.seller_id), literal(OVER).concat(receipt.c.seller_id)]
        ),
    )
)


def page(tx: Tx, after: str, until: str, *, limit: int) -> list[Passed]:
    """Receipts whose key lies between two keys (not included): a walk along the primary key, whatever they are."""
    return [Passed(*row) for row in tx.all(_PAGE, after=after, until=until, most=limit)]


def candidate(tx: Tx, receipt_id: str) -> Candidate | None:
    """The receipt with its document; None while it has none."""
    row = tx.one(_CANDIDATE, receipt=receipt_id)
    return None if row is None else Candidate(*row)


def due(tx: Tx, seller_id: str) -> list[Question]:
    """Those that are to be asked now: doubts first, then the longest due."""
    rows = tx.all(_DUE, which=OPEN + seller_id, now=tx.now, most=READ_MOST)
    found = [msgspec.json.decode(bytes(row[0]), type=Question) for row in rows]
    return sorted(found, key=lambda one: (not one.first, one.due))


def question(tx: Tx, receipt_id: str) -> Question | None:
    """What is, or was, asked about one receipt."""
    row = tx.one(_ASKED, receipt=receipt_id)
    return None if row is None else msgspec.json.decode(bytes(row[0]), type=Question)


def put(tx: Tx, one: Question) -> None:
    """Write a question as it stands now."""
    forget(tx, one.receipt_id, one.seller_id)
    right = one.sign_right is not False and one.in_store is not False
    kind, at = (OVER, tx.now) if one.due is None else (OPEN, one.due)
    body = msgspec.json.encode(one)
    tx.run(
        _PUT, kind=kind + one.seller_id, subject=one.receipt_id, at=at, ok=int(right), since=one.since, body=body
    )  # fmt: skip


def forget(tx: Tx, receipt_id: str, seller_id: str) -> None:
    """It is answered."""
    for kind in (OPEN, OVER):
        tx.run(_FORGET, which=kind + seller_id, about=receipt_id)


def forget_older(tx: Tx, before: int) -> int:
    """Questions that nobody asks any more; how many there were."""
    return sum(tx.run(_OLD, first=kind, last=f"{kind[:-1]};", before=before) for kind in (OPEN, OVER))


class _Day(msgspec.Struct):
    day: str
    asked: int


def asked_on(tx: Tx, account_id: str, day: str) -> int:
    """How many questions were asked with one permission on a day (YYYY-MM-DD)."""
    row = tx.one(_GET, which=DAY, about=account_id)
    seen = None if row is None else msgspec.json.decode(bytes(row[0]), type=_Day)
    return seen.asked if seen is not None and seen.day == day else 0


def count(tx: Tx, account_id: str, day: str, asked: int) -> None:
    """Write the number of a day down; of other days nothing is kept."""
    body = msgspec.json.encode(_Day(day, asked))
    tx.run(_PUT, kind=DAY, subject=account_id, at=tx.now, ok=1, since=tx.now, body=body)


SERVICE: Final = "tax_service"  # kind of a probe: does the service answer us? Its subject is an account
_LAST: Final = Query(select(probe.c.ok, probe.c.since).where(*_THIS))


def answered(tx: Tx, account_id: str, *, ok: bool, words: str) -> None:
    """Remember whether the service answers, and since when it is so: the watch looks at it."""
    last = tx.one(_LAST, which=SERVICE, about=account_id)
    since = last[1] if last is not None and bool(last[0]) is ok else tx.now
    body = msgspec.json.encode({"message": words})
    tx.run(_PUT, kind=SERVICE, subject=account_id, at=tx.now, ok=int(ok), since=since, body=body)
