"""How a screen speaks: one language, the sellers' zone, money and times as people read them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from chekpoint.core.clock import from_epoch_ms
from chekpoint.hub.troubles import BLOCKED
from chekpoint.store.views_scan import CAP
from chekpoint.web.texts_alarms_en import ALARMS_EN
from chekpoint.web.texts_alarms_ru import ALARMS_RU
from chekpoint.web.texts_books_en import BOOKS_EN
from chekpoint.web.texts_books_ru import BOOKS_RU
from chekpoint.web.texts_en import EN
from chekpoint.web.texts_registers_en import REGISTERS_EN
from chekpoint.web.texts_registers_ru import REGISTERS_RU
from chekpoint.web.texts_ru import RU
from chekpoint.web.texts_shops_en import SHOPS_EN
from chekpoint.web.texts_shops_ru import SHOPS_RU
from chekpoint.web.texts_sites_en import SITES_EN
from chekpoint.web.texts_sites_ru import SITES_RU
from chekpoint.web.texts_tax_en import TAX_EN
from chekpoint.web.texts_tax_ru import TAX_RU

# Why a register stands is said in the words of its incident.
TEXTS: Final[Mapping[str, Mapping[str, str]]] = {
    "ru": RU
    | SHOPS_RU
    | REGISTERS_RU
    | SITES_RU
    | ALARMS_RU
    | BOOKS_RU
    | TAX_RU
    | {f"block.{reason}": words[0] for reason, words in BLOCKED.items()},
    "en": EN
    | SHOPS_EN
    | REGISTERS_EN
    | SITES_EN
    | ALARMS_EN
    | BOOKS_EN
    | TAX_EN
    | {f"block.{reason}": words[1] for reason, words in BLOCKED.items()},
}
THIN: Final = "\u202f"  # a thin space that does not break a line
HARD: Final = "\u00a0"
_STEPS: Final = ((86_400, "days"), (3_600, "hours"), (60, "minutes"), (1, "seconds"))


def language(wanted: str | None) -> str:
    """A language that the screens have; Russian unless another was chosen."""
    return wanted if wanted is not None and wanted in TEXTS else "ru"


class Lingo:
    """One language and one zone. ``t`` raises KeyError for a text that is missing: tests find it."""

    def __init__(self, lang: str, zone: ZoneInfo) -> None:
        self.lang, self.zone = language(lang), zone
        self._texts = TEXTS[self.lang]

    def t(self, key: str, /, **values: object) -> str:
        """A text with its values put in."""
        text = self._texts[key]
        return text.format(**values) if values else text

    def has(self, key: str) -> bool:
        """Is there a text for a word that comes from outside (a register's code, an event of a newer node)?"""
        return key in self._texts

    def word(self, family: str, word: str | None) -> str:
        """The text of a word of a family (``state``, ``cause`` ...), or the word itself when it is unknown."""
        key = f"{family}.{word}"
        return self._texts.get(key, word or self._texts["nothing"])

    def pick(self, ru: str, en: str) -> str:
        """The one of two texts that is in this language."""
        return ru if self.lang == "ru" else en

    def money(self, kopecks: int) -> str:
        """``1 234,50 ₽`` with spaces that do not break."""
        whole, part = divmod(kopecks, 100)
        mark = "," if self.lang == "ru" else "."
        return f"{self.digits(whole)}{mark}{part:02d}{HARD}₽"

    def digits(self, count: int) -> str:
        """A whole number in groups of three, without regard to where its counting stopped."""
        return f"{count:,}".replace(",", THIN)

    def count(self, count: int, cap: int = CAP) -> str:
        """A count that may have stopped at ``cap``: ``1000+``."""
        return f"{self.digits(cap)}+" if count > cap else self.digits(count)

    def plural(self, count: int, unit: str, cap: int = CAP) -> str:
        """``5 чеков``: the count with the form of the unit that belongs to it."""
        forms = self._texts[f"unit.{unit}"].split("|")
        return f"{self.count(count, cap)}{HARD}{forms[self._form(min(count, cap), len(forms))]}"

    def _form(self, count: int, forms: int) -> int:
        if forms == 2:
            return 0 if count == 1 else 1
        if count % 100 in range(11, 15):
            return 2
        return 0 if count % 10 == 1 else 1 if count % 10 in {2, 3, 4} else 2

    def span(self, ms: int) -> str:
        """A length of time in its largest unit: ``3 мин``."""
        seconds = max(ms, 0) // 1000
        for size, unit in _STEPS:
            if seconds >= size:
                return f"{seconds // size}{HARD}{self._texts[f'span.{unit}']}"
        return self._texts["span.now"]

    def ago(self, at: int, now: int) -> str:
        """``3 мин назад``, ``только что``."""
        if now - at < 1000:
            return self._texts["span.just_now"]
        return self._texts["span.ago"].format(span=self.span(now - at))

    def local(self, ms: int) -> datetime:
        """A moment in the sellers' zone."""
        return from_epoch_ms(ms).astimezone(self.zone)

    def clock(self, ms: int, now: int) -> str:
        """A moment in the sellers' zone: the hour alone when it is of today."""
        at = self.local(ms)
        today = at.date() == self.local(now).date()
        return f"{at:%H:%M:%S}" if today else f"{at:%d.%m.%Y %H:%M}"

    def wall(self, text: str) -> str:
        """A register's own local time, ISO 8601 without zone, as people write it; anything else stays as it is."""
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return text
        return f"{at:%d.%m.%Y %H:%M:%S}"

    def day(self, text: str) -> str:
        """A day, YYYY-MM-DD, as people write it."""
        return f"{text[8:10]}.{text[5:7]}.{text[:4]}"

    def full(self, ms: int) -> str:
        """A moment to the millisecond, with its offset, for those who must know exactly."""
        at = self.local(ms)
        return f"{at:%d.%m.%Y %H:%M:%S}.{at.microsecond // 1000:03d} {at:%z}"
