"""Тексты о проверке чека у оператора и в налоговой по-русски. Those in English (texts_tax_en.py) have the same keys."""

from typing import Final

TAX_RU: Final[dict[str, str]] = {
    "link.at_operator": "У оператора",
    "link.receipt": "Чек на сайте ОФД «{operator}»",
    "link.search": "Найти на сайте ОФД «{operator}»",
    "tax.asked": "ФНС спросили",
    "tax.sign.true": "фискальный признак верен",
    "tax.sign.false": "фискальный признак не подтверждён",
    "tax.sign.none": "о признаке ответа нет",
    "tax.store.true": "в хранилище есть",
    "tax.store.false": "в хранилище ещё нет",
    "tax.store.none": "о хранилище ответа нет",
    "tax.again": "Спросим ещё раз.",
    "tax.doubted": "Оператор сообщил о замечании ФНС; её саму спросим в первую очередь, если подключена.",
    "tax.chosen": "ФНС спрашивают.",
    "event.incident_opened.tax_sign_wrong": "Происшествие: ФНС не подтвердила фискальный признак",
    "event.incident_closed.tax_sign_wrong": "Происшествие закрыто: фискальный признак подтверждён",
    "event.incident_opened.tax_absent": "Происшествие: документа долго нет в ФНС",
    "event.incident_closed.tax_absent": "Происшествие закрыто: документ есть в ФНС",
}
