"""What the ``Operator`` implementations share: periods by the register's clock, each document once, bad entries."""

from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from typing import Any, Literal, TypeVar

import msgspec

from chekpoint.core.errors import BlockReason, RegisterBlocked
from chekpoint.core.ports import OfdRecord
from chekpoint.ofd.fields import Malformed, mapping, sequence

T = TypeVar("T")


class Once:
    """Lets each document of one drive through once: services show some twice, and periods overlap."""

    def __init__(self, fn: str) -> None:
        self._fn = fn
        self._seen: set[tuple[int, str, int]] = set()

    def new(self, found: OfdRecord) -> bool:
        """Is it of this drive, and was it not shown before?

        Another sign or document code under the same number is another document: reconciliation must see it.
        """
        key = (found.fd_number, found.fiscal_sign, found.document)
        if found.fn != self._fn or key in self._seen:
            return False
        self._seen.add(key)
        return True


def legible(read: Callable[[Any, str], T], row: Any) -> T:
    """An entry read with its own JSON as evidence. RegisterBlocked: one left out would look missing."""
    with readable():
        return read(row, msgspec.json.encode(row).decode())


class readable:  # noqa: N801 - reads as what it does
    """Turns Malformed into RegisterBlocked(UNKNOWN)."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, _kind: object, fault: BaseException | None, _trace: object) -> Literal[False]:
        if isinstance(fault, Malformed):
            text = f"ОФД показал то, что не читается / the operator showed what cannot be read: {fault}"
            raise RegisterBlocked(BlockReason.UNKNOWN, text) from fault
        return False


def listed(answer: Any, name: str = "") -> list[Any]:
    """The list of an answer, or of a field of it; None (the service said: nothing) is an empty one.

    A list that is not where it should be is no empty list: RegisterBlocked(UNKNOWN).
    """
    if answer is None:
        return []
    with readable():
        return sequence(mapping(answer, name).get(name) if name else answer, name or "answer")


def days(since: datetime, until: datetime, count: int = 1) -> Iterator[tuple[datetime, datetime]]:
    """Cut a period into pieces of whole calendar days of its zone; both ends are inclusive, to the second."""
    first = since.replace(microsecond=0)
    while first <= until:
        after = datetime.combine(first.date() + timedelta(days=count), time(), first.tzinfo)
        yield first, min(after - timedelta(seconds=1), until)
        first = after


def wall(moment: datetime) -> str:
    """``YYYY-MM-DDTHH:MM:SS`` without zone, as all these services take it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S")
