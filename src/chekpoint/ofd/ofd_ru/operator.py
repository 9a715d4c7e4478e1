"""``Operator`` over the account API: what OFD.ru has of one fiscal drive."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx2
import msgspec

from chekpoint.core.clock import Clock
from chekpoint.core.errors import BlockReason, RegisterBlocked
from chekpoint.core.ports import OfdRecord, OfdRegister
from chekpoint.ofd.ofd_ru.account import Account, OfdRuConfig, open_client
from chekpoint.ofd.ofd_ru.records import Malformed, record, register, register_numbers


class OfdRu:
    """One seller's account at OFD.ru. ``http`` is closed here only if it was opened here.

    The API lists receipts, correction receipts and БСО, not the shift documents. It gives no 1022 and no
    1078: ``OfdRecord.answer`` is derived from ``FnsStatus`` (see ``records``) and ``ticket_sign`` is None.
    """

    def __init__(self, config: OfdRuConfig, clock: Clock, http: httpx2.AsyncClient | None = None) -> None:
        """Raise RegisterBlocked(CONFIGURATION) when no such time zone is known."""
        self._config = config
        self._zone = _zone(config.zone)
        self._own = http is None
        self._http = open_client(config) if http is None else http
        self._account = Account(config, clock, self._http)
        self._registers: dict[str, list[str]] = {}

    async def documents(self, fn: str, since: datetime, until: datetime) -> AsyncIterator[OfdRecord]:
        """Receipts of a drive between two aware moments by the register's clock, day by day, each once.

        Raises RegisterBlocked (see ``account``). A receipt that cannot be read raises as well: to leave it
        out silently would make it look missing.
        """
        seen: set[tuple[int, str]] = set()
        for rnm in await self._registers_of(fn):
            for first, last in days(since.astimezone(self._zone), until.astimezone(self._zone)):
                for row in await self._day(rnm, first, last):
                    found = _read(row)
                    key = (found.fd_number, found.fiscal_sign)
                    if found.fn == fn and key not in seen:
                        seen.add(key)
                        yield found

    async def registers(self) -> AsyncIterator[OfdRegister]:
        """The seller's registers in the cabinet. Raises RegisterBlocked."""
        for row in await self._account.read(f"/api/integration/v2/inn/{self._config.inn}/kkts"):
            try:
                yield register(row, msgspec.json.encode(row).decode())
            except Malformed as fault:
                raise RegisterBlocked(
                    BlockReason.UNKNOWN, f"ОФД показал ККТ, которая не читается: {fault}"
                ) from fault

    async def _registers_of(self, fn: str) -> list[str]:
        if self._config.rnm:
            return [self._config.rnm]
        if fn not in self._registers:
            rows = await self._account.read(f"/api/integration/v2/inn/{self._config.inn}/kkts")
            numbers = register_numbers(rows, fn)
            if not numbers:
                raise RegisterBlocked(BlockReason.CONFIGURATION, "В кабинете ОФД нет ни одной ККТ этого ИНН")
            self._registers[fn] = numbers
        return self._registers[fn]

    async def _day(self, rnm: str, first: datetime, last: datetime) -> list[Any]:
        path = f"/api/integration/v2/inn/{self._config.inn}/kkt/{rnm}/receipts-info"
        return await self._account.read(path, dateFrom=_wall(first), dateTo=_wall(last))

    async def aclose(self) -> None:
        """Close the connection that was opened here."""
        if self._own:
            await self._http.aclose()


def days(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Cut a period into calendar days of its zone; both ends of each are inclusive, to the second."""
    first = since.replace(microsecond=0)
    while first <= until:
        last = datetime.combine(first.date(), time(23, 59, 59), first.tzinfo)
        yield first, min(last, until)
        first = datetime.combine(first.date() + timedelta(days=1), time(), first.tzinfo)


def _wall(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def _read(row: Any) -> OfdRecord:
    try:
        return record(row, msgspec.json.encode(row).decode())
    except Malformed as fault:
        raise RegisterBlocked(
            BlockReason.UNKNOWN, f"ОФД показал чек, который не читается: {fault}"
        ) from fault


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as fault:
        raise RegisterBlocked(BlockReason.CONFIGURATION, f"Нет такого часового пояса: {name}") from fault
