"""Why an emulated device says no: codes with a sentence in Russian and English."""

from enum import StrEnum
from typing import Final


class DriveCode(StrEnum):
    """Why the fiscal drive refuses. Faces translate these into the codes of their maker."""

    NOT_REGISTERED = "not_registered"
    ALREADY_REGISTERED = "already_registered"
    WRONG_PHASE = "wrong_phase"
    SHIFT_OPEN = "shift_open"
    SHIFT_CLOSED = "shift_closed"
    SHIFT_EXPIRED = "shift_expired"
    CLOCK_WENT_BACK = "clock_went_back"
    OFD_OVERDUE = "ofd_overdue"
    ARCHIVE_FULL = "archive_full"
    KEYS_EXPIRED = "keys_expired"
    DOCUMENT_TOO_LARGE = "document_too_large"
    NO_SUCH_DOCUMENT = "no_such_document"
    UNSENT_DOCUMENTS = "unsent_documents"
    QUEUE_EMPTY = "queue_empty"
    EMPTY_RECEIPT = "empty_receipt"
    WRONG_ITEM_SUM = "wrong_item_sum"
    WRONG_TOTAL = "wrong_total"
    NOT_FULLY_PAID = "not_fully_paid"
    OVERPAID = "overpaid"
    WRONG_QUANTITY = "wrong_quantity"
    WRONG_PRICE = "wrong_price"
    WRONG_TAXATION = "wrong_taxation"
    WRONG_CONTENT = "wrong_content"
    TICKET_FORMAT = "ticket_format"
    TICKET_CRC = "ticket_crc"
    TICKET_FN = "ticket_fn"
    TICKET_FD = "ticket_fd"
    TICKET_SIGN = "ticket_sign"
    FAULT = "fault"


class DeviceCode(StrEnum):
    """Why the register around the drive cannot work just now."""

    NO_POWER = "no_power"
    NO_LINK = "no_link"
    PAPER_OUT = "paper_out"
    COVER_OPEN = "cover_open"
    NO_CASH = "no_cash"
    BUSY = "busy"


class EmulatedError(Exception):
    """Base: ``code`` is for programs, the text for people."""

    def __init__(self, code: DriveCode | DeviceCode, detail: str = "") -> None:
        super().__init__(f"{_TEXTS[code]}{f': {detail}' if detail else ''}")
        self.detail = detail


class DriveError(EmulatedError):
    """The fiscal drive refuses; nothing was signed and the archive has not grown."""

    def __init__(self, code: DriveCode, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code


class DeviceError(EmulatedError):
    """The register cannot do it. ``signed`` is the number of a document that the drive had signed before, if any."""

    def __init__(self, code: DeviceCode, detail: str = "", *, signed: int | None = None) -> None:
        super().__init__(code, detail)
        self.code = code
        self.signed = signed


class PowerLost(DeviceError):
    """The register went dark at ``step``; a host sees only that the line died."""

    def __init__(self, step: str, *, signed: int | None = None) -> None:
        super().__init__(DeviceCode.NO_POWER, step, signed=signed)
        self.step = step


class LinkLost(DeviceError):
    """The cable between host and register died at ``step``; the register itself goes on."""

    def __init__(self, step: str, *, signed: int | None = None) -> None:
        super().__init__(DeviceCode.NO_LINK, step, signed=signed)
        self.step = step


_TEXTS: Final[dict[DriveCode | DeviceCode, str]] = {
    DriveCode.NOT_REGISTERED: "ККТ не зарегистрирована / the register is not registered",
    DriveCode.ALREADY_REGISTERED: "ККТ уже зарегистрирована / the register is registered already",
    DriveCode.WRONG_PHASE: "Неверная фаза жизни ФН / wrong phase of the fiscal drive",
    DriveCode.SHIFT_OPEN: "Смена открыта / the shift is open",
    DriveCode.SHIFT_CLOSED: "Смена закрыта / the shift is closed",
    DriveCode.SHIFT_EXPIRED: "Смена превысила 24 часа / the shift is older than 24 hours",
    DriveCode.CLOCK_WENT_BACK: "Дата и время меньше, чем у последнего ФД / the clock is behind the last document",
    DriveCode.OFD_OVERDUE: "Нет связи с ОФД 30 дней / nothing confirmed by the OFD for 30 days",
    DriveCode.ARCHIVE_FULL: "Архив ФН исчерпан / the archive is full",
    DriveCode.KEYS_EXPIRED: "Срок ключей ФН истёк / the keys of the fiscal drive have expired",
    DriveCode.DOCUMENT_TOO_LARGE: "Документ больше 30 КБ / the document is larger than 30 KB",
    DriveCode.NO_SUCH_DOCUMENT: "Нет такого документа в ФН / no such document in the fiscal drive",
    DriveCode.UNSENT_DOCUMENTS: "Есть непереданные документы / there are unsent documents",
    DriveCode.QUEUE_EMPTY: "Нет документов для ОФД / nothing to send to the OFD",
    DriveCode.EMPTY_RECEIPT: "В чеке нет предметов расчёта / the receipt has no items",
    DriveCode.WRONG_ITEM_SUM: "Стоимость не равна цене на количество / sum differs from price by quantity",
    DriveCode.WRONG_TOTAL: "Неверный итог чека / wrong total of the receipt",
    DriveCode.NOT_FULLY_PAID: "Чек оплачен не полностью / the receipt is not fully paid",
    DriveCode.OVERPAID: "Оплата больше итога / paid more than the total",
    DriveCode.WRONG_QUANTITY: "Неверное количество / wrong quantity",
    DriveCode.WRONG_PRICE: "Неверная цена / wrong price",
    DriveCode.WRONG_TAXATION: "Неверная система налогообложения / wrong taxation system",
    DriveCode.WRONG_CONTENT: "Неверные реквизиты чека / wrong content of the receipt",
    DriveCode.TICKET_FORMAT: "Квитанция ОФД: неверный формат / ticket: wrong format",
    DriveCode.TICKET_CRC: "Квитанция ОФД: неверный CRC / ticket: wrong CRC",
    DriveCode.TICKET_FN: "Квитанция ОФД: неверный номер ФН / ticket: wrong fiscal drive number",
    DriveCode.TICKET_FD: "Квитанция ОФД: неверный номер ФД / ticket: wrong document number",
    DriveCode.TICKET_SIGN: "Квитанция ОФД: неверный фискальный признак / ticket: wrong fiscal sign",
    DriveCode.FAULT: "Неисправность ФН / the fiscal drive is faulty",
    DeviceCode.NO_POWER: "Нет питания / no power",
    DeviceCode.NO_LINK: "Нет связи / no link",
    DeviceCode.PAPER_OUT: "Нет бумаги / no paper",
    DeviceCode.COVER_OPEN: "Открыта крышка / the cover is open",
    DeviceCode.NO_CASH: "Нет наличных для выплаты / not enough cash in the drawer",
    DeviceCode.BUSY: "Устройство занято / the device is busy",
}
