"""Receipts, payments, mismatches and notices as the checks look at them: counted, with the oldest of each."""

from typing import Final, NamedTuple

from sqlalchemy import bindparam, func, literal_column, select

from chekpoint.core.lifecycle import State
from chekpoint.store.journal import Tx
from chekpoint.store.retention import edge_of
from chekpoint.store.sql import Query
from chekpoint.store.tables import fiscal_document, lane, outbox, receipt, shop, ticket
from chekpoint.store.tables_watch import mismatch, ofd_record, payment
from chekpoint.store.views_scan import is_open

_QUEUED: Final = is_open(State.QUEUED)


class Waiting(NamedTuple):
    """What waits for a register, of one seller. Moments are milliseconds UTC."""

    seller_id: str
    number: int
    oldest: int
    near: int  # of them: their deadline comes soon, and has not passed


_WAITING: Final = Query(
    select(
        receipt.c.seller_id,
        func.count(),
        func.min(receipt.c.accepted_at),
        func.count().filter(
            receipt.c.deadline_at >= bindparam("now"), receipt.c.deadline_at < bindparam("soon")
        ),
    )
    .where(_QUEUED)
    .group_by(receipt.c.seller_id)
    .order_by(receipt.c.seller_id)
)


def waiting(tx: Tx, near_ms: int) -> list[Waiting]:
    """The queue of each seller; ``near_ms``: how long before its deadline a receipt is near it."""
    return [Waiting(*row) for row in tx.all(_WAITING, now=tx.now, soon=tx.now + near_ms)]


class Uncovered(NamedTuple):
    """Payments (or refunds) of one shop or seller without a receipt. Kopecks, milliseconds UTC."""

    seller_id: str
    shop_id: str | None
    refund: bool
    number: int
    kopecks: int
    oldest: int


_UNCOVERED: Final = Query(
    select(
        payment.c.seller_id, payment.c.shop_id, payment.c.refund, func.count(), func.sum(payment.c.kopecks),
        func.min(payment.c.paid_at),
    )
    .where(payment.c.receipt_id.is_(None), payment.c.paid_at < bindparam("before"), payment.c.paid_at >= bindparam("since"))
    .group_by(payment.c.seller_id, payment.c.shop_id, payment.c.refund)
    .order_by(payment.c.seller_id, payment.c.shop_id, payment.c.refund)
)  # fmt: skip


def uncovered(tx: Tx, *, since: int, before: int) -> list[Uncovered]:
    """Payments taken between two moments that no receipt covers."""
    found = tx.all(_UNCOVERED, since=since, before=before)
    return [Uncovered(row[0], row[1], bool(row[2]), row[3], int(row[4]), row[5]) for row in found]


class Differs(NamedTuple):
    """Open mismatches of one register (or, without one, of one drive), the first of them in its own words."""

    subject: str
    number: int
    critical: int
    kinds: str  # as the table calls them, by commas
    text_ru: str
    text_en: str
    act_ru: str
    act_en: str
    oldest: int


_MISMATCHES: Final = Query(
    select(
        mismatch.c.register_id, mismatch.c.fn, mismatch.c.kind, mismatch.c.severity, mismatch.c.text_ru,
        mismatch.c.text_en, mismatch.c.act_ru, mismatch.c.act_en, mismatch.c.opened_at,
    )
    .where(mismatch.c.closed_at.is_(None), mismatch.c.resolved_at.is_(None))
    .order_by(mismatch.c.id)
    .limit(bindparam("most"))
)  # fmt: skip
MOST_MISMATCHES: Final = 1000


def mismatches(tx: Tx) -> list[Differs]:
    """Open and not resolved, by register; of more than MOST_MISMATCHES the oldest are counted."""
    grouped: dict[str, Differs] = {}
    kinds: dict[str, set[str]] = {}
    for row in tx.all(_MISMATCHES, most=MOST_MISMATCHES):
        register, fn, kind, severity, *said = row
        key = register or fn or "-"
        kinds.setdefault(key, set()).add(kind)
        old = grouped.get(key) or Differs._make((key, 0, 0, "", *said))
        grouped[key] = old._replace(number=old.number + 1, critical=old.critical + (severity == "critical"))
    return [one._replace(kinds=", ".join(sorted(kinds[key]))) for key, one in grouped.items()]


class AtTax(NamedTuple):
    """Documents of one drive that the tax service does not have, or does not want, by the operator's word."""

    fn: str
    number: int
    first_fd: int
    oldest: int  # milliseconds UTC: seen first
    received: str | None  # UTC, ISO 8601: when the operator took the oldest, where it says so
    register_id: str | None


_OF_TAX: Final = (
    ofd_record.c.fn, func.count(), func.min(ofd_record.c.fd_number), func.min(ofd_record.c.seen_at),
    func.min(ofd_record.c.received_at),
)  # fmt: skip
_REGISTER_OF: Final = Query(
    select(fiscal_document.c.register_id)
    .where(fiscal_document.c.fn == bindparam("drive"))
    .order_by(fiscal_document.c.fd_number.desc())
    .limit(1)
)


def _tax_query(state: str) -> Query:
    """The literals let both engines use the partial index ix_ofd_record_fns."""
    return Query(
        select(*_OF_TAX)
        .where(
            ofd_record.c.fns == literal_column(f"'{state}'"), ofd_record.c.fns != literal_column("'accepted'")
        )
        .group_by(ofd_record.c.fn)
        .order_by(ofd_record.c.fn)
    )


_TAX: Final = {state: _tax_query(state) for state in ("waiting", "warning", "refused")}


def at_tax(tx: Tx, state: str) -> list[AtTax]:
    """Documents whose FnsState is so, by drive."""
    return [AtTax._make((*row, register_of(tx, row[0]))) for row in tx.all(_TAX[state])]


def register_of(tx: Tx, fn: str) -> str | None:
    """The register on which a drive was seen last."""
    row = tx.one(_REGISTER_OF, drive=fn)
    return row and str(row[0])


class GivenUp(NamedTuple):
    """Notices of one shop that were given up."""

    shop_id: str
    shop: str
    number: int
    oldest: int
    error: str | None


_GIVEN_UP: Final = Query(
    select(
        outbox.c.shop_id, shop.c.name, func.count(), func.min(outbox.c.created_at), func.max(outbox.c.error)
    )
    .select_from(outbox.join(shop, shop.c.id == outbox.c.shop_id))
    .where(outbox.c.state == literal_column("'given_up'"), outbox.c.created_at >= bindparam("since"))
    .group_by(outbox.c.shop_id, shop.c.name)
    .order_by(outbox.c.shop_id)
)


def given_up(tx: Tx, since: int) -> list[GivenUp]:
    """Notices made since a moment that nobody tries to deliver any more."""
    return [GivenUp(*row) for row in tx.all(_GIVEN_UP, since=since)]


class Recent(NamedTuple):
    """A receipt as it was accepted."""

    id: str
    shop_id: str
    seller_id: str
    external_id: str
    content: bytes
    accepted_at: int


_RECENT: Final = Query(
    select(*(receipt.c[name] for name in Recent._fields))
    .where(receipt.c.id >= bindparam("edge"))
    .order_by(receipt.c.id.desc())
    .limit(bindparam("most"))
)


def recent(tx: Tx, since: int, most: int) -> list[Recent]:
    """The newest receipts accepted since a moment."""
    return [Recent(*row) for row in tx.all(_RECENT, edge=edge_of(since), most=most)]


class Refused(NamedTuple):
    """A receipt with marking codes that a register refused."""

    id: str
    external_id: str
    error_code: str | None
    error_text: str | None
    updated_at: int


_MARKED: Final = Query(
    select(*(receipt.c[name] for name in Refused._fields))
    .where(is_open(State.REJECTED), receipt.c.marked == 1, receipt.c.updated_at >= bindparam("since"))
    .order_by(receipt.c.id)
    .limit(100)
)


def marked_refused(tx: Tx, since: int) -> list[Refused]:
    """Refused since a moment."""
    return [Refused(*row) for row in tx.all(_MARKED, since=since)]


_NEWEST_OF_SHOP: Final = Query(
    select(receipt.c.accepted_at)
    .where(receipt.c.shop_id == bindparam("which"))
    .order_by(receipt.c.id.desc())
    .limit(1)
)


def last_accepted(tx: Tx, shop_id: str) -> int | None:
    """When the shop's newest receipt was accepted."""
    row = tx.one(_NEWEST_OF_SHOP, which=shop_id)
    return row and int(row[0])


class Flagged(NamedTuple):
    """The last ticket of a lane's drive."""

    register_id: str
    fn: str
    fd_number: int
    flags: int
    seen_at: int


_LAST_TICKETS: Final = Query(
    select(ticket.c.fd_number, ticket.c.flags, ticket.c.seen_at, ticket.c.operator_inn)
    .where(ticket.c.fn == bindparam("drive"))
    .order_by(ticket.c.fd_number.desc())
    .limit(20)
)
_DRIVES: Final = Query(
    select(lane.c.register_id, lane.c.fn).where(lane.c.fn.is_not(None)).order_by(lane.c.register_id)
)


def last_tickets(tx: Tx) -> list[Flagged]:
    """Of each drive in use, the newest that tells its flags: one known by an account alone, or in short, does not."""
    found: list[Flagged] = []
    for register, fn in tx.all(_DRIVES):
        whole = next((row for row in tx.all(_LAST_TICKETS, drive=fn) if row[3] is not None), None)
        if whole is not None:
            found.append(Flagged(register, fn, *whole[:3]))
    return found
