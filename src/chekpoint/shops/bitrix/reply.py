"""What the site says to us: bytes in, one of four things out. Pure.

``Denied`` (403, the link is wrong), ``Broken`` (no answer of the protocol), ``Acknowledged`` (only that; it
brings no tasks) and ``Tasks``. A task that cannot be read never spoils the others of its answer.
"""

from typing import Any, Final

import msgspec

from chekpoint.shops.bitrix.names import SiteId, read_id

SHOWN: Final = 120  # characters of a foreign answer worth telling


class Denied(msgspec.Struct, frozen=True):
    """HTTP 403: the hash of the link is unknown or switched off."""


class Broken(msgspec.Struct, frozen=True):
    """Not an answer of the protocol; ``why`` in Russian and English."""

    ru: str
    en: str


class Acknowledged(msgspec.Struct, frozen=True):
    """These results were taken; the answer carries nothing else."""

    uuids: frozenset[str]


class Task(msgspec.Struct, frozen=True):
    """One check or report to make. ``body`` is the JSON as it came."""

    uuid: str
    id: SiteId
    zn: str
    body: bytes


class Tasks(msgspec.Struct, frozen=True):
    """What there is to do; ``unreadable`` counts elements of which not even the id can be read."""

    checks: tuple[Task, ...] = ()
    reports: tuple[Task, ...] = ()
    unreadable: int = 0


Reply = Denied | Broken | Acknowledged | Tasks


class _Answer(msgspec.Struct):
    """PHP writes a list whose first elements were taken out as an object."""

    ack: Any = None
    print: list[msgspec.Raw] | dict[str, msgspec.Raw] | None = None
    reports: list[msgspec.Raw] | dict[str, msgspec.Raw] | None = None


class _Head(msgspec.Struct):
    uuid: str | None = None
    external_id: str | None = None
    zn: Any = None


_ANSWER: Final = msgspec.json.Decoder(_Answer)
_HEAD: Final = msgspec.json.Decoder(_Head)


def read_reply(status: int, body: bytes) -> Reply:
    """What an HTTP answer says."""
    if status == 403:
        return Denied()
    if status != 200:
        return Broken(f"сайт ответил HTTP {status}", f"the site answered HTTP {status}")
    try:
        answer = _ANSWER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Broken(
            f"ответ сайта не читается: {_start(body)}", f"the site's answer cannot be read: {_start(body)}"
        )
    if isinstance(answer.ack, list | dict) and answer.ack:
        said = answer.ack.values() if isinstance(answer.ack, dict) else answer.ack
        return Acknowledged(frozenset(one for one in said if isinstance(one, str)))
    checks, lost = _tasks(answer.print)
    reports, lost_reports = _tasks(answer.reports)
    return Tasks(tuple(checks), tuple(reports), lost + lost_reports)


def _start(body: bytes) -> str:
    text = body[: SHOWN * 4].decode("utf-8", "replace")
    return "".join(char if char.isprintable() else " " for char in text)[:SHOWN].strip() or "-"


def _tasks(found: Any) -> tuple[list[Task], int]:
    rows = list(found.values()) if isinstance(found, dict) else list(found or ())
    made = [_task(bytes(row)) for row in rows if bytes(row).strip() not in {b"[]", b"null"}]
    return [one for one in made if one is not None], sum(one is None for one in made)


def _task(body: bytes) -> Task | None:
    try:
        head = _HEAD.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    uuid = head.external_id or head.uuid
    known = read_id(uuid) if uuid else None
    return None if uuid is None or known is None else Task(uuid, known, str(head.zn or ""), body)
