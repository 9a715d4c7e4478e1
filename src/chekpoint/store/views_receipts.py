"""The list of receipts and the search, by pages of keys, over an archive of any size.

Keys are UUIDv7, so the newest receipts are the greatest keys and a day is a range of keys. A filter with an
index of its own (a state that is open, a rung below the ticket) goes straight to its rows; any other looks
at WINDOW rows and says where to look further.
"""

import re
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import bindparam, select

from chekpoint.core.lifecycle import State
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import contact, fiscal_document, receipt, shop
from chekpoint.store.views_scan import WINDOW, by_keys, distinct, is_open, keys_of

PAGE: Final = 50
LAST: Final = "~"  # sorts after every key
_INDEXED: Final = frozenset(State) - {State.FISCALISED}


class Line(NamedTuple):
    """One receipt in a list. Moments are milliseconds UTC, ``total`` kopecks."""

    id: str
    external_id: str
    state: str
    proof: int
    kind: str
    total: int
    accepted_at: int
    shop_id: str
    register_id: str | None
    fn: str | None
    fd_number: int | None
    error_text: str | None


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What to list. ``since`` and ``until`` are milliseconds UTC, ``before`` the key to read on from."""

    search: str = ""
    state: str | None = None
    proof: int | None = None
    register: str | None = None
    since: int | None = None
    until: int | None = None
    before: str = LAST

    def holds(self, line: Line) -> bool:
        """Does a line that a search has found pass the filters?"""
        return (
            (self.state is None or line.state == self.state)
            and (self.proof is None or line.proof == self.proof)
            and (self.register is None or line.register_id == self.register)
            and self.low <= line.id < self.high
        )

    @property
    def low(self) -> str:
        """The least key that may be listed."""
        return "" if self.since is None else f"{self.since:012x}"

    @property
    def high(self) -> str:
        """The key that all listed ones are below."""
        until = LAST if self.until is None else f"{self.until:012x}"
        return min(until, self.before)


class Page(NamedTuple):
    """Some lines, and the key to read on from; ``partial`` when rows were skipped for want of an index."""

    lines: list[Line]
    following: str | None
    partial: bool


_COLUMNS: Final = tuple(receipt.c[name] for name in Line._fields)
_RANGE: Final = (receipt.c.id < bindparam("high"), receipt.c.id >= bindparam("low"))
_MADE: Final[dict[tuple[str, ...], Query]] = {}


def lines(tx: Tx, wanted: Filter) -> Page:
    """A page of receipts, newest first."""
    if wanted.search.strip():
        return _found(tx, wanted)
    params: dict[str, Any] = {"low": wanted.low, "high": wanted.high}
    params |= {n: v for n in ("proof", "register") if (v := getattr(wanted, n)) is not None}
    by_state = wanted.state in _INDEXED
    names = (wanted.state or "", *sorted(params.keys() & {"proof", "register"}))
    rows = [Line(*row) for row in tx.all(_query(names, wanted, by_state=by_state), **params)]
    if len(rows) > PAGE:
        return Page(rows[:PAGE], rows[PAGE - 1].id, partial=False)
    edge = tx.one(_EDGES[wanted.state if by_state else None], low=wanted.low, high=wanted.high)
    return Page(rows, edge and edge[0], partial=edge is not None)


def newest(tx: Tx, most: int) -> list[Line]:
    """The newest receipts."""
    return lines(tx, Filter()).lines[:most]


def _query(names: tuple[str, ...], wanted: Filter, *, by_state: bool) -> Query:
    if names not in _MADE:
        state = wanted.state and State(wanted.state)
        where = [is_open(state)] if state and by_state else []
        straight = len(names) == 1 and (by_state or not state)
        walk = select(*_COLUMNS).where(*_RANGE, *where).order_by(receipt.c.id.desc())
        window = walk.limit(PAGE + 1 if straight else WINDOW).subquery()
        statement = select(window).order_by(window.c.id.desc()).limit(PAGE + 1)
        if state and not by_state:
            statement = statement.where(window.c.state == state.value)
        if "proof" in names:
            statement = statement.where(window.c.proof == bindparam("proof"))
        if "register" in names:
            statement = statement.where(window.c.register_id == bindparam("register"))
        _MADE[names] = Query(statement)
    return _MADE[names]


def _edge(state: State | None) -> Query:
    """The key at the far end of a full window: from there one may look further."""
    where = [] if state is None else [is_open(state)]
    walk = select(receipt.c.id).where(*_RANGE, *where).order_by(receipt.c.id.desc())
    return Query(walk.offset(WINDOW - 1).limit(1))


_EDGES: Final[dict[str | None, Query]] = {state: _edge(state) for state in (None, *_INDEXED)}
_BY_IDS: Final = by_keys(select(*_COLUMNS), receipt.c.id)
_BEFORE: Final = receipt.c.id < bindparam("high")
_EXTERNAL: Final = Query(
    select(receipt.c.id).where(
        receipt.c.shop_id.in_(select(shop.c.id)), receipt.c.external_id == bindparam("word"), _BEFORE
    )
)
_MARK: Final = Query(select(receipt.c.id).where(receipt.c.mark == bindparam("word"), _BEFORE))
_CONTACT: Final = Query(
    select(contact.c.receipt_id)
    .where(contact.c.address == bindparam("word"), contact.c.receipt_id < bindparam("high"))
    .order_by(contact.c.receipt_id.desc())
    .limit(PAGE + 1)
)
_DRIVES: Final = distinct(fiscal_document.c.fn)
_DOCUMENT: Final = Query(
    select(fiscal_document.c.receipt_id).where(
        fiscal_document.c.fn == bindparam("fn"),
        fiscal_document.c.fd_number == bindparam("number"),
        fiscal_document.c.receipt_id < bindparam("high"),
    )
)
_SUMS: Final = (
    select(receipt.c.id, receipt.c.total)
    .where(*_RANGE)
    .order_by(receipt.c.id.desc())
    .limit(WINDOW)
    .subquery()
)
_SUM: Final = Query(
    select(_SUMS.c.id)
    .where(_SUMS.c.total == bindparam("kopecks"))
    .order_by(_SUMS.c.id.desc())
    .limit(PAGE + 1)
)
_MONEY: Final = re.compile(r"(\d{1,10})(?:[.,](\d{1,2}))?\s*(?:₽|руб\.?|р\.?)?", re.IGNORECASE)
_PHONE: Final = re.compile(r"\+?[78]?[\s(-]*(9\d{2})[\s)-]*(\d{3})[\s-]*(\d{2})[\s-]*(\d{2})")


def _found(tx: Tx, wanted: Filter) -> Page:
    ids, edge = _candidates(tx, wanted)
    top = sorted(ids, reverse=True)[: PAGE + 1]
    rows = [Line(*row) for row in tx.all(_BY_IDS, keys=keys_of(tx, top))] if top else []
    rows.sort(key=lambda line: line.id, reverse=True)
    following = top[PAGE - 1] if len(top) > PAGE else edge
    passed = [line for line in rows[:PAGE] if wanted.holds(line)]
    return Page(passed, following, partial=edge is not None)


def _candidates(tx: Tx, wanted: Filter) -> tuple[set[str], str | None]:
    """Keys that the word may mean, each by an index of its own; and where the search by sum stopped."""
    word, high = wanted.search.strip()[:128], wanted.high
    ids = {row[0] for row in tx.all(_EXTERNAL, word=word, high=high)}
    ids |= {row[0] for row in tx.all(_MARK, word=word.lower(), high=high)}
    ids |= {row[0] for row in tx.all(_CONTACT, word=address(word), high=high)}
    ids |= _documents(tx, word, high)
    if re.fullmatch(r"[0-9a-f]{32}", word.lower()):
        ids.add(word.lower())
    sum_ = _kopecks(word)
    if sum_ is None:
        return ids, None
    ids |= {row[0] for row in tx.all(_SUM, kopecks=sum_, low=wanted.low, high=high)}
    edge = tx.one(_EDGES[None], low=wanted.low, high=high)
    return ids, edge and edge[0]


def address(word: str) -> str:
    """A contact as receipts keep it: +7 and ten digits, or the e-mail as it is."""
    phone = _PHONE.fullmatch(word)
    return "+7" + "".join(phone.groups()) if phone else word


def _kopecks(word: str) -> int | None:
    money = _MONEY.fullmatch(word.replace(" ", "").replace("\u00a0", "").replace("\u202f", ""))
    return int(money[1]) * 100 + int((money[2] or "0").ljust(2, "0")) if money else None


def _documents(tx: Tx, word: str, high: str) -> set[str]:
    """``15``, ``ФД 15`` or ``9999078900001234/15`` -> the receipts with such a document."""
    match = re.fullmatch(r"(?:(\d{16})\s*[/ ]\s*)?(?:(?:ФД|FD)\s*№?\s*)?(\d{1,10})", word, re.IGNORECASE)
    if match is None:
        return set()
    drives = [match[1]] if match[1] else [row[0] for row in tx.all(_DRIVES)]
    rows = [tx.one(_DOCUMENT, fn=fn, number=int(match[2]), high=high) for fn in drives]
    return {row[0] for row in rows if row}
