"""Версия ФФД: the format of fiscal documents, tags 1209, 1189 and 1190."""

from enum import StrEnum


class Ffd(StrEnum):
    """The value is the way people write it; ``code`` is the value of tags 1209, 1189 and 1190."""

    V1_0 = "1.0"
    V1_05 = "1.05"
    V1_1 = "1.1"
    V1_2 = "1.2"

    @property
    def code(self) -> int:
        """1 = 1.0, 2 = 1.05, 3 = 1.1, 4 = 1.2."""
        return list(Ffd).index(self) + 1
