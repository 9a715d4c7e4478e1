"""``Operator`` over the account API: shifts of a drive, documents of each shift, items of each receipt."""

from collections import OrderedDict
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx2
import msgspec
import structlog

from chekpoint.core.clock import Clock
from chekpoint.core.ports import OfdRecord, OfdRegister
from chekpoint.ofd.account import open_client, zone_of
from chekpoint.ofd.fields import mapping, sequence, text
from chekpoint.ofd.reading import Once, legible, readable, wall
from chekpoint.ofd.taxcom import records
from chekpoint.ofd.taxcom.account import API, Absent, TaxcomAccount, TaxcomConfig

log = structlog.get_logger()
TYPES: Final = ("2", "3", "4", "5", "21", "31", "41")
LONGEST_SHIFT: Final = timedelta(days=2)  # by which end of a shift its list is cut is not documented
REMEMBERED: Final = 20_000  # documents whose tags are not asked for again


class Taxcom:
    """One cabinet at Такском. ``http`` is closed here only if it was opened here.

    ``OfdRecord.answer`` is 0 for whatever is listed; ``ticket_sign``, ``received_at`` and ``fns`` are not shown.
    """

    def __init__(self, config: TaxcomConfig, clock: Clock, http: httpx2.AsyncClient | None = None) -> None:
        self._config = config
        self._zone = zone_of(config.zone)
        self._own = http is None
        self._http = open_client(config) if http is None else http
        self._account = TaxcomAccount(config, clock, self._http)
        self._tags: OrderedDict[tuple[str, int, str], OfdRecord] = OrderedDict()
        self._numbers: dict[str, str | None] = {}  # 1037 by drive

    async def documents(self, fn: str, since: datetime, until: datetime) -> AsyncIterator[OfdRecord]:
        """Documents of a drive between two aware moments by the register's clock, shift by shift, each once.

        Shift documents are among them, reports of registration are not. A drive that the cabinet does not know has
        no documents there. Raises RegisterBlocked (see ``ofd.account``).
        """
        once = Once(fn)
        first, last = (wall(one.astimezone(self._zone)) for one in (since, until))
        for number in await self._shifts(fn, since, until):
            query = {"fn": fn, "shift": str(number), "type": TYPES}
            async for row in self._account.pages("DocumentList", query):
                found = self._read(row)
                if first <= found.made_at <= last and once.new(found):
                    known = msgspec.structs.replace(found, registration_number=await self._number(fn))
                    yield await self._filled(known)

    async def registers(self) -> AsyncIterator[OfdRegister]:
        """The registers of all outlets of the cabinet. Raises RegisterBlocked."""
        async for outlet in self._account.pages("OutletList", {}):
            for row in await self._of_outlet(text(outlet, "id")):
                shown = row | await self._card(text(row, "fnFactoryNumber"))
                with readable():
                    found = records.register(shown, self._zone, msgspec.json.encode(shown).decode())
                yield found

    async def aclose(self) -> None:
        """Close the connection that was opened here."""
        if self._own:
            await self._http.aclose()

    async def _shifts(self, fn: str, since: datetime, until: datetime) -> list[int]:
        """Numbers of the shifts that may hold documents of the period, the oldest first."""
        begin, end = (since - LONGEST_SHIFT).astimezone(UTC), (until + LONGEST_SHIFT).astimezone(UTC)
        query = {"fn": fn, "begin": wall(begin), "end": wall(end)}
        try:
            rows = [row async for row in self._account.pages("ShiftList", query)]
        except Absent as fault:
            log.warning("operator_does_not_know_drive", fn=fn, why=fault.message)
            return []
        with readable():
            return sorted({records.shift(row) for row in rows})

    async def _number(self, fn: str) -> str | None:
        """1037 of the register that the drive is in: the list of documents does not name it."""
        if fn not in self._numbers:
            self._numbers[fn] = text(await self._card(fn), "kktRegNumber") or None
        return self._numbers[fn]

    def _read(self, row: Any) -> OfdRecord:
        return legible(lambda entry, evidence: records.document(entry, self._zone, evidence), row)

    async def _filled(self, found: OfdRecord) -> OfdRecord:
        """The document with its items; asked for once, as they cannot change."""
        if not self._config.items or found.document not in records.RECEIPTS:
            return found
        key = (found.fn, found.fd_number, found.fiscal_sign)
        known = self._tags.get(key)
        if known is None:
            known = await self._tagged(found)
            self._tags[key] = known
            if len(self._tags) > REMEMBERED:
                self._tags.popitem(last=False)
        return msgspec.structs.replace(
            found, items=known.items, vat=known.vat, registration_number=known.registration_number,
            evidence=known.evidence,
        )  # fmt: skip

    async def _tagged(self, found: OfdRecord) -> OfdRecord:
        query = {"fn": found.fn, "fd": str(found.fd_number)}
        try:
            body = await self._account.read(API + "DocumentInfo", query)
        except Absent as fault:
            log.warning("operator_document_without_tags", fn=found.fn, fd=found.fd_number, why=str(fault))
            return found
        with readable():
            return records.with_tags(found, body, msgspec.json.encode(body).decode())

    async def _of_outlet(self, outlet: str) -> list[dict[str, Any]]:
        """This list has no pages (none are documented)."""
        body = await self._account.read(API + "KKTList", {"id": outlet})
        with readable():
            return [
                mapping(row, "KKTList")
                for row in sequence(mapping(body, "KKTList").get("records"), "records")
            ]

    async def _card(self, fn: str) -> dict[str, Any]:
        try:
            body = await self._account.read(API + "KKTInfo", {"fn": fn})
        except Absent:
            return {}
        with readable():
            return records.card(body)
