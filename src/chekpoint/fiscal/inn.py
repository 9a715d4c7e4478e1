"""Check digits of the numbers that people mistype: INN (ИНН) and the register's registration number (РНМ)."""

from binascii import crc_hqx
from typing import Final

FOREIGN: Final = "000000000000"
"""Stands for the INN of a foreign supplier, who has none."""

_WEIGHTS_10: Final = (2, 4, 10, 3, 5, 9, 4, 6, 8)
_WEIGHTS_11: Final = (7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
_WEIGHTS_12: Final = (3, *_WEIGHTS_11)


def is_inn(text: str) -> bool:
    """Is it an INN: 10 digits (organisation) or 12 (person) with right check digits, not all zeros?"""
    if not (text.isascii() and text.isdigit()) or not text.strip("0"):
        return False
    digits = [ord(char) - 48 for char in text]
    if len(digits) == 10:
        return digits[9] == _check_digit(digits, _WEIGHTS_10)
    if len(digits) != 12:
        return False
    return digits[10] == _check_digit(digits, _WEIGHTS_11) and digits[11] == _check_digit(digits, _WEIGHTS_12)


def _check_digit(digits: list[int], weights: tuple[int, ...]) -> int:
    return sum(digit * weight for digit, weight in zip(digits, weights, strict=False)) % 11 % 10


def without_pads(text: str) -> str:
    """An INN or registration number as documents pad it, bare.

    Fixed fields are right-padded with spaces; some registers left-pad a 10-digit INN with ``00`` to twelve.
    """
    bare = text.strip()
    padded = len(bare) == 12 and bare.startswith("00") and bare.strip("0")
    return bare[2:] if padded and is_inn(bare[2:]) and not is_inn(bare) else bare


def is_registration_number(text: str, seller_inn: str, serial: str) -> bool:
    """Does tag 1037 belong to this seller's INN and this register's factory number (tag 1013)?

    The last six of its sixteen digits are CRC-16/CCITT-FALSE of the first ten, the INN padded with zeros to
    12 and the factory number padded with zeros to 20. Two real registration reports agree.
    """
    if len(text) != 16 or not (text.isascii() and text.isdigit()):
        return False
    source = text[:10] + seller_inn.rjust(12, "0") + serial.rjust(20, "0")
    return source.isascii() and int(text[10:]) == crc_hqx(source.encode(), 0xFFFF)
