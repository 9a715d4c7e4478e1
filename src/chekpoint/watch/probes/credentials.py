"""What lets us in somewhere, and ends: settings that carry their own date, and terms that a person has noted.

No maker is named: whatever in the settings of a register or of an operator's account is an X.509 certificate (its text,
or the path of a file) or a JWT tells its own last moment. An opaque key tells nothing; its term can be noted by hand.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from cryptography import x509

from chekpoint.core.clock import epoch_ms
from chekpoint.hub.answers import Answer, CredentialAnswer, Fault
from chekpoint.hub.post import Post
from chekpoint.store import lanes, people
from chekpoint.store.journal import Tx
from chekpoint.watch.probes.rounds import Rounds, Target
from chekpoint.watch.probes.settings import ProbeSettings, Term

KIND: Final = "credential"
_PEM: Final = "-----BEGIN CERTIFICATE-----"
_JWT: Final = re.compile(r"eyJ[\w-]+\.([\w-]+)\.[\w-]*")
_OF_FILE: Final = re.compile(r"(^|_)(cert|ca)(_|$)")  # names of settings that may be paths of certificates
_FILE_MOST: Final = 64 << 10
_TERM: Final = "term"
FILES_EVERY: Final = 60.0  # seconds between two looks at what is set up


class Dated(NamedTuple):
    """One setting that ends; ``fault``: why its date cannot be read."""

    name: str
    until: datetime | None
    fault: Fault | None = None


def dated(config: bytes) -> list[Dated]:
    """The settings of a JSON object that carry a date; reads files."""
    try:
        found = msgspec.json.decode(config)
    except msgspec.DecodeError:
        return []
    made = (_dated(name, value) for name, value in _texts(found, ""))
    return [one for one in made if one is not None]


def _texts(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, str) and value:
        yield name, value


def _dated(name: str, value: str) -> Dated | None:
    if _PEM in value:
        return _certificate(name, value.encode())
    if (token := _JWT.fullmatch(value)) is not None:
        until = _expiry(token[1])
        return None if until is None else Dated(name, until)
    if _OF_FILE.search(name.rpartition(".")[2]) and len(value) < 4096 and value.isprintable():
        return _file(name, value)
    return None


def _file(name: str, path: str) -> Dated | None:
    try:
        with Path(path).open("rb") as file:
            text = file.read(_FILE_MOST)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or type(error).__name__
        return Dated(
            name,
            None,
            Fault(code="file", ru=f"файл не читается ({said})", en=f"the file cannot be read ({said})"),
        )
    return _certificate(name, text) if _PEM.encode() in text else None


def _certificate(name: str, pem: bytes) -> Dated:
    """A chain ends with its first link to end."""
    try:
        chain = x509.load_pem_x509_certificates(pem)
    except ValueError:
        return Dated(
            name, None, Fault(code="form", ru="сертификат не читается", en="the certificate cannot be read")
        )  # fmt: skip
    return Dated(name, min(one.not_valid_after_utc for one in chain))


def _expiry(payload: str) -> datetime | None:
    """``exp`` of a JWT (RFC 7519): seconds since 1970."""
    try:
        claims = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return datetime.fromtimestamp(float(claims["exp"]), ZoneInfo("UTC"))
    except (binascii.Error, msgspec.DecodeError, KeyError, TypeError, ValueError, OverflowError, OSError):
        return None


def term_end(term: Term, zone: str) -> datetime | None:
    """The end of the last day, in the sellers' zone; None where there is no such day."""
    try:
        day = datetime.fromisoformat(term.until).replace(tzinfo=ZoneInfo(zone))
    except ValueError:
        return None
    return day + timedelta(days=1)


class Credentials:
    """Reads what is set up. A target is one owner; its answers are kept by setting."""

    def __init__(self, post: Post, settings: ProbeSettings, zone: str) -> None:
        self._post, self._settings, self._zone = post, settings, zone
        self._found: dict[str, CredentialAnswer] = {}

    def rounds(self) -> Rounds:
        """Ready to be run."""
        return Rounds(self._post, self.targets, {KIND: self._ask}, pause=FILES_EVERY)

    def targets(self, tx: Tx) -> Iterator[Target]:
        """Every setting of registers and accounts that carries a date, and every term that was noted."""
        self._found = dict(self._answers(tx))
        every = self._settings.credential_every
        for subject in self._found:
            yield Target(KIND, subject, subject, every=every, failing=every)

    def _answers(self, tx: Tx) -> Iterator[tuple[str, CredentialAnswer]]:
        for owner, whose, config in _owners(tx):
            for one in dated(config):
                until = epoch_ms(one.until) if one.until is not None else None
                yield (
                    f"{owner}:{one.name}",
                    CredentialAnswer(whose=whose, name=one.name, until=until, fault=one.fault),
                )
        for term in self._settings.terms:
            end = term_end(term, self._zone)
            fault = None if end is not None else _NO_DAY
            until = epoch_ms(end) if end is not None else None
            yield f"{_TERM}:{term.name}", CredentialAnswer(whose=term.name, name="", until=until, fault=fault)

    async def _ask(self, target: Target) -> tuple[bool, Answer]:
        found = self._found[target.subject]
        return found.fault is None, found


_NO_DAY: Final = Fault(
    code="day", ru="такого дня нет: ожидается ГГГГ-ММ-ДД", en="there is no such day: YYYY-MM-DD is expected"
)


def _owners(tx: Tx) -> Iterator[tuple[str, str, bytes]]:
    for row in lanes.registers(tx):
        if row.enabled:
            yield f"register:{row.id}", row.name, bytes(row.config)
    for key, _seller, operator, config in people.accounts(tx):
        yield f"account:{key}", operator, bytes(config)
