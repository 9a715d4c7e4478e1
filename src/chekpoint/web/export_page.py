"""The accountant's book of a period, to be saved."""

import os
from datetime import date
from pathlib import Path
from tempfile import mkstemp
from typing import Final

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from chekpoint.core.errors import StoreError, Unfit
from chekpoint.hub import book
from chekpoint.web.desk import back, desk_of, member, tell

_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@member
async def export(request: Request) -> Response:
    """``?from=2026-11-01&to=2026-11-30``: the workbook, made on disk and taken away when it is sent."""
    desk, lingo = desk_of(request), desk_of(request).lingo(request)
    handle, name = mkstemp(suffix=".xlsx", prefix="chekpoint-")
    os.close(handle)
    target = Path(name)
    try:
        period = book.Period(_day(request, "from"), _day(request, "to"), desk.zone, lingo.lang).checked()
        await book.write(desk.store, target, period)
    except BaseException as error:
        _drop(target)
        if not isinstance(error, StoreError):
            raise
        tell(request, "verb.failed", "bad", why=str(error))
        return back("/reconciliation")
    saved = f"chekpoint-{period.first}-{period.last}.xlsx"
    return FileResponse(target, media_type=_XLSX, filename=saved, background=BackgroundTask(_drop, target))


def _drop(target: Path) -> None:
    target.unlink(missing_ok=True)


def _day(request: Request, name: str) -> date:
    try:
        return date.fromisoformat(request.query_params.get(name, ""))
    except ValueError:
        raise Unfit("период: даты вида 2026-11-30 / a period: dates such as 2026-11-30") from None


ROUTES = [Route("/reconciliation/export", export, methods=["GET"])]
