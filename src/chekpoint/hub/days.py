"""A person's verbs over the day of a register, each with an audit row."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import msgspec

from chekpoint.core.errors import Unfit
from chekpoint.hub.daytime import is_time
from chekpoint.hub.errands import CASH_MOST, VERBS
from chekpoint.hub.kinds import Unfilled, Words
from chekpoint.hub.names import Keys
from chekpoint.store import errands, people, registers
from chekpoint.store.journal import Tx

_SUM: Final = re.compile(r"-?\d{1,9}([.,]\d{1,2})?", re.ASCII)
_TIME: Final[Words] = ("Время: ЧЧ:ММ, например 23:00.", "A time: HH:MM, 23:00 say.")
_MONEY: Final[Words] = ("Сумма в рублях: 500 или 500,00.", "A sum in roubles: 500 or 500.00.")


def wanted_day(given: Mapping[str, str]) -> registers.Day:
    """The settings that a person has filled in; raises Unfilled."""
    faults: dict[str, Words] = {}
    for name in ("close_at", "open_at"):
        if given.get(name) and not is_time(given[name]):
            faults[name] = _TIME
    printing = given.get("printing") or "asked"
    if printing not in registers.PRINTING:
        faults["printing"] = ("Выберите из списка.", "Choose one of the list.")
    cash = _kopecks(given.get("opening_cash", ""))
    if cash is None or not 0 <= cash <= CASH_MOST:
        faults["opening_cash"] = _MONEY
    if faults:
        raise Unfilled(faults)
    return registers.Day(given.get("close_at") or None, given.get("open_at") or None, cash or 0, printing)


def kopecks_of(given: Mapping[str, str]) -> int:
    """The sum of an errand, negative when the money goes out; raises Unfilled."""
    if not given.get("verb", "").startswith("cash"):
        return 0
    cash = _kopecks(given.get("sum", ""))
    if not cash or abs(cash) > CASH_MOST:
        raise Unfilled({"sum": _MONEY})
    return -abs(cash) if given["verb"] == "cash_out" else cash


def _kopecks(text: str) -> int | None:
    """Roubles as a person writes them; None where it is no sum."""
    if not text:
        return 0
    plain = text.replace(" ", "").replace("\u00a0", "")
    return int(Decimal(plain.replace(",", ".")) * 100) if _SUM.fullmatch(plain) else None


class Days:
    """``who`` and ``reason`` go into the audit."""

    def __init__(self, keys: Keys, *, who: str, reason: str = "") -> None:
        self._keys, self._who, self._reason = keys, who, reason

    def change(self, tx: Tx, register_id: str, day: registers.Day) -> None:
        """New settings; raises Unfit when there is no such register."""
        old = registers.day_of(tx, register_id)
        registers.change_day(tx, register_id, day)
        self._note(tx, "register_day", register_id, {"old": old._asdict(), "new": day._asdict()})

    def ask(self, tx: Tx, register_id: str, verb: str, kopecks: int = 0) -> str:
        """An errand; its id. Raises Unfit for a verb that there is not, or a register that is not there."""
        plain = "cash" if verb in {"cash_in", "cash_out"} else verb
        if plain not in VERBS:
            raise Unfit(f"нет такого действия / there is no such verb: {verb}")
        registers.day_of(tx, register_id)
        key = self._keys.new()
        errands.add(tx, key, register_id, plain, who=self._who, kopecks=kopecks)
        self._note(tx, "errand", register_id, {"verb": plain, "kopecks": kopecks})
        return key

    def _note(self, tx: Tx, verb: str, subject: str, body: object) -> None:
        people.note_deed(
            tx, self._keys.new(), who=self._who, verb=verb, subject=subject, reason=self._reason,
            body=msgspec.json.encode(body),
        )  # fmt: skip
