"""Cashboxes (``b_sale_cashbox``): which class serves one, its settings, and how a class change resets them."""

import re
from enum import StrEnum
from typing import Final, Literal

import msgspec


class Handler(StrEnum):
    """The class that serves a cashbox."""

    BITRIX = "CashboxBitrix"
    BITRIX_V2 = "CashboxBitrixV2"
    BITRIX_V3 = "CashboxBitrixV3"
    REST = "CashboxRest"
    ATOL_V4 = "CashboxAtolFarmV4"
    ATOL_V5 = "CashboxAtolFarmV5"

    @property
    def pull(self) -> bool:
        """Does a program fetch the checks? Else they are sent at once (IPrintImmediately) and asked for (ICheckable)."""
        return self in _PULL


_PULL: Final = frozenset({Handler.BITRIX, Handler.BITRIX_V2, Handler.BITRIX_V3})
_TITLES: Final = {
    Handler.BITRIX: "1С-Битрикс",
    Handler.BITRIX_V2: "1С-Битрикс (ФФД 1.05)",
    Handler.BITRIX_V3: "1С-Битрикс (ФФД 1.2)",
    Handler.REST: "REST-касса",
    Handler.ATOL_V4: "АТОЛ Онлайн (v4)",
    Handler.ATOL_V5: "АТОЛ Онлайн (v5)",
}


def handler_of(api_version: object) -> Handler:
    """The class of a poll: ``api_version`` is compared as a string, anything unknown is the first version."""
    return {"2": Handler.BITRIX_V2, "3": Handler.BITRIX_V3}.get(str(api_version), Handler.BITRIX)


NOT_VAT: Final = "none"
_VAT_DEFAULTS: Final[dict[Handler, dict[str, str]]] = {
    Handler.BITRIX: {"none": "4", "vat0": "1", "vat10": "2", "vat18": "3"},
    Handler.BITRIX_V2: {"none": "none", "vat0": "vat0", "vat10": "vat10", "vat20": "vat20"},
    Handler.BITRIX_V3: {"none": "none", "vat0": "vat0", "vat10": "vat10", "vat20": "vat20"},
    Handler.REST: {},
    Handler.ATOL_V4: {rate: rate for rate in ("none", "vat0", "vat5", "vat7", "vat10", "vat20", "vat22")},
    Handler.ATOL_V5: {rate: rate for rate in ("none", "vat0", "vat5", "vat7", "vat10", "vat20", "vat22")},
}
_DTO10: Final[dict[str, str]] = {
    "cash": "cash", "cashless": "electronically", "advance": "prepaid", "credit": "credit",
}  # fmt: skip
_CLOUD: Final[dict[str, str]] = {"cash": "0", "cashless": "1", "advance": "2", "credit": "3"}
_PAYMENT_DEFAULTS: Final[dict[Handler, dict[str, str]]] = {
    Handler.BITRIX: {"cash": "0", "cashless": "3"},
    Handler.BITRIX_V2: _DTO10,
    Handler.BITRIX_V3: _DTO10,
    Handler.REST: {},
    Handler.ATOL_V4: _CLOUD,
    Handler.ATOL_V5: _CLOUD,
}
_TIME_OF_DAY: Final = re.compile(r"([01]?\d|2[0-3]):[0-5]\d", re.ASCII)
RATES: Final = ("none", "vat0", "vat5", "vat7", "vat10", "vat18", "vat20", "vat22")


class CashboxSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """SETTINGS of a cashbox. ``vat`` maps a rate of the catalogue to the text that the administrator typed."""

    vat: dict[str, str] = {}
    payment_types: dict[str, str] = {}
    sno: str = "osn"
    kkm_model: str = ""
    z_time: str = "23:30"  # local
    client_info: Literal["EMAIL", "PHONE", "NONE"] = "EMAIL"
    pay_systems: tuple[str, ...] = ()  # the restriction; empty: every pay system
    service_url: str = ""  # of a cloud service, with its version: http://host/possystem/v4
    login: str = ""
    password: str = ""
    inn: str = ""
    payment_address: str = ""
    rest: dict[str, dict[str, str]] = {}  # what the merchant typed into the fields of a REST handler

    def __post_init__(self) -> None:
        if not _TIME_OF_DAY.fullmatch(self.z_time):
            raise ValueError("z_time: ЧЧ:ММ / HH:MM")


class Cashbox(msgspec.Struct, frozen=True, kw_only=True):
    """One cashbox. ``enabled`` is what the last poll said of it, however long ago."""

    id: int
    name: str
    handler: Handler
    number_kkm: str = ""
    active: bool = False
    enabled: bool = False
    use_offline: bool = False
    email: str = ""
    ofd: str = ""
    sort: int = 100
    rest_code: str = ""
    created_at: float = 0.0
    last_check_at: float | None = None  # DATE_LAST_CHECK
    settings: CashboxSettings = CashboxSettings()

    @property
    def title(self) -> str:
        """The handler in the admin's words."""
        return _TITLES[self.handler]


def titled(handler: Handler) -> str:
    """NAME of a cashbox that registered itself."""
    return _TITLES[handler]


def filled_in(cashbox: Cashbox) -> CashboxSettings:
    """The form's values when the administrator saves a fresh cashbox: rates without a default stay empty."""
    vat = {rate: _VAT_DEFAULTS[cashbox.handler].get(rate, "") for rate in RATES}
    return msgspec.structs.replace(
        cashbox.settings,
        vat=vat | cashbox.settings.vat,
        payment_types=_PAYMENT_DEFAULTS[cashbox.handler] | cashbox.settings.payment_types,
        kkm_model=cashbox.settings.kkm_model or "atol",
    )


def converted(cashbox: Cashbox, handler: Handler) -> Cashbox:
    """What a poll with another api_version makes of a cashbox: VAT and payment types as new, unknown rates none."""
    defaults = _VAT_DEFAULTS[handler]
    settings = msgspec.structs.replace(
        cashbox.settings,
        vat={rate: defaults.get(rate, defaults[NOT_VAT]) for rate in RATES},
        payment_types=_PAYMENT_DEFAULTS[handler],
    )
    return msgspec.structs.replace(cashbox, handler=handler, settings=settings)


class RestHandler(msgspec.Struct, frozen=True, kw_only=True):
    """A handler that an application registered (``sale.cashbox.handler.add``)."""

    id: int
    code: str
    name: str
    print_url: str
    check_url: str
    sort: int = 100
    http_version: str = "1.0"
    supports_ffd105: bool = False
    config: dict[str, object] = {}
