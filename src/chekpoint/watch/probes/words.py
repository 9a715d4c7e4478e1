"""Why an address does not answer, in words that say where to look. Nothing of an answer's content is repeated."""

import socket
import ssl
from collections.abc import Iterator
from typing import Final

import httpx2

from chekpoint.hub.answers import Fault

# OpenSSL's codes of X509_verify_cert (x509_vfy.h)
_EXPIRED: Final = 10
_NOT_YET: Final = 9
_UNTRUSTED: Final = frozenset({2, 18, 19, 20, 21})
_OTHER_NAME: Final = frozenset({62, 64})

SLOW: Final = Fault(
    code="slow", bad=False, ru="страница открывается слишком долго", en="the page takes too long to open"
)


def unread(seconds: float) -> Fault:
    """There was no whole answer in time."""
    return Fault(
        code="timeout", ru=f"нет ответа за {seconds:g} с", en=f"no answer within {seconds:g} s"
    )  # fmt: skip


def status(code: int) -> Fault:
    """An answer that is no page."""
    kind = "ошибка сервера" if code >= 500 else "страница не найдена" if code == 404 else "отказ"
    said = "the server failed" if code >= 500 else "no such page" if code == 404 else "refused"
    return Fault(code="status", ru=f"{kind} (HTTP {code})", en=f"{said} (HTTP {code})")


def foreign(host: str) -> Fault:
    """The page sent us to somebody else: the domain is parked, or sold, or the site is broken into."""
    return Fault(
        code="foreign",
        ru=f"сайт отправляет покупателя на чужой адрес {host}: домен мог быть снят с делегирования или взломан",
        en=f"the site sends buyers to another one, {host}: the domain may be parked, or the site broken into",
    )


INSECURE: Final = Fault(
    code="insecure",
    ru="сайт переводит с https на незащищённый http",
    en="the site leads from https to unprotected http",
)


def missing(text: str) -> Fault:
    """HTTP 200 alone proves nothing."""
    return Fault(
        code="text", ru=f"страница открылась, но на ней нет текста «{text}»",
        en=f"the page opened, but the text “{text}” is not on it",
    )  # fmt: skip


def of_line(error: BaseException) -> Fault:
    """Why there was no answer."""
    for one in _causes(error):
        if isinstance(one, ssl.SSLCertVerificationError):
            return of_certificate(one)
        if isinstance(one, ssl.SSLError):
            return Fault(
                code="tls", ru=f"защищённое соединение не установлено ({one.reason or 'TLS'})",
                en=f"no secure connection ({one.reason or 'TLS'})",
            )  # fmt: skip
        if isinstance(one, socket.gaierror):
            return _NO_NAME
        if isinstance(one, ConnectionRefusedError):
            return _REFUSED
        if isinstance(one, httpx2.TooManyRedirects):
            return _LOOP
    kind = type(error).__name__
    return Fault(code="line", ru=f"соединение оборвалось ({kind})", en=f"the connection broke ({kind})")


_NO_NAME: Final = Fault(
    code="dns", ru="имя сайта не находится в DNS: проверьте оплату домена", en="the name is not in DNS: is the domain paid for?"
)  # fmt: skip
_REFUSED: Final = Fault(
    code="refused", ru="сервер не принимает соединений", en="the server takes no connections"
)
_LOOP: Final = Fault(
    code="loop", ru="сайт перенаправляет по кругу", en="the site redirects in circles"
)  # fmt: skip


EXPIRED: Final = Fault(code="expired", ru="срок сертификата истёк", en="the certificate has expired")


def of_certificate(error: ssl.SSLCertVerificationError) -> Fault:
    """Why a browser would show a warning instead of the page."""
    code = error.verify_code
    if code == _EXPIRED:
        return EXPIRED
    if code == _NOT_YET:
        return Fault(
            code="early", ru="сертификат ещё не действует", en="the certificate is not valid yet"
        )  # fmt: skip
    if code in _OTHER_NAME or "mismatch" in (error.verify_message or "").lower():
        return Fault(
            code="name", ru="сертификат выдан другому имени", en="the certificate is for another name"
        )
    if code in _UNTRUSTED:
        return Fault(
            code="untrusted", ru="сертификат выдан центром, которому не доверяют (или цепочка неполна)",
            en="the certificate's authority is not trusted (or its chain is not whole)",
        )  # fmt: skip
    said = error.verify_message or "?"
    return Fault(code="tls", ru=f"сертификат не принят ({said})", en=f"the certificate is refused ({said})")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error, and what it came from."""
    seen: set[int] = set()
    now: BaseException | None = error
    while now is not None and id(now) not in seen:
        seen.add(id(now))
        yield now
        now = now.__cause__ or now.__context__
