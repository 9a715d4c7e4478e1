"""The register's own body: what it is registered as, paper and printer, power, re-registrations (14, 21, 22, 23)."""

from collections.abc import Iterator
from typing import Final

from chekpoint.core.ports import RegisterStatus
from chekpoint.hub.causes import About, Link, Trait
from chekpoint.store import watched
from chekpoint.store.incidents import Words
from chekpoint.store.journal import Tx
from chekpoint.watch.check import Check, Finding
from chekpoint.watch.thresholds import Thresholds
from chekpoint.watch.walls import said

_FIELDS: Final = {
    "seller_inn": ("ИНН продавца", "seller's INN"),
    "registration_number": ("регистрационный номер", "registration number"),
    "ffd": ("версия ФФД", "format version"),
    "ofd_inn": ("ИНН ОФД", "operator's INN"),
    "fn": ("номер ФН", "drive"),
    "firmware": ("прошивка", "firmware"),
}
_REGISTERED: Final = ("seller_inn", "registration_number", "ffd", "ofd_inn", "fn")
PRINTING: Final = {
    "printer": ("ошибка печати", "a fault of the printer"),
    "overheated": ("перегрев печатающей головки", "the print head is overheated"),
    "cutter": ("ошибка отрезчика", "a fault of the cutter"),
}
POWER: Final = {
    "battery": ("разряжена батарея часов (ниже 3 В)", "the clock's battery is low (under 3 V)"),
    "power": ("низкое напряжение питания (ниже 24 В)", "the supply voltage is low (under 24 V)"),
    "storage": ("ошибка карты памяти", "a fault of the memory card"),
}


def changed(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """The register says of itself something else than it did within the window."""
    for one in watched.registers(tx):
        before = watched.earlier(tx, one.id, tx.now - int(limits.registration_window * 1000))
        if before is None:
            continue
        differ = _differ(before.status, one.status, _REGISTERED)
        if differ:
            yield Finding(one.id, _changed(one, before.at, differ, limits))


def _differ(old: RegisterStatus, new: RegisterStatus, names: tuple[str, ...]) -> list[tuple[str, str, str]]:
    pairs = ((name, getattr(old, name), getattr(new, name)) for name in names)
    return [(name, a, b) for name, a, b in pairs if a is not None and b is not None and a != b]


def _changed(one: watched.Watched, at: int, differ: list[tuple[str, str, str]], limits: Thresholds) -> Words:
    ru = "; ".join(f"{_FIELDS[name][0]} был {old}, стал {new}" for name, old, new in differ)
    en = "; ".join(f"{_FIELDS[name][1]} was {old}, is {new}" for name, old, new in differ)
    return Words(
        "warning",
        f"Касса «{one.name}»: её регистрационные данные изменились после {said(at, limits)}: {ru}. Если это не ваша "
        "плановая перерегистрация или замена ФН, остановите кассу и выясните, кто её перенастроил.",
        f"Register “{one.name}”: its registration changed after {said(at, limits)}: {en}. Unless you planned it, stop "
        "the register and find out who set it up anew.",
    )


def paper(tx: Tx, _limits: Thresholds) -> Iterator[Finding]:
    """Paper, cover and printer, where the register prints at all."""
    for one in watched.registers(tx):
        ru, en = _of_printer(one)
        if ru:
            yield Finding(
                one.id,
                _at_register(
                    one.name, ru, en, ("Исправьте до следующего чека.", "Mend it before the next receipt.")
                ),
            )


def _of_printer(one: watched.Watched) -> tuple[list[str], list[str]]:
    status, found = one.status, list[tuple[str, str]]()
    # one that is ready without paper stands so on purpose: its receipts are electronic
    prints = one.printing == "always" or (one.printing == "asked" and not status.ready)
    if status.paper is False and prints:
        found.append(("нет бумаги", "it is out of paper"))
    if status.cover_open and prints:
        found.append(("открыта крышка", "its cover is open"))
    found += [words for fault, words in PRINTING.items() if fault in (status.faults or ())]
    return [ru for ru, _ in found], [en for _, en in found]


def power(tx: Tx, _limits: Thresholds) -> Iterator[Finding]:
    """Battery, supply, memory card: it works today, and may not tomorrow."""
    for one in watched.registers(tx):
        found = [words for fault, words in POWER.items() if fault in (one.status.faults or ())]
        if found:
            act = ("Вызовите сервис, пока касса работает.", "Call the service while it works.")
            yield Finding(
                one.id, _at_register(one.name, [ru for ru, _ in found], [en for _, en in found], act)
            )


def _at_register(name: str, ru: list[str], en: list[str], act: tuple[str, str]) -> Words:
    return Words(
        "warning",
        f"Касса «{name}»: {', '.join(ru)}. {act[0]}",
        f"Register “{name}”: {', '.join(en)}. {act[1]}",
    )


def registrations(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """A drive allows a set number of re-registrations: without any the next change needs a new drive."""
    for one in watched.registers(tx):
        left = one.status.registrations_left
        if left is not None and left <= limits.registrations_left:
            words = Words(
                "warning",
                f"Касса «{one.name}»: перерегистраций у ФН осталось: {left}. Смена ОФД, адреса или налогообложения может "
                "потребовать нового ФН.",
                f"Register “{one.name}”: re-registrations left on its drive: {left}. The next change of operator, address "
                "or taxation may need a new drive.",
            )
            yield Finding(one.id, words)


def firmware(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """Another firmware than within the window: whoever did it should look at the first receipts."""
    for one in watched.registers(tx):
        before = watched.earlier(tx, one.id, tx.now - int(limits.registration_window * 1000))
        differ = _differ(before.status, one.status, ("firmware",)) if before else []
        for _, old, new in differ:
            words = Words(
                "warning",
                f"Касса «{one.name}»: прошивка {old} сменилась на {new}. Проверьте первый чек после обновления: ставки "
                "НДС, реквизиты, печать.",
                f"Register “{one.name}”: firmware {old} became {new}. Check the first receipt since: VAT rates, fields, "
                "printing.",
            )
            yield Finding(one.id, words)


_REGISTER: Final = Trait(Link.REGISTER, About.REGISTER)
_BLOCKED: Final = ("register_blocked", "register_silent", "agent_lost")
CHECKS: Final = (
    Check(14, "registration_changed", ("Регистрационные данные ККТ", "A register's registration"), _REGISTER, changed, every=60.0),
    Check(
        21, "paper_or_printer", ("Бумага, крышка, печать", "Paper, cover, printer"),
        _REGISTER._replace(causes=_BLOCKED), paper, grace=10.0, recovery=10.0, follows=True,
    ),
    Check(
        22, "power_or_storage", ("Питание, батарея, карта памяти", "Power, battery, memory card"),
        _REGISTER._replace(causes=("register_silent", "agent_lost")), power, grace=30.0, recovery=30.0, follows=True,
    ),
    Check(23, "registrations_left", ("Перерегистрации ФН", "Re-registrations left"), _REGISTER, registrations, every=60.0),
    Check(23, "firmware_changed", ("Прошивка ККТ", "A register's firmware"), _REGISTER, firmware, every=60.0),
)  # fmt: skip
