"""What the operator and the tax service say of documents, and where both sides differ (16, 17, 18)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from chekpoint.core.clock import epoch_ms
from chekpoint.fiscal.ticket import flag_words
from chekpoint.hub.causes import About, Link, Trait
from chekpoint.store import views_registers, watched_receipts
from chekpoint.store.incidents import Words
from chekpoint.store.journal import Tx
from chekpoint.store.watched_receipts import AtTax
from chekpoint.watch.check import Check, Finding
from chekpoint.watch.thresholds import Thresholds
from chekpoint.watch.walls import ago, said

_LICENCE: Final = 1 << 7  # the operator may take no documents any more
_FORMAT: Final = 1 << 1


def ticket_flags(tx: Tx, _limits: Thresholds) -> Iterator[Finding]:
    """1206 of the last ticket that told it: the operator took the document, and has something to say."""
    names = views_registers.names(tx)
    for one in watched_receipts.last_tickets(tx):
        if one.flags:
            name = names.get(one.register_id, one.register_id)
            yield Finding(one.register_id, _flags(name, one), one.seen_at)


def _flags(name: str, one: watched_receipts.Flagged) -> Words:
    ru, en = ("; ".join(words[at] for words in flag_words(one.flags)) for at in (0, 1))
    return Words(
        "critical" if one.flags & (_LICENCE | _FORMAT) else "warning",
        f"Касса «{name}»: ОФД принял документ ФД {one.fd_number} и сообщает (тег 1206): {ru}. Загляните в кабинет ККТ на "
        "сайте ФНС и в кабинет ОФД.",
        f"Register “{name}”: the operator took document FD {one.fd_number} and says (tag 1206): {en}. Look into the "
        "register's cabinet at the tax service, and the operator's.",
    )


def refused(tx: Tx, _limits: Thresholds) -> Iterator[Finding]:
    """Format and logic control of the tax service said no, or let it pass with a remark."""
    names = views_registers.names(tx)
    for state, severity in (
        ("warning", "warning"),
        ("refused", "critical"),
    ):  # the graver one has the last word
        for one in watched_receipts.at_tax(tx, state):
            yield Finding(one.register_id or one.fn, _refused(names, one, severity), one.oldest)


def _refused(names: dict[str, str], one: AtTax, severity: str) -> Words:
    ru, en = _place(names, one)
    if severity == "critical":
        what = ("не прошли контроль ФНС (ФЛК)", "did not pass the tax service's control")
    else:
        what = ("приняты ФНС с замечанием", "were taken by the tax service with a remark")
    return Words(
        severity,
        f"{ru}: документов {what[0]}: {one.number}, первый ФД {one.first_fd}. Откройте их в кабинете ОФД, исправьте причину "
        "и оформите чеки коррекции.",
        f"{en}: {one.number} documents {what[1]}, the first is FD {one.first_fd}. Open them in the operator's cabinet, mend "
        "the cause and register corrections.",
    )


def _place(names: dict[str, str], one: AtTax) -> tuple[str, str]:
    if one.register_id is None:
        return f"ФН {one.fn}", f"Drive {one.fn}"
    name = names.get(one.register_id, one.register_id)
    return f"Касса «{name}», ФН {one.fn}", f"Register “{name}”, drive {one.fn}"


def waiting(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """The operator has the document, and the tax service does not, for longer than a day."""
    names = views_registers.names(tx)
    for one in watched_receipts.at_tax(tx, "waiting"):
        since = _since(one)
        age = (tx.now - since) / 1000
        if age > limits.tax_warning:
            grave = age > limits.tax_critical
            yield Finding(one.register_id or one.fn, _waiting(names, one, tx.now, since, grave=grave), since)


def _since(one: AtTax) -> int:
    """When the operator took the oldest; else when we first saw it there."""
    try:
        taken = datetime.fromisoformat(one.received) if one.received else None
    except ValueError:
        taken = None
    if taken is None:
        return one.oldest
    return epoch_ms(taken if taken.tzinfo else taken.replace(tzinfo=UTC))


def _waiting(names: dict[str, str], one: AtTax, now: int, since: int, *, grave: bool) -> Words:
    place, old = _place(names, one), ago(now, since)
    return Words(
        "critical" if grave else "warning",
        f"{place[0]}: ОФД принял документы и не передал их в ФНС: {one.number}, первый (ФД {one.first_fd}) ждёт {old[0]}. "
        "Обратитесь к ОФД: за передачу отвечает он.",
        f"{place[1]}: the operator has {one.number} documents that the tax service does not have, the first (FD "
        f"{one.first_fd}) for {old[1]}. Ask the operator: passing them on is its duty.",
    )


def differing(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """Open mismatches of the reconciliation, one incident for each register."""
    names = views_registers.names(tx)
    for one in watched_receipts.mismatches(tx):
        yield Finding(one.subject, _differing(names, one, limits), one.oldest)


def _differing(names: dict[str, str], one: watched_receipts.Differs, limits: Thresholds) -> Words:
    name = names.get(one.subject)
    ru = f"Касса «{name}»" if name else f"ФН {one.subject}" if one.subject != "-" else "Без кассы"
    en = f"Register “{name}”" if name else f"Drive {one.subject}" if one.subject != "-" else "No register"
    since = said(one.oldest, limits)
    return Words(
        "critical" if one.critical else "warning",
        f"{ru}: сверка нашла расхождений: {one.number} ({one.kinds}), первое с {since}: {one.text_ru} {one.act_ru}",
        f"{en}: reconciliation has found {one.number} differences ({one.kinds}), the first at {since}: {one.text_en} "
        f"{one.act_en}",
    )


CHECKS: Final = (
    Check(
        16, "ticket_flags", ("Сообщения ОФД (1206)", "The operator's remarks (1206)"),
        Trait(Link.OPERATOR, About.REGISTER), ticket_flags, follows=True,
    ),
    Check(
        16, "refused_by_tax", ("Контроль ФНС", "The tax service's control"), Trait(Link.TAX, About.REGISTER), refused,
        every=30.0, follows=True,
    ),
    Check(
        17, "tax_waiting", ("Передача в ФНС", "From the operator to the tax service"),
        Trait(Link.TAX, About.REGISTER), waiting, every=60.0, follows=True,
    ),
    Check(
        18, "mismatches", ("Расхождения сверки", "Differences of reconciliation"),
        Trait(Link.OPERATOR, About.REGISTER), differing, every=15.0, follows=True,
    ),
)  # fmt: skip
