"""The emulated operator itself: takes a document's container, keeps it, answers a ticket. No socket here."""

from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import Final

import msgspec

from chekpoint.core.clock import Clock
from chekpoint.emulators import signing
from chekpoint.emulators.faults import FaultPlan
from chekpoint.emulators.ofd.archive import OfdArchive, OfdDocument
from chekpoint.emulators.ofd.conduct import ACCEPTED, FLC_ERROR, UNREADABLE, AccountConduct, Conduct, Spoil
from chekpoint.fiscal import container as containers
from chekpoint.fiscal import ticket as tickets
from chekpoint.fiscal import tlv
from chekpoint.fiscal.container import Container
from chekpoint.fiscal.moments import from_unix
from chekpoint.fiscal.ticket import Ticket
from chekpoint.fiscal.tlv import Node, TlvError
from chekpoint.fiscal.wire_error import WireError

OPERATOR_INN: Final = "7800000010"
MOSCOW: Final = timezone(timedelta(hours=3))


class EmulatedOfd:
    """One operator. ``conduct`` and ``account_conduct`` may change while it runs; ``faults`` strike on the wire."""

    def __init__(
        self,
        archive: OfdArchive | None = None,
        *,
        clock: Clock,
        faults: FaultPlan | None = None,
        conduct: Conduct | None = None,
        inn: str = OPERATOR_INN,
        key: bytes = signing.TEST_KEY,
    ) -> None:
        self.archive = archive or OfdArchive()
        self.clock = clock
        self.faults = faults or FaultPlan()
        self.conduct = conduct or Conduct()
        self.account_conduct = AccountConduct()
        self.inn = inn
        self.refused: Counter[str] = Counter()  # messages that were no documents, by reason
        self._key = key

    def take(self, octets: bytes) -> bytes:
        """A register's container -> the ticket's container; raises WireError when it is none.

        A document that came before gets the very same ticket again. Another document under a known (fn, fd) is
        answered with 1022 = 11 and not kept.
        """
        found = containers.decode(octets, strict=True)
        known = self.archive.find(found.fn, found.fd_number)
        if known is None:
            return self._keep(found, octets)
        self.archive.seen_again(known.fn, known.fd_number)
        if known.tlv == _plain(found):
            return known.ticket
        self.refused["another document under a known number"] += 1
        return self._ticket(found, UNREADABLE, 0)

    def sent(self, ticket: bytes) -> bytes:
        """What leaves instead of a right ticket, as the conduct says; GARBAGE is the transport's business."""
        if self.conduct.mock:
            return mock_ticket(ticket)
        return spoiled(ticket, self.conduct.spoil, self._key)

    def close(self) -> None:
        """Let go of the archive's file."""
        self.archive.close()

    def _keep(self, found: Container, octets: bytes) -> bytes:
        answer, flags = self.conduct.answer, self.conduct.flags
        try:
            document = _indexed(found, octets, self.clock.now())
        except (TlvError, WireError) as error:
            self.refused[str(error)] += 1
            return self._ticket(found, UNREADABLE, 0)
        if answer == ACCEPTED and not self._sign_right(found):
            answer = FLC_ERROR
        ticket = self._ticket(found, answer, flags)
        self.archive.keep(msgspec.structs.replace(document, ticket=ticket, answer=answer, flags=flags))
        return ticket

    def _sign_right(self, found: Container) -> bool:
        return found.trailer[:10] == signing.trailer(self._key, 0x81, found.document)

    def _ticket(self, found: Container, answer: int, flags: int) -> bytes:
        """The right ticket's container, signed with the test key."""
        said = Ticket(
            fn=found.fn,
            fd_number=found.fd_number,
            made_at=self.clock.now().astimezone(MOSCOW).replace(tzinfo=None, microsecond=0),
            operator_inn=self.inn,
            answer=answer,
            flags=flags or None,
            operator_sign=signing.operator_sign(self._key, found.fn, found.fd_number, answer, flags),
        )
        return sealed(said, self._key)


def sealed(ticket: Ticket, key: bytes) -> bytes:
    """A ticket as container bytes with the operator's trailer."""
    body = tlv.encode(tickets.to_node(ticket))
    return containers.encode(tickets.container(ticket, signing.mac(key, b"\x82", body)))


def spoiled(octets: bytes, spoil: Spoil, key: bytes) -> bytes:
    """A ticket that is wrong in one named way and right in all others."""
    ticket = tickets.read(octets)
    match spoil:
        case Spoil.FD:
            return sealed(msgspec.structs.replace(ticket, fd_number=ticket.fd_number + 1), key)
        case Spoil.FN:
            other = f"{(int(ticket.fn) + 1) % 10**16:016d}"
            return sealed(msgspec.structs.replace(ticket, fn=other), key)
        case Spoil.SIGN:
            return sealed(msgspec.structs.replace(ticket, operator_sign=b"\x88\x06" + bytes(6)), key + b"?")
        case Spoil.CRC:
            return octets[:2] + bytes((octets[2] ^ 0xFF, octets[3])) + octets[4:]
        case Spoil.FORMAT:
            found = containers.decode(octets)
            return containers.encode(msgspec.structs.replace(found, data_type=5, kind=containers.TO_REGISTER))
    return octets


def mock_ticket(octets: bytes) -> bytes:
    """The form of a mock operator met in the field (vector V5), which a strict drive refuses.

    Kind A5, 1017 without padding, the FD number as text, spaces for service data, no 1078, no trailer.
    """
    ticket = tickets.read(octets)
    node = tickets.to_node(msgspec.structs.replace(ticket, operator_sign=None))
    inn = Node(1017, ticket.operator_inn, raw=ticket.operator_inn.encode("ascii"))
    loose = Container(
        data_type=7,
        fn=ticket.fn,
        fd_number=int.from_bytes(str(ticket.fd_number).encode("ascii")[:3].ljust(3, b"\0"), "big"),
        body=tlv.encode(Node(7, (inn, *tuple(node)[1:]))),
        kind=containers.FROM_REGISTER,
        service_2=b" " * 11 + b"0",
    )
    return containers.encode(loose)


def _plain(found: Container) -> bytes:
    try:
        return found.document
    except WireError:
        return b""


def _indexed(found: Container, octets: bytes, now: datetime) -> OfdDocument:
    """The document with what is searched for taken out; TlvError or WireError when it cannot be read."""
    plain = found.document
    node = tlv.decode(plain, strict=False)
    made_at = from_unix(node.number(1012) or 0)
    sign = node.octets(1077) or b""
    return OfdDocument(
        fn=found.fn,
        fd_number=found.fd_number,
        code=node.tag,
        received_at=now,
        container=octets,
        tlv=plain,
        ticket=b"",
        answer=0,
        flags=0,
        made_at=made_at,
        fiscal_sign=int.from_bytes(sign[2:], "big"),
        registration_number=(node.text(1037) or "").strip(),
        seller_inn=(node.text(1018) or "").strip(),
        shift_number=node.number(1038) or 0,
        receipt_number=node.number(1042) or 0,
        kind=node.number(1054) or 0,
        total=node.number(1020) or 0,
    )
