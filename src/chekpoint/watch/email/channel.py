"""An alert as a letter. ``sent`` means that the server answered 250 after the text (RFC 5321, 4.2.5).

The letter says of itself that a program wrote it (RFC 3834), so that absence notes do not answer it. Its
Message-ID comes from the alert's id: a letter that is repeated after a crash can be known as the same.
"""

import ssl
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Annotated, Final, Literal

import aiosmtplib
import msgspec

from chekpoint.core.clock import Clock
from chekpoint.core.errors import NotSent
from chekpoint.core.ports import Alert
from chekpoint.hub.kinds import Ask
from chekpoint.hub.reach import ChannelKind, Secretive
from chekpoint.watch.refusals import Later

_ADDRESS: Final = r"^[^\s@,;<>\"]+@[^\s@,;<>\"]+$"
ADDRESSEES_MOST: Final = 20
SUBJECT_MOST: Final = 200
KEPT: Final = 500  # characters of an answer
GREYLISTED: Final = 300.0  # seconds: a server that says 450/451 wants to be asked again later
_PRIORITY: Final = {"critical": "1"}


class EmailConfig(Secretive, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A server and who gets the letters. ``security``: TLS from the first byte, STARTTLS, or none."""

    host: Annotated[str, msgspec.Meta(min_length=1, max_length=253, pattern=r"^[^\s/@:]+$")]
    sender: Annotated[str, msgspec.Meta(max_length=254, pattern=_ADDRESS)]
    to: Annotated[str, msgspec.Meta(min_length=3, max_length=2000)]  # addresses, by commas
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: Annotated[str, msgspec.Meta(max_length=254)] = ""
    password: Annotated[str, msgspec.Meta(max_length=500)] = ""
    ca_file: str = ""

    def __post_init__(self) -> None:
        """ValueError (``field: why``) where an address is not one, or a password would leave in the clear."""
        wrong = [one for one in self.addressees if not _is_address(one)]
        if wrong or not self.addressees:
            raise ValueError(f"to: не адрес / not an address: {', '.join(wrong) or self.to}")
        if len(self.addressees) > ADDRESSEES_MOST:
            raise ValueError(f"to: не больше {ADDRESSEES_MOST} адресов / at most {ADDRESSEES_MOST} addresses")
        if self.password and not self.user:
            raise ValueError("user: есть пароль, но нет имени / a password without a user")
        if self.password and self.security == "none":
            raise ValueError(
                "security: пароль без шифрования не отправляется / a password is not sent in the clear"
            )

    @property
    def addressees(self) -> list[str]:
        """Each of them."""
        return [one.strip() for one in self.to.replace(";", ",").split(",") if one.strip()]


def _is_address(text: str) -> bool:
    try:
        msgspec.convert(text, Annotated[str, msgspec.Meta(max_length=254, pattern=_ADDRESS)])
    except msgspec.ValidationError:
        return False
    return True


class EmailChannel:
    """One server, some addressees; each letter has a connection of its own. ``timeout``: seconds for each step."""

    def __init__(self, config: EmailConfig, clock: Clock, *, timeout: float = 10.0) -> None:
        self._config, self._clock, self._timeout = config, clock, timeout

    async def send(self, alert: Alert) -> str:
        """Hand it over; the server's answer after the text. Raises NotSent with its words, Later when it says 4xx."""
        try:
            async with self._server() as server:
                return await self._mail(server, self._letter(alert))
        except aiosmtplib.SMTPRecipientsRefused as error:
            said = "; ".join(f"{one.recipient}: {one.code} {one.message}" for one in error.recipients)
            raise NotSent(f"адреса не приняты / addressees refused: {said}"[:KEPT]) from error
        except aiosmtplib.SMTPResponseException as error:
            said = f"{error.code} {error.message}"
            if error.code in {450, 451}:
                raise Later(said, GREYLISTED, code=str(error.code)) from error
            raise NotSent(said, code=str(error.code)) from error
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError) as error:
            raise NotSent(
                f"{type(error).__name__}: {error} {error.__cause__ or ''}".strip()[:KEPT]
            ) from error

    def _server(self) -> aiosmtplib.SMTP:
        config = self._config
        return aiosmtplib.SMTP(
            hostname=config.host, port=config.port, timeout=self._timeout, use_tls=config.security == "tls",
            start_tls=config.security == "starttls", username=config.user or None, password=config.password or None,
            tls_context=ssl.create_default_context(cafile=config.ca_file) if config.ca_file else None,
            local_hostname=config.sender.rpartition("@")[2],
        )  # fmt: skip

    async def _mail(self, server: aiosmtplib.SMTP, letter: EmailMessage) -> str:
        refused, said = await server.send_message(letter, recipients=self._config.addressees)
        names = "; ".join(f"{name}: {answer.code} {answer.message}" for name, answer in refused.items())
        # The others have it, and shall not get it again because of one: who has not is named beside the answer.
        return f"{said}; не приняты / refused: {names}"[:KEPT] if names else said

    def _letter(self, alert: Alert) -> EmailMessage:
        config, letter = self._config, EmailMessage()
        letter["Subject"] = "".join(c if c.isprintable() else " " for c in alert.title)[:SUBJECT_MOST]
        letter["From"], letter["To"] = config.sender, ", ".join(config.addressees)
        letter["Date"] = format_datetime(self._clock.now())
        domain = config.sender.rpartition("@")[2]
        letter["Message-ID"] = f"<{alert.id}@{domain}>"
        if alert.incident_id:  # one incident, one thread
            letter["References"] = f"<{alert.incident_id}@{domain}>"
        letter["Auto-Submitted"] = "auto-generated"
        letter["X-Chekpoint-Alert"] = alert.id
        if alert.severity in _PRIORITY and alert.phase != "recovered":
            letter["X-Priority"] = _PRIORITY[alert.severity]
        letter.set_content("\n\n".join(part for part in (alert.title, alert.text, alert.url) if part))
        return letter

    async def aclose(self) -> None:
        """Each letter has closed its own connection."""


_SECURITIES: Final = (
    ("starttls", ("STARTTLS (587)", "STARTTLS (587)")),
    ("tls", ("TLS сразу (465)", "TLS from the start (465)")),
    ("none", ("без шифрования (25)", "none (25)")),
)
KIND: Final = ChannelKind(
    "email",
    ("Почта", "E-mail"),
    ("Письма через ваш SMTP-сервер.", "Letters through your SMTP server."),
    (
        Ask("host", ("SMTP-сервер", "SMTP server"), ("smtp.example.ru", "smtp.example.com"), required=True),
        Ask("port", ("Порт", "Port"), ("587, 465 или 25", "587, 465 or 25"), required=True, default="587"),
        Ask("security", ("Шифрование", "Encryption"), ("", ""), required=True, choices=_SECURITIES, default="starttls"),
        Ask("user", ("Имя", "User"), ("Если сервер спрашивает", "Where the server asks for one")),
        Ask("password", ("Пароль", "Password"), ("Только вместе с шифрованием", "With encryption only"), secret=True),
        Ask("sender", ("От кого", "From"), ("kassa@example.ru", "till@example.com"), required=True),
        Ask("to", ("Кому", "To"), ("Адреса через запятую", "Addresses, by commas"), required=True),
        Ask("ca_file", ("Файл доверенных центров", "File of authorities"),
            ("Если у сервера свой сертификат: путь на этом сервере.", "Where the server has a certificate of its own: a path on this machine.")),
    ),
    EmailConfig,
)  # fmt: skip
