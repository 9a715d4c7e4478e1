"""What a file would bring: which columns were understood, what its rows say, what is wrong with them.

Nothing is written here; ``keeping`` writes a plan whole.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, time
from itertools import chain, islice
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from chekpoint.hub.importing import columns
from chekpoint.hub.importing.columns import HEAD_ROWS, Chosen, Field, Header
from chekpoint.hub.importing.files import NotRead, Row, Sheet, sheets
from chekpoint.hub.importing.rows import BadRow, Context, read

KINDS: Final = ("ofd", "payments", "checks")
BAD_SHOWN: Final = 200  # bad rows that are listed one by one
SHEETS_MOST: Final = 20
NO_CHOICE: Final = Chosen()


class Plan(NamedTuple):
    """One table, read. ``records`` are (row number, OfdRecord or Told), in the order of the file."""

    kind: str
    sheet: str
    head: Header
    chosen: Chosen
    missing: tuple[Field, ...]
    records: list[tuple[int, Any]]
    bad: list[BadRow]
    bad_count: int
    first: list[Row]  # rows below the header as they stand, to be shown to the person

    @property
    def needs_unit(self) -> bool:
        """Has nobody said yet in which unit the sums are?"""
        return "total" in self.head.columns and self.head.unit is None

    @property
    def readable(self) -> bool:
        """Can its rows be read at all, with what is known of its columns?"""
        return not self.missing and not self.needs_unit


class Surroundings(NamedTuple):
    """``zone`` is the sellers'; ``drives`` are the fiscal drives that the hub knows."""

    zone: ZoneInfo
    drives: Sequence[str] = ()


def plan(
    kind: str, content: bytes, around: Surroundings, chosen: Mapping[str, Chosen] | Chosen = NO_CHOICE
) -> Plan:
    """Read a file; raises NotRead. ``chosen``: what a person has said, or what was remembered by signature."""
    found = [(sheet, *_begun(sheet)) for sheet in islice(sheets(content), SHEETS_MOST)]
    best = columns.best_sheet(kind, [(sheet, first) for sheet, first, _ in found])
    if best is None:
        raise NotRead(
            "Не найдена строка заголовков: первая строка таблицы должна называть столбцы.",
            "No row of headers was found: the first row of the table must name its columns.",
        )
    sheet, first, rest = found[best]
    at = columns.head_of(kind, first) or 0
    plain = columns.header(kind, at + 1, first[at], NO_CHOICE)
    said = chosen if isinstance(chosen, Chosen) else chosen.get(plain.signature, NO_CHOICE)
    head = columns.header(kind, at + 1, first[at], said)
    lacking = tuple(columns.missing(kind, head, said))
    made = Plan(kind, sheet.name, head, said, lacking, [], [], 0, first[at + 1 : at + 6])
    if not made.readable:
        return made
    drives = _by_beginning(around.drives)
    of = Context(head, said, sheet.epoch, around.zone, drives, _timed(head, sheet.rows))
    return _filled(made, of, chain(enumerate(first[at + 1 :], at + 2), enumerate(rest, len(first) + 1)))


def _begun(sheet: Sheet) -> tuple[list[Row], Iterator[Row]]:
    rows = iter(sheet.rows)
    return list(islice(rows, HEAD_ROWS)), rows


def _filled(made: Plan, of: Context, body: Iterator[tuple[int, Row]]) -> Plan:
    bad_count = 0
    for number, one in read(made.kind, of, body):
        if not isinstance(one, BadRow):
            made.records.append((number, one))
            continue
        bad_count += 1
        if bad_count <= BAD_SHOWN:
            made.bad.append(one)
    return made._replace(bad_count=bad_count)


def _timed(head: Header, rows: Iterable[Row]) -> bool:
    """Only a workbook has dates of its own kind; its rows are all there."""
    at = head.columns.get("made_at", head.columns.get("paid_at", 0))
    found = (row[at] for row in rows if len(row) > at) if isinstance(rows, list) else ()
    return any(isinstance(cell, datetime) and cell.time() != time() for cell in found)


def _by_beginning(drives: Sequence[str]) -> dict[str, str]:
    """First 15 digits -> the drive, where only one drive begins so."""
    begun: dict[str, list[str]] = {}
    for drive in drives:
        begun.setdefault(drive[:15], []).append(drive)
    return {key: found[0] for key, found in begun.items() if len(found) == 1}
