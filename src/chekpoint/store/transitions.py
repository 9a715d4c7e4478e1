"""The only writers of a receipt's state and proof.

Each is a compare-and-set with the row count checked; its event and the notice to the shop are rows of the
same transaction (design, invariant 5).
"""

from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, insert, select, update

from chekpoint.core.lifecycle import Cause, Proof, State, after
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import evidence, outbox, receipt, shop

_COLUMNS: Final = {c.name for c in receipt.columns}
_MOVES: Final[dict[tuple[str, ...], Query]] = {}


def _move_query(columns: tuple[str, ...]) -> Query:
    if columns not in _MOVES:
        values: dict[str, Any] = {name: bindparam(name) for name in (*columns, "updated_at")}
        statement = (
            update(receipt)
            .where(receipt.c.id == bindparam("receipt"), receipt.c.state == bindparam("old"))
            .values({"state": bindparam("new"), **values})
        )
        _MOVES[columns] = Query(statement)
    return _MOVES[columns]


def move(
    tx: Tx, receipt_id: str, old: State, cause: Cause, *, note: dict[str, Any] | None = None, **columns: Any
) -> State:
    """Take one edge of the transition table; raises Conflict when the receipt is not in ``old`` any more.

    ``columns`` are further columns of the receipt to set; ``note`` goes into the event.
    """
    new = after(old, cause)
    query = _move_query(tuple(sorted(columns)))
    tx.exactly(
        query, f"receipt {receipt_id} is not {old}",
        receipt=receipt_id, old=old.value, new=new.value, updated_at=tx.now, **columns,
    )  # fmt: skip
    tx.event("state", receipt_id, old=old.value, new=new.value, cause=cause.value, **(note or {}))
    tell(tx, receipt_id, cause.value)
    return new


_CLIMB: Final = Query(
    update(receipt)
    .where(receipt.c.id == bindparam("receipt"), receipt.c.proof < bindparam("rung"))
    .values(proof=bindparam("rung"), next_check_at=bindparam("check"), updated_at=bindparam("updated"))
)
_EVIDENCE: Final = Query(insert(evidence).values({c.name: bindparam(c.name) for c in evidence.columns}))


def climb(
    tx: Tx, receipt_id: str, rung: Proof, *, source: str, body: str, check: int | None, key: str
) -> bool:
    """Climb to a rung with its evidence; False when the receipt stands there or higher already."""
    if not tx.run(_CLIMB, receipt=receipt_id, rung=int(rung), check=check, updated=tx.now):
        return False
    witness(tx, receipt_id, rung, source=source, body=body, key=key)
    tx.event("proof", receipt_id, rung=rung.name.lower(), source=source)
    tell(tx, receipt_id, rung.name.lower())
    return True


def witness(tx: Tx, receipt_id: str, rung: Proof, *, source: str, body: str, key: str) -> None:
    """Keep what was read, from whom and when."""
    tx.later(_EVIDENCE, id=key, receipt_id=receipt_id, rung=int(rung), source=source, at=tx.now, body=body)


_LISTENER: Final = Query(
    select(
        receipt.c.shop_id, receipt.c.external_id, receipt.c.state, receipt.c.proof, receipt.c.fn,
        receipt.c.fd_number, receipt.c.fiscal_sign, receipt.c.error_code, receipt.c.error_text,
    )
    .select_from(receipt.join(shop, shop.c.id == receipt.c.shop_id))
    .where(receipt.c.id == bindparam("receipt"), shop.c.webhook_url.is_not(None))
)  # fmt: skip
_NOTICE: Final = Query(
    insert(outbox).values(
        {
            n: bindparam(n)
            for n in ("id", "channel", "shop_id", "receipt_id", "body", "created_at", "next_check_at")
        }
        | {"state": "waiting", "tries": 0}
    )
)


def tell(tx: Tx, receipt_id: str, change: str) -> None:
    """Put a notice to the shop into the outbox, if it listens."""
    row = tx.one(_LISTENER, receipt=receipt_id)
    if row is None:
        return
    key = _notice_key(tx, receipt_id, change)
    body = {
        "id": key, "receipt_id": receipt_id, "external_id": row[1], "change": change, "state": row[2],
        "proof": Proof(row[3]).name.lower(), "at": tx.now, "fn": row[4], "fd_number": row[5],
        "fiscal_sign": row[6], "error": {"code": row[7], "message": row[8]} if row[7] else None,
    }  # fmt: skip
    tx.later(
        _NOTICE, id=key, channel="webhook", shop_id=row[0], receipt_id=receipt_id,
        body=msgspec.json.encode(body), created_at=tx.now, next_check_at=tx.now,
    )  # fmt: skip


def _notice_key(tx: Tx, receipt_id: str, change: str) -> str:
    """Ordered by time, and the same when the unit is run again in the same millisecond."""
    tail = UUID(receipt_id).int ^ hash_of(change) ^ len(tx.events)
    return f"{tx.now:012x}{tail & (1 << 80) - 1:020x}"


def hash_of(text: str) -> int:
    """A small stable number of a word (Python's own hash is salted)."""
    return int.from_bytes(text.encode()[:10].ljust(10, b"\0"), "big")
