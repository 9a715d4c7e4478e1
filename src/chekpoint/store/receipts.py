"""Receipts: accepting them in bulk, finding the most urgent, reading them."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import ARRAY, Text, bindparam, exists, func, insert, literal_column, select, text

from chekpoint.core.lifecycle import State
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import contact, fiscal_document, lane, receipt


class Accepted(NamedTuple):
    """The answer to one offer: the receipt's id, and whether it is new, known, or in conflict."""

    receipt_id: str
    state: str
    proof: int
    fresh: bool
    same: bool


class Offer(NamedTuple):
    """A validated receipt that waits to be stored."""

    id: str
    seller_id: str
    shop_id: str
    external_id: str
    mark: str
    digest: str
    content: bytes
    kind: str
    total: int
    taxation: int
    marked: int
    pool_id: str
    section: str | None
    pay_system: str | None
    place: str | None
    accepted_at: int
    deadline_at: int
    expires_at: int | None
    buyer: bytes
    address: str | None
    token: str


_NEW = (
    "id", "seller_id", "shop_id", "external_id", "mark", "digest", "content", "kind", "total", "taxation",
    "marked", "pool_id", "section", "pay_system", "place", "accepted_at", "deadline_at", "expires_at",
)  # fmt: skip
_INSERT: Final = Query(
    insert(receipt).values(
        {name: bindparam(name) for name in _NEW}
        | {"state": "queued", "proof": 0, "tries": 0, "updated_at": bindparam("accepted_at"),
           "ready_at": bindparam("accepted_at"), "next_check_at": bindparam("deadline_at")}
    )
)  # fmt: skip
_CONTACT: Final = Query(
    insert(contact).values({n: bindparam(n) for n in ("receipt_id", "buyer", "address", "token")})
)
_FOUND: Final = select(receipt.c.mark, receipt.c.id, receipt.c.state, receipt.c.proof, receipt.c.digest)
_KNOWN: Final = Query(
    _FOUND.where(receipt.c.mark.in_(text("SELECT value FROM json_each(:marks)"))),
    postgresql=_FOUND.where(receipt.c.mark == func.any(bindparam("marks", type_=ARRAY(Text)))),
)


def accept(tx: Tx, offers: Sequence[Offer]) -> list[Accepted]:
    """Store the new ones (queued); for a known external id answer what is there. Idempotent by it."""
    known = _known(tx, [offer.mark for offer in offers])
    answers: list[Accepted] = []
    for offer in offers:
        there = known.get(offer.mark)
        if there is None:
            known[offer.mark] = (offer.id, State.QUEUED.value, 0, offer.digest)
            _store(tx, offer)
            answers.append(Accepted(offer.id, State.QUEUED.value, 0, fresh=True, same=True))
        else:
            answers.append(Accepted(*there[:3], fresh=False, same=there[3] == offer.digest))
    return answers


def first_answer(tx: Tx, mark: str, digest: str) -> Accepted | None:
    """What the same content under this order mark was answered before; None when it is new or another."""
    there = _known(tx, [mark]).get(mark)
    if there is None or there[3] != digest:
        return None
    return Accepted(*there[:3], fresh=False, same=True)


def _known(tx: Tx, marks: list[str]) -> dict[str, tuple[str, str, int, str]]:
    value: Any = marks if tx.engine == "postgresql" else msgspec.json.encode(marks).decode()
    return {row[0]: tuple(row[1:]) for row in tx.all(_KNOWN, marks=value)}


def _store(tx: Tx, offer: Offer) -> None:
    tx.later(_INSERT, **dict(zip(_NEW, offer, strict=False)))  # the first fields of an Offer, in its order
    tx.later(_CONTACT, receipt_id=offer.id, buyer=offer.buyer, address=offer.address, token=offer.token)
    tx.event(
        "accepted",
        offer.id,
        shop=offer.shop_id,
        external_id=offer.external_id,
        digest=offer.digest,
        total=offer.total,
    )


class Claim(NamedTuple):
    """A receipt that a lane may take, with its buyer (None once purged)."""

    id: str
    shop_id: str
    mark: str
    digest: str
    content: bytes
    tries: int
    kind: str
    total: int
    deadline_at: int
    buyer: bytes | None
    orphaned: bool  # a document of its order is known, and belongs to no receipt


_LEASED: Final = exists().where(
    lane.c.register_id == bindparam("register"),
    lane.c.fence == bindparam("fence"),
    lane.c.lease_until >= bindparam("enough"),
)
_ORPHANED: Final = exists().where(
    fiscal_document.c.mark == receipt.c.mark, fiscal_document.c.receipt_id.is_(None)
)
_MOST_URGENT: Final = (
    select(receipt.c.id)
    .where(
        receipt.c.state == literal_column("'queued'"),  # a literal, or the partial index is not used
        receipt.c.pool_id == bindparam("pool"),
        receipt.c.deadline_at <= bindparam("before"),
        receipt.c.ready_at <= bindparam("now"),
        receipt.c.taxation.op("&")(bindparam("taxations")) != 0,
        receipt.c.marked <= bindparam("marks"),
        _LEASED,
    )
    .order_by(receipt.c.deadline_at, receipt.c.id)
    .limit(1)
    .with_for_update(skip_locked=True, of=receipt)
)
CANDIDATE: Final = Query(
    _MOST_URGENT.with_only_columns(
        receipt.c.id, receipt.c.shop_id, receipt.c.mark, receipt.c.digest, receipt.c.content, receipt.c.tries,
        receipt.c.kind, receipt.c.total, receipt.c.deadline_at,
        select(contact.c.buyer).where(contact.c.receipt_id == receipt.c.id).scalar_subquery(), _ORPHANED,
    )
)  # fmt: skip


def most_urgent(
    tx: Tx, *, register: str, fence: int, enough: int, pool: str, before: int, taxations: int, marks: bool
) -> Claim | None:
    """The queued receipt of a pool with the earliest deadline that a register may take.

    Its deadline is at most ``before``. None also when the register's lane is not held under ``fence`` until
    ``enough`` (milliseconds UTC).
    """
    row = tx.one(
        CANDIDATE, register=register, fence=fence, enough=enough, pool=pool, before=before, now=tx.now,
        taxations=taxations, marks=int(marks),
    )  # fmt: skip
    return row and Claim(*row)
