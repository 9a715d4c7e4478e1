"""Which column is what. Headers are known by synonyms; what is not known a person says once.

No authentic export of a cabinet is public: the synonyms are the field's own words and what integrators report,
so nothing rests on them alone. A header is compared by its letters and digits: case, spaces, punctuation,
``№`` and ``ё`` make no difference. A sum has the unit that its header names ("Сумма, коп."), or the one that a
person has chosen; it is never guessed.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from chekpoint.hub.importing.files import Row, Sheet

HEAD_ROWS: Final = 40  # a header stands among the first ones
Words = tuple[str, str]
"""Russian, English."""


class Field(NamedTuple):
    """One thing that a row may say."""

    name: str
    words: Words
    synonyms: tuple[str, ...]
    required: bool = False
    money: bool = False


_FN: Final = Field(
    "fn", ("Номер ФН", "Fiscal drive"),
    ("фн", "номерфн", "заводскойномерфн", "фискальныйнакопитель", "номерфискальногонакопителя", "серийныйномерфн",
     "заводскойномерфискальногонакопителя", "fn", "fnnumber", "fiscaldrivenumber"), required=True,
)  # fmt: skip
_FD: Final = Field(
    "fd", ("Номер ФД", "Document number"),
    ("фд", "номерфд", "фискальныйдокумент", "номерфискальногодокумента", "порядковыйномерфд", "fd", "fdnumber",
     "порядковыйномерфискальногодокумента", "номердокумента", "fiscaldocumentnumber"), required=True,
)  # fmt: skip
_SIGN: Final = Field(
    "sign", ("ФПД", "Fiscal sign"),
    ("фп", "фпд", "фискальныйпризнак", "фискальныйпризнакдокумента", "фискпризнак", "fp", "fpd", "fiscalsign"),
    required=True,
)  # fmt: skip
_TOTAL: Final = Field(
    "total", ("Сумма", "Sum"),
    ("сумма", "итог", "итого", "суммачека", "суммарасчета", "итогчека", "суммадокумента", "суммаплатежа", "total",
     "sum", "amount", "суммаитого", "итоговаясумма", "суммаоперации", "суммаоплаты"), required=True, money=True,
)  # fmt: skip
_MADE: Final = Field(
    "made_at", ("Дата и время", "Date and time"),
    ("дата", "датавремя", "датаивремя", "датачека", "датарасчета", "датадокумента", "датаивремячека", "datetime",
     "датаивремяформирования", "датавремячека", "date", "датаивремяфд", "датаивремярасчета", "датавремядокумента"),
    required=True,
)  # fmt: skip
_TIME: Final = Field("time", ("Время", "Time"), ("время", "времячека", "time", "времярасчета"))
_KIND: Final = Field(
    "kind", ("Признак расчёта", "Kind of settlement"),
    ("признакрасчета", "типоперации", "операция", "видоперации", "типрасчета", "видрасчета", "operationtype", "типчека"),
    required=True,
)  # fmt: skip
_OFD: Final = (
    _FN, _FD, _SIGN, _MADE, _TIME, _TOTAL, _KIND,
    Field("document", ("Вид документа", "Document"),
          ("виддокумента", "типдокумента", "документ", "наименованиедокумента", "типфд", "видфд", "documenttype")),
    Field("rnm", ("РНМ ККТ", "Registration number"),
          ("рнм", "рнмккт", "рнккт", "регистрационныйномер", "регистрационныйномерккт", "регномерккт", "kktregid")),
    Field("shift", ("Смена", "Shift"), ("смена", "номерсмены", "shift", "shiftnumber")),
    Field("unused", ("не нужен", "not needed"),
          ("инн", "наличными", "безналичными", "номерчека", "чек", "касса", "адрес", "кассир", "заводскойномерккт",
           "адресрасчетов", "местрасчетов", "торговаяточка", "названиеккт", "номерчеказасмену", "сно", "email",
           "названиекассы", "системаналогообложения", "владелец", "организация", "наименованиеккт", "клиент")),
)  # fmt: skip
_REFUND: Final = Field(
    "refund", ("Приход или возврат", "Taken or given back"),
    ("тип", "типоперации", "операция", "видоперации", "типчека", "типплатежа", "возврат", "type", "refund"),
)  # fmt: skip
_CHECKS: Final = (
    Field("external_id", ("Номер чека на сайте", "Number of the check on the site"),
          ("id", "номер", "номерчека", "idчека", "чек", "кодчека", "checkid"), required=True),
    Field("order_id", ("Номер заказа", "Order"), ("заказ", "номерзаказа", "idзаказа", "orderid", "order")),
    Field("paid_at", ("Дата", "Date"),
          ("датасоздания", "дата", "датачека", "создан", "datecreate", "датаформирования"), required=True),
    _TOTAL, _TIME, _REFUND,
    Field("unused", ("не нужен", "not needed"),
          ("статус", "касса", "ккм", "валюта", "оплата", "отгрузка", "ссылка", "ошибка", "датапечати", "status",
           "кассаккм", "номерккм", "сообщениеобошибке", "ссылканачек", "currency")),
)  # fmt: skip
_PAYMENTS: Final = (
    Field("external_id", ("Номер платежа", "Payment's number"),
          ("номерплатежа", "idплатежа", "платеж", "номероперации", "idоперации", "номертранзакции", "идентификаторплатежа",
           "rrn", "paymentid", "id", "транзакция", "idтранзакции", "идентификатор", "кодоперации"), required=True),
    Field("order_id", ("Номер заказа", "Order"),
          ("заказ", "номерзаказа", "idзаказа", "orderid", "order", "номерсчета", "ordernumber"), required=True),
    Field("paid_at", ("Когда", "When"),
          ("дата", "датаплатежа", "датаоплаты", "датаоперации", "датаивремя", "датаивремяоперации", "датавремя",
           "датаивремяплатежа", "paidat", "datetime", "датасоздания", "датапроведения"), required=True),
    _TOTAL, _TIME, _REFUND,
    Field("unused", ("не нужен", "not needed"),
          ("комиссия", "статус", "валюта", "карта", "описание", "способоплаты", "магазин", "email", "currency",
           "status", "телефон", "суммакзачислению", "назначение")),
)  # fmt: skip
FIELDS: Final[Mapping[str, tuple[Field, ...]]] = {"ofd": _OFD, "checks": _CHECKS, "payments": _PAYMENTS}
"""Kind of a file -> what its rows may say."""
UNITS: Final = ("rub", "kop")
_UNIT: Final = re.compile(
    r"[\s,(\[]+(?P<rub>руб\w*|р|rub|₽)\.?[\s)\]]*$|[\s,(\[]+(?P<kop>коп\w*|kop\w*)\.?[\s)\]]*$"
)


class Chosen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person has said of a file's columns; kept for each set of headers.

    ``columns``: index of a column -> name of a field, ``unused`` for one that is not needed. ``unit`` is of sums
    whose header names none. ``fn`` and ``kind`` are of the whole file, where no column says them.
    """

    columns: dict[int, str] = {}
    unit: str = ""
    fn: str = ""
    kind: str = ""


class Header(NamedTuple):
    """The header of a table: which row it is (from 1), its words, and which column says what."""

    row: int
    words: tuple[str, ...]
    columns: Mapping[str, int]
    unit: str | None
    unknown: tuple[int, ...]

    @property
    def signature(self) -> str:
        """The same for every file with these headers."""
        return hashlib.sha256("\n".join(plain(word) for word in self.words).encode()).hexdigest()[:32]


def plain(word: object) -> str:
    """A header by its letters and digits alone."""
    text = str(word if word is not None else "").lower().replace("ё", "е").replace("№", "номер")
    return "".join(char for char in text if char.isalnum())


def unit_of(word: object) -> str | None:
    """``rub`` or ``kop`` where a header ends with a unit."""
    found = _UNIT.search(str(word if word is not None else "").lower())
    return None if found is None else "rub" if found["rub"] else "kop"


def _bare(word: object) -> str:
    text = str(word if word is not None else "").lower()
    return plain(_UNIT.sub("", text))


def _field_of(kind: str, word: object) -> str | None:
    wanted = {plain(word), _bare(word)} - {""}
    return next((f.name for f in FIELDS[kind] if wanted & set(f.synonyms)), None)


def known(kind: str, words: Sequence[object]) -> dict[str, int]:
    """Field -> column, for the headers that are known; the first of two equal ones counts."""
    found: dict[str, int] = {}
    for at, word in enumerate(words):
        name = _field_of(kind, word)
        if name is not None and name != "unused":
            found.setdefault(name, at)
    return found


def head_of(kind: str, rows: Sequence[Row]) -> int | None:
    """The index of the row that looks most like a header; None when none does."""
    scores = [
        (len(known(kind, row)), sum(isinstance(c, str) and bool(c.strip()) for c in row)) for row in rows
    ]
    best = max(range(len(rows)), key=lambda n: (scores[n][0], scores[n][1], -n), default=None)
    return best if best is not None and (scores[best][0] >= 2 or scores[best][1] >= 2) else None


def header(kind: str, number: int, row: Row, chosen: Chosen) -> Header:
    """The header as it is understood: by synonyms, and where a person has said so, by that."""
    words = tuple("" if cell is None else str(cell).strip() for cell in row)
    columns = {name: at for name, at in known(kind, words).items() if at not in chosen.columns}
    columns |= {name: at for at, name in chosen.columns.items() if name != "unused" and at < len(words)}
    named = {at for at, word in enumerate(words) if word and _field_of(kind, word) is not None}
    unknown = tuple(
        at for at, word in enumerate(words) if word and at not in named and at not in chosen.columns
    )
    total = columns.get("total")
    unit = unit_of(words[total]) if total is not None else None
    return Header(number, words, columns, unit or (chosen.unit or None), unknown)


def missing(kind: str, head: Header, chosen: Chosen) -> list[Field]:
    """Required fields that neither a column nor the person says."""
    said = head.columns.keys() | {name for name in ("fn", "kind") if getattr(chosen, name)}
    return [field for field in FIELDS[kind] if field.required and field.name not in said]


def best_sheet(kind: str, found: Sequence[tuple[Sheet, list[Row]]]) -> int | None:
    """Which of the sheets (with their first rows) knows most; None when none has a header."""
    scores = []
    for at, (_, rows) in enumerate(found):
        head = head_of(kind, rows)
        if head is not None:
            scores.append((len(known(kind, rows[head])), -at))
    return -max(scores)[1] if scores else None
