"""Error codes of the register -> the error tree. One table, and it is the only place that decides.

On registers with a fiscal drive the codes below 30h are the drive's own; 20h and above 30h the register's. A code
that is not listed proves nothing. Whether a code came before anything could be signed is not told by the code but by
the moment: only FF45 and FF4A sign, so ``late`` codes matter there alone, and there the drive is read anyway.

Sources: protocol 1.17 (pages 67-70) and the message files of the maker's driver; see docs/shtrih.md.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from chekpoint.core.errors import BlockReason, RegisterBlocked, RegisterError, Rejected

NO_DATA: Final = 0x08
BUSY_PRINTING: Final = 0x50
WAITS_FOR_PRINT: Final = 0x58
NOT_SUPPORTED: Final = 0x37
BUFFER_OVERFLOW: Final = 0x4B
ABSENT: Final = frozenset({0x08, 0x34})
"""``there is no such document / ticket / value``: a fact, not a failure."""
UNSUPPORTED: Final = frozenset({0x01, 0x37})
TAG_REFUSED: Final = frozenset({0x09, 0x10, 0x33, 0x35, 0x36, 0x37, 0x7E})
"""A tag that this firmware does not take from outside (whitelist of FFD tags)."""


class Verdict(StrEnum):
    """Which branch of the error tree a code belongs to."""

    REJECTED = "rejected"
    BLOCKED = "blocked"


class Fault(NamedTuple):
    """One line of the table. ``reason`` is meant for ``BLOCKED`` only."""

    verdict: Verdict
    ru: str
    en: str
    reason: BlockReason = BlockReason.UNKNOWN


def _content(ru: str, en: str) -> Fault:
    return Fault(Verdict.REJECTED, ru, en)


def _block(reason: BlockReason, ru: str, en: str) -> Fault:
    return Fault(Verdict.BLOCKED, ru, en, reason)


_B = BlockReason

FAULTS: Final[dict[int, Fault]] = {
    # the fiscal drive
    0x01: _block(_B.CONFIGURATION, "ФН: неизвестная команда или формат", "Drive: unknown command or format"),
    0x02: _block(_B.BUSY, "ФН: неверное состояние", "Drive: wrong state"),
    0x03: _block(_B.FISCAL_DRIVE, "Ошибка ФН", "Drive failure"),
    0x04: _block(_B.FISCAL_DRIVE, "Ошибка криптографического сопроцессора ФН", "Crypto processor failure"),
    0x05: _block(_B.FISCAL_DRIVE, "Закончен срок эксплуатации ФН", "The drive has expired"),
    0x06: _block(_B.FISCAL_DRIVE_FULL, "Архив ФН переполнен", "Archive of the drive is full"),
    0x07: _block(_B.CLOCK, "ФН: неверные дата или время", "Drive: bad date or time"),
    0x08: _block(_B.UNKNOWN, "ФН: нет запрошенных данных", "Drive: no such data"),
    0x09: _content("ФН: некорректное значение параметров", "Drive: bad parameter value"),
    0x10: _content("ФН: превышен размер данных TLV", "Drive: TLV is too long"),
    0x11: _block(_B.FISCAL_DRIVE, "ФН: нет транспортного соединения", "Drive: no transport connection"),
    0x12: _block(_B.FISCAL_DRIVE, "Исчерпан ресурс криптосопроцессора ФН", "Crypto resource is exhausted"),
    0x14: _block(_B.OFD_OVERDUE, "Исчерпан ресурс хранения документов для ОФД", "Storage for the OFD is full"),
    0x15: _block(_B.OFD_OVERDUE, "Документы не переданы в ОФД дольше 30 дней", "Unsent for over 30 days"),
    0x16: _block(_B.SHIFT_EXPIRED, "ФН: смена длится более 24 часов", "Drive: the shift is over 24 hours"),
    0x17: _block(_B.CLOCK, "ФН: неверная разница во времени между операциями", "Drive: time jumped"),
    0x20: _block(_B.FISCAL_DRIVE, "Сообщение ОФД не принято ФН", "Operator's message refused by the drive"),
    0x2F: _block(_B.FISCAL_DRIVE, "ФН не отвечает", "The drive does not answer"),
    0x30: _block(_B.FISCAL_DRIVE, "ФН ответил отказом", "The drive answered NAK"),
    0x31: _block(_B.FISCAL_DRIVE, "Ошибка формата обмена с ФН", "Drive exchange: format error"),
    0x32: _block(_B.FISCAL_DRIVE, "Ошибка контрольной суммы обмена с ФН", "Drive exchange: CRC error"),
    # parameters and settings
    0x33: _content("Некорректные параметры в команде", "Bad parameters"),
    0x34: _block(_B.UNKNOWN, "Нет данных", "No data"),
    0x35: _content("Некорректный параметр при данных настройках", "Bad parameter with these settings"),
    0x36: _content("Некорректные параметры для этой модели", "Bad parameters for this model"),
    0x37: _block(_B.CONFIGURATION, "Команда не поддерживается этой моделью", "Not supported by this model"),
    0x38: _block(_B.FISCAL_DRIVE, "Ошибка в ПЗУ", "ROM failure"),
    0x3C: _block(_B.BUSY, "Состояние смены не подходит", "Wrong state of the shift"),
    0x3D: _block(_B.BUSY, "Состояние смены не подходит", "Wrong state of the shift"),
    0x40: _content("Переполнение диапазона скидок", "Discount overflow"),
    0x45: _content("Сумма всех видов оплаты меньше итога чека", "Payments are below the total"),
    0x46: _block(_B.CONFIGURATION, "Не хватает наличности в кассе", "Not enough cash in the drawer"),
    0x47: _content("Переполнение накопления по налогам", "VAT counter overflow"),
    0x48: _content("Переполнение итога чека", "The total overflows"),
    0x49: _block(_B.BUSY, "Операция невозможна в открытом чеке", "Not possible in an open receipt"),
    0x4A: _block(_B.BUSY, "Открыт чек - операция невозможна", "A receipt is open"),
    0x4B: _content("Буфер чека переполнен", "The receipt is too long"),
    0x4D: _content("Безналичная оплата больше суммы чека", "Non-cash payment exceeds the total"),
    0x4E: _block(_B.SHIFT_EXPIRED, "Смена превысила 24 часа", "The shift is older than 24 hours"),
    0x4F: _block(_B.ACCESS, "Неверный пароль", "Bad password"),
    0x50: _block(_B.BUSY, "Идёт печать предыдущей команды", "The previous command is printing"),
    0x51: _block(_B.CONFIGURATION, "Переполнение накоплений в смене", "Counters of the shift overflow"),
    0x55: _block(_B.BUSY, "Чек закрыт - операция невозможна", "No receipt is open"),
    0x56: _block(_B.BUSY, "Нет документа для повтора", "Nothing to repeat"),
    0x58: _block(_B.PAPER_OUT, "Ожидание команды продолжения печати", "Waits for print to be continued"),
    0x59: _block(_B.BUSY, "Документ открыт другим оператором", "A document of another operator is open"),
    0x5B: _content("Переполнение диапазона надбавок", "Charge overflow"),
    0x5D: _block(_B.CONFIGURATION, "Таблица не определена", "No such table"),
    0x5E: _block(_B.BUSY, "Неверная операция", "Wrong operation"),
    0x60: _content("Переполнение при умножении", "Price times quantity overflows"),
    0x61: _content("Переполнение диапазона цены", "Price overflow"),
    0x62: _content("Переполнение диапазона количества", "Quantity overflow"),
    0x63: _content("Переполнение диапазона отдела", "Bad department"),
    0x65: _block(_B.CONFIGURATION, "Не хватает денег в секции", "Not enough money in the section"),
    0x66: _content("Переполнение денег в секции", "The section overflows"),
    0x68: _block(_B.CONFIGURATION, "Не хватает денег по обороту налогов", "VAT turnover below the refund"),
    0x69: _content("Переполнение денег по обороту налогов", "VAT turnover overflows"),
    0x7E: _content("Неверное значение в поле длины", "Bad length field"),
    0x84: _content("Переполнение наличности", "Cash overflow"),
    0x8E: _content("Нулевой итог чека", "The total is zero"),
    0x94: _content("Исчерпан лимит операций в чеке", "Too many items in the receipt"),
    # device
    0x6A: _block(_B.PRINTER, "Ошибка питания при ответе", "Power failed while answering"),
    0x6B: _block(_B.PAPER_OUT, "Нет чековой ленты", "Paper is out"),
    0x6C: _block(_B.PAPER_OUT, "Нет контрольной ленты", "Journal paper is out"),
    0x71: _block(_B.PRINTER, "Ошибка отрезчика", "The cutter failed"),
    0x72: _block(_B.BUSY, "Команда не поддерживается в данном подрежиме", "Not possible in this submode"),
    0x73: _block(_B.BUSY, "Команда не поддерживается в данном режиме", "Not possible in this mode"),
    0x74: _block(_B.PRINTER, "Ошибка ОЗУ", "RAM failure"),
    0x75: _block(_B.PRINTER, "Ошибка питания", "Power failure"),
    0x76: _block(_B.PRINTER, "Ошибка принтера: нет импульсов с тахогенератора", "Printer: no tacho pulses"),
    0x77: _block(_B.PRINTER, "Ошибка принтера: нет сигнала с датчиков", "Printer: no sensor signal"),
    0x7B: _block(_B.PRINTER, "Ошибка оборудования", "Hardware failure"),
    0x7C: _block(_B.CLOCK, "Не совпадает дата", "The date does not match"),
    0x7D: _content("Неверный формат даты", "Bad format of a date"),
    0xC0: _block(_B.CLOCK, "Требуется подтверждение даты и времени", "Date and time wait to be confirmed"),
    0xC2: _block(_B.PRINTER, "Превышение напряжения в блоке питания", "Over-voltage"),
    0xC4: _block(_B.FISCAL_DRIVE, "Несовпадение номеров смен ККТ и ФН", "Shift numbers differ"),
    0xC7: _block(_B.CONFIGURATION, "Поле не редактируется в этом режиме", "The field cannot be changed now"),
    0xC8: _block(_B.PRINTER, "Нет связи с принтером", "No link to the printer"),
    # marked goods
    0xA0: _block(_B.CONFIGURATION, "Работа с маркировкой запрещена", "Marking is not allowed"),
    0xA1: _block(_B.BUSY, "Нарушена последовательность команд маркировки", "Wrong order of marking commands"),
    0xA2: _block(_B.OFD_OVERDUE, "Область уведомлений заполнена", "Area of marking notices is full"),
    0xA3: _block(_B.BUSY, "Таблица кодов маркировки заполнена", "Table of marking codes is full"),
    0xA4: _content("Не хватает реквизитов для кода маркировки", "Tags of the marking code are missing"),
    0xA5: _content("Код маркировки не проверен", "The marking code was not checked"),
    0xAA: _content("Маркированный товар запрещён к реализации", "The marked goods may not be sold"),
    0xAC: _content("Код маркировки не подходит", "The marking code does not fit"),
    0xD3: _content("Товар не произведён или выведен из оборота", "Not produced, or withdrawn"),
    0xD4: _content("Код маркировки поддельный", "The marking code is forged"),
}  # fmt: skip


class Refused(Exception):
    """The register answered with an error code: it has not done what it was told."""

    def __init__(self, command: str, code: int) -> None:
        super().__init__(f"{command}: {words(code)}")
        self.command = command
        self.code = code


def words(code: int) -> str:
    """Code and meaning in Russian.

    >>> words(0x45)
    '45h Сумма всех видов оплаты меньше итога чека'
    """
    fault = FAULTS.get(code)
    return f"{code:02X}h {fault.ru if fault else 'неизвестный код ошибки'}"


def refusal(refused: Refused) -> RegisterError:
    """What the code means for a receipt of which it is known that nothing was signed."""
    fault = FAULTS.get(refused.code)
    text, code = str(refused), f"{refused.code:02X}h"
    if fault is not None and fault.verdict is Verdict.REJECTED:
        return Rejected(text, code=code)
    return RegisterBlocked(fault.reason if fault else BlockReason.UNKNOWN, text, code=code)


def block_of(refused: Refused) -> RegisterBlocked:
    """The same code met by a question or by the shift: the lane is what is broken."""
    fault = FAULTS.get(refused.code)
    reason = fault.reason if fault else BlockReason.UNKNOWN
    return RegisterBlocked(reason, str(refused), code=f"{refused.code:02X}h")
