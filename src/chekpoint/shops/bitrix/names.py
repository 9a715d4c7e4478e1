"""The site's own ids: ``check|<host>|<number>`` with ``|<unix time>`` behind it in newer versions.

Only the third field is stable: the host is that of the polling request (with and without www), and the time
is "now", so a redelivered check comes under another id. The whole is cut at 100 characters.
"""

from typing import NamedTuple

CHECK = "check"
REPORT = "report"


class SiteId(NamedTuple):
    """An id that a site made. ``number`` is the check's own number on the site."""

    kind: str
    host: str
    number: int


def read_id(text: str) -> SiteId | None:
    """The parts of an id; None when it is not one of a check or a report."""
    parts = text.split("|")
    if len(parts) < 3 or parts[0] not in {CHECK, REPORT}:
        return None
    number = parts[2]
    if not (number.isascii() and number.isdigit() and len(number) <= 18 and int(number) > 0):
        return None
    return SiteId(parts[0], parts[1], int(number))


def external_id(number: int) -> str:
    """The id under which the hub knows a check of this site, whichever way it came."""
    return f"check-{number}"
