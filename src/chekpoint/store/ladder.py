"""Who stands where on the proof ladder, of one fiscal drive."""

from typing import Final, NamedTuple

from sqlalchemy import bindparam, literal_column, select, update

from chekpoint.core.lifecycle import Proof
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import receipt

# As literals, so that both engines use the partial index ix_receipt_unproven.
_SIGNED = (receipt.c.state == literal_column("'fiscalised'"), receipt.c.proof < literal_column("30"))
_BELOW: Final = Query(
    select(receipt.c.id)
    .where(
        *_SIGNED,
        receipt.c.fn == bindparam("fn"),
        receipt.c.fd_number < bindparam("below"),
        receipt.c.proof < bindparam("rung"),
    )
    .order_by(receipt.c.fd_number)
    .limit(bindparam("most"))
)
_WAITING: Final = Query(
    select(receipt.c.id, receipt.c.fd_number)
    .where(
        *_SIGNED,
        receipt.c.fn == bindparam("fn"),
        receipt.c.proof == int(Proof.SENT_TO_OFD),
        receipt.c.next_check_at.is_not(None),
    )
    .order_by(receipt.c.fd_number)
    .limit(bindparam("most"))
)
_ANYTHING: Final = Query(
    select(receipt.c.id)
    .where(
        *_SIGNED,
        receipt.c.fn == bindparam("fn"),
        receipt.c.proof < bindparam("goal"),
        receipt.c.next_check_at.is_not(None),
    )
    .limit(1)
)
_PUT_OFF: Final = Query(
    update(receipt).where(receipt.c.id == bindparam("receipt")).values(next_check_at=None)
)


def below(tx: Tx, fn: str, fd_number: int, rung: Proof, *, limit: int) -> list[str]:
    """Receipts whose document is below a number and whose proof is below a rung, in FD order."""
    return [row[0] for row in tx.all(_BELOW, fn=fn, below=fd_number, rung=int(rung), most=limit)]


def waiting(tx: Tx, fn: str, *, limit: int) -> list[tuple[str, int]]:
    """(receipt, FD number) of those that left the register and have no ticket yet."""
    return [(row[0], row[1]) for row in tx.all(_WAITING, fn=fn, most=limit)]


def anything(tx: Tx, fn: str, goal: Proof) -> bool:
    """Is any receipt of the drive still below the goal?"""
    return tx.one(_ANYTHING, fn=fn, goal=int(goal)) is not None


def put_off(tx: Tx, receipt_id: str) -> None:
    """No machine will get further with this one: its incident waits for a person."""
    tx.run(_PUT_OFF, receipt=receipt_id)


_DRIVES: Final = Query(
    select(receipt.c.fn)
    .where(*_SIGNED, receipt.c.seller_id == bindparam("seller"), receipt.c.next_check_at.is_not(None))
    .distinct()
)
_UNPROVEN: Final = Query(
    select(
        receipt.c.id,
        receipt.c.fd_number,
        receipt.c.fiscal_sign,
        receipt.c.total,
        receipt.c.kind,
        receipt.c.updated_at,
    )
    .where(*_SIGNED, receipt.c.fn == bindparam("fn"), receipt.c.next_check_at.is_not(None))
    .order_by(receipt.c.fd_number)
    .limit(bindparam("most"))
)


def drives(tx: Tx, seller: str) -> list[str]:
    """The fiscal drives of a seller that hold documents without the operator's ticket."""
    return [row[0] for row in tx.all(_DRIVES, seller=seller)]


class Unproven(NamedTuple):
    """A document without the operator's ticket, with what an operator's record must equal."""

    id: str
    fd_number: int
    fiscal_sign: str
    total: int
    kind: str
    updated_at: int


def unproven(tx: Tx, fn: str, *, limit: int) -> list[Unproven]:
    """The oldest documents of a drive without a ticket."""
    return [Unproven(*row) for row in tx.all(_UNPROVEN, fn=fn, most=limit)]
