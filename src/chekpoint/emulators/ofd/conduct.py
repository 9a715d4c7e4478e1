"""How the emulated operator behaves: honest by default, wrong in named ways when told so."""

from enum import StrEnum
from typing import Protocol

import msgspec

ACCEPTED, UNREADABLE, FLC_ERROR = 0, 11, 14  # values of 1022
ANSWERS = (ACCEPTED, UNREADABLE, FLC_ERROR)


class Spoil(StrEnum):
    """What is wrong with the tickets. A fiscal drive refuses each of them."""

    NOTHING = "nothing"
    FD = "fd"  # the number of another document
    FN = "fn"  # the number of another drive
    CRC = "crc"
    SIGN = "sign"  # 1078 and the trailer do not verify
    FORMAT = "format"  # not document 7
    GARBAGE = "garbage"  # not even a message


class Conduct(msgspec.Struct, kw_only=True):
    """Behaviour on the wire; may change while it runs. ``flags`` is 1206, sent when not 0."""

    down: bool = False  # connections are closed at once
    delay_seconds: float = 0.0
    answer: int = ACCEPTED  # 1022
    flags: int = 0  # 1206
    spoil: Spoil = Spoil.NOTHING
    mock: bool = False  # the lenient form of a mock operator (vector V5): a strict drive refuses it
    silent: bool = False  # the document is kept, no ticket is sent


class Flc(StrEnum):
    """Format-logic control, as one operator names its states."""

    OK = "OK"  # sent to the tax service
    WARNING = "WARNING"  # soft quarantine
    ERROR = "ERROR"  # hard quarantine
    WAITING = "WAITING"  # not sent yet


class Tampering(Protocol):
    """What an account shall do to one document from now on; nothing of it means: show it as it is."""

    hide: bool
    double: bool
    sum_delta: int
    sign_delta: int
    fn_instead: str
    flc: Flc | None


class AccountConduct(msgspec.Struct, kw_only=True):
    """Behaviour of the account API: what an account may show that is not so."""

    delay_seconds: float = 0.0  # a document is shown this long after it was received
    hidden: set[tuple[str, int]] = msgspec.field(default_factory=set)  # (fn, fd) that are never shown
    doubled: set[tuple[str, int]] = msgspec.field(default_factory=set)  # shown twice
    sum_delta: dict[tuple[str, int], int] = msgspec.field(default_factory=dict)  # kopecks added to the total
    sign_delta: dict[tuple[str, int], int] = msgspec.field(default_factory=dict)  # added to the fiscal sign
    fn_instead: dict[tuple[str, int], str] = msgspec.field(default_factory=dict)  # shown under another drive
    flc: dict[tuple[str, int], Flc] = msgspec.field(default_factory=dict)  # instead of the ticket's answer
    flc_seconds: float = 0.0  # a document waits for the tax service this long after it was received
    zone_hours: int = 0  # every time is shifted by the account's zone
    padded: bool = False  # INN and registration number come padded on the right
    sign_form: str = "text"  # text (leading zeros) | number | base64 (of the six bytes of 1077)
    token_seconds: float = 86400.0
    token_uses: int = 0  # a token is worn out after so many requests; 0: never
    page_limit: int = 0  # entries on a page, whatever is asked for; 0: as asked
    requests_per_second: float = 0.0  # 0: no limit; the real service is said to allow 1
    failure: str = ""  # "" | 401 | 403 | 429 | 503 | html | empty: what every answer is instead

    def tamper(self, key: tuple[str, int], how: Tampering) -> None:
        """Show one document (fn, fd) otherwise than it is."""
        for keys, wanted in ((self.hidden, how.hide), (self.doubled, how.double)):
            keys.discard(key)
            if wanted:
                keys.add(key)
        self.sum_delta[key] = how.sum_delta
        self.sign_delta[key] = how.sign_delta
        self.fn_instead.pop(key, None)
        if how.fn_instead:
            self.fn_instead[key] = how.fn_instead
        self.flc.pop(key, None)
        if how.flc is not None:
            self.flc[key] = how.flc
