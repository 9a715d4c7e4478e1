"""The only writers of a receipt's state and proof.

Each is a compare-and-set with the row count checked; its event and the notice to the shop are rows of the
same transaction (design, invariant 5). No RETURNING here: in SQLite it makes an update four times as dear.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import ARRAY, Text, bindparam, func, insert, select, text, update

from chekpoint.core.errors import Conflict
from chekpoint.core.lifecycle import TRANSITIONS, Cause, Proof, State, after
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import evidence, outbox, receipt, shop


class Shown(NamedTuple):
    """A receipt as its shop is told of it, after a change."""

    id: str
    shop_id: str
    external_id: str
    state: str
    proof: int
    fn: str | None
    fd_number: int | None
    fiscal_sign: str | None
    error_code: str | None
    error_text: str | None


_SHOW: Final = Query(
    select(*(receipt.c[name] for name in Shown._fields)).where(receipt.c.id == bindparam("receipt"))
)
_MOVES: Final[dict[tuple[str, ...], Query]] = {}
# ``value`` of an enum is a call; the tables keep plain text
_WORDS: Final = {
    (old, cause): (old.value, new.value, cause.value) for (old, cause), new in TRANSITIONS.items()
}


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
    was, becomes, why = _WORDS[old, cause]
    query = _move_query(tuple(columns))
    tx.exactly(
        query, f"receipt {receipt_id} is not {was}", receipt=receipt_id, old=was, new=becomes, updated_at=tx.now,
        **columns,
    )  # fmt: skip
    tx.event("state", receipt_id, old=was, new=becomes, cause=why, **(note or {}))
    tell(tx, [receipt_id], why)
    return new


_AMONG: Final = receipt.c.id.in_(text("SELECT value FROM json_each(:receipts)"))
_AMONG_PG: Final = receipt.c.id == func.any(bindparam("receipts", type_=ARRAY(Text)))
_CLIMBING: Final = (
    update(receipt)
    .values(proof=bindparam("rung"), next_check_at=bindparam("check"), updated_at=bindparam("updated"))
    .where(receipt.c.proof < bindparam("rung"))
)
_CLIMB: Final = Query(_CLIMBING.where(_AMONG), postgresql=_CLIMBING.where(_AMONG_PG))
_LOWER: Final = select(receipt.c.id).where(receipt.c.proof < bindparam("rung")).order_by(receipt.c.id)
_BELOW: Final = Query(_LOWER.where(_AMONG), postgresql=_LOWER.where(_AMONG_PG))
_EVIDENCE: Final = Query(insert(evidence).values({c.name: bindparam(c.name) for c in evidence.columns}))


def climb(
    tx: Tx, receipt_id: str, rung: Proof, *, source: str, body: str, check: int | None, key: str
) -> bool:
    """Climb to a rung with its evidence; False when the receipt stands there or higher already."""
    return climb_all(tx, {receipt_id: body}, rung, source=source, check=check, key=lambda: key) == 1


def climb_all(
    tx: Tx, bodies: Mapping[str, str], rung: Proof, *, source: str, check: int | None, key: Callable[[], str]
) -> int:
    """Climb together, each receipt with its evidence; returns how many did not stand so high yet."""
    if not bodies:
        return 0
    ids = [row[0] for row in tx.all(_BELOW, receipts=_listed(tx, list(bodies)), rung=int(rung))]
    if tx.run(_CLIMB, receipts=_listed(tx, ids), rung=int(rung), check=check, updated=tx.now) != len(ids):
        raise Conflict("a receipt climbed meanwhile: another worker got there first")
    word = rung.name.lower()
    for receipt_id in ids:
        witness(tx, receipt_id, rung, source=source, body=bodies[receipt_id], key=key())
        tx.event("proof", receipt_id, rung=word, source=source)
    tell(tx, ids, word)
    return len(ids)


def _listed(tx: Tx, ids: list[str]) -> Any:
    """Keys as one parameter."""
    return ids if tx.engine == "postgresql" else msgspec.json.encode(ids).decode()


def witness(tx: Tx, receipt_id: str, rung: Proof, *, source: str, body: str, key: str) -> None:
    """Keep what was read, from whom and when."""
    tx.later(_EVIDENCE, id=key, receipt_id=receipt_id, rung=int(rung), source=source, at=tx.now, body=body)


_LISTENERS: Final = Query(select(shop.c.id).where(shop.c.webhook_url.is_not(None)))
_NOTICE: Final = Query(
    insert(outbox).values(
        {
            n: bindparam(n)
            for n in ("id", "channel", "shop_id", "receipt_id", "body", "created_at", "next_check_at")
        }
        | {"state": "waiting", "tries": 0}
    )
)


def tell(tx: Tx, receipt_ids: Sequence[str], change: str) -> None:
    """Put a notice of each receipt's change into the outbox, where its shop listens."""
    listeners = tx.once(_LISTENERS)
    for receipt_id in receipt_ids if listeners else ():
        told = Shown(*tx.one(_SHOW, receipt=receipt_id))
        if (told.shop_id,) in listeners:
            _notice(tx, told, change)


def _notice(tx: Tx, told: Shown, change: str) -> None:
    key = _notice_key(tx, told.id, change)
    body = {
        "id": key, "receipt_id": told.id, "external_id": told.external_id, "change": change, "state": told.state,
        "proof": Proof(told.proof).name.lower(), "at": tx.now, "fn": told.fn, "fd_number": told.fd_number,
        "fiscal_sign": told.fiscal_sign,
        "error": {"code": told.error_code, "message": told.error_text} if told.error_code else None,
    }  # fmt: skip
    tx.later(
        _NOTICE, id=key, channel="webhook", shop_id=told.shop_id, receipt_id=told.id,
        body=msgspec.json.encode(body), created_at=tx.now, next_check_at=tx.now,
    )  # fmt: skip


def _notice_key(tx: Tx, receipt_id: str, change: str) -> str:
    """Ordered by time, and the same when the unit is run again in the same millisecond."""
    tail = UUID(receipt_id).int ^ hash_of(change) ^ len(tx.events)
    return f"{tx.now:012x}{tail & (1 << 80) - 1:020x}"


def hash_of(text: str) -> int:
    """A small stable number of a word (Python's own hash is salted)."""
    return int.from_bytes(text.encode()[:10].ljust(10, b"\0"), "big")
