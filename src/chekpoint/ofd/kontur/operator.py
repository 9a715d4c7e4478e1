"""``Operator`` over version 2 of the API: what Контур.ОФД has of one fiscal drive."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx2

from chekpoint.core.clock import Clock
from chekpoint.core.errors import BlockReason, RegisterBlocked
from chekpoint.core.ports import OfdRecord, OfdRegister
from chekpoint.ofd.account import open_client, zone_of
from chekpoint.ofd.fields import text
from chekpoint.ofd.kontur.account import KonturAccount, KonturConfig
from chekpoint.ofd.kontur.records import drives_of, following, record, register, register_number
from chekpoint.ofd.reading import Once, legible, listed, readable, wall

_Place = tuple[str, str]  # organisation, registration number


class Kontur:
    """One seller's account at Контур.ОФД. ``http`` is closed here only if it was opened here.

    All documents of a drive are listed, reports and shifts among them. That one is listed means that the operator
    has it (``answer`` 0); of its way to the tax service nothing is shown, nor 1022 and 1078.
    """

    def __init__(self, config: KonturConfig, clock: Clock, http: httpx2.AsyncClient | None = None) -> None:
        self._config = config
        self._zone = zone_of(config.zone)
        self._own = http is None
        self._http = open_client(config) if http is None else http
        self._account = KonturAccount(config, clock, self._http)
        self._places: dict[str, list[_Place]] = {}

    async def documents(self, fn: str, since: datetime, until: datetime) -> AsyncIterator[OfdRecord]:
        """Documents of a drive between two aware moments by the register's clock, each once.

        Raises RegisterBlocked (see ``ofd.account``); a document that cannot be read raises as well.
        """
        once = Once(fn)
        since, until = since.astimezone(self._zone), until.astimezone(self._zone)
        first, last = wall(since), wall(until)
        for place in await self._places_of(fn):
            async for row in self._rows(place, since, until + timedelta(hours=self._config.late_hours)):
                found = legible(record, row)
                if first <= found.made_at <= last and once.new(found):
                    yield found

    async def registers(self) -> AsyncIterator[OfdRegister]:
        """The seller's registers in the cabinet. Raises RegisterBlocked."""
        for _, row in await self._cashboxes():
            yield legible(register, row)

    async def _rows(self, place: _Place, since: datetime, until: datetime) -> AsyncIterator[Any]:
        """Every page of a period. The end is a cursor that stays: a page may be short, or empty, before it."""
        organisation, rnm = place
        path = f"/v2/organizations/{organisation}/cashboxes/{rnm}/documents/by-period"
        query = {"dateFrom": wall(since), "dateTo": wall(until), "limit": str(self._config.page)}
        offset, met = "", {""}
        while True:
            answer = await self._account.read(path, query | ({"offset": offset} if offset else {}))
            for row in listed(answer, "documents"):
                yield row
            with readable():
                after = following(answer)
            if after in {"", offset}:
                return
            if after in met:
                raise RegisterBlocked(
                    BlockReason.UNKNOWN, "указатель страниц ходит по кругу / the cursor goes in a circle"
                )
            met.add(after)
            offset = after

    async def _places_of(self, fn: str) -> list[_Place]:
        """The register the drive is or was in; where the cabinet names none, every register is asked for it."""
        if fn not in self._places:
            rows = await self._cashboxes()
            if not rows:
                text_ = "В кабинете ОФД нет ни одной ККТ этого ИНН / the cabinet has no register of this INN"
                raise RegisterBlocked(BlockReason.CONFIGURATION, text_)
            with readable():
                known = [((organisation, register_number(row)), drives_of(row)) for organisation, row in rows]
            here = [place for place, drives in known if fn in drives]
            if not here:
                return [place for place, _ in known]  # it may be entered any moment: not remembered
            self._places[fn] = here
        return self._places[fn]

    async def _cashboxes(self) -> list[tuple[str, Any]]:
        """(organisation, entry) of every register of the seller: branches are organisations of their own."""
        found: list[tuple[str, Any]] = []
        for organisation in await self._organisations():
            rows = listed(await self._account.read(f"/v2/organizations/{organisation}/cashboxes"))
            found += [(organisation, row) for row in rows]
        return found

    async def _organisations(self) -> list[str]:
        if self._config.organization:
            return [self._config.organization]
        rows = listed(await self._account.read("/v2/organizations"))
        ours = [text(r, "id") for r in rows if isinstance(r, dict) and text(r, "inn") == self._config.inn]
        if not ours:
            text_ = f"не видна организация {self._config.inn} / the organisation is not to be seen"
            raise RegisterBlocked(BlockReason.CONFIGURATION, text_)
        return ours

    async def aclose(self) -> None:
        """Close the connection that was opened here."""
        if self._own:
            await self._http.aclose()
