"""The emulated tax service: tokens, questions with their minute, and a store filled by the emulated operator.

A document is in the store when the operator has taken it (1022 = 0), ``lag_seconds`` later. The check of the
sign is by the same archive: the real one asks a cryptographic module and knows a sign before the operator does;
here a document that no operator has is "not right" (406).
"""

import hmac
import json
import secrets
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import msgspec

from chekpoint.core.clock import Clock
from chekpoint.emulators.fns import envelopes
from chekpoint.emulators.fns.conduct import FAULTS, FnsConduct
from chekpoint.emulators.fns.envelopes import Asked
from chekpoint.emulators.ofd.archive import OfdArchive, OfdDocument
from chekpoint.emulators.ofd.conduct import AccountConduct, Flc
from chekpoint.fiscal.tlv import Node

MASTER_TOKEN: Final = "test-double-master-token"  # noqa: S105 - of a test double
MOSCOW: Final = timezone(timedelta(hours=3))
WORDS: Final[dict[int, str]] = {
    200: "Отправленные данные корректны",
    400: "Некорректный запрос",
    404: "Чек не найден",
    406: "Чек не прошёл проверку",
    452: "Данные не в формате hsm",
    453: "Некорректные данные",
    454: "hsm: отрицательный ответ",
    455: "Чек не найден в сервисе поиска",
    503: "Сервис недоступен",
    528: "В hsm нет ключа",
    531: "Некорректные данные",
}


class FnsSetup(msgspec.Struct, frozen=True, kw_only=True):
    """Who may ask."""

    master_token: str = MASTER_TOKEN


class Refused(Exception):
    """A fault of the whole exchange, in the service's words."""

    def __init__(self, words: str, status: int = 500) -> None:
        super().__init__(words)
        self.status = status


class _Message(msgspec.Struct):
    asked: Asked
    at: float  # of the monotonic clock
    polls: int = 0


class FnsService:
    """The state. ``archive`` may be an operator's in this process, or its file opened once more."""

    def __init__(
        self,
        archive: OfdArchive,
        *,
        clock: Clock,
        setup: FnsSetup | None = None,
        operator: AccountConduct | None = None,
    ) -> None:
        """``operator``: of the same process, whose format-logic control may hold documents back."""
        self.archive, self.clock = archive, clock
        self._operator = operator or AccountConduct()
        self.setup = setup or FnsSetup()
        self.conduct = FnsConduct()
        self.asked: dict[str, int] = {}  # day -> questions taken
        self._tokens: dict[str, datetime] = {}
        self._messages: dict[str, _Message] = {}

    def token(self, body: bytes) -> bytes:
        """A token for the master token."""
        given = envelopes.master_token(body)
        if not hmac.compare_digest(given.encode(), self.setup.master_token.encode()):
            return envelopes.token_refused(FAULTS["token"])
        word = secrets.token_hex(16)
        expires = self.clock.now() + timedelta(seconds=self.conduct.token_seconds)
        self._tokens[word] = expires
        local = expires.astimezone(MOSCOW)
        shown = local if self.conduct.zone_in_expiry else local.replace(tzinfo=None)
        return envelopes.token(word, shown.isoformat(timespec="milliseconds"))

    def exchange(self, body: bytes, token: str | None, user: str | None) -> bytes:
        """A question, or the asking for its answer. Raises Refused and envelopes.Unreadable."""
        self._admit(token, user)
        identity = envelopes.message_id(body)
        return self._take(envelopes.asked(body)) if identity is None else self._poll(identity)

    def counts(self) -> dict[str, Any]:
        """What the panel shows."""
        return {
            "asked_by_day": self.asked,
            "open_messages": len(self._messages),
            "conduct": shown(self.conduct),
        }

    def _admit(self, token: str | None, user: str | None) -> None:
        if token is None or (self.conduct.wants_user and not user):
            raise Refused(FAULTS["headers"])
        expires = self._tokens.get(token)
        if expires is None or expires <= self.clock.now():
            raise Refused(FAULTS["token"])

    def _take(self, asked: Asked) -> bytes:
        day = f"{self.clock.now():%Y-%m-%d}"
        if self.conduct.quota and self.asked.get(day, 0) >= self.conduct.quota:
            raise Refused(FAULTS["quota"], 429 if self.conduct.quota_as == "429" else 500)
        self.asked[day] = self.asked.get(day, 0) + 1
        gone = self.clock.monotonic() - self.conduct.readable_seconds
        self._messages = {one: kept for one, kept in self._messages.items() if kept.at >= gone}
        identity = secrets.token_hex(16)
        self._messages[identity] = _Message(asked, self.clock.monotonic())
        return envelopes.sent(identity)

    def _poll(self, identity: str) -> bytes:
        found = self._messages.get(identity)
        if found is None or self.clock.monotonic() - found.at > self.conduct.readable_seconds:
            self._messages.pop(identity, None)
            raise Refused(f"По переданному MessageId {identity[:64]} сообщение не найдено")
        found.polls += 1
        if found.polls <= self.conduct.polls:
            return envelopes.processing()
        code, ticket = self._judge(found.asked)
        return envelopes.completed(found.asked.query, code, WORDS.get(code, "Ошибка"), ticket)

    def _judge(self, asked: Asked) -> tuple[int, str]:
        """The code, and the ticket when the store has it."""
        key = (asked.fn, asked.fd_number)
        document = self.archive.find(*key)
        right = document is not None and _same(document, asked)
        if asked.query == "CheckTicket":
            return self.conduct.check_codes.get(key, 200 if right else 406), ""
        told = self.conduct.store_codes.get(key)
        if document is None or not right:
            return told or (404 if document is None else 406), ""
        code = told or (200 if self._stored(document) else 404)
        return code, ticket(document) if code == 200 else ""

    def _stored(self, document: OfdDocument) -> bool:
        age, told = (
            self.clock.now() - document.received_at,
            self._operator.flc.get((document.fn, document.fd_number)),
        )
        waits = timedelta(seconds=self.conduct.lag_seconds + self._operator.flc_seconds)
        return document.answer == 0 and told not in {Flc.WAITING, Flc.ERROR} and age >= waits


def _same(document: OfdDocument, asked: Asked) -> bool:
    """Minutes are compared: the QR code of a receipt has no seconds, and the service takes its date."""
    minute = document.made_at.replace(second=0) == asked.made_at.replace(second=0)
    return minute and (document.fiscal_sign, document.total, document.kind) == (
        asked.fiscal_sign, asked.total, asked.kind,
    )  # fmt: skip


def ticket(document: OfdDocument) -> str:
    """The document as JSON text, in the names of FFD's own JSON."""
    node = document.node
    content = {
        "fiscalDriveNumber": document.fn, "fiscalDocumentNumber": document.fd_number,
        "fiscalSign": document.fiscal_sign, "dateTime": f"{document.made_at:%Y-%m-%dT%H:%M:%S}",
        "operationType": document.kind, "totalSum": document.total, "userInn": document.seller_inn.ljust(12),
        "kktRegId": document.registration_number.ljust(20), "shiftNumber": document.shift_number,
        "requestNumber": document.receipt_number, "buyerPhoneOrAddress": node.text(1008) or "",
        "items": [_item(one) for one in node.all(1059)],
    }  # fmt: skip
    return json.dumps({"version": 1, "code": document.code, "content": content}, ensure_ascii=False)


def _item(item: Node) -> dict[str, Any]:
    return {
        "name": item.text(1030), "price": item.number(1079), "sum": item.number(1043), "nds": item.number(1199)
    }  # fmt: skip


def shown(conduct: FnsConduct) -> dict[str, Any]:
    """The conduct as JSON can say it: documents as ``fn/fd``."""
    plain = {name: getattr(conduct, name) for name in conduct.__struct_fields__}
    for name in ("check_codes", "store_codes"):
        plain[name] = {f"{fn}/{fd}": code for (fn, fd), code in plain[name].items()}
    return plain
