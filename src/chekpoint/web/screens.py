"""The application of the screens, to be mounted at ``/`` by the composition root."""

from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from chekpoint.core.errors import StoreError
from chekpoint.fiscal.printed import STYLE
from chekpoint.hub.hub import Hub
from chekpoint.web import (
    add_register_page,
    audit_page,
    buyer_page,
    chain_page,
    channels_page,
    connect_page,
    export_page,
    import_page,
    incidents_page,
    live,
    payments_page,
    pools_page,
    receipt_page,
    receipts_page,
    reconciliation_page,
    register_day_page,
    registers_page,
    shop_settings_page,
    shops_page,
    sign_in_page,
    sites_page,
    uploads,
)
from chekpoint.web.access import first_password
from chekpoint.web.desk import HERE, Desk, Joinery, desk_of
from chekpoint.web.headers import ALWAYS, SecureHeaders

__all__ = ["Joinery", "first_password", "screens"]

NOTHING: Final = Joinery()
SESSION_SECONDS: Final = 12 * 3600
_WORDED: Final = frozenset({400, 403, 404, 405, 413, 415})


def screens(
    hub: Hub,
    *,
    secret_key: str,
    zone: str = "Europe/Moscow",
    https_only: bool = False,
    joinery: Joinery = NOTHING,
) -> Starlette:
    """All screens of a started hub.

    ``secret_key`` signs the sessions: the same on every node, kept over restarts. ``zone`` is the sellers'.
    ``https_only`` marks the session's cookie Secure and adds HSTS. ``joinery`` is for connecting shops.
    """
    desk = Desk(hub, zone=zone, joinery=joinery)
    app = Starlette(
        routes=_routes(),
        middleware=[
            Middleware(SecureHeaders, https_only=https_only),
            Middleware(
                SessionMiddleware, secret_key=secret_key, session_cookie="chekpoint", max_age=SESSION_SECONDS,
                same_site="lax", https_only=https_only,
            ),
        ],
        exception_handlers={HTTPException: _refused, StoreError: _no_store, Exception: _failed},
    )  # fmt: skip
    app.state.desk, app.state.pulse = desk, live.Pulse(desk)
    app.state.uploads = uploads.Waitings(desk.clock)
    return app


def _routes() -> list[Route | Mount]:
    pages = (
        sign_in_page, chain_page, receipts_page, receipt_page, add_register_page,
        register_day_page, registers_page, pools_page, incidents_page, channels_page, audit_page,
        import_page, export_page, reconciliation_page, payments_page,
        shops_page, sites_page, shop_settings_page, connect_page, buyer_page,
    )  # fmt: skip
    return [
        *(route for page in pages for route in page.ROUTES),
        Route("/live", live.stream, methods=["GET"]),
        Route("/static/printed.css", _printed_style, methods=["GET"]),
        Mount("/static", StaticFiles(directory=HERE / "static")),
    ]


async def _printed_style(_request: Request) -> Response:
    """The law's own style of the printed form, as a file."""
    return PlainTextResponse(STYLE, media_type="text/css", headers={"cache-control": "max-age=3600"})


async def _refused(request: Request, error: Exception) -> Response:
    """What cannot be, in words."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = str(error.detail) if isinstance(error, HTTPException) else ""
    key = f"error.{status}" if status in _WORDED else "error.400"
    if status == 403 and detail == "form":
        key = "error.form"
    answer = desk_of(request).bare(request, "error.html", status=status, key=key)
    answer.headers.update((isinstance(error, HTTPException) and error.headers) or {})
    return answer


async def _no_store(request: Request, _error: Exception) -> Response:
    """The database cannot be read or written just now."""
    return desk_of(request).bare(request, "error.html", status=503, key="error.503")


async def _failed(request: Request, _error: Exception) -> Response:
    """Our own fault: say so, and let the server log it."""
    answer = desk_of(request).bare(request, "error.html", status=500, key="error.500")
    answer.headers.update(ALWAYS)  # this answer is made outside the middleware
    return answer
