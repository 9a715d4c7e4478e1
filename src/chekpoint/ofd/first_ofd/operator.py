"""``Operator`` over the API for reconciliation: what 1-ofd.ru has of one fiscal drive, and how far it went."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any, Final

import httpx2

from chekpoint.core.clock import Clock
from chekpoint.core.errors import BlockReason, RegisterBlocked
from chekpoint.core.ports import OfdRecord, OfdRegister
from chekpoint.ofd.account import open_client, zone_of
from chekpoint.ofd.first_ofd.account import FirstOfdAccount, FirstOfdConfig
from chekpoint.ofd.first_ofd.records import Reader, drives_of, organisation_key, register, register_number
from chekpoint.ofd.reading import Once, days, legible, listed, readable, wall

_PAGE: Final = 100
_STRAY: Final = timedelta(days=1)  # further outside the period, the service has not understood it
_KEY = "/api/rent/v2/organisations/{}"


class FirstOfd:
    """One seller's account at Первый ОФД. ``http`` is closed here only if it was opened here.

    All documents of a drive are listed, reports and shifts among them. 1022 and 1078 are not shown:
    ``OfdRecord.answer`` is derived from ``fnsFlcStatus`` (see ``records``) and ``ticket_sign`` is None.
    """

    def __init__(self, config: FirstOfdConfig, clock: Clock, http: httpx2.AsyncClient | None = None) -> None:
        self._config = config
        self._zone = zone_of(config.zone)
        self._own = http is None
        self._http = open_client(config) if http is None else http
        self._account = FirstOfdAccount(config, clock, self._http)
        self._reader = Reader(config.sums, zone_of(config.inserted_zone) if config.inserted_zone else None)
        self._organisation: dict[str, Any] | None = None
        self._registers: dict[str, list[str]] = {}

    async def documents(self, fn: str, since: datetime, until: datetime) -> AsyncIterator[OfdRecord]:
        """Documents of a drive between two aware moments by the register's clock, day by day, each once.

        Raises RegisterBlocked (see ``ofd.account``); a document that cannot be read raises as well.
        """
        once = Once(fn)
        for rnm in await self._registers_of(fn):
            for first, last in days(since.astimezone(self._zone), until.astimezone(self._zone)):
                for row in await self._day(fn, rnm, first, last):
                    found = legible(self._reader.record, row)
                    _demand_within(found, first, last)
                    if once.new(found):
                        yield found

    async def registers(self) -> AsyncIterator[OfdRegister]:
        """The seller's registers in the cabinet. Raises RegisterBlocked."""
        contract = (await self._found_organisation()).get("endContractDate")
        for row in await self._kkms():
            yield legible(lambda one, evidence: register(one, contract, evidence), row)

    async def _registers_of(self, fn: str) -> list[str]:
        """The register the drive is or was in; where the cabinet names none, every register is asked for it."""
        if fn not in self._registers:
            rows = await self._kkms()
            with readable():
                known = [(register_number(row), drives_of(row)) for row in rows]
            if not known:
                text = "В кабинете ОФД нет ни одной ККТ этого ИНН / the cabinet has no register of this INN"
                raise RegisterBlocked(BlockReason.CONFIGURATION, text)
            here = [rnm for rnm, drives in known if fn in drives]
            if not here:
                return [rnm for rnm, _ in known]  # it may be entered any moment: not remembered
            self._registers[fn] = here
        return self._registers[fn]

    async def _kkms(self) -> list[Any]:
        """Registers of the seller; where the list of all is empty or refused, place by place."""
        path = await self._path("/kkms")
        try:
            rows = listed(await self._account.read(path), "kkms")
        except RegisterBlocked as fault:
            if fault.reason is not BlockReason.CONFIGURATION:
                raise
            rows = []
        return rows or [row for place in await self._places() for row in await self._at(path, place)]

    async def _places(self) -> list[Any]:
        return listed(await self._account.read(await self._path("/retailPlaces")), "retailPlaces")

    async def _at(self, path: str, place: Any) -> list[Any]:
        number = place.get("retailPlaceId") if isinstance(place, dict) else None
        return listed(await self._account.read(path, {"retailPlaceId": str(number)}), "kkms")

    async def _day(self, fn: str, rnm: str, first: datetime, last: datetime) -> list[Any]:
        query = {"kkmRegId": rnm, "fsFactoryNumber": fn}
        names = {"fromDate": ("fromDate", "toDate"), "dateFrom": ("dateFrom", "dateTo")}
        wanted = names if self._config.period_names == "both" else (self._config.period_names,)
        for name in wanted:
            begin, end = names[name]
            query |= {begin: wall(first), end: wall(last)}
        return listed(await self._account.read(await self._path("/documents"), query), "documents")

    async def _path(self, tail: str) -> str:
        key = self._config.organisation or organisation_key(await self._found_organisation())
        return _KEY.format(key) + tail

    async def _found_organisation(self) -> dict[str, Any]:
        """The seller's entry among those that the key may see. A page may be short and not the last."""
        if self._organisation is not None:
            return self._organisation
        number = seen = 0
        while True:
            number += 1
            query = {"page": str(number), "pageSize": str(_PAGE)}
            answer = await self._account.read("/api/rent/v3/organisations", query)
            page = listed(answer, "page")
            for row in page:
                if self._is_ours(row):
                    self._organisation = dict(row)
                    return self._organisation
            seen += len(page)
            if not page or seen >= _count(answer):
                text = (
                    f"ключу не видна организация {self._config.inn} / the key does not see the organisation"
                )
                raise RegisterBlocked(BlockReason.CONFIGURATION, text)

    def _is_ours(self, row: Any) -> bool:
        if not isinstance(row, dict):
            return False
        key = organisation_key(row)
        if self._config.organisation:
            return key == self._config.organisation
        return self._config.inn in {str(row.get("inn", "")).strip(), key.partition(".")[0]}

    async def aclose(self) -> None:
        """Close the connection that was opened here."""
        if self._own:
            await self._http.aclose()


def _count(answer: Any) -> int:
    """Entries in all; where the service does not say, pages are turned until one is empty."""
    total = answer.get("totalCount") if isinstance(answer, dict) else None
    return total if isinstance(total, int) and total > 0 else 1 << 31


def _demand_within(found: OfdRecord, first: datetime, last: datetime) -> None:
    """A service that passes over the period's parameters would show other days, and hide the ones asked for."""
    made = datetime.fromisoformat(found.made_at)
    if not first.replace(tzinfo=None) - _STRAY <= made <= last.replace(tzinfo=None) + _STRAY:
        text = (
            "сервис не понял период: задайте period_names (fromDate или dateFrom)"
            " / the service did not understand the period: set period_names"
        )
        raise RegisterBlocked(BlockReason.CONFIGURATION, text)
