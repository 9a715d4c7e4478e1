"""A real SMTP server that keeps its letters, with or without TLS and passwords, and with refusals by script."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from chekpoint.emulators.orange_data.papers import papers_in

USER, PASSWORD = "kassa@example.ru", "secret-5"


class MailServer:
    """What came in, and what is answered instead of taking it."""

    def __init__(self) -> None:
        self.letters: list[tuple[list[str], EmailMessage]] = []
        self.after_data = ""  # answered after the text, when not empty
        self.refused: set[str] = set()  # addressees that are unknown here
        self.port = 0
        self.hang = asyncio.Event()
        self.hang.set()

    async def handle_RCPT(self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any) -> str:  # fmt: skip # noqa: N802
        if address in self.refused:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        await self.hang.wait()
        if self.after_data:
            return self.after_data
        letter = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        assert isinstance(letter, EmailMessage)
        self.letters.append((list(envelope.rcpt_tos), letter))
        return f"250 2.0.0 Ok: queued as {len(self.letters):04d}"


def _known(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
    right = LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=isinstance(given, LoginPassword) and given == right, handled=False)


@asynccontextmanager
async def mailing(
    folder: Path, security: str = "none", *, auth: bool = False
) -> AsyncIterator[tuple[MailServer, str]]:
    """A server on a free port, and the file of the authority that its certificate is of."""
    mail, context, authority = MailServer(), None, ""
    if security != "none":
        context, authority = _context(folder)

    def session() -> SMTP:
        with warnings.catch_warnings():  # it does not know that the whole connection is TLS
            warnings.filterwarnings("ignore", "Requiring AUTH", UserWarning)
            return SMTP(
                mail, hostname="mail.test", tls_context=context if security == "starttls" else None,
                require_starttls=security == "starttls", authenticator=_known if auth else None, auth_required=auth,
                auth_require_tls=security == "starttls",
            )  # fmt: skip

    loop = asyncio.get_running_loop()
    server = await loop.create_server(session, "127.0.0.1", 0, ssl=context if security == "tls" else None)
    mail.port = server.sockets[0].getsockname()[1]
    try:
        yield mail, authority
    finally:
        mail.hang.set()
        server.close()
        await server.wait_closed()


def _context(folder: Path) -> tuple[ssl.SSLContext, str]:
    """A server's context for 127.0.0.1."""
    from chekpoint.core.clock import SystemClock

    papers = papers_in(folder, SystemClock().now())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(papers.server_cert, papers.server_key)
    return context, str(papers.ca)
