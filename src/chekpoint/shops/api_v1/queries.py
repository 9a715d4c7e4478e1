"""Query parameters of a list, checked before they reach the database."""

import re
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl

from chekpoint.core.clock import epoch_ms
from chekpoint.core.lifecycle import Proof, State
from chekpoint.hub.intake import EXTERNAL_ID_MOST
from chekpoint.shops.api_v1.problems import FaultAt, trouble
from chekpoint.store.listing import MOST, Filter

PARAMETERS: Final = ("external_id", "state", "proof", "from", "to", "limit", "cursor")
LIMIT: Final = 50
_ID: Final = re.compile(r"[0-9a-f]{32}")


def is_receipt_id(text: str) -> bool:
    """Has it the form of our ids? Nothing else is asked of the database."""
    return _ID.fullmatch(text) is not None


def filter_of(query: bytes, shop_id: str) -> Filter:
    """The shop's filter; raises Trouble (400) with every wrong parameter."""
    given, faults = _pairs(query)
    values: dict[str, object] = {"limit": LIMIT}
    for name, text in given.items():
        try:
            values[_FIELDS[name]] = _READERS[name](text)
        except (ValueError, OverflowError):
            faults.append(_fault(name, *_WORDS[name]))
    if faults:
        raise trouble("wrong_query", *faults)
    return Filter(shop_id=shop_id, **values)  # type: ignore[arg-type]


def _pairs(query: bytes) -> tuple[dict[str, str], list[FaultAt]]:
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
    except (ValueError, UnicodeError):
        unread = _fault("", "Строка запроса не читается.", "The query string does not read.")
        raise trouble("wrong_query", unread) from None
    names = [name for name, _ in pairs]
    faults = [
        _fault(name, "Такого параметра нет.", "There is no such parameter.")
        for name in dict.fromkeys(names) if name not in PARAMETERS
    ]  # fmt: skip
    faults += [
        _fault(name, "Параметр указан дважды.", "The parameter is given twice.")
        for name in PARAMETERS if names.count(name) > 1
    ]  # fmt: skip
    return {name: text for name, text in pairs if name in PARAMETERS}, faults


def _fault(name: str, ru: str, en: str) -> FaultAt:
    return FaultAt(parameter=name, code="wrong_parameter", ru=ru, en=en)


def _external_id(text: str) -> str:
    if not 0 < len(text) <= EXTERNAL_ID_MOST or not text.isprintable():
        raise ValueError(text)
    return text


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:9]) <= MOST:
        raise ValueError(text)
    return int(text)


def _cursor(text: str) -> str:
    if not is_receipt_id(text):
        raise ValueError(text)
    return text


def _proof(text: str) -> Proof:
    found = {rung.name.lower(): rung for rung in Proof}.get(text)
    if found is None:
        raise ValueError(text)
    return found


def _moment(text: str) -> int:
    """A plus that came as a space (an address not percent-encoded) is taken for what it was."""
    moment = datetime.fromisoformat(text.replace(" ", "+"))
    if moment.tzinfo is None:
        raise ValueError(text)
    return epoch_ms(moment.astimezone(UTC))


_READERS: Final = {
    "external_id": _external_id, "state": State, "proof": _proof, "from": _moment, "to": _moment, "limit": _limit,
    "cursor": _cursor,
}  # fmt: skip
_FIELDS: Final = {
    "external_id": "external_id", "state": "state", "proof": "proof", "from": "since", "to": "until",
    "limit": "limit", "cursor": "before",
}  # fmt: skip
_TIME: Final = (
    "Время записывается с часовым поясом: 2026-01-31T12:00:00+03:00.",
    "Write the time with its zone: 2026-01-31T12:00:00+03:00.",
)
_WORDS: Final = {
    "external_id": (
        f"Номер чека в магазине: от 1 до {EXTERNAL_ID_MOST} печатных знаков.",
        f"The shop's id of a receipt: 1 to {EXTERNAL_ID_MOST} printable characters.",
    ),
    "state": (f"Состояние: {', '.join(State)}.", f"The state is one of {', '.join(State)}."),
    "proof": (
        f"Ступень: {', '.join(rung.name.lower() for rung in Proof)}.",
        f"The rung is one of {', '.join(rung.name.lower() for rung in Proof)}.",
    ),
    "from": _TIME,
    "to": _TIME,
    "limit": (f"Число от 1 до {MOST}.", f"A number from 1 to {MOST}."),
    "cursor": (
        "Передавайте значение next из предыдущего ответа.", "Send the value of next from the answer before.",
    ),
}  # fmt: skip
