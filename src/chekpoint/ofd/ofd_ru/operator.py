"""``Operator`` over the account API: what OFD.ru has of one fiscal drive."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx2
import structlog

from chekpoint.core.clock import Clock
from chekpoint.core.errors import BlockReason, RegisterBlocked
from chekpoint.core.ports import OfdRecord, OfdRegister
from chekpoint.ofd.account import open_client, zone_of
from chekpoint.ofd.ofd_ru.account import OfdRuAccount, OfdRuConfig
from chekpoint.ofd.ofd_ru.records import record, refused_by_control, register, register_numbers
from chekpoint.ofd.reading import Once, days, legible, wall

log = structlog.get_logger()
LONGEST = 30  # days that one question may cover


class OfdRu:
    """One seller's account at OFD.ru. ``http`` is closed here only if it was opened here.

    The API lists receipts, correction receipts and БСО, not the shift documents. It gives no 1022 and no
    1078: ``OfdRecord.answer`` is derived from ``FnsStatus`` (see ``records``) and ``ticket_sign`` is None.
    """

    def __init__(self, config: OfdRuConfig, clock: Clock, http: httpx2.AsyncClient | None = None) -> None:
        self._config = config
        self._zone = zone_of(config.zone)
        self._own = http is None
        self._http = open_client(config) if http is None else http
        self._account = OfdRuAccount(config, clock, self._http)
        self._registers: dict[str, list[str]] = {}
        self._lists_errors = config.errors_list

    async def documents(self, fn: str, since: datetime, until: datetime) -> AsyncIterator[OfdRecord]:
        """Receipts of a drive between two aware moments by the register's clock, day by day, each once.

        Raises RegisterBlocked (see ``ofd.account``). A receipt that cannot be read raises as well: to leave it
        out silently would make it look missing.
        """
        once = Once(fn)
        since, until = since.astimezone(self._zone), until.astimezone(self._zone)
        for rnm in await self._registers_of(fn):
            quarantined = await self._quarantined(rnm, since, until)
            for first, last in days(since, until):
                for row in await self._day(rnm, first, last):
                    found = legible(record, row)
                    told = quarantined.pop((found.fn, found.fd_number), None)
                    if once.new(found):
                        yield refused_by_control(found, told) if told else found
            for left in quarantined.values():  # in that list alone
                if once.new(left):
                    yield left

    async def registers(self) -> AsyncIterator[OfdRegister]:
        """The seller's registers in the cabinet. Raises RegisterBlocked."""
        for row in await self._kkts():
            yield legible(register, row)

    async def _kkts(self) -> list[Any]:
        rows: list[Any] = await self._account.read(f"/api/integration/v2/inn/{self._config.inn}/kkts")
        return rows

    async def _registers_of(self, fn: str) -> list[str]:
        if self._config.rnm:
            return [self._config.rnm]
        if fn not in self._registers:
            numbers = register_numbers(await self._kkts(), fn)
            if not numbers:
                text = "В кабинете ОФД нет ни одной ККТ этого ИНН / the cabinet has no register of this INN"
                raise RegisterBlocked(BlockReason.CONFIGURATION, text)
            self._registers[fn] = numbers
        return self._registers[fn]

    async def _day(self, rnm: str, first: datetime, last: datetime) -> list[Any]:
        path = f"/api/integration/v2/inn/{self._config.inn}/kkt/{rnm}/receipts-info"
        rows: list[Any] = await self._account.read(path, {"dateFrom": wall(first), "dateTo": wall(last)})
        return rows

    async def _quarantined(
        self, rnm: str, since: datetime, until: datetime
    ) -> dict[tuple[str, int], OfdRecord]:
        """Receipts that control refused, by (fn, fd).

        What this list looks like is documented nowhere: where the service has none, or rows of it cannot be
        read, ``FnsStatus`` in the list of receipts is what there is.
        """
        if not self._lists_errors:
            return {}
        found: dict[tuple[str, int], OfdRecord] = {}
        for first, last in days(since, until, LONGEST):
            for row in await self._errors(rnm, first, last):
                one = _refused(row)
                if one is not None:
                    found[one.fn, one.fd_number] = one
        return found

    async def _errors(self, rnm: str, first: datetime, last: datetime) -> list[Any]:
        period = {"DateFrom": wall(first), "DateTo": wall(last)}
        try:
            rows: list[Any] = await self._account.read(
                f"/api/integration/v2/kkt/{rnm}/receipts/errors", period
            )
        except RegisterBlocked as fault:
            if fault.reason is not BlockReason.CONFIGURATION:
                raise
            log.warning("operator_errors_not_listed", register=rnm, why=fault.message)
            self._lists_errors = False  # until the next start: it would refuse each time
            return []
        return rows

    async def aclose(self) -> None:
        """Close the connection that was opened here."""
        if self._own:
            await self._http.aclose()


def _refused(row: Any) -> OfdRecord | None:
    try:
        found = legible(record, row)
    except RegisterBlocked as fault:
        log.warning("operator_error_not_read", why=fault.message)
        return None
    return refused_by_control(found, found)
