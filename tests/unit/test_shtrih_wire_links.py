"""The two link protocols of the emulated Shtrih-M device, byte by byte."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chekpoint.emulators.shtrih_wire import link1, link2
from chekpoint.emulators.shtrih_wire.link1 import Control, Payload
from chekpoint.emulators.shtrih_wire.link2 import Frame
from tests.shtrih_wire_rig import ACK, ENQ, NAK, PASSWORD, NoAnswer, host, item, make_register

FRAMES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "shtrih_frames.json").read_text()
)


def frames(protocol: str) -> list[bytes]:
    """Every whole frame on record."""
    found = [f[k] for f in FRAMES if f["protocol"] == protocol for k in f if k.endswith("_hex")]
    return [bytes.fromhex(text) for text in found if len(text) > 2]


@pytest.mark.parametrize("octets", frames("v1"), ids=bytes.hex)
def test_a_recorded_frame_of_protocol_1_is_read_and_written_alike(octets: bytes) -> None:
    events = link1.Receiver().receive(octets)
    assert isinstance(events[-1], Payload)
    assert octets.endswith(link1.frame(events[-1].octets))
    assert events[:-1] in ([], [Control.ACK])


@pytest.mark.parametrize("octets", frames("v2"), ids=bytes.hex)
def test_a_recorded_frame_of_protocol_2_is_read_and_written_alike(octets: bytes) -> None:
    [frame] = link2.Receiver().receive(octets)
    assert link2.encode(frame) == octets


def test_the_checksums_are_the_vendors() -> None:
    assert link2.crc(bytes(2)) == 0x1D0F
    assert link2.crc(bytes.fromhex("03000600FC")) == 0x63ED


@given(st.binary(min_size=1, max_size=255), st.binary(max_size=6), st.integers(1, 9))
def test_protocol_1_finds_a_frame_behind_junk_and_in_pieces(payload: bytes, junk: bytes, step: int) -> None:
    junk = bytes(octet for octet in junk if octet not in {2, 5, 6, 0x15})
    octets, receiver = junk + link1.frame(payload), link1.Receiver()
    events = [e for at in range(0, len(octets), step) for e in receiver.receive(octets[at : at + step])]
    assert events == [Payload(payload)]
    assert not receiver.amid_frame


@given(st.binary(max_size=300), st.integers(0, 0xFFFF), st.integers(1, 9))
def test_protocol_2_carries_any_bytes_whatever_the_pieces(payload: bytes, number: int, step: int) -> None:
    octets, receiver = link2.encode(Frame(number, payload)), link2.Receiver()
    assert octets.count(b"\x8f") == 1
    found = [f for at in range(0, len(octets), step) for f in receiver.receive(octets[at : at + step])]
    assert found == [Frame(number, payload)]
    assert not receiver.amid_frame


@given(st.binary(max_size=600))
def test_noise_never_breaks_the_receivers(noise: bytes) -> None:
    link1.Receiver().receive(noise)
    receiver = link2.Receiver()
    receiver.receive(noise)
    assert Frame(7, b"\xfc") in receiver.receive(link2.encode(Frame(7, b"\xfc")))


def test_a_ping_has_no_number_and_a_payload_has_bounds() -> None:
    assert link2.Receiver().receive(link2.encode(Frame(None))) == [Frame(None)]
    for wrong in (b"", bytes(256)):
        with pytest.raises(ValueError):
            link1.frame(wrong)


@pytest.mark.anyio
async def test_an_idle_device_says_nak_and_a_taken_answer_is_gone() -> None:
    async with host() as h:
        assert await h.say(ENQ) == NAK
        answer = await h.say(link1.frame(b"\xfc"))
        assert answer[:1] == ACK
        assert await h.say(ENQ) == answer  # ACK and the same frame: nobody has taken it
        assert await h.say(NAK) == b""
        assert await h.say(ENQ) == answer
        assert await h.say(ACK) == b"\xff"  # the stray byte of TCP
        assert await h.say(ENQ) == NAK


@pytest.mark.anyio
async def test_the_stray_ff_belongs_to_tcp_alone_and_can_be_switched_off() -> None:
    for tcp, stray in ((False, True), (True, False)):
        async with host(tcp=tcp) as h:
            h.device.conduct.stray_ff = stray
            await h.say(link1.frame(b"\xfc"))
            assert await h.say(ACK) == b""


@pytest.mark.anyio
async def test_a_spoilt_frame_is_not_carried_out() -> None:
    async with host() as h:
        spoilt = bytearray(link1.frame(bytes.fromhex("50") + PASSWORD + bytes(5)))
        spoilt[-1] ^= 1
        assert await h.say(bytes(spoilt)) == NAK
        assert await h.say(bytes(4) + link1.frame(b"\xfc")) != b""  # four zeros before a good one


@pytest.mark.anyio
async def test_half_a_frame_does_not_swallow_the_next_command() -> None:
    async with host() as h:
        assert await h.say(link1.frame(b"\xfc")[:2]) == b""
        h.clock.wind(5)
        assert (await h.one(b"\xfc"))[:2] == b"\xfc\0"


@pytest.mark.anyio
async def test_protocol_2_never_carries_out_a_number_twice() -> None:
    async with host() as h:
        await h.two(b"\xe0" + PASSWORD)
        money = b"\x50" + PASSWORD + (5000).to_bytes(5, "little")
        first = await h.two(money)
        assert await h.two(money, number=h.number) == first
        assert h.register.cash == 5000
        answer = await h.say(link2.encode(Frame(None)))  # a ping is told the last number and its answer
        assert link2.Receiver().receive(answer) == [Frame(h.number, first)]
        answer = await h.say(link2.encode(Frame(h.number + 5, money)))
        assert link2.Receiver().receive(answer) == [Frame(h.number, first)]
        assert h.register.cash == 5000


@pytest.mark.anyio
async def test_a_device_that_has_carried_out_nothing_answers_with_an_empty_frame() -> None:
    async with host() as h:
        answer = await h.say(link2.encode(Frame(9, b"\xfc")))
        assert link2.Receiver().receive(answer) == [Frame(0)]
        with pytest.raises(NoAnswer):
            await h.one(b"\xfc")  # the first byte decided on the protocol
        h.register.power_off()
        h.register.power_on()
    async with host(register=h.register) as again:
        assert (await again.one(b"\xfc"))[1] == 0


@pytest.mark.anyio
@given(
    st.sampled_from(
        [f["request_hex"] for f in FRAMES if f["protocol"] == "v1" and len(f.get("request_hex", "")) > 2]
    ),
    st.data(),
)
async def test_no_command_with_odd_parameters_breaks_the_device(recorded: str, data: st.DataObject) -> None:
    [event] = link1.Receiver().receive(bytes.fromhex(recorded))
    assert isinstance(event, Payload)
    octets = bytearray(event.octets)
    place = data.draw(st.integers(0, len(octets) - 1))
    octets[place] = data.draw(st.integers(0, 255))
    cut = bytes(octets[: data.draw(st.integers(1, len(octets)))])
    async with host(register=make_register()) as h:
        await h.ask("E0")
        await h.ask("8D", b"\0")
        await h.ask("FF46", item())
        answer = await h.one(cut)
        assert len(answer) >= 2
        assert (await h.mode())[0] in {2, 8}
