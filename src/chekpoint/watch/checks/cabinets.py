"""The operator from the outside: its cabinet, our contracts with it, its gateways (6, 15)."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from chekpoint.core.clock import from_epoch_ms
from chekpoint.hub import cabinets
from chekpoint.hub.answers import CabinetAnswer, CabinetRegister
from chekpoint.hub.causes import About, Link, Trait
from chekpoint.store import probes, watched, watched_cabinets
from chekpoint.store.incidents import Words
from chekpoint.store.journal import Tx
from chekpoint.store.probes import Probe
from chekpoint.store.watched import Watched
from chekpoint.watch.check import Check, Finding
from chekpoint.watch.thresholds import Thresholds
from chekpoint.watch.walls import ago, day_of, local, moment

DAY: Final = 86_400_000


class Shown(NamedTuple):
    """One register of ours, as a cabinet that answers shows it."""

    ours: Watched
    operator: str
    theirs: CabinetRegister
    asked_at: int  # milliseconds UTC


def _answers(tx: Tx) -> list[tuple[Probe, CabinetAnswer]]:
    every = ((probe, cabinets.answer_of(probe)) for probe in probes.every(tx, cabinets.KIND))
    return [(probe, answer) for probe, answer in every if answer is not None]


def shown(tx: Tx) -> Iterator[Shown]:
    """Our registers that a cabinet shows, by the drive that is in them."""
    by_fn = {one.fn: one for one in watched.registers(tx) if one.fn}
    for _probe, answer in _answers(tx):
        for theirs in answer.registers:
            ours = by_fn.get(theirs.fn)
            if ours is not None and ours.seller_id == answer.seller_id and answer.answered_at is not None:
                yield Shown(ours, answer.operator, theirs, answer.answered_at)


def unreachable(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """Cabinets that do not answer; one finding for a seller, so that it explains what is missing at its registers."""
    silent: dict[str, list[tuple[Probe, CabinetAnswer]]] = {}
    for probe, answer in _answers(tx):
        if not probe.ok and tx.now - probe.since >= limits.outside.operator_unreachable * 1000:
            silent.setdefault(answer.seller_id, []).append((probe, answer))
    for seller, found in silent.items():
        yield Finding(
            seller, _unreachable([answer for _, answer in found]), min(probe.since for probe, _ in found)
        )


def _unreachable(found: Iterable[CabinetAnswer]) -> Words:
    ru, en = (
        "; ".join(f"{one.operator} {(one.fault.ru, one.fault.en)[at]}" for one in found if one.fault)
        for at in (0, 1)
    )
    return Words(
        "warning",
        f"Кабинет ОФД: {ru}. Дошли ли чеки до ОФД, по кабинету сейчас не видно; сами кассы могут передавать их как обычно.",
        f"The operator's cabinet: {en}. Whether receipts have arrived cannot be seen there now; registers may still send.",
    )


def contract(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """Contracts that end: without one the operator takes no documents, and the drive is locked 30 days later."""
    zone = ZoneInfo(limits.zone or "UTC")
    for one in shown(tx):
        until = local(one.theirs.contract_until)
        if until is None:
            continue
        left = (until.date() - from_epoch_ms(tx.now).astimezone(zone).date()).days
        if left <= limits.outside.contract_days_warning:
            grave = left <= limits.outside.contract_days_critical
            yield Finding(one.ours.id, _contract(one, until, left, grave=grave))


def _contract(one: Shown, until: datetime, left: int, *, grave: bool) -> Words:
    day = day_of(until)
    ru = f"кончается {day}, осталось дней: {left}" if left >= 0 else f"кончился {day}"
    en = f"ends on {day}, {left} days left" if left >= 0 else f"ended on {day}"
    return Words(
        "critical" if grave else "warning",
        f"Касса «{one.ours.name}»: договор с ОФД ({one.operator}) {ru}. Продлите его в кабинете: без договора ОФД не примет "
        "документы, и через 30 дней ФН заблокируется.",
        f"Register “{one.ours.name}”: the contract with the operator ({one.operator}) {en}. Renew it: without one the "
        "operator takes no documents, and the drive is locked after 30 days.",
    )


def unseen(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """Documents of ours that a cabinet should show by now; and registers of which it has long heard nothing."""
    seen: dict[str, Finding | None] = {}
    for one in shown(tx):
        found = _behind(tx, one, limits) or _idle(tx, one, limits)
        # with two operators' accounts a register is right as soon as one of them has its documents
        seen[one.ours.id] = None if one.ours.id in seen and seen[one.ours.id] is None else found
    yield from (found for found in seen.values() if found is not None)


def _behind(tx: Tx, one: Shown, limits: Thresholds) -> Finding | None:
    last = local(one.theirs.last_document_at)
    patience = int(limits.outside.operator_unseen * 1000)
    ours = watched_cabinets.newest(tx, one.theirs.fn, one.asked_at - patience)
    made = local(ours.made_at) if ours is not None else None
    if ours is None or made is None or (last is not None and last >= made.replace(second=0)):
        return None  # both are of the register's own clock; a cabinet may leave the seconds out
    old = ago(tx.now, ours.seen_at)
    words = Words(
        "warning",
        f"Касса «{one.ours.name}»: ОФД ({one.operator}) не показывает документ ФД {ours.fd_number}, он сделан {old[0]} назад. "
        f"Последний документ в кабинете: {_day(last)[0]}. Проверьте связь кассы с ОФД.",
        f"Register “{one.ours.name}”: the operator ({one.operator}) does not show document FD {ours.fd_number}, made "
        f"{old[1]} ago. Its last document there: {_day(last)[1]}. Check the register's link to the operator.",
    )
    return Finding(one.ours.id, words, ours.seen_at)


def _idle(tx: Tx, one: Shown, limits: Thresholds) -> Finding | None:
    last = moment(one.ours, one.theirs.last_document_at, tx.now, limits)
    if last is None or tx.now - last < limits.outside.operator_idle * 1000:
        return None
    old = ago(tx.now, last)
    words = Words(
        "warning",
        f"Касса «{one.ours.name}»: последний документ в кабинете ОФД ({one.operator}) {old[0]} назад. Если касса не нужна, "
        "выключите её; если нужна, проверьте, доходят ли чеки.",
        f"Register “{one.ours.name}”: its last document in the operator's cabinet ({one.operator}) is {old[1]} old. If the "
        "register is not needed, switch it off; else check whether receipts arrive.",
    )
    return Finding(one.ours.id, words, last)


def _day(at: datetime | None) -> tuple[str, str]:
    return (f"{at:%d.%m.%Y %H:%M}",) * 2 if at is not None else ("нет ни одного", "none")


CHECKS: Final = (
    Check(
        6, "operator_unseen", ("ОФД видит документы", "The operator sees the documents"),
        Trait(Link.OPERATOR, About.REGISTER, causes=("register_silent", "register_blocked", "agent_lost", "unproven")),
        unseen, every=30.0, follows=True,
    ),
    Check(
        6, "operator_unreachable", ("Кабинет ОФД отвечает", "The operator's cabinet answers"),
        Trait(Link.OPERATOR, About.SELLER), unreachable, every=5.0,
    ),
    Check(
        15, "contract_ends", ("Договор с ОФД", "The contract with the operator"),
        Trait(Link.OPERATOR, About.REGISTER), contract, every=60.0, follows=True,
    ),
)  # fmt: skip
