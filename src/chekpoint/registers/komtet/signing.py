"""The signature of both directions: hex HMAC-MD5 of method, full URL and body, keyed by the shop's secret.

It is the service's own rule (its SDK, and the callback handlers of its shop modules); MD5 is not ours to choose.
"""

import hmac
from collections.abc import Mapping
from typing import Final

import msgspec

from chekpoint.registers.cloud import Malformed
from chekpoint.registers.komtet.answers import Task, read_task

HEADER: Final = "X-HMAC-Signature"


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A callback that is the service's: which attempt it is of, and what it says. A hint to ask, no proof."""

    attempt_id: str
    task: Task
    text: str  # verbatim


def signature(secret: str, method: str, url: str, body: bytes = b"") -> str:
    """32 hex digits. ``url`` is the whole address as the caller writes it, with scheme and host."""
    return hmac.new(secret.encode(), method.encode() + url.encode() + body, "md5").hexdigest()


def recognised(secret: str, url: str, headers: Mapping[str, str], body: bytes) -> Told | None:
    """Whose callback is this (POST to ``url``, as the service was told it)? None where the service has not signed it."""
    given = {name.lower(): value for name, value in headers.items()}.get(HEADER.lower(), "")
    wanted = signature(secret, "POST", url, body)
    if not hmac.compare_digest(given.encode(), wanted.encode()):
        return None
    try:
        task = read_task(body)
    except Malformed:
        return None
    return Told(attempt_id=task.external_id, task=task, text=body.decode())
