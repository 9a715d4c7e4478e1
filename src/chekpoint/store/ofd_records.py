"""Documents as operators show them: the other side of reconciliation. Nothing shown is ever dropped."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import ARRAY, BigInteger, bindparam, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from chekpoint.core.ports import OfdRecord
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables_watch import ofd_record

_DECODE: Final = msgspec.json.Decoder(OfdRecord).decode
_ENCODE: Final = msgspec.json.Encoder().encode


class Shown(NamedTuple):
    """One record with the digests of its items and VAT (see hub/digests); None: the operator does not show them."""

    source: str  # operator:NAME or import:FILE
    record: OfdRecord
    items_digest: str | None
    vat_digest: str | None


_FACTS: Final = (
    "total", "made_at", "kind", "document", "answer", "fns", "items_digest", "vat_digest", "received_at",
)  # fmt: skip
_ROW: Final = ("fn", "fd_number", "source", "fiscal_sign", *_FACTS, "seen_at", "body")
_VALUES: Final[dict[str, Any]] = {name: bindparam(name) for name in _ROW}
_ADD: Final = Query(
    sqlite.insert(ofd_record).values(_VALUES).on_conflict_do_nothing(),
    postgresql=postgresql.insert(ofd_record).values(_VALUES).on_conflict_do_nothing(),
)
_THIS: Final = (
    ofd_record.c.fn == bindparam("drive"), ofd_record.c.fd_number == bindparam("number"),
    ofd_record.c.source == bindparam("who"), ofd_record.c.fiscal_sign == bindparam("sign"),
)  # fmt: skip
_CHANGE: Final = Query(
    update(ofd_record)
    .where(*_THIS)
    .values({name: bindparam(f"new_{name}") for name in (*_FACTS, "seen_at", "body")} | {"facts": None})
)


def among(column: Any) -> tuple[Any, Any]:
    """``column IN (:numbers)`` for SQLite and for PostgreSQL; give the parameter by ``numbers``."""
    listed = column.in_(text("SELECT value FROM json_each(:numbers)"))
    return listed, column == func.any(bindparam("numbers", type_=ARRAY(BigInteger)))


def numbers(tx: Tx, values: Iterable[int]) -> Any:
    """Numbers as one parameter of a statement made with ``among``."""
    found = list(values)
    return found if tx.engine == "postgresql" else _ENCODE(found).decode()


_KNOWN: Final = select(
    ofd_record.c.fd_number, ofd_record.c.fiscal_sign, *(ofd_record.c[name] for name in _FACTS)
).where(ofd_record.c.fn == bindparam("drive"), ofd_record.c.source == bindparam("who"))
_AMONG, _AMONG_PG = among(ofd_record.c.fd_number)
_KNOWN_OF: Final = Query(_KNOWN.where(_AMONG), postgresql=_KNOWN.where(_AMONG_PG))
_OF_DOCUMENT: Final = Query(
    select(ofd_record.c.body)
    .where(ofd_record.c.fn == bindparam("drive"), ofd_record.c.fd_number == bindparam("number"))
    .order_by(ofd_record.c.source, ofd_record.c.fiscal_sign)
)


class Kept(NamedTuple):
    """How many records were new, and how many showed themselves otherwise than before."""

    fresh: int
    changed: int


def keep(tx: Tx, shown: Sequence[Shown]) -> Kept:
    """Remember what a source shows now of one drive. The same record again is no second row.

    A record whose facts changed (it has reached the tax service, say) takes the place of its older self, and
    the chain of events says what it was. All of ``shown`` must be of one source and one drive.
    """
    if not shown:
        return Kept(0, 0)
    known = _known(tx, shown)
    fresh = changed = 0
    for one in {(s.record.fd_number, s.record.fiscal_sign): s for s in shown}.values():
        facts, old = _facts(one), known.get((one.record.fd_number, one.record.fiscal_sign))
        if old is None:
            fresh += tx.run(_ADD, **_key(one), **facts, seen_at=tx.now, body=_ENCODE(one.record))
        elif old != tuple(facts.values()):
            changed += 1
            _change(tx, one, facts, old)
    return Kept(fresh, changed)


def _known(tx: Tx, shown: Sequence[Shown]) -> dict[tuple[int, str], tuple[Any, ...]]:
    listed = numbers(tx, sorted({one.record.fd_number for one in shown}))
    rows = tx.all(_KNOWN_OF, drive=shown[0].record.fn, who=shown[0].source, numbers=listed)
    return {(row[0], row[1]): tuple(row[2:]) for row in rows}


def _key(one: Shown) -> dict[str, Any]:
    record = one.record
    return {
        "fn": record.fn, "fd_number": record.fd_number, "source": one.source, "fiscal_sign": record.fiscal_sign,
    }  # fmt: skip


def _facts(one: Shown) -> dict[str, Any]:
    record = one.record
    values = (
        record.total, record.made_at, record.kind, record.document, record.answer, record.fns and record.fns.value,
        one.items_digest, one.vat_digest, record.received_at,
    )  # fmt: skip
    return dict(zip(_FACTS, values, strict=True))


def _change(tx: Tx, one: Shown, facts: dict[str, Any], old: tuple[Any, ...]) -> None:
    record = one.record
    tx.run(
        _CHANGE, drive=record.fn, number=record.fd_number, who=one.source, sign=record.fiscal_sign,
        new_seen_at=tx.now, new_body=_ENCODE(record), **{f"new_{name}": value for name, value in facts.items()},
    )  # fmt: skip
    was = {name: value for name, value in zip(_FACTS, old, strict=True) if value != facts[name]}
    tx.event("ofd_record_changed", f"{record.fn}/{record.fd_number}", source=one.source, was=was)


def of_document(tx: Tx, fn: str, fd_number: int) -> list[OfdRecord]:
    """Every record of one document, by source and sign."""
    return [_DECODE(bytes(row[0])) for row in tx.all(_OF_DOCUMENT, drive=fn, number=fd_number)]


_NEXT_DRIVE: Final = Query(select(func.min(ofd_record.c.fn)).where(ofd_record.c.fn > bindparam("after")))
_OF_DRIVE: Final = Query(select(ofd_record.c.fd_number).where(ofd_record.c.fn == bindparam("drive")).limit(1))


def drives(tx: Tx) -> list[str]:
    """The drives of which anything was ever shown; one step of the key's index for each."""
    found, after = list[str](), ""
    while (row := tx.one(_NEXT_DRIVE, after=after)) and row[0] is not None:
        after = str(row[0])
        found.append(after)
    return found


def anything(tx: Tx, fn: str) -> bool:
    """Was any document of this drive ever shown?"""
    return tx.one(_OF_DRIVE, drive=fn) is not None
