"""Envelopes of the open API: built from our question, read into events. No network here.

Three exchanges: a token for the master token; ``SendMessage`` -> MessageId; ``GetMessage`` until it is COMPLETED.
"""

from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Final, NamedTuple
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from chekpoint.core.ports import TaxQuestion
from chekpoint.ofd.fns.xml_answer import find, parse, text

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SYNC: Final = "urn://x-artefacts-gnivc-ru/inplat/servin/OpenApiMessageConsumerService/types/1.0"
ASYNC: Final = "urn://x-artefacts-gnivc-ru/inplat/servin/OpenApiAsyncMessageConsumerService/types/1.0"
AUTH: Final = "urn://x-artefacts-gnivc-ru/ais3/kkt/AuthService/types/1.0"
TICKET: Final = "urn://x-artefacts-gnivc-ru/ais3/kkt/KktTicketService/types/1.0"
MOSCOW: Final = timezone(timedelta(hours=3))


class Query(StrEnum):
    """What can be asked about a document."""

    CHECK = "CheckTicket"  # is the fiscal sign right?
    GET = "GetTicket"  # what does the store hold?


class Token(NamedTuple):
    """``good_until`` is aware; None: it was not said, a refusal will tell."""

    word: str
    good_until: datetime | None


class Sent(NamedTuple):
    """The question is taken; its answer can be read for about a minute."""

    message_id: str


class Working(NamedTuple):
    """Not answered yet."""

    status: str


class Answer(NamedTuple):
    """The answer about a document: a code as of HTTP, and words or (GetTicket) the ticket's JSON as text."""

    code: int
    message: str
    ticket: str


class Fault(NamedTuple):
    """The service refused the exchange itself, in its own words."""

    text: str


Event = Token | Sent | Working | Answer | Fault


def auth(master_token: str) -> bytes:
    """Ask for a token."""
    inner = f"<t:AuthAppInfo><t:MasterToken>{escape(master_token)}</t:MasterToken></t:AuthAppInfo>"
    request = f'<t:AuthRequest xmlns:t="{AUTH}">{inner}</t:AuthRequest>'
    return _envelope(SYNC, "GetMessageRequest", f"<m:Message>{request}</m:Message>")


def send(query: Query, question: TaxQuestion) -> bytes:
    """Ask about a document. The sum is kopecks, the date is the register's wall clock."""
    fields = {
        "Sum": question.total, "Date": question.made_at[:19], "Fn": question.fn, "TypeOperation": question.kind,
        "FiscalDocumentId": question.fd_number, "FiscalSign": int(question.fiscal_sign),
    }  # fmt: skip
    inner = "".join(f"<t:{name}>{escape(str(value))}</t:{name}>" for name, value in fields.items())
    request = (
        f'<t:{query}Request xmlns:t="{TICKET}"><t:{query}Info>{inner}</t:{query}Info></t:{query}Request>'
    )
    return _envelope(ASYNC, "SendMessageRequest", f"<m:Message>{request}</m:Message>")


def poll(message_id: str) -> bytes:
    """Is it answered?"""
    return _envelope(ASYNC, "GetMessageRequest", f"<m:MessageId>{escape(message_id)}</m:MessageId>")


def _envelope(space: str, name: str, inner: str) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP}" xmlns:m="{space}"><s:Body>'
        f"<m:{name}>{inner}</m:{name}></s:Body></s:Envelope>"
    ).encode()


def read(octets: bytes) -> Event | None:
    """What came; None when it is XML of another sort. Raises NotXml.

    Elements are known by their names alone: the prefixes and versions of the namespaces differ between clients.
    """
    root = parse(octets)
    fault = find(root, "Fault")
    if fault is not None:
        return Fault(
            text(fault, "Message") or text(fault, "faultstring") or text(fault, "Text") or "без слов"
        )
    if found := text(root, "Token"):
        return Token(found, _moment(text(root, "ExpireTime")))
    if (status := text(root, "ProcessingStatus")) or find(root, "Result") is not None:
        return _polled(root, status or "COMPLETED")
    message_id = text(root, "MessageId")
    return Sent(message_id) if message_id else None


def _polled(root: ET.Element, status: str) -> Event | None:
    if status.upper() != "COMPLETED":
        return Working(status)
    result = find(root, "Result")
    code = "" if result is None else text(result, "Code")
    if result is None or not (code.isascii() and code.isdecimal() and len(code) < 5):
        return None
    return Answer(int(code), text(result, "Message"), text(result, "Ticket"))


def _moment(word: str) -> datetime | None:
    """``ExpireTime``; one without a zone is read as Moscow's (unverified)."""
    try:
        moment = datetime.fromisoformat(word)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=MOSCOW)).astimezone(UTC)
