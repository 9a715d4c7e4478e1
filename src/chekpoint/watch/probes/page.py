"""A page as a buyer's browser would ask for it: does it come, in time, with what it should hold?"""

import asyncio
import html
import ssl
from typing import Final

import httpx2

from chekpoint.core.clock import Clock
from chekpoint.hub.answers import Fault, PageAnswer
from chekpoint.watch.probes import words

BODY_MOST: Final = 1 << 20  # bytes of a page that are looked through
REDIRECTS_MOST: Final = 5
HEADERS: Final = {
    "User-Agent": "Mozilla/5.0 (compatible; Chekpoint; site check)",
    "Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "ru,en;q=0.5",
}
_FAILURES: Final = (
    httpx2.HTTPError,
    httpx2.InvalidURL,
    httpx2.StreamError,
    ssl.SSLError,
    UnicodeError,
    OSError,
)


def trust(ca_file: str) -> ssl.SSLContext:
    """The system's authorities, and one's own; raises OSError (also ssl.SSLError) when the file cannot be read."""
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
    return context


def open_client(context: ssl.SSLContext, timeout: float) -> httpx2.AsyncClient:
    """A client that keeps no connection and no cookie: each look is that of a new buyer."""
    return httpx2.AsyncClient(
        verify=context, timeout=timeout, trust_env=False, follow_redirects=True, max_redirects=REDIRECTS_MOST,
        headers=HEADERS, limits=httpx2.Limits(max_keepalive_connections=0),
    )  # fmt: skip


async def look(
    url: str, expected: str | None, *, context: ssl.SSLContext, clock: Clock, patience: float
) -> PageAnswer:
    """Look once; never raises for what a site or a network may do. ``patience``: seconds for the whole."""
    begun = clock.monotonic()
    where, code = "", None
    try:
        async with (
            asyncio.timeout(patience),
            open_client(context, patience) as http,
            http.stream("GET", url) as answer,
        ):
            where, code = str(answer.url)[:500], answer.status_code
            fault = _fault(httpx2.URL(url), answer, await _beginning(answer), expected)
    except (TimeoutError, httpx2.TimeoutException):
        fault = words.unread(patience)
    except _FAILURES as error:
        fault = words.of_line(error)
    ms = round((clock.monotonic() - begun) * 1000)
    return PageAnswer(ms=ms, url=where, status=code, fault=fault)


async def _beginning(answer: httpx2.Response) -> bytes:
    got = bytearray()
    async for part in answer.aiter_bytes():
        got += part
        if len(got) >= BODY_MOST:
            break
    return bytes(got)


def _fault(asked: httpx2.URL, answer: httpx2.Response, body: bytes, expected: str | None) -> Fault | None:
    """What is wrong with a page that came."""
    if not same_site(asked.host, answer.url.host):
        return words.foreign(answer.url.host)
    if answer.status_code >= 400 or answer.status_code < 200:
        return words.status(answer.status_code)
    if asked.scheme == "https" and answer.url.scheme == "http":
        return words.INSECURE
    if expected and not holds(body, expected):
        return words.missing(expected)
    return None


def same_site(asked: str, came: str) -> bool:
    """Is the host that answered the one asked, one inside it, or one that it is inside of (``www.``, ``m.``)?"""
    one, other = asked.lower().rstrip("."), came.lower().rstrip(".")
    if one == other:
        return True
    longer, shorter = sorted((one, other), key=len, reverse=True)
    return "." in shorter and longer.endswith("." + shorter)


def holds(body: bytes, text: str) -> bool:
    """Is a text on a page, whatever of the usual encodings it is in, and whatever the case?"""
    wanted = " ".join(text.split()).casefold()
    for encoding in ("utf-8", "windows-1251", "koi8-r"):
        page = html.unescape(body.decode(encoding, "replace"))
        if wanted in " ".join(page.split()).casefold():
            return True
    return False
