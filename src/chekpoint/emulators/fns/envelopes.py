"""SOAP of the service's side: questions read, answers written. XML with a DOCTYPE is refused."""

from datetime import datetime
from typing import Final, NamedTuple
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

_SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
_SERVIN: Final = "urn://x-artefacts-gnivc-ru/inplat/servin"
_SYNC: Final = f"{_SERVIN}/OpenApiMessageConsumerService/types/1.0"
_ASYNC: Final = f"{_SERVIN}/OpenApiAsyncMessageConsumerService/types/1.0"
_AUTH: Final = "urn://x-artefacts-gnivc-ru/ais3/kkt/AuthService/types/1.0"
_TICKET: Final = "urn://x-artefacts-gnivc-ru/ais3/kkt/KktTicketService/types/1.0"
QUERIES: Final = ("CheckTicket", "GetTicket")


class Unreadable(Exception):
    """Not a question; the text is what a real service is known to say."""


class Asked(NamedTuple):
    """A question about one document, as it came."""

    query: str
    fn: str
    fd_number: int
    fiscal_sign: int
    total: int
    made_at: datetime
    kind: int


class _NoDoctype(ET.TreeBuilder):
    def doctype(self, _name: str, _public: str, _system: str) -> None:
        raise Unreadable("Unmarshalling Error: DOCTYPE")


def parse(octets: bytes) -> ET.Element:
    """The root; raises Unreadable."""
    parser = ET.XMLParser(target=_NoDoctype())  # noqa: S314 - a DOCTYPE is refused above, before its entities
    try:
        parser.feed(octets)
        root: ET.Element = parser.close()
    except (ET.ParseError, ValueError, LookupError) as error:
        raise Unreadable(f"Unmarshalling Error: {error}") from error
    return root


def _element(root: ET.Element, name: str, space: str) -> ET.Element:
    found = root.find(f".//{{{space}}}{name}")
    if found is None:
        raise Unreadable(f"Unmarshalling Error: {name}")
    return found


def _said(root: ET.Element, name: str, space: str) -> str:
    return (_element(root, name, space).text or "").strip()


def master_token(octets: bytes) -> str:
    """Of a request for a token; raises Unreadable. Here the namespaces are looked at: a real service has them."""
    root = parse(octets)
    _element(root, "GetMessageRequest", _SYNC)
    return _said(root, "MasterToken", _AUTH)


def message_id(octets: bytes) -> str | None:
    """Of a request for an answer; None when it is another request. Raises Unreadable."""
    root = parse(octets)
    if root.find(f".//{{{_ASYNC}}}GetMessageRequest") is None:
        return None
    return _said(root, "MessageId", _ASYNC)


def asked(octets: bytes) -> Asked:
    """Of a question; raises Unreadable."""
    request = _element(parse(octets), "SendMessageRequest", _ASYNC)
    query = next((q for q in QUERIES if request.find(f".//{{{_TICKET}}}{q}Info") is not None), None)
    if query is None:
        raise Unreadable("Unmarshalling Error: unexpected element in Message")
    fields = _element(_element(request, f"{query}Request", _TICKET), f"{query}Info", _TICKET)
    try:
        return Asked(
            query=query, fn=_said(fields, "Fn", _TICKET), fd_number=int(_said(fields, "FiscalDocumentId", _TICKET)),
            fiscal_sign=int(_said(fields, "FiscalSign", _TICKET)), total=int(_said(fields, "Sum", _TICKET)),
            made_at=datetime.strptime(_said(fields, "Date", _TICKET), "%Y-%m-%dT%H:%M:%S"),  # noqa: DTZ007 - no zone
            kind=int(_said(fields, "TypeOperation", _TICKET)),
        )  # fmt: skip
    except ValueError as error:
        raise Unreadable(f"Unmarshalling Error: {error}") from error


def token(word: str, expires: str) -> bytes:
    """The answer to a master token."""
    result = f"<a:Result><a:Token>{word}</a:Token><a:ExpireTime>{expires}</a:ExpireTime></a:Result>"
    inner = f'<a:AuthResponse xmlns:a="{_AUTH}">{result}</a:AuthResponse>'
    return _envelope(
        f'<m:GetMessageResponse xmlns:m="{_SYNC}"><m:Message>{inner}</m:Message></m:GetMessageResponse>'
    )


def token_refused(words: str) -> bytes:
    """A fault inside a good answer: how a wrong master token is said to be refused."""
    inner = f'<a:AuthResponse xmlns:a="{_AUTH}"><a:Fault><a:Message>{escape(words)}</a:Message></a:Fault></a:AuthResponse>'
    return _envelope(
        f'<m:GetMessageResponse xmlns:m="{_SYNC}"><m:Message>{inner}</m:Message></m:GetMessageResponse>'
    )


def sent(identity: str) -> bytes:
    """The question is taken."""
    return _async("SendMessageResponse", f"<m:MessageId>{identity}</m:MessageId>")


def processing() -> bytes:
    """Ask again."""
    return _async("GetMessageResponse", "<m:ProcessingStatus>PROCESSING</m:ProcessingStatus><m:Message/>")


def completed(query: str, code: int, words: str, ticket: str = "") -> bytes:
    """The answer; a ticket is JSON as text."""
    said = f"<t:Ticket>{escape(ticket)}</t:Ticket>" if ticket else f"<t:Message>{escape(words)}</t:Message>"
    result = f"<t:Result><t:Code>{code}</t:Code>{said}</t:Result>"
    inner = f'<t:{query}Response xmlns:t="{_TICKET}">{result}</t:{query}Response>'
    status = "<m:ProcessingStatus>COMPLETED</m:ProcessingStatus>"
    return _async("GetMessageResponse", f"{status}<m:Message>{inner}</m:Message>")


def fault(words: str) -> bytes:
    """A SOAP fault; it comes with HTTP 500."""
    return _envelope(
        f"<s:Fault><faultcode>s:Server</faultcode><faultstring>{escape(words)}</faultstring></s:Fault>"
    )


def _async(name: str, inner: str) -> bytes:
    return _envelope(f'<m:{name} xmlns:m="{_ASYNC}">{inner}</m:{name}>')


def _envelope(inner: str) -> bytes:
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return f'{head}<s:Envelope xmlns:s="{_SOAP}"><s:Body>{inner}</s:Body></s:Envelope>'.encode()
