"""The ticket (подтверждение оператора, document 7): the operator's signed answer to one fiscal document.

A ticket whose answer (1022) is not 0 is a valid, signed confirmation of a REJECTED document: delivered is not
accepted. Order of tags as a live operator sends them: 1017, 1078, 1041, 1040, 1012, 1068{1022}; 1206 when it has
something to say.
"""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from chekpoint.fiscal import container as containers
from chekpoint.fiscal import tlv
from chekpoint.fiscal.container import Container
from chekpoint.fiscal.moments import from_unix, to_unix
from chekpoint.fiscal.tlv import Node, TlvError
from chekpoint.fiscal.wire_error import WireError, WireFault

CODE: Final = 7
ACCEPTED: Final = 0
UNREADABLE: Final = 11
FORMAT_ERROR: Final = 14
SIGN_PREFIX: Final = b"\x88\x06"


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator answered. ``made_at`` is the operator's naive wall clock; ``operator_sign`` is 1078 whole."""

    fn: str  # 1041
    fd_number: int  # 1040
    made_at: datetime  # 1012
    operator_inn: str  # 1017
    answer: int = ACCEPTED  # 1068{1022}
    flags: int | None = None  # 1206
    operator_sign: bytes | None = None  # 1078: 8806 + 6 bytes; a mock operator sends none

    @property
    def accepted(self) -> bool:
        """Only answer 0 accepts the document."""
        return self.answer == ACCEPTED


def to_node(ticket: Ticket) -> Node:
    """The ticket as document 7."""
    nodes = [Node(1017, ticket.operator_inn)]
    if ticket.operator_sign is not None:
        nodes.append(Node(1078, ticket.operator_sign))
    nodes += [Node(1041, ticket.fn), Node(1040, ticket.fd_number), Node(1012, to_unix(ticket.made_at))]
    nodes.append(Node(1068, (Node(1022, ticket.answer),)))
    if ticket.flags is not None:
        nodes.append(Node(1206, ticket.flags))
    return Node(CODE, tuple(nodes))


def from_node(node: Node) -> Ticket:
    """Document 7 -> ticket. TlvError when it is another document or lacks 1041, 1040, 1012 or 1068{1022}."""
    if node.tag != CODE:
        raise TlvError("not an operator's ticket", "это не подтверждение оператора", tag=node.tag)
    group, moment, fn, number = node.child(1068), node.number(1012), node.text(1041), node.number(1040)
    answer = group.number(1022) if group is not None else None
    found = {1068: answer, 1012: moment, 1041: fn, 1040: number}
    if moment is None or fn is None or number is None or answer is None:
        missing = next(tag for tag, value in found.items() if value is None)
        raise TlvError("the ticket lacks a tag", f"в подтверждении нет тега {missing}", tag=missing)
    return Ticket(
        fn=fn,
        fd_number=number,
        made_at=from_unix(moment),
        operator_inn=node.text(1017) or "",
        answer=answer,
        flags=node.number(1206),
        operator_sign=node.octets(1078),
    )


def container(ticket: Ticket, mac: bytes = bytes(6)) -> Container:
    """The ticket as an operator sends it: kind 5A, data type 7, trailer 8206 + MAC + 0000."""
    body = tlv.encode(to_node(ticket)) + containers.trailer(mac, containers.OPERATOR_MAC)
    return Container(
        data_type=CODE, fn=ticket.fn, fd_number=ticket.fd_number, body=body, kind=containers.TO_REGISTER
    )


def read(octets: bytes, *, strict: bool = False) -> Ticket:
    """The ticket inside a container's bytes. WireError or TlvError when there is none."""
    found = containers.decode(octets, strict=strict)
    return from_node(tlv.decode(found.document, strict=strict))


class Refusal(StrEnum):
    """Why a fiscal drive does not take a ticket."""

    CRC = "crc"
    FORMAT = "format"
    FN = "fn"
    FD_NUMBER = "fd_number"
    FISCAL_SIGN = "fiscal_sign"


_REFUSALS: Final = {
    Refusal.CRC: ("wrong checksum of the ticket", "неверная контрольная сумма подтверждения"),
    Refusal.FORMAT: ("the ticket's format is wrong", "неверный формат подтверждения"),
    Refusal.FN: ("the ticket is for another fiscal drive", "подтверждение для другого ФН"),
    Refusal.FD_NUMBER: ("the ticket is for another document", "подтверждение для другого ФД"),
    Refusal.FISCAL_SIGN: ("the operator's sign is wrong", "неверный фискальный признак оператора"),
}


class TicketRefusedError(ValueError):
    """A fiscal drive would not take these bytes; ``reason`` says why, ``en`` and ``ru`` say it in words."""

    def __init__(self, reason: Refusal, en: str, ru: str | None = None) -> None:
        self.reason = reason
        words_en, words_ru = _REFUSALS[reason]
        self.en = f"{words_en}: {en}"
        self.ru = f"{words_ru}: {en if ru is None else ru}"
        super().__init__(self.en)


SignCheck = Callable[[Container, Ticket], bool]


def check(octets: bytes, *, fn: str, fd_number: int, sign_ok: SignCheck | None = None) -> Ticket:
    """What a fiscal drive does with an answer: everything right, or TicketRefusedError with the first wrong thing.

    ``fn`` and ``fd_number`` are those of the document that waits; ``sign_ok`` verifies the operator's signs, which
    only the holder of the key can do: None leaves it at their presence and form.
    """
    ticket, found = _strictly(octets)
    if (found.fn, ticket.fn) != (fn, fn):
        raise TicketRefusedError(Refusal.FN, ticket.fn)
    if (found.fd_number, ticket.fd_number) != (fd_number, fd_number):
        raise TicketRefusedError(Refusal.FD_NUMBER, str(ticket.fd_number))
    sign = ticket.operator_sign or b""
    signed = sign.startswith(SIGN_PREFIX) and found.trailer.startswith(containers.OPERATOR_MAC)
    if not signed or (sign_ok is not None and not sign_ok(found, ticket)):
        raise TicketRefusedError(Refusal.FISCAL_SIGN, sign.hex())
    return ticket


def _strictly(octets: bytes) -> tuple[Ticket, Container]:
    try:
        found = containers.decode(octets, strict=True)
        if found.data_type != CODE or len(found.trailer) != containers.TRAILER_SIZES[0]:
            raise TicketRefusedError(Refusal.FORMAT, f"type {found.data_type}", f"тип {found.data_type}")
        return from_node(tlv.decode(found.document)), found
    except WireError as error:
        reason = Refusal.CRC if error.fault is WireFault.CONTAINER_CRC else Refusal.FORMAT
        raise TicketRefusedError(reason, error.en, error.ru) from error
    except TlvError as error:
        raise TicketRefusedError(Refusal.FORMAT, error.en, error.ru) from error


_ANSWERS: Final = {
    ACCEPTED: ("документ принят", "the document is accepted"),
    UNREADABLE: (
        "содержимое не распознано, исправить нельзя",
        "the content is not recognised, beyond repair",
    ),
    FORMAT_ERROR: ("ошибка форматно-логического контроля", "format and logic check failed"),
}
_FLAGS: Final = {
    1: ("ошибка форматно-логического контроля", "format and logic check failed"),
    2: ("проверьте кабинет ККТ", "look into the register's cabinet at the tax service"),
    3: ("требуется обновление ФФД ККТ", "the register must move to a newer format version"),
    4: ("ККТ включена в план проверок", "the register is in the tax office's inspection plan"),
    6: ("требуется настройка соединения ККТ", "the register's connection must be set up"),
    7: ("разрешение ОФД аннулировано", "the operator's licence is annulled"),
}


def answer_words(answer: int) -> tuple[str, str]:
    """Tag 1022 in Russian and in English."""
    return _ANSWERS.get(answer, (f"ОФД ответил кодом {answer}", f"the operator answered with code {answer}"))


def flag_words(flags: int) -> tuple[tuple[str, str], ...]:
    """Every bit set in tag 1206, in Russian and in English; a bit without a known meaning is named by its number."""
    return tuple(
        _FLAGS.get(bit, (f"сообщение оператора, бит {bit}", f"operator's message, bit {bit}"))
        for bit in range(8)
        if flags >> bit & 1
    )
