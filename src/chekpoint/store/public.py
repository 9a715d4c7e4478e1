"""What a receipt's public page at its operator is found by, and who that operator may be."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import bindparam, select

from chekpoint.core.lifecycle import Proof
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import evidence, fiscal_document, reading, receipt, seller, ticket


class Public(NamedTuple):
    """The facts that the public pages of operators ask for. ``made_at``: the register's wall clock; kopecks."""

    inn: str
    registration_number: str | None
    fn: str
    fd_number: int
    fiscal_sign: str
    made_at: str
    total: int
    kind: int  # 1054


_FACTS: Final = Query(
    select(
        seller.c.inn, fiscal_document.c.registration_number, fiscal_document.c.fn, fiscal_document.c.fd_number,
        fiscal_document.c.fiscal_sign, fiscal_document.c.made_at, fiscal_document.c.total, fiscal_document.c.kind,
        fiscal_document.c.register_id,
    )
    .select_from(receipt.join(seller, seller.c.id == receipt.c.seller_id).join(
        fiscal_document, (fiscal_document.c.fn == receipt.c.fn) & (fiscal_document.c.fd_number == receipt.c.fd_number)
    ))
    .where(receipt.c.id == bindparam("receipt"))
)  # fmt: skip
_TICKET: Final = Query(
    select(ticket.c.operator_inn).where(
        ticket.c.fn == bindparam("fn"), ticket.c.fd_number == bindparam("number")
    )
)
_SOURCES: Final = Query(
    select(evidence.c.source)
    .where(evidence.c.receipt_id == bindparam("receipt"), evidence.c.rung >= int(Proof.TICKETED))
    .order_by(evidence.c.rung, evidence.c.id)
)
_READING: Final = Query(
    select(reading.c.body)
    .where(reading.c.register_id == bindparam("register"))
    .order_by(reading.c.id.desc())
    .limit(1)
)


class _Said(msgspec.Struct, frozen=True):
    ofd_inn: str | None = None


def public(tx: Tx, receipt_id: str) -> tuple[list[str], Public] | None:
    """Words for the operator (INN, or the name of an account), the surest first; None while there is no document."""
    row = tx.one(_FACTS, receipt=receipt_id)
    if row is None:
        return None
    facts = Public(*row[:-1])
    return list(dict.fromkeys(_words(tx, receipt_id, facts, row[-1]))), facts


def _words(tx: Tx, receipt_id: str, facts: Public, register_id: str) -> Iterator[str]:
    """Who signed the ticket; whose account showed the document; whom the register is set up for now."""
    signed = tx.one(_TICKET, fn=facts.fn, number=facts.fd_number)
    if signed is not None and signed[0]:
        yield signed[0].strip()
    for (source,) in tx.all(_SOURCES, receipt=receipt_id):
        kind, _, name = source.partition(":")
        if kind == "operator":
            yield name
    said = tx.one(_READING, register=register_id)
    inn = None if said is None else msgspec.json.decode(bytes(said[0]), type=_Said).ofd_inn
    if inn:
        yield inn.strip()
