"""Error codes of the protocol, their texts, and which of them the emulated device's refusals become.

Codes below 30h are the fiscal drive's. Meanings are those of the vendor's lists of 2021; 3C and 3D follow the
vendor's driver ("open", "not open"), where the lists disagree.
"""

import re
from enum import IntEnum
from typing import Final

from chekpoint.emulators.drive_errors import DeviceCode, DriveCode, EmulatedError


class Code(IntEnum):
    """What a command can end with. Only code and error go back when it is not 0."""

    OK = 0x00
    FN_FORMAT = 0x01
    FN_STATE = 0x02
    FN_FAULT = 0x03
    FN_CRYPTO = 0x04
    FN_EXPIRED = 0x05
    FN_ARCHIVE_FULL = 0x06
    FN_CLOCK = 0x07
    FN_NO_DATA = 0x08
    FN_VALUE = 0x09
    FN_TOO_LONG = 0x10
    FN_NO_TRANSPORT = 0x11
    FN_CRYPTO_END = 0x12
    FN_STORAGE = 0x14
    FN_UNSENT_30_DAYS = 0x15
    FN_SHIFT_24H = 0x16
    FN_TIME_GAP = 0x17
    OFD_REJECTED = 0x20
    FN_TIMEOUT = 0x2F
    FN_NAK = 0x30
    FN_LINE_FORMAT = 0x31
    FN_LINE_CRC = 0x32
    PARAMETER = 0x33
    NO_DATA = 0x34
    UNSUPPORTED = 0x37
    SHIFT_OPEN = 0x3C
    SHIFT_CLOSED = 0x3D
    NOT_ENOUGH_PAID = 0x45
    NO_CASH = 0x46
    RECEIPT_OPEN = 0x4A
    NON_CASH_OVER_TOTAL = 0x4D
    SHIFT_24H = 0x4E
    PASSWORD = 0x4F
    PRINTING = 0x50
    RECEIPT_CLOSED = 0x55
    NOTHING_TO_REPEAT = 0x56
    WAITS_CONTINUE = 0x58
    NO_TABLE = 0x5D
    WRONG_OPERATION = 0x5E
    NO_PAPER = 0x6B
    WRONG_MODE = 0x73
    ZERO_TOTAL = 0x8E
    MARK_FORBIDDEN = 0xA0
    MARK_ORDER = 0xA1
    MARK_AREA_FULL = 0xA2
    MARK_TABLE_FULL = 0xA3
    MARK_NO_TAGS = 0xA4
    MARK_UNCHECKED = 0xA5


class Refused(Exception):
    """A command ends with an error; ``code`` may be any byte, also one that ``Code`` does not name."""

    def __init__(self, code: int) -> None:
        super().__init__(f"{code:02X}h: {text_of(code)}")
        self.code = int(code)


_CODES: Final[dict[DriveCode | DeviceCode, Code]] = {
    DeviceCode.PAPER_OUT: Code.NO_PAPER,
    DeviceCode.COVER_OPEN: Code.NO_PAPER,  # the flags of 10h tell them apart
    DeviceCode.NO_CASH: Code.NO_CASH,
    DeviceCode.BUSY: Code.PRINTING,
    DriveCode.NOT_REGISTERED: Code.FN_STATE,
    DriveCode.ALREADY_REGISTERED: Code.FN_STATE,
    DriveCode.WRONG_PHASE: Code.FN_STATE,
    DriveCode.SHIFT_OPEN: Code.SHIFT_OPEN,
    DriveCode.SHIFT_CLOSED: Code.SHIFT_CLOSED,
    DriveCode.SHIFT_EXPIRED: Code.FN_SHIFT_24H,
    DriveCode.CLOCK_WENT_BACK: Code.FN_CLOCK,
    DriveCode.OFD_OVERDUE: Code.FN_UNSENT_30_DAYS,
    DriveCode.ARCHIVE_FULL: Code.FN_ARCHIVE_FULL,
    DriveCode.KEYS_EXPIRED: Code.FN_EXPIRED,
    DriveCode.DOCUMENT_TOO_LARGE: Code.FN_TOO_LONG,
    DriveCode.NO_SUCH_DOCUMENT: Code.FN_NO_DATA,
    DriveCode.UNSENT_DOCUMENTS: Code.FN_STATE,
    DriveCode.QUEUE_EMPTY: Code.FN_NO_DATA,
    DriveCode.EMPTY_RECEIPT: Code.ZERO_TOTAL,
    DriveCode.NOT_FULLY_PAID: Code.NOT_ENOUGH_PAID,
    DriveCode.OVERPAID: Code.NON_CASH_OVER_TOTAL,
    DriveCode.WRONG_ITEM_SUM: Code.PARAMETER,
    DriveCode.WRONG_TOTAL: Code.PARAMETER,
    DriveCode.WRONG_QUANTITY: Code.PARAMETER,
    DriveCode.WRONG_PRICE: Code.PARAMETER,
    DriveCode.FAULT: Code.FN_FAULT,
}
"""A refusal that is not listed is a value that the fiscal drive does not take (09)."""

_HEX: Final = re.compile(r"[0-9A-Fa-f]{2}")


def code_of(error: EmulatedError) -> int:
    """The byte for a refusal of the emulated device. A fault whose detail is two hex digits names it itself."""
    if _HEX.fullmatch(error.detail):
        return int(error.detail, 16)
    return _CODES.get(error.code, Code.FN_VALUE)  # type: ignore[attr-defined]


_TEXTS: Final[dict[int, str]] = {
    Code.OK: "Ошибок нет",
    Code.FN_FORMAT: "ФН: неизвестная команда или неверный формат",
    Code.FN_STATE: "ФН: неверное состояние",
    Code.FN_FAULT: "ФН: неисправность",
    Code.FN_CRYPTO: "ФН: неисправность КС",
    Code.FN_EXPIRED: "ФН: закончен срок эксплуатации",
    Code.FN_ARCHIVE_FULL: "ФН: архив переполнен",
    Code.FN_CLOCK: "ФН: неверные дата или время",
    Code.FN_NO_DATA: "ФН: нет запрошенных данных",
    Code.FN_VALUE: "ФН: недопустимое значение параметра",
    Code.FN_TOO_LONG: "ФН: превышены размеры TLV данных",
    Code.FN_NO_TRANSPORT: "ФН: нет транспортного соединения",
    Code.FN_CRYPTO_END: "ФН: исчерпан ресурс КС",
    Code.FN_STORAGE: "ФН: исчерпан ресурс хранения",
    Code.FN_UNSENT_30_DAYS: "ФН: документы не переданы в ОФД 30 дней",
    Code.FN_SHIFT_24H: "ФН: смена более 24 часов",
    Code.FN_TIME_GAP: "ФН: неверная разница во времени между двумя операциями",
    Code.OFD_REJECTED: "ФН: сообщение от ОФД не может быть принято",
    Code.FN_TIMEOUT: "ФН не отвечает",
    Code.FN_NAK: "ФН отвечает NAK",
    Code.FN_LINE_FORMAT: "ФН: ошибка формата",
    Code.FN_LINE_CRC: "ФН: ошибка CRC",
    Code.PARAMETER: "Некорректные параметры в команде",
    Code.NO_DATA: "Нет данных",
    Code.UNSUPPORTED: "Команда не поддерживается в данной реализации ККТ",
    Code.SHIFT_OPEN: "Смена открыта, операция невозможна",
    Code.SHIFT_CLOSED: "Смена не открыта, операция невозможна",
    Code.NOT_ENOUGH_PAID: "Сумма всех типов оплаты меньше итога чека",
    Code.NO_CASH: "Не хватает наличности в кассе",
    Code.RECEIPT_OPEN: "Открыт чек, операция невозможна",
    Code.NON_CASH_OVER_TOTAL: "Вносимая безналичной оплатой сумма больше суммы чека",
    Code.SHIFT_24H: "Смена превысила 24 часа",
    Code.PASSWORD: "Неверный пароль",
    Code.PRINTING: "Идёт печать результатов выполнения предыдущей команды",
    Code.RECEIPT_CLOSED: "Чек закрыт, операция невозможна",
    Code.NOTHING_TO_REPEAT: "Нет документа для повтора",
    Code.WAITS_CONTINUE: "Ожидание команды продолжения печати",
    Code.NO_TABLE: "Таблица не определена",
    Code.WRONG_OPERATION: "Неверная операция",
    Code.NO_PAPER: "Нет чековой ленты",
    Code.WRONG_MODE: "Команда не поддерживается в данном режиме",
    Code.ZERO_TOTAL: "Нулевой итог чека",
    Code.MARK_FORBIDDEN: "Работа с маркированными товарами запрещена",
    Code.MARK_ORDER: "Неверная последовательность команд работы с маркировкой",
    Code.MARK_AREA_FULL: "Область хранения уведомлений заполнена",
    Code.MARK_TABLE_FULL: "Таблица кодов маркировки заполнена",
    Code.MARK_NO_TAGS: "Не хватает реквизитов маркированного товара",
    Code.MARK_UNCHECKED: "Код маркировки не проверен",
}


def text_of(code: int) -> str:
    """The text of command 6Bh, in our own words; a code without one is named by its number."""
    return _TEXTS.get(code, f"Ошибка {code:02X}h")
