"""What each tag is: its name, its type on the wire and how long it may be.

``TAGS`` joins the generated table with the document codes and with two tags of FFD 1.0 that live answers
still carry (1067 and 1019).
"""

from enum import StrEnum
from typing import Final

import msgspec

from chekpoint.fiscal.tag_table import ROWS


class TagKind(StrEnum):
    """How the value is written. All integers are little-endian and unsigned."""

    UINT = "uint"  # exactly max_len bytes: 1, 2 or 4
    BITS = "bits"  # a mask of exactly max_len bytes: 1 or 4
    UNIXTIME = "unixtime"  # u32 seconds: the LOCAL wall clock as if it were UTC
    VLN = "vln"  # 1..max_len bytes, high zero bytes dropped
    FVLN = "fvln"  # one byte: number of decimals; then a VLN
    STRING = "string"  # CP866; a fixed one is padded on the right with spaces
    BYTES = "bytes"
    STLV = "stlv"  # tags inside


class Tag(msgspec.Struct, frozen=True):
    """One tag. ``max_len`` is in bytes, 0 when not known; ``parents`` are the tags that may enclose it."""

    number: int
    name_ru: str
    json_name: str
    kind: TagKind
    max_len: int
    fixed: bool
    parents: tuple[int, ...]
    ffd: str

    @property
    def is_inn(self) -> bool:
        """Is it a taxpayer's number: 12 bytes, of which a company fills 10?"""
        return self.number in INN_TAGS


INN_TAGS: Final = frozenset({1016, 1017, 1018, 1203, 1226, 1228})

REUSED_TAGS: Final = frozenset({1082, 1115, 1119})
"""Strings (telephones, a site) in FFD 1.0; numbers and groups since 2025-09-01 (order ED-7-20/236@)."""

DOCUMENTS: Final = {
    1: ("отчет о регистрации", "fiscalReport"),
    11: ("отчет об изменении параметров регистрации", "fiscalReportCorrection"),
    2: ("отчет об открытии смены", "openShift"),
    21: ("отчет о текущем состоянии расчетов", "currentStateReport"),
    3: ("кассовый чек", "receipt"),
    31: ("кассовый чек коррекции", "receiptCorrection"),
    4: ("бланк строгой отчетности", "bso"),
    41: ("бланк строгой отчетности коррекции", "bsoCorrection"),
    5: ("отчет о закрытии смены", "closeShift"),
    6: ("отчет о закрытии фискального накопителя", "closeArchive"),
    7: ("подтверждение оператора", "operatorAck"),
    81: ("запрос о коде маркировки", ""),
    82: ("уведомление о реализации маркированного товара", ""),
    83: ("ответ на запрос", ""),
    84: ("квитанция на уведомление", ""),
    65001: ("документ архива ФН", ""),
    65002: ("документ архива ФН с подтверждением оператора", ""),
    65011: ("документ архива ФН, ФФД 1.1", ""),
    65012: ("документ архива ФН с подтверждением оператора, ФФД 1.1", ""),
}
"""Document code -> Russian name and the key under which the tax service's JSON keeps it. A document is a tag too."""


def _documents() -> dict[int, Tag]:
    return {
        code: Tag(code, name, json_name, TagKind.STLV, 0, fixed=False, parents=(), ffd="")
        for code, (name, json_name) in DOCUMENTS.items()
    }


def _first_edition() -> dict[int, Tag]:
    # an operator's answer of FFD 1.0 groups the drive's number under 1067
    string = Tag(1019, "номер ФН (ФФД 1.0)", "", TagKind.STRING, 16, fixed=False, parents=(1067,), ffd="1.0")
    group = Tag(
        1067, "сообщение оператора для ККТ", "", TagKind.STLV, 0, fixed=False, parents=(7,), ffd="1.0"
    )
    return {1019: string, 1067: group}


def _table() -> dict[int, Tag]:
    return {
        number: Tag(number, name, json_name, TagKind(kind), max_len, fixed, parents, ffd)
        for number, name, json_name, kind, max_len, fixed, parents, ffd in ROWS
    }


TAGS: Final[dict[int, Tag]] = {**_table(), **_documents(), **_first_edition()}
"""Number -> tag. A number that is not here is kept as raw bytes by the codec."""


def name_of(number: int) -> str:
    """The Russian name of a tag, or ``тег N`` for one that the table does not know."""
    tag = TAGS.get(number)
    return tag.name_ru if tag else f"тег {number}"
