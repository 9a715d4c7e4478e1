"""Public pages of all operators whose addresses are known, and the gateways that registers send to. Pure.

Addresses were collected from public code (a driver's list of operators, pyofd, the site system's own checks), not
from the operators: whether each still answers is not verified. Whether the fiscal sign is wanted with its leading
zeros is not documented either: each address is written as the code that uses it does.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from urllib.parse import urlencode

from chekpoint.fiscal.money import roubles
from chekpoint.fiscal.printed_rows import TEST_FN
from chekpoint.hub.public_link import PublicLink
from chekpoint.store.public import Public


class Gateway(NamedTuple):
    """Where registers send their documents: for the question whether the operator can be reached at all."""

    host: str
    port: int


class Known(NamedTuple):
    """One operator. ``name`` is that of its account client, where there is one."""

    name: str
    inn: str | None
    title: str
    page: str
    link: Callable[[Public], str] | None = None
    gateway: Gateway | None = None


def _sign(facts: Public) -> int:
    return int(facts.fiscal_sign)


def _moment(facts: Public) -> datetime:
    return datetime.fromisoformat(facts.made_at)


def _number(facts: Public) -> str:
    """1037; raises LookupError when it is not known."""
    if not facts.registration_number:
        raise LookupError("1037")
    return facts.registration_number.strip()


def _first_ofd(facts: Public) -> str:
    query = {
        "t": f"{_moment(facts):%Y%m%dT%H%M%S}", "s": roubles(facts.total), "fn": facts.fn, "i": facts.fd_number,
        "fp": _sign(facts), "n": facts.kind,
    }  # fmt: skip
    return "https://consumer.1-ofd.ru/v1?" + urlencode(query)


def _platforma(facts: Public) -> str:
    query = {"fn": facts.fn, "fp": _sign(facts), "i": facts.fd_number}
    return "https://lk.platformaofd.ru/web/noauth/cheque?" + urlencode(query)


def _ofd_ru(facts: Public) -> str:
    return f"https://ofd.ru/rec/{facts.inn}/{_number(facts)}/{facts.fn}/{facts.fd_number}/{_sign(facts):010d}"


def _taxcom(facts: Public) -> str:
    query = {"fp": _sign(facts), "s": roubles(facts.total)}
    return "https://receipt.taxcom.ru/v01/show?" + urlencode(query)


def _kontur(facts: Public) -> str:
    return (
        f"https://cash.kontur.ru/CashReceipt/View/FN/{facts.fn}/FD/{facts.fd_number}/FP/{_sign(facts):010d}"
    )


def _sbis(facts: Public) -> str:
    return f"https://ofd.sbis.ru/rec/{_number(facts)}/{_moment(facts):%d%m%y}/{_sign(facts)}"


def _yandex(facts: Public) -> str:
    return f"https://ofd.yandex.ru/vaucher/{_number(facts)}/{facts.fd_number}/{_sign(facts):010d}"


OPERATORS: Final[tuple[Known, ...]] = (
    Known("first_ofd", "7709364346", "Первый ОФД", "https://consumer.1-ofd.ru", _first_ofd,
          Gateway("k-server.1-ofd.ru", 7777)),
    Known("taxcom", "7704211201", "Такском", "https://receipt.taxcom.ru", _taxcom, Gateway("f1.taxcom.ru", 7777)),
    Known("ofd_ya", "7728699517", "ОФД-Я", "https://ofd-ya.ru/check", None, Gateway("connect.ofd-ya.ru", 7779)),
    Known("sbis", "7605016030", "СБИС ОФД", "https://ofd.sbis.ru", _sbis, Gateway("kkt.sbis.ru", 7777)),
    Known("astral", "4029017981", "Астрал ОФД", "https://ofd.astralnalog.ru", None,
          Gateway("ofd.astralnalog.ru", 7777)),
    Known("korus", "7801392271", "КОРУС ОФД", "https://ofd.esphere.ru/CheckWebApp/fiscaldocsearch.zul"),
    Known("garant", "7729633131", "Электронный экспресс", "https://ofd.garantexpress.ru/eKKT/Check", None,
          Gateway("ofd.garantexpress.ru", 30801)),
    Known("platforma", "9715260691", "Платформа ОФД", "https://lk.platformaofd.ru/web/noauth/cheque/search", _platforma,
          Gateway("ofdp.platformaofd.ru", 21101)),
    Known("kontur", "6663003127", "Контур.ОФД", "https://cash.kontur.ru/CashReceipt/Search", _kontur,
          Gateway("ofd.kontur.ru", 7777)),
    Known("ofd_ru", "7841465198", "OFD.ru", "https://check.ofd.ru", _ofd_ru, Gateway("gate.ofd.ru", 4000)),
    Known("yandex", "7704358518", "Яндекс ОФД", "https://ofd.yandex.ru/check", _yandex,
          Gateway("kkt.ofd.yandex.net", 12345)),
    Known("dreamkas", "7802870820", "Дримкас ОФД", "https://ofd.dreamkas.ru/check", None,
          Gateway("ofd.dreamkas.ru", 21101)),
    Known("initpro", None, "ОФД Инитпро", "https://ofd-initpro.ru/check-bill/"),
    Known("e_ofd", None, "Е-ОФД", "https://e-ofd.ru/check"),
    Known("nvg", None, "ОФД НВГ", "https://ofd.nvg.ru/receipt"),
)  # fmt: skip
_BY_WORD: Final = {
    word: one for one in OPERATORS for word in (one.name, one.inn, one.title.casefold()) if word
}


def operator(word: str) -> Known | None:
    """The operator of an INN (padded or not), of the name of an account, or of its title; None: not known."""
    return _BY_WORD.get(word.strip()) or _BY_WORD.get(word.strip().casefold())


def link_of(words: Sequence[str], facts: Public) -> PublicLink | None:
    """The public link of a document, by the first word that names a known operator.

    None for a document of a test drive: no real operator has ever seen it.
    """
    known = next((one for word in words if (one := operator(word)) is not None), None)
    if known is None or facts.fn.startswith(TEST_FN):
        return None
    return PublicLink(known.title, _url(known, facts), known.page)


def _url(known: Known, facts: Public) -> str | None:
    try:
        return None if known.link is None else known.link(facts)
    except (LookupError, ValueError):  # a fact is missing, or was typed by a person and is none
        return None


def gateway(word: str) -> Gateway | None:
    """Where registers of this operator send to; None: not known."""
    known = operator(word)
    return None if known is None else known.gateway
