"""The words that a printed receipt uses for coded requisites (order ED-7-20/662@, ffd tables of codes)."""

from typing import Final

from chekpoint.fiscal.receipt import (
    AgentSign,
    Kind,
    PaymentForm,
    SettlementMethod,
    SettlementObject,
    Taxation,
)

KINDS: Final = {
    Kind.SALE: "ПРИХОД",
    Kind.SALE_RETURN: "ВОЗВРАТ ПРИХОДА",
    Kind.PURCHASE: "РАСХОД",
    Kind.PURCHASE_RETURN: "ВОЗВРАТ РАСХОДА",
}
TAXATIONS: Final = {
    Taxation.OSN: "ОСН",
    Taxation.USN_INCOME: "УСН доход",
    Taxation.USN_INCOME_OUTCOME: "УСН доход - расход",
    Taxation.ENVD: "ЕНВД",
    Taxation.ESN: "ЕСХН",
    Taxation.PATENT: "Патент",
}
FORMS: Final = {
    PaymentForm.CASH: "НАЛИЧНЫМИ",
    PaymentForm.ELECTRONIC: "БЕЗНАЛИЧНЫМИ",
    PaymentForm.PREPAID: "ПРЕДВАРИТЕЛЬНАЯ ОПЛАТА (АВАНС)",
    PaymentForm.CREDIT: "ПОСЛЕДУЮЩАЯ ОПЛАТА (КРЕДИТ)",
    PaymentForm.OTHER: "ИНАЯ ФОРМА ОПЛАТЫ",
}
METHODS: Final = {
    SettlementMethod.FULL_PREPAYMENT: "ПРЕДОПЛАТА 100%",
    SettlementMethod.PREPAYMENT: "ПРЕДОПЛАТА",
    SettlementMethod.ADVANCE: "АВАНС",
    SettlementMethod.FULL_PAYMENT: "ПОЛНЫЙ РАСЧЕТ",
    SettlementMethod.PARTIAL_PAYMENT: "ЧАСТИЧНЫЙ РАСЧЕТ И КРЕДИТ",
    SettlementMethod.CREDIT: "ПЕРЕДАЧА В КРЕДИТ",
    SettlementMethod.CREDIT_PAYMENT: "ОПЛАТА КРЕДИТА",
}
OBJECTS: Final = dict(
    zip(
        SettlementObject,
        (
            "ТОВАР", "ПОДАКЦИЗНЫЙ ТОВАР", "РАБОТА", "УСЛУГА", "СТАВКА АЗАРТНОЙ ИГРЫ", "ВЫИГРЫШ АЗАРТНОЙ ИГРЫ",
            "ЛОТЕРЕЙНЫЙ БИЛЕТ", "ВЫИГРЫШ ЛОТЕРЕИ", "ПРЕДОСТАВЛЕНИЕ РИД", "ПЛАТЕЖ", "АГЕНТСКОЕ ВОЗНАГРАЖДЕНИЕ",
            "ВЫПЛАТА", "ИНОЙ ПРЕДМЕТ РАСЧЕТА", "ИМУЩЕСТВЕННОЕ ПРАВО", "ВНЕРЕАЛИЗАЦИОННЫЙ ДОХОД",
            "СТРАХОВЫЕ ВЗНОСЫ", "ТОРГОВЫЙ СБОР", "КУРОРТНЫЙ СБОР", "ЗАЛОГ", "РАСХОД", "ВЗНОСЫ НА ОПС ИП",
            "ВЗНОСЫ НА ОПС", "ВЗНОСЫ НА ОМС ИП", "ВЗНОСЫ НА ОМС", "ВЗНОСЫ НА ОСС", "ПЛАТЕЖ КАЗИНО",
            "ВЫДАЧА ДЕНЕЖНЫХ СРЕДСТВ", "АТНМ", "АТМ", "ТНМ", "ТМ",
        ),
        strict=True,
    )
)  # fmt: skip
AGENTS: Final = {
    AgentSign.BANK_PAYING_AGENT: "БАНКОВСКИЙ ПЛАТЕЖНЫЙ АГЕНТ",
    AgentSign.BANK_PAYING_SUBAGENT: "БАНКОВСКИЙ ПЛАТЕЖНЫЙ СУБАГЕНТ",
    AgentSign.PAYING_AGENT: "ПЛАТЕЖНЫЙ АГЕНТ",
    AgentSign.PAYING_SUBAGENT: "ПЛАТЕЖНЫЙ СУБАГЕНТ",
    AgentSign.ATTORNEY: "ПОВЕРЕННЫЙ",
    AgentSign.COMMISSION_AGENT: "КОМИССИОНЕР",
    AgentSign.ANOTHER: "АГЕНТ",
}
UNITS: Final = {
    0: "шт.", 10: "г", 11: "кг", 12: "т", 20: "см", 21: "дм", 22: "м", 30: "кв.см", 31: "кв.дм", 32: "кв.м",
    40: "мл", 41: "л", 42: "куб.м", 50: "кВт.ч", 51: "Гкал", 70: "сут.", 71: "ч", 72: "мин", 73: "с",
    80: "Кб", 81: "Мб", 82: "Гб", 83: "Тб", 255: "",
}  # fmt: skip
"""Tag 2108."""
