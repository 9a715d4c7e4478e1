"""Z-reports that the site asks for: the shift is closed by its lane, the sums are the journal's.

A report that comes again (the site repeats it after 300 s) is answered with what was answered before:
closing one more shift for it would be wrong. Sums are of what this hub registered in the shift.
"""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import structlog

from chekpoint.core.errors import StoreError
from chekpoint.hub.closing import close_shift
from chekpoint.hub.hub import Hub
from chekpoint.shops.bitrix.readings import Readings
from chekpoint.shops.bitrix.reply import Task
from chekpoint.shops.bitrix.request import Document, ReportResult
from chekpoint.shops.bitrix.settings import Exchange
from chekpoint.store import memory, people, standing
from chekpoint.store.journal import Tx

log = structlog.get_logger()
REPORT = "report:"
LAST = "report-last:"
TRIES = 3
Send = Callable[[ReportResult], Awaitable[bool]]
_RESULT = msgspec.json.Decoder(ReportResult)


class ZReports:
    """The reports of one site, each worked on once at a time."""

    def __init__(self, hub: Hub, shop: people.Shop, readings: Readings, exchange: Exchange) -> None:
        self._hub, self._shop, self._readings, self._exchange = hub, shop, readings, exchange
        self._running: set[int] = set()

    def start(self, task: Task, group: asyncio.TaskGroup, send: Send) -> None:
        """Work on a report unless that is being done."""
        if task.id.number not in self._running:
            self._running.add(task.id.number)
            group.create_task(self._work(task, send))

    async def _work(self, task: Task, send: Send) -> None:
        try:
            result = await self._known(task) or await self._make(task)
            for _ in range(TRIES if result else 0):
                if result is None or await send(result):
                    break
        except StoreError:
            log.exception("bitrix_store_failed", shop=self._shop.id)
        finally:
            self._running.discard(task.id.number)

    async def _known(self, task: Task) -> ReportResult | None:
        body = await self._hub.store.read(
            lambda tx: memory.recall(tx, self._shop.id, f"{REPORT}{task.id.number}")
        )
        return msgspec.structs.replace(_RESULT.decode(body), uuid=task.uuid) if body else None

    async def _make(self, task: Task) -> ReportResult | None:
        """Close the shift of the register; None when it has not closed, and the site asks again."""
        seen = await self._readings.of(self._shop, self._exchange)
        found = next((one for one in seen if one.kkm.zn == task.zn), None)
        if found is None or not await close_shift(self._hub, found.register_id):
            log.warning("bitrix_report_waits", shop=self._shop.id, report=task.id.number, zn=task.zn)
            return None
        return await self._hub.store.write(lambda tx: self._sums(tx, task, found.kkm.fn))

    def _sums(self, tx: Tx, task: Task, fn: str) -> ReportResult:
        """The sums of the shift that was closed last, unless an earlier report has told them."""
        close = standing.last_close(tx, fn)
        told = memory.recall(tx, self._shop.id, LAST + fn)
        turnover = standing.turnover(tx, fn)
        result = ReportResult(uuid=task.uuid, turnover=turnover)
        if close is not None and told != str(close.fd_number).encode():
            sums = standing.shift_sums(tx, fn, close.shift_number or 0)
            document = Document(
                fn=fn, fd_number=close.fd_number, fiscal_sign=close.fiscal_sign, made_at=close.made_at
            )
            result = ReportResult(
                uuid=task.uuid, cash=sums.cash, income=sums.income, returned=sums.returned, turnover=turnover,
                document=document,
            )  # fmt: skip
            memory.keep(tx, self._shop.id, LAST + fn, str(close.fd_number).encode())
        memory.keep(tx, self._shop.id, f"{REPORT}{task.id.number}", msgspec.json.encode(result))
        return result
