"""Certificates, addresses that must be reachable, what ends, and our own sign of life (26, 27, 28; gateways of 15)."""

from collections.abc import Iterator
from typing import Final, TypeVar

import msgspec

from chekpoint.hub.answers import (
    Answer,
    CertificateAnswer,
    CredentialAnswer,
    Fault,
    PingAnswer,
    ReachAnswer,
    read,
)
from chekpoint.hub.causes import About, Link, Trait
from chekpoint.store import probes
from chekpoint.store.incidents import Words
from chekpoint.store.journal import Tx
from chekpoint.store.probes import Probe
from chekpoint.watch.check import Check, Finding
from chekpoint.watch.probes import addresses, credentials, ping
from chekpoint.watch.thresholds import Thresholds
from chekpoint.watch.walls import said

T = TypeVar("T", bound=Answer)
DAY: Final = 86_400_000
_LINE: Final = frozenset({"line", "dns", "refused", "timeout", "loop"})
"""Faults of the line: what they are about could not be looked at, which is another check's subject."""


def _every(tx: Tx, kind: str, form: type[T]) -> Iterator[tuple[Probe, T]]:
    for probe in probes.every(tx, kind):
        try:
            yield probe, read(form, probe)
        except msgspec.DecodeError:
            continue  # of another version: it is asked again in its turn


def certificate(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """Certificates that end soon, or that browsers refuse."""
    for probe, seen in _every(tx, addresses.CERTIFICATE, CertificateAnswer):
        if seen.fault is not None and seen.fault.code not in _LINE:
            yield Finding(probe.subject, _refused(probe.subject, seen), probe.since)
        elif seen.until is not None and _days(seen.until, tx.now) <= limits.outside.certificate_days_warning:
            grave = _days(seen.until, tx.now) <= limits.outside.certificate_days_critical
            yield Finding(probe.subject, _ending(probe.subject, seen, tx.now, limits, grave=grave))


def _days(until: int, now: int) -> int:
    """Whole days that are left; -1 and less: it is over."""
    return (until - now) // DAY


def _whose(whose: tuple[str, ...]) -> str:
    return ", ".join(f"«{name}»" for name in whose)


def _refused(place: str, seen: CertificateAnswer) -> Words:
    ru, en = _why(seen.fault)
    return Words(
        "critical",
        f"Сертификат {place} ({_whose(seen.whose)}): {ru}. Браузеры покупателей показывают предупреждение, а уведомления "
        "магазинов не доходят. Перевыпустите сертификат.",
        f"Certificate of {place} ({_whose(seen.whose)}): {en}. Browsers warn buyers, and shops' notices do not arrive. Renew it.",
    )


def _ending(place: str, seen: CertificateAnswer, now: int, limits: Thresholds, *, grave: bool) -> Words:
    until = seen.until or now
    day = said(until, limits)
    return Words(
        "critical" if grave else "warning",
        f"Сертификат {place} ({_whose(seen.whose)}) действует до {day}, осталось дней: {_days(until, now)}. Перевыпустите его "
        "или проверьте автопродление.",
        f"Certificate of {place} ({_whose(seen.whose)}) is good until {day}, {_days(until, now)} days left. Renew it, or see "
        "why it does not renew itself.",
    )


def webhook(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """Shops' addresses that cannot be reached: their notices would wait."""
    for probe, seen in _unreached(tx, addresses.WEBHOOK, limits):
        ru, en = _why(seen.fault)
        words = Words(
            "warning",
            f"Адрес уведомлений магазина {_whose(seen.whose)} ({seen.address}) недоступен: {ru}. Магазин не узнаёт о чеках; "
            "уведомления ждут и будут доставлены, когда адрес ответит.",
            f"The address of notices of {_whose(seen.whose)} ({seen.address}) cannot be reached: {en}. The shop does not hear "
            "of its receipts; notices wait until it answers.",
        )
        yield Finding(probe.subject, words, probe.since)


def our_address(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """Our own public address, as it is set."""
    for probe, seen in _unreached(tx, addresses.OURS, limits):
        ru, en = _why(seen.fault)
        words = Words(
            "critical",
            f"Адрес Chekpoint для магазинов и покупателей ({seen.address}) не работает: {ru}. Ссылки в чеках не открываются, "
            "магазины не могут передать заказы. Проверьте public_url, домен и обратный прокси.",
            f"Chekpoint's public address ({seen.address}) does not work: {en}. Links in receipts do not open and shops cannot "
            "send orders. Check public_url, the domain and the reverse proxy.",
        )
        yield Finding(probe.subject, words, probe.since)


def gateway(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """Gateways of operators that do not answer from where the hub is."""
    for probe, seen in _unreached(tx, addresses.GATEWAY, limits):
        ru, en = _why(seen.fault)
        words = Words(
            "warning",
            f"Шлюз ОФД {seen.address} недоступен с этого сервера: {ru}. Если и кассы его не видят, документы копятся в ФН.",
            f"The operator's gateway {seen.address} cannot be reached from this server: {en}. If registers do not reach it "
            "either, documents pile up in the drives.",
        )
        yield Finding(probe.subject, words, probe.since)


def _why(fault: Fault | None) -> tuple[str, str]:
    return ("", "") if fault is None else (fault.ru, fault.en)


def _unreached(tx: Tx, kind: str, limits: Thresholds) -> Iterator[tuple[Probe, ReachAnswer]]:
    for probe, seen in _every(tx, kind, ReachAnswer):
        if not probe.ok and tx.now - probe.since >= limits.outside.reach * 1000:
            yield probe, seen


def credential(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """Keys, certificates, tokens and subscriptions that end, and dates that cannot be read."""
    for probe, seen in _every(tx, credentials.KIND, CredentialAnswer):
        if seen.fault is not None:
            yield Finding(probe.subject, _unreadable(seen), probe.since)
        elif seen.until is not None and _days(seen.until, tx.now) < limits.outside.credential_days_warning:
            yield Finding(probe.subject, _runs_out(seen, seen.until, tx.now, limits))


def _unreadable(seen: CredentialAnswer) -> Words:
    ru, en = _why(seen.fault)
    name = f" ({seen.name})" if seen.name else ""
    return Words(
        "warning",
        f"«{seen.whose}»{name}: {ru}. Срок действия неизвестен; проверьте настройку.",
        f"“{seen.whose}”{name}: {en}. Until when it is good is not known; check the setting.",
    )


def _runs_out(seen: CredentialAnswer, until: int, now: int, limits: Thresholds) -> Words:
    left, day = _days(until, now), said(until, limits)
    name = f" ({seen.name})" if seen.name else ""
    over = until <= now
    ru = f"срок истёк {day}" if over else f"действует до {day}, осталось дней: {left}"
    en = f"has ended on {day}" if over else f"is good until {day}, {left} days left"
    return Words(
        "critical" if left < limits.outside.credential_days_critical else "warning",
        f"«{seen.whose}»{name}: {ru}. Продлите заранее: после срока сервис перестанет отвечать.",
        f"“{seen.whose}”{name}: {en}. Renew it in time: the service stops answering afterwards.",
    )


def unheard(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """The outside watcher does not take our sign of life: if we died now, nobody would be told."""
    for probe, seen in _every(tx, ping.KIND, PingAnswer):
        if seen.fault is not None and tx.now - probe.since >= limits.outside.ping * 1000:
            words = Words(
                "warning",
                f"Внешний сторож не принимает сигнал узла «{probe.subject}»: {seen.fault.ru}. Если сервер остановится, об этом "
                "никто не узнает. Проверьте ping_url и доступ в интернет.",
                f"The outside watcher does not take the sign of life of node “{probe.subject}”: {seen.fault.en}. If the server "
                "stops, nobody will be told. Check ping_url and the way to the internet.",
            )
            yield Finding(probe.subject, words, probe.since)


_OTHER: Final = About.OTHER
CHECKS: Final = (
    Check(
        26, "certificate_ends", ("Сертификаты", "Certificates"), Trait(Link.SHOP, _OTHER), certificate, every=30.0,
        follows=True,
    ),
    Check(
        26, "webhook_unreachable", ("Адреса уведомлений", "Addresses of notices"), Trait(Link.SHOP, About.SHOP), webhook,
    ),
    Check(
        26, "our_address_unreachable", ("Наш адрес", "Our address"), Trait(Link.HUB, _OTHER), our_address,
    ),
    Check(
        3, "gateway_unreachable", ("Шлюзы ОФД", "Gateways of operators"), Trait(Link.OPERATOR, _OTHER), gateway,
    ),
    Check(
        27, "credential_ends", ("Ключи и подписки", "Keys and subscriptions"), Trait(Link.HUB, _OTHER), credential,
        every=60.0, follows=True,
    ),
    Check(
        28, "ping_unheard", ("Внешний сторож", "The outside watcher"), Trait(Link.HUB, About.NODE), unheard,
    ),
)  # fmt: skip
