"""Error codes of the driver, and what each of them makes the task queue do.

The numbers are the driver's (LIBFPTR_ERROR_*). The texts of 0, 66, 68, 501, 502 and 503 are quoted from
the protocol's description; the others say the same thing in our words, so no client should compare them.
"""

from enum import IntEnum
from typing import Final


class Code(IntEnum):
    """Codes that this emulator can answer."""

    OK = 0
    NOT_CONNECTED = 1
    NO_LINK = 2
    PORT_BUSY = 3
    PORT_UNAVAILABLE = 4
    UNKNOWN = 15
    WRONG_PRICE = 16
    CLOCK_BEHIND = 36
    PAPER_OUT = 44
    COVER_OPEN = 45
    PRINTER = 46
    NON_CASH_OVER_TOTAL = 52
    DENIED = 62
    NOT_ENOUGH_PAID = 66
    SHIFT_OVER_24H = 68
    SHIFT_CLOSED = 73
    NO_CASH = 80
    SHIFT_ALREADY_OPEN = 83
    FN_EXCHANGE = 115
    FN_FORMAT = 116
    FN_STATE = 117
    FN_FAULT = 118
    FN_EXPIRED = 120
    FN_ARCHIVE_FULL = 121
    FN_CLOCK = 122
    FN_NO_DATA = 123
    FN_RESOURCE = 136
    FN_STORAGE = 137
    FN_UNSENT = 139
    OFD_UNSENT_30_DAYS = 140
    FN_SHIFT_OVER_24H = 141
    TAXATION = 143
    TAX_RATE = 144
    PROPERTY_WRITE = 148
    FN_MISSING = 166
    NEED_REGISTRATION = 225
    WRONG_TOTAL = 227
    CONNECTION_LOST = 241
    MARK_NO_SERVER = 402
    MARK_BUSY = 407
    MARK_NOT_READY = 422
    PARSE = 501
    INTERRUPTED = 502
    CANCELED = 503
    NO_VALIDATION = 504
    WEB = 505


TEXTS: Final[dict[int, str]] = {
    Code.OK: "Ошибок нет",
    Code.NOT_CONNECTED: "Соединение не установлено",
    Code.NO_LINK: "Нет связи",
    Code.PORT_BUSY: "Порт занят",
    Code.PORT_UNAVAILABLE: "Порт недоступен",
    Code.UNKNOWN: "Неизвестная ошибка",
    Code.WRONG_PRICE: "Неверная цена (сумма)",
    Code.CLOCK_BEHIND: "Дата и время меньше даты и времени последнего фискального документа",
    Code.PAPER_OUT: "Нет бумаги",
    Code.COVER_OPEN: "Открыта крышка",
    Code.PRINTER: "Ошибка принтера чеков",
    Code.NON_CASH_OVER_TOTAL: "Сумма безналичных платежей превышает сумму чека",
    Code.DENIED: "Запрещено настройками",
    Code.NOT_ENOUGH_PAID: "Чек оплачен не полностью",
    Code.SHIFT_OVER_24H: "Смена превысила 24 часа",
    Code.SHIFT_CLOSED: "Смена закрыта",
    Code.NO_CASH: "Нет наличности для выплаты",
    Code.SHIFT_ALREADY_OPEN: "Смена уже открыта",
    Code.FN_EXCHANGE: "Ошибка обмена с ФН",
    Code.FN_FORMAT: "Неверный формат или параметр команды ФН",
    Code.FN_STATE: "Неверное состояние ФН",
    Code.FN_FAULT: "Ошибка ФН",
    Code.FN_EXPIRED: "Исчерпан срок использования ФН",
    Code.FN_ARCHIVE_FULL: "Архив ФН переполнен",
    Code.FN_CLOCK: "Дата и время операции не соответствуют логике работы ФН",
    Code.FN_NO_DATA: "Запрошенные данные отсутствуют в ФН",
    Code.FN_RESOURCE: "Исчерпан ресурс КС ФН",
    Code.FN_STORAGE: "Исчерпан ресурс хранения документов для ОФД",
    Code.FN_UNSENT: "В ФН есть непереданные документы",
    Code.OFD_UNSENT_30_DAYS: "Исчерпан ресурс ожидания передачи сообщения в ОФД",
    Code.FN_SHIFT_OVER_24H: "Продолжительность смены ФН более 24 часов",
    Code.TAXATION: "Неверная система налогообложения",
    Code.TAX_RATE: "Неверная ставка налога",
    Code.PROPERTY_WRITE: "Ошибка записи реквизита",
    Code.FN_MISSING: "ФН не обнаружен",
    Code.NEED_REGISTRATION: "ККТ не зарегистрирована",
    Code.WRONG_TOTAL: "Неверный итог чека",
    Code.CONNECTION_LOST: "Соединение разорвано",
    Code.MARK_NO_SERVER: "Нет связи с сервером проверки кодов маркировки",
    Code.MARK_BUSY: "Проверка кодов маркировки временно заблокирована",
    Code.MARK_NOT_READY: "Проверка кода маркировки не завершена",
    Code.PARSE: "Ошибка разбора задания",
    Code.INTERRUPTED: "Выполнение прервано из-за предыдущих ошибок",
    Code.CANCELED: "Задание отменено",
    Code.NO_VALIDATION: "Функция валидации не найдена",
    Code.WEB: "Ошибка веб-сервера",
}

BLOCKING_V1: Final = frozenset({
    2, 3, 4, 15, 115, 116, 117, 118, 119, 120, 121, 122, 124, 133, 134, 135, 136, 137, 138, 141, 142, 159,
})  # fmt: skip
"""After these the first generation does not know whether a document was made, and stops its queue."""

CONNECTION_ERRORS: Final = frozenset({1, 2, 3, 4, 241})
FN_ERRORS: Final = frozenset({115, 116, 159, 166, 177})
PAPER_ERRORS: Final = frozenset({44, 45, 46})

FISCAL_TASKS: Final = frozenset({
    "openShift", "closeShift", "sell", "sellReturn", "buy", "buyReturn",
    "sellCorrection", "buyCorrection", "sellReturnCorrection", "buyReturnCorrection",
    "reportOfdExchangeStatus", "registration", "fnChange", "changeRegistrationParameters", "closeArchive",
})  # fmt: skip
"""Tasks that make a fiscal document. cashIn, cashOut and reportX are not among them."""

RECEIPT_TASKS: Final = frozenset({
    "sell", "sellReturn", "buy", "buyReturn",
    "sellCorrection", "buyCorrection", "sellReturnCorrection", "buyReturnCorrection",
})  # fmt: skip


class DriverError(Exception):
    """A task failed with a code of the driver; ``text`` goes into the answer as its description."""

    def __init__(self, code: int, text: str | None = None) -> None:
        self.code = int(code)
        self.text = text if text is not None else TEXTS.get(code, TEXTS[Code.UNKNOWN])
        super().__init__(f"{self.code}: {self.text}")


def block_reason(code: int, *, paper: bool) -> str | None:
    """Why the second generation stops its queue after ``code``; None when it does not.

    ``paper`` is its setting blockQueueOnPrintErrors.
    """
    if code in CONNECTION_ERRORS:
        return "connectionError"
    if code in FN_ERRORS:
        return "fnError"
    return "paperError" if paper and code in PAPER_ERRORS else None
