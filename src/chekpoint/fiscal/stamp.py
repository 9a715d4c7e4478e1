"""What the register and its fiscal drive add to a receipt: numbers, sign, time, and who and where the seller is."""

from datetime import datetime
from typing import Final

import msgspec

from chekpoint.fiscal.tlv import TlvError

SIGN_PREFIX: Final = b"\x21\x04"


class Stamp(msgspec.Struct, frozen=True, kw_only=True):
    """The requisites of a fiscal document that do not come from the shop. ``made_at`` is naive local time.

    ``address``, ``place`` and ``machine_number`` are those of the registration: a receipt that names its own wins.
    """

    fn: str  # 1041
    fd_number: int  # 1040
    fiscal_sign: int  # 1077, the u32 that is printed
    made_at: datetime  # 1012
    registration_number: str  # 1037
    seller_inn: str  # 1018
    shift_number: int = 0  # 1038
    receipt_number: int = 0  # 1042, within the shift
    seller_name: str | None = None  # 1048
    address: str | None = None  # 1009
    place: str | None = None  # 1187
    machine_number: str | None = None  # 1036
    seller_email: str | None = None  # 1117
    fns_site: str | None = "www.nalog.gov.ru"  # 1060
    internet_register: bool = False  # 1108
    mark_result: int | None = None  # 2107


def sign_octets(fiscal_sign: int, prefix: bytes = SIGN_PREFIX) -> bytes:
    """Tag 1077: 21 04, then the printed number as u32 BIG-endian; TlvError when it is no u32."""
    if not 0 <= fiscal_sign < 1 << 32:
        raise TlvError("the fiscal sign is not a u32", "фискальный признак не помещается в 4 байта", tag=1077)
    return prefix + fiscal_sign.to_bytes(4, "big")


def sign_number(octets: bytes) -> int:
    """The printed number of tag 1077. Registers of 2020 write 31 04 where others write 21 04: both are read."""
    if len(octets) != 6:
        raise TlvError(
            "the fiscal sign must have 6 bytes", "фискальный признак должен занимать 6 байт", tag=1077
        )
    return int.from_bytes(octets[2:], "big")
