"""The oracle: what the drives' archives say against what the hub says. Never the hub's own word.

``audit`` holds at every moment, also in the middle of a storm; ``verdict`` once the storm is over.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from chekpoint.core.lifecycle import Proof
from tests.simulation.shop import Sale
from tests.simulation.tills import Document, Till

_ROWS = (
    "SELECT id, external_id, mark, state, proof, total, fn, fd_number, fiscal_sign, next_check_at, updated_at"
    " FROM receipt ORDER BY id"
)
_FINAL = frozenset({"rejected", "cancelled", "expired"})


class Broken(AssertionError):
    """An invariant does not hold."""


def rows(database: Path) -> list[dict[str, Any]]:
    con = sqlite3.connect(database)
    con.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in con.execute(_ROWS)]
    finally:
        con.close()


def truth(tills: Iterable[Till]) -> dict[str, list[Document]]:
    """Order mark -> the documents that were really signed for it."""
    found: dict[str, list[Document]] = defaultdict(list)
    for till in tills:
        for doc in till.documents():
            if doc.mark is not None:
                found[doc.mark].append(doc)
    return found


def audit(database: Path, tills: Iterable[Till], sales: Iterable[Sale]) -> None:
    """What must hold at any moment."""
    signed = truth(tills)
    for mark, docs in signed.items():
        if len(docs) > 1:
            raise Broken(f"DOUBLE: order {mark} has {[(d.fn, d.fd_number) for d in docs]}")
    known = rows(database)
    for row in known:
        _true(row, signed.get(row["mark"], []))
        _remembered(row, signed.get(row["mark"], []))
    there = {row["id"] for row in known}
    for one in sales:
        if one.answered is not None and one.known and one.answered not in there:
            raise Broken(f"LOST: {one.order.external_id} was answered with 2xx and is not on disk")


def _true(row: dict[str, Any], docs: list[Document]) -> None:
    who = f"{row['external_id']} ({row['state']}, proof {row['proof']})"
    if row["proof"] >= Proof.SIGNED and not docs:
        raise Broken(f"LIE: {who} is said to be signed and no drive has it")
    if row["state"] in {"cancelled", "expired"} and docs:
        raise Broken(f"LIE: {who} has document {docs[0].fn}/{docs[0].fd_number}")
    if row["state"] == "fiscalised":
        doc = docs[0]
        if (row["fn"], row["fd_number"]) != (doc.fn, doc.fd_number) or row["total"] != doc.total:
            raise Broken(f"FOREIGN: {who} is said to be {row['fn']}/{row['fd_number']}, it is {doc}")
        if int(row["fiscal_sign"]) != int(doc.sign):
            raise Broken(f"LIE: {who} has sign {doc.sign}, said to be {row['fiscal_sign']}")
        if row["proof"] >= Proof.SENT_TO_OFD and doc.answer is None:
            raise Broken(f"LIE: {who} is said to be at the operator and has not left")
        if row["proof"] >= Proof.TICKETED and doc.answer != 0:
            raise Broken(f"LIE: {who} is said to be accepted by the operator: answer {doc.answer}")


def _remembered(row: dict[str, Any], docs: list[Document]) -> None:
    """Invariant 11; a document whose ticket says no waits for a person, so no check is due."""
    refused = row["state"] == "fiscalised" and docs[0].answer not in {None, 0}
    over = (
        row["state"] in _FINAL or (row["state"] == "fiscalised" and row["proof"] >= Proof.TICKETED) or refused
    )
    if row["next_check_at"] is None and not over:
        raise Broken(f"FORGOTTEN: {row['external_id']} ({row['state']}) has no next check")


def unsettled(database: Path, tills: Iterable[Till], *, live: set[str]) -> list[str]:
    """What still has to come to its end. ``live`` are drives that are in a register now."""
    signed = truth(tills)
    return [why for row in rows(database) if (why := _open(row, signed.get(row["mark"], []), live))]


def _open(row: dict[str, Any], docs: list[Document], live: set[str]) -> str | None:
    who = f"{row['external_id']} is {row['state']}"
    if row["state"] in _FINAL:
        return None
    if row["state"] != "fiscalised":
        return who
    answer = docs[0].answer if docs else None
    goal = Proof.TICKETED if answer == 0 else Proof.SENT_TO_OFD
    if row["proof"] < goal and row["fn"] in live:
        return f"{who} with proof {row['proof']}, the operator's answer is {answer}"
    return None


def chain(database: Path) -> None:
    """Every event follows from the one before."""
    from chekpoint.store import events
    from chekpoint.store.engines import Sqlite
    from chekpoint.store.journal import Tx

    con = Sqlite(str(database), durable=False).connect(readonly=True)
    try:
        *breaks, _ = events.verified(Tx(con.cursor(), "sqlite", 0))
    finally:
        con.close()
    if breaks:
        raise Broken(f"CHAIN: {breaks[0]}")
