"""What the drivers of cloud services share: a line that is read up to a limit, and the answers no cloud can give."""

import ssl
from typing import Final, TypeVar

import httpx2
import msgspec

from chekpoint.core.errors import BlockReason, OutcomeUnknown, RegisterBlocked, RegisterError, Rejected
from chekpoint.core.ports import Errand, ExchangeReading, FiscalDocument, Ticket

T = TypeVar("T")
NOTHING_LEFT: Final = (
    httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError, httpx2.UnsupportedProtocol,
    httpx2.InvalidURL,
)  # fmt: skip
LINE_FAULTS: Final = (httpx2.HTTPError, httpx2.InvalidURL, ssl.SSLError, TimeoutError)
_BIGGEST: Final = 4 << 20
_NO_ARCHIVE: Final = "у облачной кассы нет архива, который можно прочитать / a cloud has no archive to read"


class Malformed(ValueError):
    """Not an answer of the service."""


class Cloud:
    """The half of ``Register`` that is about a drive and a drawer; a cloud has none that could be reached."""

    gives_tickets = False
    keeps_archive = False

    async def document(self, fd_number: int) -> FiscalDocument | None:
        """A cloud's drives cannot be read."""
        del fd_number
        return None

    async def open_shift(self) -> FiscalDocument | None:
        """The service's own affair."""
        return None

    async def close_shift(self) -> FiscalDocument | None:
        """The service's own affair."""
        return None

    async def run(self, errand: Errand) -> str:
        """Raises Rejected: a cloud has no drawer and prints no report."""
        raise Rejected(f"{errand.deed}: {_NO_ARCHIVE}", code="unsupported")

    async def exchange(self) -> ExchangeReading:
        """Raises RegisterBlocked: how far one drive has told its operator is never known."""
        raise RegisterBlocked(BlockReason.CONFIGURATION, _NO_ARCHIVE)

    async def ticket(self, fd_number: int) -> Ticket | None:
        """Never known."""
        del fd_number
        return None


def client(timeout: float, verify: ssl.SSLContext | str | None) -> httpx2.AsyncClient:
    """``timeout``: seconds; ``verify``: a context, a file of authorities, or None for the usual ones.

    Follows no redirect: a receipt goes to the address it was meant for, or nowhere.
    """
    context = ssl.create_default_context(cafile=verify) if isinstance(verify, str) and verify else verify
    return httpx2.AsyncClient(
        timeout=timeout, verify=context or True, trust_env=False, follow_redirects=False
    )


async def exchange(
    http: httpx2.AsyncClient,
    method: str,
    url: str,
    body: bytes,
    headers: dict[str, str],
    *,
    auth: httpx2.Auth | None = None,
) -> tuple[int, bytes]:
    """HTTP status and the whole answer. Raises one of LINE_FAULTS."""
    async with http.stream(method, url, content=body or None, headers=headers, auth=auth) as answer:
        raw = bytearray()
        async for piece in answer.aiter_bytes():
            raw += piece
            if len(raw) > _BIGGEST:
                raise httpx2.ReadError("ответ слишком велик / the answer is too big")
        return answer.status_code, bytes(raw)


def decoded(body: bytes, kind: type[T]) -> T:
    """An answer as the protocol has it; raises Malformed. Numbers may come as text, and the other way round."""
    try:
        return msgspec.json.decode(body, type=kind, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(str(error)) from error


def fault_of(fault: Exception) -> RegisterError:
    """RegisterBlocked(NO_LINK) before the first byte, OutcomeUnknown after it."""
    said = str(fault) or type(fault).__name__
    if isinstance(fault, NOTHING_LEFT):
        return RegisterBlocked(BlockReason.NO_LINK, said)
    return OutcomeUnknown(f"ответ потерян: {said}")
