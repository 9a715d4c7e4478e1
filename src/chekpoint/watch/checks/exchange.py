"""Do documents leave the fiscal drive for the operator? (numbers 3, 4 and 5)

At 30 days after the first unsent document the drive signs nothing any more: the law's own deadline, so number 5
is muted by nothing.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from chekpoint.hub.causes import About, Link, Trait
from chekpoint.store import watched
from chekpoint.store.incidents import Words
from chekpoint.store.journal import Tx
from chekpoint.watch.check import Check, Finding
from chekpoint.watch.thresholds import Thresholds
from chekpoint.watch.walls import ago, day_of, local, moment, said, wall

BLOCKS_AFTER: Final = timedelta(days=30)


def erring(tx: Tx, _limits: Thresholds) -> Iterator[Finding]:
    """The register's own error text; one of a queue that is empty is an old one."""
    for one in watched.registers(tx):
        if one.status.ofd_error and one.status.unsent_count != 0:
            yield Finding(one.id, _error(one))


def _error(one: watched.Watched) -> Words:
    count, why = one.status.unsent_count, one.status.ofd_error
    waiting = ("", "") if count is None else (f", ждут {count}", f", {count} wait")
    return Words(
        "critical",
        f"Касса «{one.name}» не передаёт документы в ОФД{waiting[0]}: {why}. Чеки подписаны ФН, но у оператора их "
        "нет. Проверьте интернет кассы, адрес и порт ОФД в ней.",
        f"Register “{one.name}” does not pass documents to the operator{waiting[1]}: {why}. The receipts are signed, "
        "but the operator does not have them. Check the register's internet, and the operator's address in it.",
    )


def unsent(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """Something has been unsent for longer than documents need on a good day."""
    for one in watched.registers(tx):
        count = one.status.unsent_count
        since = moment(one, one.status.unsent_since, tx.now, limits)
        if count and (since is None or tx.now - since > limits.unsent_count * 1000):
            yield Finding(one.id, _unsent(one.name, count, since, limits), since)


def _unsent(name: str, count: int, since: int | None, limits: Thresholds) -> Words:
    ru, en = ("", "") if since is None else (f" с {said(since, limits)}", f" since {said(since, limits)}")
    return Words(
        "warning",
        f"Касса «{name}»: документов не передано в ОФД: {count}, первый ждёт{ru}. Проверьте интернет кассы.",
        f"Register “{name}”: {count} documents are not passed to the operator, the first waits{en}. Check the "
        "register's internet.",
    )


def ageing(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """The age of the first unsent document, with the countdown to the drive's lock."""
    for one in watched.registers(tx):
        first = local(one.status.unsent_since)
        if not one.status.unsent_count or first is None:
            continue
        age = wall(one, tx.now, limits) - first
        if age.total_seconds() > limits.unsent_warning:
            grave = age.total_seconds() > limits.unsent_critical
            yield Finding(
                one.id,
                _aged(one, first, age, grave=grave),
                moment(one, one.status.unsent_since, tx.now, limits),
            )


def _aged(one: watched.Watched, first: datetime, age: timedelta, *, grave: bool) -> Words:
    ru, en = ago(int(age / timedelta(milliseconds=1)), 0)
    last, left = day_of(first + BLOCKS_AFTER), (BLOCKS_AFTER - age).days
    if age >= BLOCKS_AFTER:
        fate = (
            "30 дней прошли: ФН заблокирован и новых чеков не подписывает",
            "30 days are over: the drive is locked and signs no receipts",
        )
    else:
        fate = (
            f"до блокировки ФН осталось дней: {left} ({last})",
            f"days left until the drive is locked: {left} ({last})",
        )
    fd = one.status.unsent_first_fd
    return Words(
        "critical" if grave else "warning",
        f"Касса «{one.name}»: первый непереданный документ{'' if fd is None else f' ФД {fd}'} ждёт ОФД {ru}; {fate[0]}. "
        "Восстановите интернет кассы; если связь есть, обратитесь к ОФД.",
        f"Register “{one.name}”: its first unsent document{'' if fd is None else f' FD {fd}'} has waited for {en}; "
        f"{fate[1]}. Restore the register's internet; if it is there, ask the operator.",
    )


_SILENT: Final = ("register_silent", "register_blocked", "agent_lost")
_DRIVE: Final = Trait(Link.DRIVE, About.REGISTER)
CHECKS: Final = (
    Check(
        3, "exchange_error", ("Обмен кассы с ОФД", "A register's exchange with the operator"),
        _DRIVE._replace(causes=_SILENT), erring, grace_from="exchange_error", recovery=10.0,
    ),
    Check(
        4, "unsent_documents", ("Непереданные документы", "Unsent documents"),
        _DRIVE._replace(causes=(*_SILENT, "exchange_error", "unproven", "unsent_age")), unsent,
        grace_from="unsent_count", recovery=10.0,
    ),
    Check(
        5, "unsent_age", ("Возраст непереданного документа", "Age of the first unsent document"), _DRIVE, ageing,
        follows=True,
    ),
)  # fmt: skip
