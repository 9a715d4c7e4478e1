"""Codes of the ATOL driver v10 -> the error tree. One table, and it is the only place that decides.

Sources: the code list of the driver's public constants (LIBFPTR_ERROR_*) and the recovery lists of both
generations of the web server. A code that is not listed proves nothing, so it is ``OutcomeUnknown``.

``late`` marks codes that can come after the fiscal drive has signed. The web server checks the number of
the last document for the codes of its own recovery list only; a late code outside that list is
``OutcomeUnknown`` as well, and locate() reads the drive.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from chekpoint.core.errors import (
    BlockReason,
    NotSent,
    OutcomeUnknown,
    RegisterBlocked,
    RegisterError,
    Rejected,
)


class Generation(StrEnum):
    """Two generations of the web server: ``/requests`` (driver 10.3-10.6) and ``/api/v2`` (since 10.7)."""

    V1 = "v1"
    V2 = "v2"


class Verdict(StrEnum):
    """Which branch of the error tree a code belongs to."""

    REJECTED = "rejected"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"
    NOT_SENT = "not_sent"


class Fault(NamedTuple):
    """One line of the table. ``reason`` is meant for ``BLOCKED`` only."""

    verdict: Verdict
    ru: str
    en: str
    reason: BlockReason = BlockReason.UNKNOWN
    late: bool = False


def _content(ru: str, en: str) -> Fault:
    return Fault(Verdict.REJECTED, ru, en)


def _block(reason: BlockReason, ru: str, en: str, *, late: bool = False) -> Fault:
    return Fault(Verdict.BLOCKED, ru, en, reason, late)


def _doubt(ru: str, en: str) -> Fault:
    return Fault(Verdict.UNKNOWN, ru, en, late=True)


_B = BlockReason

FAULTS: Final[dict[int, Fault]] = {
    # link and driver
    1: _block(_B.NO_LINK, "Соединение с ККТ не установлено", "Not connected to the register"),
    2: _block(_B.NO_LINK, "Нет связи с ККТ", "No link to the register", late=True),
    3: _block(_B.NO_LINK, "Порт занят", "Port is busy", late=True),
    4: _block(_B.NO_LINK, "Порт недоступен", "Port is not available", late=True),
    5: _doubt("Некорректные данные от устройства", "Malformed data from the device"),
    6: _doubt("Внутренняя ошибка библиотеки", "Internal error of the driver"),
    8: _content("Не найден обязательный параметр", "A required parameter is missing"),
    9: _block(_B.CONFIGURATION, "Некорректные настройки драйвера", "Bad settings of the driver"),
    10: _block(_B.CONFIGURATION, "Драйвер не настроен", "The driver is not configured"),
    11: _content("Не поддерживается в данной версии", "Not supported by this version"),
    12: _block(_B.UNKNOWN, "Не поддерживается в данном режиме", "Not possible in this mode"),
    13: _content("Некорректное значение параметра", "Bad value of a parameter"),
    14: _block(_B.CONFIGURATION, "Не удалось загрузить библиотеку", "The driver did not load"),
    15: _doubt("Неизвестная ошибка", "Unknown error"),
    107: _block(_B.NO_LINK, "Нет устройства, обрабатывающего команду", "No device takes this command"),
    108: _block(_B.NO_LINK, "Нет связи с внешним устройством", "No link to an external device"),
    165: _doubt("Внутренняя ошибка ККТ", "Internal fault of the register"),
    170: _doubt("Ошибка скриптового движка ККТ", "Script engine of the register failed"),
    241: _block(_B.NO_LINK, "Соединение с ККТ потеряно", "Link to the register was lost", late=True),
    262: _doubt("Таймаут выполнения команды истек", "The command timed out"),
    601: _block(_B.BUSY, "Устройство занято другим клиентом", "Another client holds the device"),
    602: _block(_B.CONFIGURATION, "Версия протокола удалённого подключения", "Remote protocol version"),
    603: _doubt("Ошибка обмена с сервером удалённого подключения", "Remote driver exchange failed"),
    # content of the receipt
    16: _content("Неверная цена (сумма)", "Bad price or sum"),
    17: _content("Неверное количество", "Bad quantity"),
    24: _content("Неверный код товара", "Bad product code"),
    25: _content("Неверный штрихкод товара", "Bad product barcode"),
    40: _content("Переполнение буфера чека", "The receipt is too long"),
    48: _content("Неверный тип чека", "Bad receipt type"),
    52: _content("Безналичная оплата превышает сумму чека", "Non-cash payment exceeds the total"),
    54: _content("Переполнение суммы платежей", "Sum of payments overflows"),
    57: _content("Неверная величина скидки/надбавки", "Bad discount"),
    59: _content("Неверная секция", "Bad department"),
    60: _content("Неверный вид оплаты", "Bad payment form"),
    61: _content("Переполнение при умножении", "Price times quantity overflows"),
    62: _block(
        _B.CONFIGURATION, "Операция запрещена в настройках ККТ", "Forbidden by the register's settings"
    ),
    63: _content("Переполнение итога чека", "The total overflows"),
    66: _content("Чек оплачен не полностью", "The receipt is not fully paid"),
    77: _content("Неверная дата и/или время", "Bad date or time"),
    79: _content("Подсчет суммы сдачи невозможен", "Change cannot be computed"),
    98: _content("Невозможно закрыть чек данным типом оплаты", "Cannot be closed with this payment form"),
    110: _content("Недопустимое количество позиций в чеке", "Bad number of items"),
    128: _content("Некорректная сумма налога", "Bad sum of VAT"),
    134: _content("Превышение размеров данных ФН", "The document is too long for the fiscal drive"),
    143: _content("Некорректная система налогообложения", "Taxation system not registered"),
    144: _content("Недопустимый номер ставки налога", "VAT rate not known to the register"),
    145: _content("Недопустимый тип оплаты товара", "Bad settlement method"),
    146: _content("Недопустимый тип кода товара", "Bad kind of product code"),
    147: _content("Недопустима регистрация подакцизного товара", "Excise goods are not allowed"),
    148: _content("Ошибка программирования реквизита", "A requisite was refused"),
    158: _content("Неразрешенные реквизиты", "A requisite is not allowed"),
    160: _content("Дублирование данных", "Duplicate requisite"),
    161: _content("Не указаны обязательные реквизиты", "A required requisite is missing"),
    163: _content("Переполнение чисел с плавающей точкой", "A number overflows"),
    167: _content("Невозможно записать реквизит агента", "Agent requisite not registered"),
    190: _content("Неверная версия ФФД", "Not possible in this format version"),
    192: _content("Неверный тип кода товара", "Bad type of the product code"),
    193: _content("Неверное значение GTIN", "Bad GTIN"),
    195: _content("Недопустимое сочетание реквизитов", "These requisites exclude each other"),
    215: _content("Недопустимое сочетание реквизитов 1212 и 1030", "1212 does not go with 1030"),
    216: _content("Некорректный признак способа расчета", "Bad settlement method (1214)"),
    217: _content("Некорректный признак предмета расчета", "Bad settlement object (1212)"),
    219: _content("НДС 18% и 20% в одном чеке", "18% and 20% VAT in one receipt"),
    227: _content("Неверный итог чека", "Bad total"),
    228: _content("КМ и реквизит 1162 одновременно", "Marking code together with 1162"),
    231: _content("Некорректная сумма акциза", "Bad excise"),
    235: _content("Превышен лимит позиций с 1162/1163", "Too many items with 1162/1163"),
    243: _content("Некорректная сумма налога", "Bad sum of VAT"),
    244: _content("Некорректный тип кода маркировки", "Bad type of the marking code"),
    265: _content("Подакцизный товар без акциза", "Excise goods without excise"),
    271: _content("Непечатаемые символы в реквизите", "Unprintable characters in a requisite"),
    501: _content("Ошибка разбора задания", "The task was not understood"),
    504: _content("Функция проверки задания не найдена", "The task type is not known"),
    # money in the drawer and counters
    18: _block(_B.CONFIGURATION, "Переполнение счетчика наличности", "Cash counter overflow"),
    53: _block(_B.CONFIGURATION, "Накопление меньше суммы возврата", "Less accumulated than refunded"),
    80: _block(_B.CONFIGURATION, "В ККТ нет денег для выплаты", "Not enough cash in the drawer"),
    # state of the register
    28: _block(_B.CLOCK, "ККТ заблокирована в режиме ввода даты", "The register waits for its date"),
    29: _block(
        _B.CLOCK, "Требуется подтверждение ввода даты", "The register waits for a date to be confirmed"
    ),
    32: _block(_B.BUSY, "Отчет о закрытии смены прерван", "A shift report was interrupted"),
    34: _block(_B.BUSY, "Вход в режим заблокирован", "The mode is blocked"),
    35: _block(_B.CLOCK, "Проверьте дату и время ККТ", "Check the register's clock"),
    36: _block(_B.CLOCK, "Время меньше времени последнего ФД", "Clock is behind the last document"),
    44: _block(_B.PAPER_OUT, "Нет бумаги", "Paper is out"),
    45: _block(_B.COVER_OPEN, "Открыта крышка", "The cover is open"),
    46: _block(_B.PRINTER, "Нет связи с принтером чеков", "No link to the printer"),
    47: _block(_B.PRINTER, "Механическая ошибка печатающего устройства", "Printer mechanism fault"),
    55: _doubt("Предыдущая операция не завершена", "The previous operation is not finished"),
    68: _block(_B.SHIFT_EXPIRED, "Смена превысила 24 часа", "The shift is older than 24 hours"),
    71: _block(_B.ACCESS, "Неверный пароль", "Bad password"),
    73: _block(_B.SHIFT_CLOSED, "Смена закрыта", "The shift is closed"),
    81: _block(_B.BUSY, "Чек закрыт - операция невозможна", "No receipt is open"),
    82: _block(_B.BUSY, "Чек открыт - операция невозможна", "A receipt is open"),
    83: _block(_B.BUSY, "Смена открыта - операция невозможна", "The shift is open already"),
    89: _block(_B.CONFIGURATION, "ККТ не зарегистрирована", "The register is not registered"),
    94: _block(_B.CONFIGURATION, "Некорректная лицензия", "Bad licence"),
    96: _block(_B.CONFIGURATION, "Команда не разрешена лицензиями ККТ", "Not allowed by the licences"),
    106: _block(
        _B.FISCAL_DRIVE, "Номера смен в ККТ и ФН различаются", "Shift numbers of register and drive differ"
    ),
    114: _block(_B.PRINTER, "Перегрев головки принтера", "The print head is too hot"),
    132: _block(_B.PRINTER, "Недостаточно питания", "Not enough power"),
    150: _block(_B.PRINTER, "Ошибка отрезчика", "The cutter failed"),
    172: _block(_B.CONFIGURATION, "Кассир не зарегистрирован", "No operator is logged in"),
    173: _block(_B.BUSY, "Отчет о регистрации ККТ прерван", "Registration report was interrupted"),
    174: _block(_B.BUSY, "Отчет о закрытии ФН прерван", "Drive closing report was interrupted"),
    175: _doubt("Отчет об открытии смены прерван", "Shift opening report was interrupted"),
    176: _block(_B.BUSY, "Отчет о состоянии расчетов прерван", "Settlement report was interrupted"),
    177: _block(_B.BUSY, "Закрытие чека прервано", "Closing of the receipt was interrupted", late=True),
    178: _doubt("Получение документа из ФН прервано", "Reading the document was interrupted"),
    179: _block(_B.CLOCK, "Сбой часов", "The clock failed"),
    188: _block(_B.BUSY, "Требуется перезагрузка ККТ", "The register must be restarted"),
    189: _block(_B.CONFIGURATION, "Подходящие лицензии не найдены", "No suitable licence"),
    196: _block(_B.CONFIGURATION, "Не удалось зарегистрировать кассира", "Operator login failed"),
    198: _block(_B.CLOCK, "Дата и время не синхронизированы", "Clocks are not synchronised"),
    200: _block(_B.BUSY, "Документ открыт - операция невозможна", "A document is open"),
    203: _doubt("Критичная ошибка, документ необходимо отменить", "Critical error in the document"),
    225: _block(_B.CONFIGURATION, "Нужно выполнить регистрацию", "Registration is needed"),
    226: _block(_B.BUSY, "Идет обновление ПО ККТ", "Firmware is being updated"),
    248: _block(_B.CONFIGURATION, "Срок действия лицензии истёк", "The licence has expired"),
    249: _doubt("Документ был отменен", "The document was cancelled"),
    # fiscal drive
    104: _block(
        _B.FISCAL_DRIVE, "Ошибка обмена с фискальным модулем", "Fiscal module exchange failed", late=True
    ),
    115: _block(_B.FISCAL_DRIVE, "Ошибка обмена с ФН", "Fiscal drive exchange failed", late=True),
    116: _block(_B.FISCAL_DRIVE, "Ошибка формата передачи ФН", "Fiscal drive format error", late=True),
    117: _block(_B.FISCAL_DRIVE, "Неверное состояние ФН", "Wrong state of the fiscal drive", late=True),
    118: _block(_B.FISCAL_DRIVE, "Неисправимая ошибка ФН", "The fiscal drive is faulty", late=True),
    119: _block(_B.FISCAL_DRIVE, "Ошибка КС ФН", "Crypto processor of the fiscal drive failed", late=True),
    120: _block(_B.FISCAL_DRIVE, "Закончен срок эксплуатации ФН", "The fiscal drive has expired"),
    121: _block(_B.FISCAL_DRIVE_FULL, "Архив ФН переполнен", "Archive of the fiscal drive is full"),
    122: _block(
        _B.CLOCK, "В ФН переданы неверная дата или время", "Date or time refused by the fiscal drive"
    ),
    123: _doubt("В ФН нет запрошенных данных", "The fiscal drive has no such data"),
    124: _content("Переполнение ФН (итог чека)", "The total overflows in the fiscal drive"),
    133: _block(_B.FISCAL_DRIVE, "Параметры команды ФН", "Command refused by the fiscal drive", late=True),
    135: _block(_B.FISCAL_DRIVE, "Нет соединения с ФН", "No transport to the fiscal drive", late=True),
    136: _block(_B.FISCAL_DRIVE, "Исчерпан ресурс КС ФН", "Crypto resource is exhausted"),
    137: _block(_B.FISCAL_DRIVE_FULL, "Ресурс хранения ФД исчерпан", "Document storage is exhausted"),
    138: _block(
        _B.FISCAL_DRIVE, "Сообщение ОФД не принято ФН", "Operator's message refused by the drive", late=True
    ),
    139: _block(_B.OFD_OVERDUE, "В ФН есть неотправленные ФД", "The drive has unsent documents"),
    140: _block(_B.OFD_OVERDUE, "Исчерпан ресурс ожидания передачи", "Unsent for too long"),
    141: _block(_B.SHIFT_EXPIRED, "Смена ФН более 24 часов", "The drive's shift is older than 24 hours"),
    142: _block(_B.CLOCK, "Неверная разница во времени операций ФН", "Time jumped between two operations"),
    159: _block(_B.FISCAL_DRIVE, "Ошибка интерфейса ФН", "Fiscal drive interface failed", late=True),
    162: _block(_B.FISCAL_DRIVE, "Ошибка чтения документа из ФН", "Reading the drive failed", late=True),
    166: _block(_B.FISCAL_DRIVE, "ФН не найден", "No fiscal drive", late=True),
    224: _block(_B.FISCAL_DRIVE, "Архив ФН закрыт", "Archive of the fiscal drive is closed"),
    # marking, FFD 1.2
    401: _block(_B.BUSY, "Проверка КМ уже запущена", "A marking code is being checked"),
    402: _block(_B.NO_LINK, "Нет соединения с сервером ИСМ", "No link to the marking server"),
    403: _block(_B.BUSY, "Проверка КМ прервана", "The check of the marking code was interrupted"),
    404: _content("Некорректный статус КМ", "Bad status of the marking code"),
    405: _content("Неверный код GS1", "Bad GS1 code"),
    406: _block(_B.CONFIGURATION, "Запрещена работа с маркировкой", "Marking is not allowed"),
    407: _block(_B.BUSY, "Работа с маркировкой временно заблокирована", "Marking is blocked for a while"),
    408: _block(_B.BUSY, "Переполнена таблица КМ", "Table of marking codes is full"),
    409: _content("Некорректный код маркировки", "Bad marking code"),
    410: _block(_B.BUSY, "Неверное состояние проверки КМ", "Wrong state of the marking check"),
    411: _block(
        _B.NO_LINK, "Ошибка обмена с сервером ОФД или ИСМ", "Exchange with OFD or marking server failed"
    ),
    412: _content("Некорректная единица измерения", "Bad unit"),
    413: _content("Не разрешено в данной версии ФФД", "Not possible in this format version"),
    414: _content("ККТ не зарегистрирована для маркировки", "Not registered for marked goods"),
    416: _content("Нет маркированных позиций в чеке", "No marked items"),
    417: _block(_B.OFD_OVERDUE, "Имеются неотправленные уведомления", "Unsent marking notices"),
    418: _block(_B.FISCAL_DRIVE, "Требуется обновление ключей проверки", "Marking keys must be updated"),
    419: _block(_B.NO_LINK, "Ошибка сервиса обновления ключей", "Key update service failed"),
    420: _content("КМ не проверен в ФН", "The marking code was not checked"),
    421: _block(_B.BUSY, "Истёк таймаут проверки КМ", "The check of the marking code timed out"),
    422: _content("КМ отсутствует в таблице", "The marking code is not in the table"),
    423: _block(_B.BUSY, "Выполняется проверка КМ", "A marking code is being checked"),
    424: _block(_B.CONFIGURATION, "Адрес сервера не задан", "Address of the server is not set"),
    425: _block(_B.NO_LINK, "Истёк таймаут обновления ключей", "Key update timed out"),
    426: _content("Реквизит только для маркированной позиции", "Only for marked items"),
    # the server's own
    502: Fault(Verdict.NOT_SENT, "Прервано из-за предыдущих ошибок", "Interrupted by an earlier task"),
    503: _doubt("Ошибка скрипта драйвера", "A script of the driver failed"),
    505: _doubt("Ошибка веб-сервера", "The web server failed"),
}

CHECKED: Final[dict[Generation, frozenset[int]]] = {
    Generation.V1: frozenset({2, 3, 4, 15, *range(115, 123), 124, *range(133, 139), 141, 142, 159}),
    Generation.V2: frozenset({1, 2, 3, 4, 44, 45, 46, 114, 115, 116, 159, 166, 177, 241}),
}
"""Codes after which the server itself compares the number of the last document before it says ``error``."""


def refusal(code: int, text: str, generation: Generation) -> RegisterError:
    """The error that a final ``error`` of a fiscal task means.

    >>> refusal(66, "", Generation.V2).message
    'Чек оплачен не полностью'
    """
    fault = FAULTS.get(code)
    message = text or (fault.ru if fault else f"Неизвестный код {code}")
    if fault is None or (fault.late and code not in CHECKED[generation]):
        return OutcomeUnknown(message, code=str(code))
    return _raised(fault, message, str(code))


def _raised(fault: Fault, message: str, code: str) -> RegisterError:
    match fault.verdict:
        case Verdict.REJECTED:
            return Rejected(message, code=code)
        case Verdict.NOT_SENT:
            return NotSent(message, code=code)
        case Verdict.BLOCKED:
            return RegisterBlocked(fault.reason, message, code=code)
        case Verdict.UNKNOWN:
            return RegisterBlocked(BlockReason.UNKNOWN, message, code=code)


def block_of(code: int, text: str) -> RegisterBlocked:
    """The same code met by a harmless read (status, archive): the lane is what is broken."""
    fault = FAULTS.get(code)
    reason = fault.reason if fault else BlockReason.UNKNOWN
    return RegisterBlocked(reason, text or (fault.ru if fault else f"Неизвестный код {code}"), code=str(code))
