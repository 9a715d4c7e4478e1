"""Mismatches: one difference each between what the journal knows and what the other side shows.

A row is open until the difference is gone (``closed_at``). A person may say what it was (``resolved_at``): it then
stays in place, so that the next comparison finds it there and asks nobody again.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import and_, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables_watch import mismatch


class Difference(NamedTuple):
    """What a comparison found. ``ours`` and ``theirs`` are JSON; ``day`` is YYYY-MM-DD of the register's clock."""

    kind: str
    subject: str
    severity: str
    day: str
    text_ru: str
    text_en: str
    act_ru: str
    act_en: str
    register_id: str | None = None
    fn: str | None = None
    fd_number: int | None = None
    receipt_id: str | None = None
    payment_id: str | None = None
    ours: bytes | None = None
    theirs: bytes | None = None


Key = tuple[str, str]  # (kind, subject)


class Standing(NamedTuple):
    """A row that is not closed, as far as a comparison needs it."""

    id: str
    kind: str
    subject: str
    severity: str
    text_ru: str
    ours: bytes | None
    theirs: bytes | None
    opened_at: int
    resolved_at: int | None


class Mismatch(NamedTuple):
    """One whole row. Moments are milliseconds UTC."""

    id: str
    kind: str
    subject: str
    severity: str
    register_id: str | None
    fn: str | None
    fd_number: int | None
    receipt_id: str | None
    payment_id: str | None
    day: str
    ours: bytes | None
    theirs: bytes | None
    text_ru: str
    text_en: str
    act_ru: str
    act_en: str
    opened_at: int
    closed_at: int | None
    resolved_at: int | None
    resolved_by: str | None
    reason: str | None


class Settled(NamedTuple):
    """What a comparison changed."""

    opened: int
    closed: int


_VALUES: Final[dict[str, Any]] = {n: bindparam(n) for n in ("id", *Difference._fields, "opened_at")}
_OPEN: Final = Query(
    sqlite.insert(mismatch).values(_VALUES).on_conflict_do_nothing(),
    postgresql=postgresql.insert(mismatch).values(_VALUES).on_conflict_do_nothing(),
)
_STANDING: Final = select(*(mismatch.c[n] for n in Standing._fields)).where(mismatch.c.closed_at.is_(None))
_OF_RANGE: Final = Query(
    _STANDING.where(
        mismatch.c.register_id == bindparam("register"),
        mismatch.c.fn == bindparam("drive"),
        mismatch.c.fd_number >= bindparam("low"),
        mismatch.c.fd_number <= bindparam("high"),
    )
)
_OF_KIND: Final = Query(_STANDING.where(mismatch.c.kind == bindparam("which")))
_ONE: Final = Query(
    select(*(mismatch.c[n] for n in Mismatch._fields)).where(mismatch.c.id == bindparam("this"))
)
_THIS_OPEN: Final = and_(mismatch.c.id == bindparam("this"), mismatch.c.closed_at.is_(None))
_CLOSE: Final = Query(update(mismatch).where(_THIS_OPEN).values(closed_at=bindparam("at")))
_REWORD: Final = Query(
    update(mismatch)
    .where(_THIS_OPEN)
    .values({n: bindparam(f"new_{n}") for n in Difference._fields if n not in {"kind", "subject"}})
)
_RESOLVE: Final = Query(
    update(mismatch)
    .where(_THIS_OPEN, mismatch.c.resolved_at.is_(None))
    .values(resolved_at=bindparam("at"), resolved_by=bindparam("who"), reason=bindparam("why"))
)
_REOPEN: Final = Query(
    update(mismatch)
    .where(_THIS_OPEN, mismatch.c.resolved_at.is_not(None))
    .values(resolved_at=None, resolved_by=None, reason=None)
)
_UNRESOLVED: Final = (mismatch.c.closed_at.is_(None), mismatch.c.resolved_at.is_(None))
_BY_REGISTER: Final = Query(
    select(mismatch.c.kind, mismatch.c.severity, func.count())
    .where(*_UNRESOLVED, mismatch.c.register_id == bindparam("register"))
    .group_by(mismatch.c.kind, mismatch.c.severity)
    .order_by(mismatch.c.kind)
)


def of_range(tx: Tx, register_id: str, fn: str, low: int, high: int) -> dict[Key, Standing]:
    """What stands about documents of a register's drive, from one FD number to another, both included."""
    return _standing(tx.all(_OF_RANGE, register=register_id, drive=fn, low=low, high=high))


_OF_SUBJECT: Final = Query(
    _STANDING.where(mismatch.c.kind == bindparam("which"), mismatch.c.subject == bindparam("about"))
)


def of_subject(tx: Tx, kind: str, subject: str) -> dict[Key, Standing]:
    """The one that stands of a kind and subject, if any."""
    return _standing(tx.all(_OF_SUBJECT, which=kind, about=subject))


def of_kinds(tx: Tx, kinds: Iterable[str]) -> dict[Key, Standing]:
    """What stands of some kinds."""
    return _standing(row for kind in kinds for row in tx.all(_OF_KIND, which=kind))


def _standing(rows: Iterable[Any]) -> dict[Key, Standing]:
    found = (Standing(*row) for row in rows)
    return {(one.kind, one.subject): one for one in found}


def settle(
    tx: Tx, standing: Mapping[Key, Standing], found: Iterable[Difference], key: Callable[[], str]
) -> Settled:
    """Make what stands equal to what was found: open what is new, reword what changed, close what is gone."""
    opened, seen = 0, set[Key]()
    for one in found:
        seen.add((one.kind, one.subject))
        old = standing.get((one.kind, one.subject))
        if old is None:
            opened += _open(tx, one, key())
        elif _changed(old, one):
            _reword(tx, old, one)
    gone = [old for name, old in standing.items() if name not in seen]
    for old in gone:
        tx.run(_CLOSE, this=old.id, at=tx.now)
        tx.event("mismatch_closed", old.subject, mismatch=old.kind)
    return Settled(opened, len(gone))


def _open(tx: Tx, one: Difference, key: str) -> int:
    fresh = tx.run(_OPEN, id=key, opened_at=tx.now, **one._asdict())
    if fresh:
        tx.event("mismatch_opened", one.subject, mismatch=one.kind, severity=one.severity)
    return fresh


def _changed(old: Standing, new: Difference) -> bool:
    was = (old.severity, old.text_ru, _octets(old.ours), _octets(old.theirs))
    return was != (new.severity, new.text_ru, new.ours, new.theirs)


def _octets(value: Any) -> bytes | None:
    return None if value is None else bytes(value)


def _reword(tx: Tx, old: Standing, new: Difference) -> None:
    """The same difference, but it shows itself otherwise now (another sum, a worse state)."""
    columns = {f"new_{n}": v for n, v in new._asdict().items() if n not in {"kind", "subject"}}
    tx.run(_REWORD, this=old.id, **columns)


def one(tx: Tx, mismatch_id: str) -> Mismatch | None:
    """One row; None when there is none."""
    row = tx.one(_ONE, this=mismatch_id)
    return None if row is None else Mismatch(*row)


def resolve(tx: Tx, mismatch_id: str, who: str, reason: str) -> None:
    """A person has said what it was; raises Conflict when it is closed or resolved already."""
    tx.exactly(_RESOLVE, f"mismatch {mismatch_id} is open", this=mismatch_id, at=tx.now, who=who, why=reason)
    tx.event("mismatch_resolved", mismatch_id)


def reopen(tx: Tx, mismatch_id: str) -> None:
    """It was not what a person had said; raises Conflict when it is not resolved, or gone."""
    tx.exactly(_REOPEN, f"mismatch {mismatch_id} is resolved", this=mismatch_id)
    tx.event("mismatch_reopened", mismatch_id)


class Tally(NamedTuple):
    """How many of one kind a person has yet to look at."""

    kind: str
    severity: str
    many: int


def unresolved(tx: Tx, register_id: str) -> list[Tally]:
    """Open and unresolved ones of a register, counted by kind."""
    return [Tally(*row) for row in tx.all(_BY_REGISTER, register=register_id)]
