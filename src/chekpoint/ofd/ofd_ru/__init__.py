"""OFD.ru: the account API of Петер-Сервис Спецтехнологии (API ОФД 2.0)."""

from chekpoint.ofd.ofd_ru.account import OfdRuConfig
from chekpoint.ofd.ofd_ru.operator import OfdRu

__all__ = ["OfdRu", "OfdRuConfig"]
