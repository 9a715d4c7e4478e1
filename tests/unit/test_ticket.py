from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chekpoint.fiscal import container, ticket, tlv
from chekpoint.fiscal.container import Container
from chekpoint.fiscal.ticket import Refusal, Ticket, TicketRefusedError
from chekpoint.fiscal.tlv import Node, TlvError
from tests.unit.fiscal_strategies import digits, moments
from tests.unit.vectors import container_octets, document_octets

FN = "9999078902013267"
MOMENT = datetime(2026, 8, 17, 15, 28)  # noqa: DTZ001  documents keep local time


def made(**changes: Any) -> Ticket:
    """A good ticket for document 5, changed."""
    usual: dict[str, Any] = {
        "fn": FN,
        "fd_number": 5,
        "made_at": MOMENT,
        "operator_inn": "7704211201",
        "operator_sign": b"\x88\x06" + bytes(6),
    }
    return Ticket(**{**usual, **changes})


def test_a_live_rejection_is_a_valid_ticket_of_a_rejected_document() -> None:
    found = ticket.check(container_octets("V3"), fn=FN, fd_number=1)
    assert found.answer == ticket.FORMAT_ERROR
    assert not found.accepted
    assert found.made_at == datetime(2024, 9, 15, 11, 46, 56)  # noqa: DTZ001  documents keep local time


def test_a_live_acceptance_is_accepted() -> None:
    assert ticket.check(container_octets("V4"), fn=FN, fd_number=2).accepted


@pytest.mark.parametrize("name", ["V3", "V4", "V5"])
def test_a_live_ticket_is_written_tag_for_tag_as_it_came(name: str) -> None:
    node = tlv.decode(document_octets(name), strict=False)
    again = ticket.to_node(ticket.from_node(node))
    assert [(n.tag, n.value) for n in again] == [(n.tag, n.value) for n in node]


@pytest.mark.parametrize("name", ["V3", "V4"])
def test_a_live_container_can_be_made_anew(name: str) -> None:
    data = container_octets(name)
    live = container.decode(data)
    made_again = ticket.container(ticket.read(data), live.trailer[2:8])
    assert made_again.body == live.body
    assert container.encode(made_again)[4:20] == data[4:20]


def test_a_mock_operators_ticket_is_read_but_no_drive_takes_it() -> None:
    data = container_octets("V5")
    assert ticket.read(data).operator_sign is None
    with pytest.raises(TicketRefusedError) as caught:
        ticket.check(data, fn=FN, fd_number=1)
    assert caught.value.reason is Refusal.FORMAT


def test_a_ticket_of_the_first_edition_names_what_it_lacks() -> None:
    with pytest.raises(TlvError) as caught:
        ticket.from_node(tlv.decode(document_octets("V7"), strict=False))
    assert caught.value.tag == 1041


@given(
    st.builds(
        Ticket,
        fn=digits(16),
        fd_number=st.integers(0, (1 << 24) - 1),
        made_at=moments,
        operator_inn=digits(10) | digits(12),
        answer=st.integers(0, 255),
        flags=st.none() | st.integers(0, 255),
        operator_sign=st.binary(min_size=6, max_size=6).map(b"\x88\x06".__add__),
    )
)
def test_any_ticket_comes_through_a_container_unchanged(made_ticket: Ticket) -> None:
    data = container.encode(ticket.container(made_ticket, b"123456"))
    assert ticket.read(data, strict=True) == made_ticket
    assert ticket.check(data, fn=made_ticket.fn, fd_number=made_ticket.fd_number) == made_ticket


def _refusal(made_container: Container, **changes: Any) -> Refusal:
    expected: dict[str, Any] = {"fn": FN, "fd_number": 5, **changes}
    with pytest.raises(TicketRefusedError) as caught:
        ticket.check(container.encode(made_container), **expected)
    assert caught.value.ru
    assert caught.value.en
    return caught.value.reason


def test_a_drive_refuses_what_is_not_its_ticket_and_says_why() -> None:
    good = ticket.container(made())
    assert ticket.check(container.encode(good), fn=FN, fd_number=5) == made()
    assert _refusal(good, fd_number=6) is Refusal.FD_NUMBER
    assert _refusal(good, fn="9999078902013268") is Refusal.FN
    assert _refusal(ticket.container(made(operator_sign=None))) is Refusal.FISCAL_SIGN
    assert _refusal(ticket.container(made(operator_sign=b"\x21\x04" + bytes(6)))) is Refusal.FISCAL_SIGN
    assert _refusal(good, sign_ok=lambda _container, _ticket: False) is Refusal.FISCAL_SIGN
    assert _refusal(_changed(good, crc_field=1)) is Refusal.CRC
    assert _refusal(_changed(good, kind=0xA5)) is Refusal.FORMAT
    assert _refusal(_changed(good, data_type=3)) is Refusal.FORMAT
    assert _refusal(_changed(good, body=good.body[:-2])) is Refusal.FORMAT
    assert _refusal(_changed(good, fn="9999078902013268")) is Refusal.FN
    assert _refusal(_changed(good, fd_number=6)) is Refusal.FD_NUMBER
    empty = tlv.encode(Node(7, ())) + good.trailer
    assert _refusal(_changed(good, body=empty)) is Refusal.FORMAT


def _changed(good: Container, **changes: Any) -> Container:
    fields = {name: getattr(good, name) for name in good.__struct_fields__}
    return Container(**{**fields, **changes})


@given(st.binary(max_size=150))
def test_garbage_for_a_ticket_is_refused_not_a_crash(data: bytes) -> None:
    with pytest.raises(TicketRefusedError):
        ticket.check(data, fn=FN, fd_number=1)


@given(st.integers(0, 118), st.integers(1, 255))
def test_no_changed_byte_gets_past_a_drive(place: int, change: int) -> None:
    data = bytearray(container_octets("V4"))
    data[place] ^= change
    with pytest.raises(TicketRefusedError):
        ticket.check(bytes(data), fn=FN, fd_number=2)


def test_answers_and_flags_are_said_in_words() -> None:
    assert ticket.answer_words(0)[0] == "документ принят"
    assert "логического" in ticket.answer_words(14)[0]
    assert ticket.answer_words(99) == ("ОФД ответил кодом 99", "the operator answered with code 99")
    assert [ru for ru, _ in ticket.flag_words(0b10000010)] == [
        "ошибка форматно-логического контроля",
        "разрешение ОФД аннулировано",
    ]
    assert ticket.flag_words(0b100000) == (("сообщение оператора, бит 5", "operator's message, bit 5"),)
    assert ticket.flag_words(0) == ()


def test_another_document_is_no_ticket() -> None:
    with pytest.raises(TlvError):
        ticket.from_node(Node(3, ()))
