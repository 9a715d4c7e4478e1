"""Тексты о проверке чека у оператора по-русски. Those in English (texts_tax_en.py) have the same keys."""

from typing import Final

TAX_RU: Final[dict[str, str]] = {
    "link.at_operator": "У оператора",
    "link.receipt": "Чек на сайте ОФД «{operator}»",
    "link.search": "Найти на сайте ОФД «{operator}»",
}
