"""A poll over HTTP: bytes out, a reply in. Never raises for what a site or a network may do."""

import ssl
from typing import Final

import httpx2

from chekpoint.shops.bitrix.reply import Broken, Reply, read_reply

MOST: Final = 8 << 20  # bytes of an answer: five checks are never that long
_CONNECT: Final = 15.0  # seconds


def open_client(ca_file: str | None = None) -> httpx2.AsyncClient:
    """A client for any number of sites: one connection pool, one TLS context."""
    verify: ssl.SSLContext = ssl.create_default_context(cafile=ca_file)
    if ca_file:
        verify.load_default_certs()
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=256, keepalive_expiry=100.0)
    return httpx2.AsyncClient(verify=verify, limits=limits, trust_env=False, follow_redirects=False)


async def poll(client: httpx2.AsyncClient, link: str, body: bytes, patience: float) -> Reply:
    """One exchange with the site; whatever is not an answer of the protocol is Broken."""
    limit = httpx2.Timeout(patience, connect=min(_CONNECT, patience))
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Chekpoint"}
    try:
        async with client.stream("POST", link, content=body, headers=headers, timeout=limit) as answer:
            return read_reply(answer.status_code, await _whole(answer))
    except httpx2.TimeoutException:
        return Broken(f"сайт не ответил за {patience:g} с", f"the site did not answer within {patience:g} s")
    except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, UnicodeError, OSError) as error:
        # the words of the error may hold the link, and with it the hash: only the kind is told
        kind = type(error).__name__
        return Broken(f"нет связи с сайтом ({kind})", f"no link to the site ({kind})")


async def _whole(answer: httpx2.Response) -> bytes:
    got = bytearray()
    async for part in answer.aiter_bytes():
        got += part
        if len(got) > MOST:
            break
    return bytes(got)
