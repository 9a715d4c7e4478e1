"""The ticket of GetTicket: JSON as text. As evidence it is kept without the buyer."""

from hashlib import sha256
from typing import Any, Final

import msgspec

_KEPT: Final = frozenset(
    {
        "fiscalDriveNumber", "fiscalDocumentNumber", "fiscalSign", "dateTime", "totalSum", "operationType", "userInn",
        "kktRegId", "shiftNumber", "requestNumber", "code", "fiscalDocumentFormatVer",
    }
)  # fmt: skip


def without_buyer(ticket: str) -> dict[str, Any]:
    """What names the document, how many items it has, and the SHA-256 of the whole text as it came.

    The fields lie at the top or inside ``content`` (or a further object): all levels but the items are looked at.
    """
    kept: dict[str, Any] = {}
    try:
        whole = msgspec.json.decode(ticket)
    except (msgspec.DecodeError, RecursionError):
        whole = None
    level = [whole]
    for _ in range(4):
        level = [inner for one in level if isinstance(one, dict) for inner in _taken(one, kept)]
    return kept | {"sha256": sha256(ticket.encode()).hexdigest()}


def _taken(one: dict[str, Any], kept: dict[str, Any]) -> list[Any]:
    kept.update(
        {name: value for name, value in one.items() if name in _KEPT and not isinstance(value, dict | list)}
    )
    if isinstance(one.get("items"), list):
        kept["items"] = len(one["items"])
    return [value for value in one.values() if isinstance(value, dict)]
