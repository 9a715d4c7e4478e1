"""Can an address be reached, and what certificate does it show? Nothing is asked of whoever answers."""

import asyncio
import ssl
from typing import Final, NamedTuple

import httpx2
from cryptography import x509

from chekpoint.core.clock import Clock, epoch_ms
from chekpoint.hub.answers import CertificateAnswer, Fault, ReachAnswer
from chekpoint.watch.probes import words
from chekpoint.watch.probes.page import open_client

_PORTS: Final = {"https": 443, "http": 80}
_FAILURES: Final = (OSError, UnicodeError, httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError)


class Means(NamedTuple):
    """With what is asked: whom to trust, whose time, and how many seconds an answer may take."""

    context: ssl.SSLContext
    clock: Clock
    patience: float


class Place(NamedTuple):
    """Where an address leads. ``tls``: is it https?"""

    host: str
    port: int
    tls: bool

    @property
    def word(self) -> str:
        """``host:port``, as one names it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def place_of(url: str) -> Place | None:
    """The place of an http(s) address; None for anything else."""
    try:
        parsed = httpx2.URL(url)
        port = parsed.port or _PORTS.get(parsed.scheme, 0)
    except (httpx2.InvalidURL, ValueError, UnicodeError):
        return None
    host = parsed.raw_host.decode("ascii").strip("[]")
    return Place(host, port, parsed.scheme == "https") if host and port else None


def gateway_of(text: str) -> Place | None:
    """The place of ``host:port``."""
    host, _, port = text.rpartition(":")
    return Place(host, int(port), False) if host and port.isdigit() and 0 < int(port) < 65_536 else None


async def _met(place: Place, context: ssl.SSLContext | None) -> bytes | None:
    """Connect and hang up; the certificate that was shown (DER). Raises OSError (also ssl.SSLError)."""
    name = place.host if context is not None else None
    _, writer = await asyncio.open_connection(place.host, place.port, ssl=context, server_hostname=name)
    try:
        shown: ssl.SSLObject | None = writer.get_extra_info("ssl_object")
        return shown.getpeercert(binary_form=True) if shown is not None else None
    finally:
        writer.transport.abort()  # a farewell would have to be waited for


async def reach(place: Place, whose: tuple[str, ...], means: Means) -> ReachAnswer:
    """Open a connection as whoever has something to say would; never raises for what a network may do."""
    begun = means.clock.monotonic()
    fault: Fault | None = None
    try:
        async with asyncio.timeout(means.patience):
            await _met(place, means.context if place.tls else None)
    except TimeoutError:
        fault = words.unread(means.patience)
    except _FAILURES as error:
        fault = words.of_line(error)
    ms = round((means.clock.monotonic() - begun) * 1000)
    return ReachAnswer(whose=whose, address=place.word, ms=ms, fault=fault)


async def ours(url: str, means: Means) -> ReachAnswer:
    """Do *we* answer at our public address? ``/healthz`` tells us from a page of the provider's."""
    begun, fault = means.clock.monotonic(), None
    try:
        async with asyncio.timeout(means.patience), open_client(means.context, means.patience) as http:
            answer = await http.get(url.rstrip("/") + "/healthz")
        if answer.status_code not in {200, 503} or b'"alive"' not in answer.content:
            fault = _STRANGER
    except (TimeoutError, httpx2.TimeoutException):
        fault = words.unread(means.patience)
    except _FAILURES as error:
        fault = words.of_line(error)
    return ReachAnswer(address=url, ms=round((means.clock.monotonic() - begun) * 1000), fault=fault)


_STRANGER: Final = Fault(
    code="stranger", ru="по этому адресу отвечает не Chekpoint", en="it is not Chekpoint that answers there"
)


async def certificate(place: Place, whose: tuple[str, ...], means: Means) -> CertificateAnswer:
    """Until when a certificate is good, and whether a browser would take it. An expired one is read as well."""
    blind = ssl.create_default_context()
    blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE  # only to read it: nothing is sent
    found = CertificateAnswer(whose=whose)
    try:
        async with asyncio.timeout(means.patience):
            found = _read(whose, await _met(place, blind))
            await _met(place, means.context)
    except TimeoutError:
        return _faulty(found, words.unread(means.patience))
    except _FAILURES as error:
        return _faulty(found, words.of_line(error))
    if found.until is not None and found.until <= epoch_ms(means.clock.now()):
        return _faulty(found, words.EXPIRED)
    return found


def _faulty(found: CertificateAnswer, fault: Fault) -> CertificateAnswer:
    return CertificateAnswer(whose=found.whose, until=found.until, issuer=found.issuer, fault=fault)


def _read(whose: tuple[str, ...], der: bytes | None) -> CertificateAnswer:
    if not der:
        return CertificateAnswer(whose=whose)
    try:
        made = x509.load_der_x509_certificate(der)
        return CertificateAnswer(
            whose=whose, until=epoch_ms(made.not_valid_after_utc), issuer=made.issuer.rfc4514_string()[:200]
        )  # fmt: skip
    except ValueError as error:
        raise OSError("the certificate cannot be read") from error
