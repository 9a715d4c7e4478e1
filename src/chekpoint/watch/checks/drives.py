"""The fiscal drive: its term, what is left of it, its flags, its phase (numbers 10 to 13)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from chekpoint.hub.causes import About, Link, Trait
from chekpoint.store import registers, watched
from chekpoint.store.incidents import Words
from chekpoint.store.journal import Tx
from chekpoint.watch.check import Check, Finding
from chekpoint.watch.thresholds import Thresholds
from chekpoint.watch.walls import day_of, local, wall

NEVER: Final = 36_500  # days
FLAGS: Final = {
    "replace_urgently": (
        "срочная замена ФН: до конца срока меньше 3 дней",
        "replace it at once: under 3 days left",
    ),
    "exhausted": ("до конца срока ФН меньше 30 дней", "under 30 days of its term are left"),
    "overflow": ("память ФН заполнена почти целиком", "its memory is nearly full"),
    "operator_silent": ("превышено время ожидания ответа ОФД", "the operator's answer is overdue"),
    "broken": ("критическая ошибка ФН", "a critical error of the drive"),
}
_GRAVE: Final = frozenset({"replace_urgently", "overflow", "broken"})
PHASES: Final = {
    "setup": ("ещё не зарегистрирован в налоговой", "is not registered with the tax service yet"),
    "closed": (
        "закрыт: новых чеков не подпишет, отправляет остаток в ОФД",
        "is closed: it signs nothing new",
    ),
    "archive": ("закрыт и передан в архив: новых чеков не подпишет", "is closed for good: it signs nothing"),
}


def term(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """Days until the keys of the drive run out."""
    for one in watched.registers(tx):
        until = local(one.status.fn_valid_until)
        if until is None:
            continue
        left = (until.date() - wall(one, tx.now, limits).date()).days
        if left <= limits.drive_days_warning:
            yield Finding(one.id, _term(one, until, left, limits))


def _term(one: watched.Watched, until: datetime, left: int, limits: Thresholds) -> Words:
    if left < 0:
        what = (
            "истёк",
            "has run out",
            "Чеков касса больше не подпишет: замените ФН",
            "It signs nothing more: replace it",
        )
    elif left <= limits.drive_days_last:
        what = (
            f"кончается: осталось дней: {left}",
            f"ends: {left} days left",
            "Замените ФН сегодня",
            "Replace it today",
        )
    else:
        what = (
            f"кончается: осталось дней: {left}", f"ends: {left} days left",
            "Закажите новый ФН и запишитесь на замену", "Order a new drive and arrange its replacement",
        )  # fmt: skip
    severity = "critical" if left <= limits.drive_days_critical else "warning"
    return Words(
        severity,
        f"Касса «{one.name}»: срок ФН {one.fn or ''} {what[0]} ({day_of(until)}). {what[2]}.",
        f"Register “{one.name}”: the term of its drive {one.fn or ''} {what[1]} ({day_of(until)}). {what[3]}.",
    )


def resource(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """Documents that are left: in days, by the pace of the last month; in number, while no pace is known."""
    for one in watched.registers(tx):
        left, pace = one.status.documents_left, registers.pace(tx, one.fn) if one.fn else None
        if left is None:
            continue
        days = min(int(left / pace), NEVER) if pace else None
        grade = _grade(left, days, limits)
        if grade is not None:
            yield Finding(one.id, _resource(one, left, days, wall(one, tx.now, limits), grade))


def _grade(left: int, days: int | None, limits: Thresholds) -> str | None:
    if days is None:
        graver, milder = left < limits.documents_critical, left < limits.documents_warning
    else:
        graver, milder = days <= limits.drive_days_critical, days <= limits.drive_days_warning
    return "critical" if graver else "warning" if milder else None


def _resource(one: watched.Watched, left: int, days: int | None, now: datetime, grade: str) -> Words:
    if days is None:
        when = ("прогноза пока нет", "there is no forecast yet")
    else:
        last = day_of(now + timedelta(days=days))
        when = (
            f"при нынешнем числе чеков их хватит до {last}",
            f"at the present pace they last until {last}",
        )
    count = f"{left // 1000} тыс." if left >= 10_000 else f"{left // 10 * 10}"
    counted = f"{left // 1000} thousand" if left >= 10_000 else f"{left // 10 * 10}"
    return Words(
        grade,
        f"Касса «{one.name}»: ФН подпишет ещё около {count} документов, {when[0]}. Закажите замену ФН.",
        f"Register “{one.name}”: its drive can sign about {counted} more documents, {when[1]}. Order a new drive.",
    )


def flagged(tx: Tx, _limits: Thresholds) -> Iterator[Finding]:
    """What the drive itself warns of, each flag by its meaning."""
    for one in watched.registers(tx):
        up = one.status.fn_flags
        if up:
            yield Finding(one.id, _flags(one, up))


def _flags(one: watched.Watched, up: tuple[str, ...]) -> Words:
    ru, en = ("; ".join(FLAGS.get(flag, (flag, flag))[at] for flag in sorted(up)) for at in (0, 1))
    return Words(
        "critical" if _GRAVE.intersection(up) else "warning",
        f"Касса «{one.name}»: ФН {one.fn or ''} предупреждает: {ru}. Обратитесь в сервис, пока касса работает.",
        f"Register “{one.name}”: its drive {one.fn or ''} warns: {en}. Call the service while the register works.",
    )


def phase(tx: Tx, _limits: Thresholds) -> Iterator[Finding]:
    """A drive that is not in its fiscal phase signs no receipts."""
    for one in watched.registers(tx):
        if one.status.fn_phase in PHASES:
            ru, en = PHASES[one.status.fn_phase]
            words = Words(
                "critical",
                f"Касса «{one.name}»: ФН {one.fn or ''} {ru}. Чеки эта касса не регистрирует: замените или зарегистрируйте ФН.",
                f"Register “{one.name}”: its drive {one.fn or ''} {en}. It registers no receipts: replace or register the drive.",
            )
            yield Finding(one.id, words)


_DRIVE: Final = Trait(Link.DRIVE, About.REGISTER)
CHECKS: Final = (
    Check(10, "drive_term", ("Срок ФН", "Term of the drive"), _DRIVE, term, every=60.0, follows=True),
    Check(
        11, "drive_resource", ("Ресурс ФН", "Documents left on the drive"), _DRIVE, resource, every=600.0,
        recovery=300.0, follows=True,
    ),
    Check(
        12, "drive_flags", ("Флаги ФН", "Flags of the drive"), _DRIVE._replace(causes=("drive_phase",)), flagged,
        recovery=10.0, follows=True,
    ),
    Check(
        13, "drive_phase", ("Фаза ФН", "Phase of the drive"), _DRIVE._replace(causes=("register_blocked",)), phase,
        grace=5.0,
    ),
)  # fmt: skip
