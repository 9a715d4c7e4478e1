import pytest
from hypothesis import given
from hypothesis import strategies as st

from chekpoint.fiscal import ofd_wire
from chekpoint.fiscal.container import MAX_BODY
from chekpoint.fiscal.ffd import Ffd
from chekpoint.fiscal.ofd_wire import Message, Receiver, WireError, WireFault, encode_message, read_header
from tests.unit.vectors import VECTORS, container_octets, octets

FLAGS = [0x0014, 0x0016, 0x0015, 0x0004, 0x0010]


def drained(receiver: Receiver) -> list[Message]:
    """Every message that is whole by now."""
    messages = []
    while (message := receiver.next_message()) is not None:
        messages.append(message)
    return messages


@pytest.mark.parametrize("name", ["V1", "V2"])
def test_a_live_message_is_right_in_every_field_and_comes_back(name: str) -> None:
    receiver, expected = Receiver(strict=True), VECTORS[name]["decoded"]["message_header"]
    receiver.receive(octets(name))
    (message,) = drained(receiver)
    assert message.fn == expected["fn"]
    assert message.p_protocol.hex() == expected["p_protocol"]
    assert message.flags == int(expected["flags"], 16)
    assert message.body == container_octets(name)
    assert encode_message(message) == octets(name)
    receiver.close()


def test_a_live_header_alone_waits_for_its_body() -> None:
    header = read_header(octets("V9.13"), strict=True)
    assert (header.fn, header.body_length, header.flags, header.crc) == ("9999078950", 305, 0x0014, 0)
    assert header.wants_answer
    assert header.ffd is None
    receiver = Receiver()
    receiver.receive(octets("V9.13"))
    assert receiver.next_message() is None
    assert receiver.buffered == 30


def test_the_format_version_is_in_the_header() -> None:
    assert read_header(octets("V2")).ffd is Ffd.V1_2


bodies = st.binary(min_size=32, max_size=120)
messages = st.builds(
    Message,
    fn=st.integers(0, 10**16 - 1).map(str),
    body=bodies,
    flags=st.sampled_from(FLAGS),
    p_protocol=st.sampled_from([*ofd_wire.P_PROTOCOLS.values(), b"\x00\x01", b"\x00\x02"]),
)


@given(st.lists(messages, max_size=4), st.lists(st.integers(1, 60), min_size=1, max_size=20))
def test_messages_survive_any_fragmentation(sent: list[Message], sizes: list[int]) -> None:
    stream, received, receiver, turn = b"".join(map(encode_message, sent)), [], Receiver(strict=True), 0
    while stream:
        size = sizes[turn % len(sizes)]
        receiver.receive(stream[:size])
        received += drained(receiver)
        stream, turn = stream[size:], turn + 1
    receiver.close()
    assert received == sent


@pytest.mark.parametrize(
    ("place", "value", "fault"),
    [
        (0, b"\x00", WireFault.SIGNATURE),
        (3, b"\x0d", WireFault.SIGNATURE),
        (4, b"\x82\xfb", WireFault.S_PROTOCOL),
        (6, b"\x09\x09", WireFault.P_PROTOCOL),
        (8, b"99990789020132AB", WireFault.FN),
        (8, b" " * 16, WireFault.FN),
        (24, b"\xff\xff", WireFault.LENGTH),
        (24, b"\x1f\x00", WireFault.LENGTH),
        (26, b"\x17", WireFault.FLAGS),
        (27, b"\x80", WireFault.FLAGS),
        (28, b"\x01", WireFault.MESSAGE_CRC),
    ],
)
def test_a_receiver_says_what_is_wrong_and_stays_broken(place: int, value: bytes, fault: WireFault) -> None:
    data = bytearray(octets("V2"))
    data[place : place + len(value)] = value
    receiver = Receiver(strict=True)
    receiver.receive(bytes(data))
    for _ in range(2):
        with pytest.raises(WireError) as caught:
            receiver.next_message()
        assert caught.value.fault is fault
        assert caught.value.ru
    receiver.receive(octets("V2"))
    with pytest.raises(WireError):
        receiver.next_message()
    receiver.close()


@pytest.mark.parametrize(("place", "value"), [(4, b"\x82\xfb"), (27, b"\x80")])
def test_an_operator_takes_senders_with_small_oddities(place: int, value: bytes) -> None:
    data = bytearray(octets("V2"))
    data[place : place + len(value)] = value
    receiver = Receiver()
    receiver.receive(bytes(data))
    (message,) = drained(receiver)
    assert encode_message(message) == data


def test_a_sender_that_asks_for_a_checksum_but_writes_none_is_taken_by_an_operator() -> None:
    made = encode_message(Message(fn="9999078902013267", body=bytes(40), flags=0x0016, crc=0))
    tolerant, strict = Receiver(), Receiver(strict=True)
    tolerant.receive(made)
    strict.receive(made)
    assert [encode_message(message) for message in drained(tolerant)] == [made]
    with pytest.raises(WireError):
        strict.next_message()


def test_garbage_is_found_out_at_its_first_byte() -> None:
    receiver = Receiver()
    receiver.receive(b"G")
    with pytest.raises(WireError) as caught:
        receiver.next_message()
    assert caught.value.fault is WireFault.SIGNATURE


def test_a_peer_that_leaves_in_the_middle_is_noticed() -> None:
    receiver = Receiver()
    receiver.receive(octets("V2")[:100])
    assert receiver.next_message() is None
    with pytest.raises(WireError) as caught:
        receiver.close()
    assert caught.value.fault is WireFault.INCOMPLETE


@pytest.mark.parametrize(
    "message",
    [
        Message(fn="12a", body=b""),
        Message(fn="1" * 17, body=b""),
        Message(fn="1", body=b"", flags=3),
        Message(fn="1", body=b"", flags=1 << 16),
        Message(fn="1", body=bytes(MAX_BODY + 1)),
        Message(fn="1", body=b"", p_protocol=b"\x01"),
    ],
)
def test_a_message_that_nobody_could_read_is_not_made(message: Message) -> None:
    with pytest.raises(WireError):
        encode_message(message)


@given(st.binary(max_size=200), st.booleans())
def test_random_bytes_raise_nothing_but_wire_errors(data: bytes, strict: bool) -> None:
    _feed(data, strict=strict)


@given(
    st.sampled_from(["V1", "V2"]),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 255)), min_size=1, max_size=3),
    st.booleans(),
)
def test_a_damaged_header_raises_nothing_but_wire_errors(
    name: str, damage: list[tuple[int, int]], strict: bool
) -> None:
    data = bytearray(octets(name))
    for place, value in damage:
        data[place] = value
    _feed(bytes(data), strict=strict)


def _feed(data: bytes, *, strict: bool) -> None:
    receiver = Receiver(strict=strict)
    receiver.receive(data)
    try:
        found = drained(receiver)
    except WireError:
        return
    assert data.startswith(b"".join(map(encode_message, found)))


def test_a_short_header_is_incomplete() -> None:
    with pytest.raises(WireError) as caught:
        read_header(octets("V2")[:29])
    assert caught.value.fault is WireFault.INCOMPLETE
