"""Frames of the Shtrih-M driver: recorded exchanges byte by byte, and everything a wire can do to them."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chekpoint.registers.shtrih import frames
from chekpoint.registers.shtrih.frames import (
    Acknowledged,
    Answer,
    Damaged,
    Declined,
    Empty,
    Event,
    ReaderV1,
    ReaderV2,
)

FRAMES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "shtrih_frames.json").read_text()
)
RECORDED = [
    (f"{frame['name']} {side}", frame["protocol"], bytes.fromhex(frame[side]))
    for frame in FRAMES
    for side in ("request_hex", "response_hex", "frame_hex")
    if frame["protocol"] in {"v1", "v2"} and len(frame.get(side, "")) > 2
]
PAYLOADS = st.binary(min_size=1, max_size=255)


def heard(reader: ReaderV1 | ReaderV2, octets: bytes) -> list[Event]:
    reader.receive(octets)
    events = []
    while (event := reader.next_event()) is not None:
        events.append(event)
    return events


@pytest.mark.parametrize(("name", "protocol", "octets"), RECORDED, ids=[name for name, _, _ in RECORDED])
def test_recorded_frames_are_read_and_written_byte_for_byte(name: str, protocol: str, octets: bytes) -> None:
    reader = ReaderV2() if protocol == "v2" else ReaderV1()
    answer = heard(reader, octets)[-1]
    assert isinstance(answer, Answer)
    packed = (
        frames.pack_v1(answer.payload)
        if answer.number is None
        else frames.pack_v2(answer.payload, answer.number)
    )
    assert octets.endswith(packed)


def test_stray_ff_after_an_acknowledged_answer_is_no_answer() -> None:
    tcp = bytes.fromhex("ff06021010001e9202020000a1de01c0001d080027")
    assert [type(event) for event in heard(ReaderV1(), tcp)] == [Acknowledged, Answer]
    assert heard(ReaderV1(), b"\xff\x15") == [Declined()]


@given(PAYLOADS, st.integers(1, 3))
def test_a_frame_in_pieces_behind_junk_is_read_whole(payload: bytes, size: int) -> None:
    octets = b"\0\0\xff\0" + frames.pack_v1(payload)
    reader, events = ReaderV1(), []
    for at in range(0, len(octets), size):
        events += heard(reader, octets[at : at + size])
    assert events == [Answer(payload)]


@given(PAYLOADS, st.data())
def test_a_flipped_bit_never_becomes_an_answer_of_v1(payload: bytes, data: st.DataObject) -> None:
    octets = bytearray(frames.pack_v1(payload))
    at = data.draw(st.integers(2, len(octets) - 1))
    octets[at] ^= 1 << data.draw(st.integers(0, 7))
    assert heard(ReaderV1(), bytes(octets)) == [Damaged("LRC")]


@given(st.binary(max_size=600), st.integers(0, 0xFFFF), st.integers(1, 5))
def test_stuffed_frames_in_pieces_come_back_as_sent(payload: bytes, number: int, size: int) -> None:
    octets = b"\x05\x00" + frames.pack_v2(payload, number)
    reader, events = ReaderV2(), []
    for at in range(0, len(octets), size):
        events += heard(reader, octets[at : at + size])
    assert events == [Answer(payload, number) if payload else Empty(number)]
    assert frames.pack_v2(payload, number)[1:].count(b"\x8f") == 0


@given(st.binary(min_size=1, max_size=64), st.data())
def test_a_flipped_bit_never_becomes_an_answer_of_v2(payload: bytes, data: st.DataObject) -> None:
    octets = bytearray(frames.pack_v2(payload, 7))
    at = data.draw(st.integers(1, len(octets) - 1))
    octets[at] ^= 1 << data.draw(st.integers(0, 7))
    assert not [e for e in heard(ReaderV2(), bytes(octets)) if isinstance(e, Answer | Empty)]


def test_a_frame_cut_by_another_loses_only_the_first() -> None:
    whole = frames.pack_v2(b"\x11\x00", 5)
    assert heard(ReaderV2(), whole[:4] + whole) == [
        Damaged("frame cut by another"),
        Answer(b"\x11\x00", 5),
    ]


@pytest.mark.parametrize("octets", ["8f0100", "8f9f00", "8fffff"])
def test_an_impossible_frame_is_damage_and_the_next_one_is_read(octets: str) -> None:
    first, second = heard(ReaderV2(), bytes.fromhex(octets) + frames.pack_v2(b"\x11\x00", 6))[0::1]
    assert isinstance(first, Damaged)
    assert second == Answer(b"\x11\x00", 6)


def test_ping_and_empty_say_how_far_the_register_counts() -> None:
    assert heard(ReaderV2(), frames.ping_v2()) == [Empty(None)]
    assert heard(ReaderV2(), frames.pack_v2(b"", 41)) == [Empty(41)]


@pytest.mark.parametrize("payload", [b"", bytes(256)])
def test_what_no_frame_can_carry_is_refused_before_the_wire(payload: bytes) -> None:
    with pytest.raises(ValueError):
        frames.pack_v1(payload)


@given(st.binary(max_size=300))
def test_any_bytes_whatever_are_survived(octets: bytes) -> None:
    heard(ReaderV1(), octets)
    heard(ReaderV2(), octets)
