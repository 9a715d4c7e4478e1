"""Checks and Z-reports as rows of the site's tables ``b_sale_cashbox_check`` and ``b_sale_cashbox_z_report``.

All times are unix seconds, UTC; sums are kopecks.
"""

from enum import StrEnum
from typing import Final

import msgspec


class Status(StrEnum):
    """STATUS of a check or a Z-report: created, handed out, printed, failed. ``Y`` proves nothing."""

    NEW = "N"
    PENDING = "P"
    PRINTED = "Y"
    ERROR = "E"

    @property
    def words(self) -> str:
        """As the admin's list says it."""
        return _WORDS[self]


_WORDS: Final = {
    Status.NEW: "Не распечатан",
    Status.PENDING: "В процессе печати",
    Status.PRINTED: "Распечатан",
    Status.ERROR: "Ошибка",
}


class CheckType(StrEnum):
    """TYPE of a check."""

    SELL = "sell"
    SELL_RETURN = "sellreturn"
    SELL_RETURN_CASH = "sellreturncash"
    ADVANCE = "advancepayment"
    ADVANCE_RETURN = "advancereturn"
    ADVANCE_RETURN_CASH = "advancereturncash"
    PREPAYMENT = "prepayment"
    PREPAYMENT_RETURN = "prepaymentreturn"
    PREPAYMENT_RETURN_CASH = "prepaymentreturncash"
    FULL_PREPAYMENT = "fullprepayment"
    FULL_PREPAYMENT_RETURN = "fullprepaymentreturn"
    FULL_PREPAYMENT_RETURN_CASH = "fullprepaymentreturncash"
    CREDIT = "credit"
    CREDIT_RETURN = "creditreturn"
    CREDIT_PAYMENT = "creditpayment"
    CREDIT_PAYMENT_RETURN = "creditpaymentreturn"
    CREDIT_PAYMENT_RETURN_CASH = "creditpaymentreturncash"

    @property
    def income(self) -> bool:
        """Does money (or its promise) come in? Else it is a return."""
        return "return" not in self.value

    @property
    def method(self) -> str:
        """Tag 1214 in the site's own words."""
        return next(method for start, method in _METHODS if self.value.startswith(start))


_METHODS: Final = (
    ("sell", "full_payment"),
    ("advance", "advance"),
    ("creditpayment", "credit_payment"),
    ("credit", "credit"),
    ("prepayment", "prepayment"),
    ("fullprepayment", "full_prepayment"),
)


class Related(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A further payment that a check settles, as itself or as an advance or a credit."""

    payment_id: int
    kind: str = "payment"  # payment | advance | credit


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One check. ``handed`` and ``handed_to`` are no columns of the site: how often, and to which factory numbers."""

    id: int
    order_id: int
    type: CheckType
    sum: int
    created_at: float
    payment_id: int | None = None
    shipment: bool = False
    related: tuple[Related, ...] = ()
    status: Status = Status.NEW
    cashbox_id: int | None = None
    allowed: tuple[int, ...] = ()  # b_sale_check2cashbox
    external_uuid: str = ""
    cnt_fail: int = 0
    print_start: float | None = None
    print_end: float | None = None
    link: dict[str, str] = {}  # LINK_PARAMS
    error: str = ""
    handed: int = 0
    handed_to: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        """Neither printed nor failed."""
        return self.status in {Status.NEW, Status.PENDING}

    @property
    def proven(self) -> bool:
        """Has the site been told which fiscal document it is?"""
        return bool(self.link.get("fn_number") and self.link.get("fiscal_doc_number"))


class ZReport(msgspec.Struct, frozen=True, kw_only=True):
    """One Z-report of a cashbox; the first row is written when the cashbox is first seen."""

    id: int
    cashbox_id: int
    created_at: float
    status: Status = Status.NEW
    print_start: float | None = None
    print_end: float | None = None
    cnt_fail: int = 0
    cash: int = 0
    cashless: int = 0
    cumulative: int = 0
    returned: int = 0
    link: dict[str, str] = {}
    error: str = ""
    handed: int = 0
