"""The journey of a buyer through a site: what a browser is told to do, step by step, as JSON or as rows of a form.

A journey never pays. It ends with something that must be seen (the payment page), and no step may type the number of
a bank card: that is refused here, and once more by whoever drives the browser.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from chekpoint.hub.calling import is_address
from chekpoint.hub.kinds import Words

STAGES_MOST: Final = 30
TEXT_MOST: Final = 300
CARD_DIGITS: Final = range(13, 20)


class Do(StrEnum):
    """What one step does."""

    OPEN = "open"  # what: a path of the site, or an address
    CLICK = "click"  # what: the words on a button or a link, or css=...
    FILL = "fill"  # what: the label of a field, or css=...; value: what to type
    SEE = "see"  # what: a text that must be on the page
    AT = "at"  # what: a part of the address that must be open


LOOKS: Final = frozenset({Do.SEE, Do.AT})
DOINGS: Final[tuple[tuple[str, Words], ...]] = (
    (Do.OPEN.value, ("открыть", "open")),
    (Do.CLICK.value, ("нажать", "click")),
    (Do.FILL.value, ("заполнить", "fill in")),
    (Do.SEE.value, ("виден текст", "text is seen")),
    (Do.AT.value, ("адрес содержит", "address contains")),
)
"""What a step is called on the screens."""


class Stage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step of a journey."""

    do: Do
    what: str = ""
    value: str = ""

    @property
    def words(self) -> Words:
        """The step as a person would say it; what is typed is not repeated."""
        ru, en = dict(DOINGS)[self.do.value]
        return f"{ru} «{self.what or '/'}»", f"{en} “{self.what or '/'}”"


Journey = tuple[Stage, ...]
ENCODE: Final = msgspec.json.Encoder().encode
_DECODER: Final = msgspec.json.Decoder(Journey)


class JourneyFault(ValueError):
    """A journey that cannot be made. ``faults``: the number of a step (from 1; 0: the whole) -> what to do."""

    def __init__(self, faults: Mapping[int, Words]) -> None:
        super().__init__("; ".join(f"{_place(n)}{ru} / {en}" for n, (ru, en) in sorted(faults.items())))
        self.faults = dict(faults)


def _place(number: int) -> str:
    return f"шаг {number} / step {number}: " if number else ""


def read_journey(raw: bytes | str) -> Journey:
    """A journey out of JSON (a list of ``{"do": ..., "what": ..., "value": ...}``); raises JourneyFault."""
    try:
        journey = _DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        words = (
            f'Шаги не читаются: {error}. Ожидается список вида [{{"do": "open", "what": "/"}}].',
            f'The steps cannot be read: {error}. A list like [{{"do": "open", "what": "/"}}] is expected.',
        )
        raise JourneyFault({0: words}) from error
    return checked(journey)


def checked(journey: Journey) -> Journey:
    """The same journey, or JourneyFault with every fault at its step."""
    faults = {n: fault for n, stage in enumerate(journey, 1) if (fault := _fault(stage)) is not None}
    if not 0 < len(journey) <= STAGES_MOST:
        faults[0] = (f"Нужно от 1 до {STAGES_MOST} шагов.", f"1 to {STAGES_MOST} steps are needed.")
    elif journey[-1].do not in LOOKS:
        faults.setdefault(len(journey), _NO_END)
    if faults:
        raise JourneyFault(faults)
    return journey


_NO_END: Final = (
    "Последний шаг должен проверять, что открылась страница оплаты: «виден текст» или «адрес содержит».",
    "The last step must look whether the payment page is there: “text is seen” or “address contains”.",
)
_NO_CARD: Final = (
    "Похоже на номер банковской карты. Проверка не платит: остановитесь на странице оплаты.",
    "This looks like the number of a bank card. The journey never pays: stop at the payment page.",
)


def _fault(stage: Stage) -> Words | None:
    if any(len(text) > TEXT_MOST or not text.isprintable() for text in (stage.what, stage.value)):
        return f"Не длиннее {TEXT_MOST} печатных знаков.", f"At most {TEXT_MOST} printable characters."
    if stage.do is Do.OPEN:
        return None if stage.what in {"", "/"} or _is_place(stage.what) else _NO_PLACE
    if not stage.what.removeprefix("css=").strip():
        return "Что именно? Это поле пусто.", "What exactly? This field is empty."
    if stage.do is Do.FILL and not stage.value:
        return "Чем заполнить поле?", "What is to be typed?"
    if stage.do is not Do.FILL and stage.value:
        return "Значение нужно только шагу «заполнить».", "Only “fill in” takes a value."
    return _NO_CARD if is_card(stage.value) else None


_NO_PLACE: Final = (
    "Путь на сайте (/catalog) или адрес, который начинается с http:// или https://.",
    "A path of the site (/catalog), or an address that begins with http:// or https://.",
)


def _is_place(text: str) -> bool:
    return (text.startswith("/") and not text.startswith("//")) or is_address(text)


def is_card(text: str) -> bool:
    """Could this be the number of a bank card (13-19 digits whose Luhn sum fits)?"""
    digits = [int(one) for one in text if one.isascii() and one.isdigit()]
    if len(digits) not in CARD_DIGITS or any(not (c.isdigit() or c in " -") for c in text):
        return False
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(doubled) + sum(digits[::-2])) % 10 == 0
