"""What is past its time: nothing can be forgotten (invariant 11)."""

from typing import Final, NamedTuple

from sqlalchemy import bindparam, exists, func, literal_column, select, update
from sqlalchemy.sql.elements import ColumnElement

from chekpoint.core.lifecycle import Cause, State
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import fiscal_document, lane, outbox, receipt, shop
from chekpoint.store.transitions import move

_QUEUED: Final[ColumnElement[str]] = literal_column("'queued'")
_READY: Final = Query(
    select(receipt.c.pool_id)
    .where(
        receipt.c.state == _QUEUED,
        receipt.c.ready_at > bindparam("since"),
        receipt.c.ready_at <= bindparam("now"),
    )
    .distinct()
)
_EXPIRED: Final = Query(
    select(receipt.c.id)
    .where(
        receipt.c.state == _QUEUED,
        receipt.c.state != literal_column("'fiscalised'"),  # says nothing new, but ix_receipt_open is used
        receipt.c.expires_at <= bindparam("now"),
        # not one whose document is on a drive (after a restore): a lane is about to adopt it
        ~exists().where(fiscal_document.c.mark == receipt.c.mark, fiscal_document.c.receipt_id.is_(None)),
    )
    .order_by(receipt.c.id)
    .limit(bindparam("most"))
)
_LATE: Final = Query(
    select(receipt.c.seller_id, func.count())
    .where(receipt.c.state == _QUEUED, receipt.c.deadline_at < bindparam("now"))
    .group_by(receipt.c.seller_id)
)
_UNPROVEN: Final = Query(
    select(receipt.c.register_id, func.count())
    .where(
        receipt.c.state == literal_column("'fiscalised'"),
        receipt.c.proof < literal_column("30"),
        receipt.c.next_check_at < bindparam("now"),
    )
    .group_by(receipt.c.register_id)
)
_DROPPED: Final = Query(
    select(lane.c.register_id).where(lane.c.holder.is_not(None), lane.c.lease_until < bindparam("now"))
)


def expire(tx: Tx, *, most: int) -> int:
    """Receipts past their shop's expiry go queued -> expired; returns how many."""
    found = [row[0] for row in tx.all(_EXPIRED, now=tx.now, most=most)]
    for receipt_id in found:
        move(tx, receipt_id, State.QUEUED, Cause.DEADLINE, next_check_at=None)
    return len(found)


def ready_pools(tx: Tx, since: int) -> list[str]:
    """Pools whose receipts became ready after a moment."""
    return [row[0] for row in tx.all(_READY, since=since, now=tx.now)]


def late(tx: Tx) -> dict[str, int]:
    """Seller -> receipts that wait past their deadline."""
    return {row[0]: row[1] for row in tx.all(_LATE, now=tx.now)}


def unproven(tx: Tx) -> dict[str, int]:
    """Register -> documents that should have been at the operator by now."""
    return {row[0]: row[1] for row in tx.all(_UNPROVEN, now=tx.now)}


def dropped_lanes(tx: Tx) -> list[str]:
    """Lanes whose holder let the lease run out."""
    return [row[0] for row in tx.all(_DROPPED, now=tx.now)]


class Letter(NamedTuple):
    """A notice that is due."""

    id: str
    shop_id: str
    receipt_id: str
    body: bytes
    tries: int
    created_at: int
    next_check_at: int
    url: str | None
    secret: str | None


_EARLIER = outbox.alias("earlier")
_FIRST = ~exists().where(  # a later change waits for the earlier one, also while that is put off
    _EARLIER.c.receipt_id == outbox.c.receipt_id,
    _EARLIER.c.state == literal_column("'waiting'"),
    _EARLIER.c.id < outbox.c.id,
)
_DUE: Final = Query(
    select(
        outbox.c.id, outbox.c.shop_id, outbox.c.receipt_id, outbox.c.body, outbox.c.tries, outbox.c.created_at,
        outbox.c.next_check_at, shop.c.webhook_url, shop.c.webhook_secret,
    )
    .select_from(outbox.join(shop, shop.c.id == outbox.c.shop_id))
    .where(outbox.c.state == literal_column("'waiting'"), outbox.c.next_check_at <= bindparam("now"), _FIRST)
    .order_by(outbox.c.next_check_at, outbox.c.id)
    .limit(bindparam("most"))
)  # fmt: skip
_SETTLE: Final = Query(
    update(outbox)
    .where(outbox.c.id == bindparam("letter"), outbox.c.next_check_at == bindparam("seen"), outbox.c.state == "waiting")
    .values(
        state=bindparam("new"), tries=outbox.c.tries + bindparam("more"), next_check_at=bindparam("check"),
        delivered_at=bindparam("delivered"), error=bindparam("why"),
    )
)  # fmt: skip


def due_letters(tx: Tx, *, most: int) -> list[Letter]:
    """Notices to deliver now, oldest first; of each receipt only its oldest one."""
    return [Letter(*row) for row in tx.all(_DUE, now=tx.now, most=most)]


def hold(tx: Tx, letter: Letter, until: int) -> None:
    """Take a notice so that no other node sends it as well; raises Conflict when one did."""
    tx.exactly(
        _SETTLE, "the notice is taken", letter=letter.id, seen=letter.next_check_at, new="waiting", more=1, check=until,
        delivered=None, why=None,
    )  # fmt: skip


def settle(tx: Tx, letter_id: str, seen: int, *, state: str, check: int | None, error: str | None) -> None:
    """What became of a notice: delivered, waiting (again at ``check``) or given_up."""
    tx.exactly(
        _SETTLE, "the notice is settled", letter=letter_id, seen=seen, new=state, more=0, check=check,
        delivered=tx.now if state == "delivered" else None, why=error,
    )  # fmt: skip
