"""How the emulated tax service behaves. Everything may change while it runs."""

from typing import Final

import msgspec

FAULTS: Final[dict[str, str]] = {
    "ip": "Доступ к сервису для переданного IP, запрещен",
    "token": "Доступ к сервису для token запрещен",
    "headers": "Не удалось обнаружить требуемые заголовки",
    "quota": "Превышено количество запросов",
    "unmarshalling": "Unmarshalling Error: unexpected element",
}
"""Refusals of the whole exchange, HTTP 500 with these words. ``429``, ``503``, ``html`` and ``empty`` are others."""
FAILURES: Final = ("", *FAULTS, "429", "503", "html", "empty")
CHECK_CODES: Final = (200, 400, 406, 452, 454, 503, 528, 531)
STORE_CODES: Final = (200, 400, 404, 406, 452, 453, 454, 455, 503, 528, 531)


class FnsConduct(msgspec.Struct, kw_only=True):
    """Times are seconds. ``check_codes`` and ``store_codes``: (fn, fd) -> the code that is answered instead."""

    lag_seconds: float = 0.0  # a document is in the store this long after the operator took it
    polls: int = 1  # answers PROCESSING before COMPLETED
    readable_seconds: float = 60.0  # then the answer is gone
    token_seconds: float = 3600.0
    quota: int = 0  # questions in a day (UTC); 0: no limit
    quota_as: str = "fault"  # fault | 429
    wants_user: bool = False  # the header FNS-OpenApi-UserToken must be there
    bare_faults: bool = False  # faults as bare text, not as SOAP
    zone_in_expiry: bool = True  # ExpireTime with its offset
    failure: str = ""
    check_codes: dict[tuple[str, int], int] = msgspec.field(default_factory=dict)
    store_codes: dict[tuple[str, int], int] = msgspec.field(default_factory=dict)

    def answer(self, key: tuple[str, int], check: int, store: int) -> None:
        """Codes for one document; 0: as it is."""
        for codes, code in ((self.check_codes, check), (self.store_codes, store)):
            codes.pop(key, None)
            if code:
                codes[key] = code
