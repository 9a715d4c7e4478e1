from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chekpoint.fiscal import container, tlv
from chekpoint.fiscal.container import Container
from chekpoint.fiscal.wire_error import WireError, WireFault
from tests.unit.vectors import RECEIPTS_2020, VECTORS, container_octets, document_octets

SOUND = ["V1", "V2", "V3", "V4"]


@pytest.mark.parametrize("name", SOUND)
def test_a_live_container_is_right_in_every_field_and_comes_back(name: str) -> None:
    data, expected = container_octets(name), VECTORS[name]["decoded"]["container"]
    found = container.decode(data)
    assert found.fn == expected["fn_bcd"]
    assert found.fd_number == expected["fd_number"]
    assert found.data_type == expected["data_type"]
    assert found.kind == int(expected["container_type"], 16)
    assert found.service_1.hex() == expected["service_data_1"]
    assert found.service_2.hex() == expected["service_data_2"]
    assert f"0x{container.crc_of(data):04X}" == expected["crc"]
    assert found.document == document_octets(name)
    assert found.trailer.hex() == VECTORS[name]["decoded"]["trailer"]["hex"]
    assert container.encode(found) == data


def test_a_mock_operators_container_is_read_tolerantly_and_refused_strictly() -> None:
    data = container_octets("V5")
    found = container.decode(data, strict=False)
    assert (found.fd_number, found.trailer) == (0x310000, b"")
    assert container.encode(found) == data
    with pytest.raises(WireError) as caught:
        container.decode(data)
    assert caught.value.fault is WireFault.CONTAINER_KIND


@pytest.mark.parametrize("row", range(len(RECEIPTS_2020)))
def test_a_real_receipts_container_with_placeholders_comes_back(row: int) -> None:
    data = bytes.fromhex(RECEIPTS_2020[row]["container_hex"])
    found = container.decode(data, strict=False)
    assert (found.length_field, found.crc_field) == (0xFFFF, 0x1C00)
    assert (found.fn, found.fd_number) == (RECEIPTS_2020[row]["fn"], RECEIPTS_2020[row]["fd"])
    assert len(found.trailer) == 8
    assert found.trailer.startswith(container.REGISTER_MAC)
    assert tlv.decode(found.document).tag == 3
    assert container.encode(found) == data
    with pytest.raises(WireError) as caught:
        container.decode(data)
    assert caught.value.fault is WireFault.CONTAINER_LENGTH


def test_a_length_that_counts_the_data_only_is_taken_too() -> None:
    whole = bytearray(container_octets("V1"))
    whole[0:2] = (len(whole) - 32).to_bytes(2, "little")
    whole[2:4] = container.crc_of(whole).to_bytes(2, "little")
    found = container.decode(bytes(whole))
    assert found.length_field == len(whole) - 32
    assert container.encode(found) == whole


def test_a_new_container_names_the_length_of_its_document() -> None:
    document = document_octets("V2")
    made = Container(
        data_type=11, fn="9999078902013267", fd_number=1, body=document + container.trailer(b"\x33" * 6)
    )
    data = container.encode(made)
    assert data[:2] == len(data).to_bytes(2, "little")
    assert data[28:32] == b"\x00\x02" + len(document).to_bytes(2, "big")
    assert data[-10:] == b"\x81\x06" + b"\x33" * 6 + b"\0\0"
    assert container.decode(data).document == document


@given(
    fn=st.integers(0, 10**16 - 1).map(str),
    fd_number=st.integers(0, (1 << 24) - 1),
    body=st.binary(max_size=300),
    kind=st.sampled_from([0xA5, 0x5A]),
    data_type=st.integers(0, 255),
)
def test_any_container_reads_back_equal(**fields: Any) -> None:
    made = Container(**fields, service_2=bytes(12))
    assert container.decode(container.encode(made), strict=False) == made


@pytest.mark.parametrize(
    ("place", "fault"),
    [
        (0, WireFault.CONTAINER_LENGTH),
        (2, WireFault.CONTAINER_CRC),
        (4, WireFault.CONTAINER_CRC),
        (50, WireFault.CONTAINER_CRC),
    ],
)
def test_one_wrong_byte_is_noticed(place: int, fault: WireFault) -> None:
    data = bytearray(container_octets("V1"))
    data[place] ^= 0xFF
    with pytest.raises(WireError) as caught:
        container.decode(bytes(data))
    assert caught.value.fault is fault


@pytest.mark.parametrize(
    ("place", "value", "fault"), [(4, 0x33, "container_kind"), (6, 2, "container_version")]
)
def test_an_unknown_kind_or_version_is_named(place: int, value: int, fault: str) -> None:
    data = bytearray(container_octets("V1"))
    data[place] = value
    data[2:4] = container.crc_of(data).to_bytes(2, "little")
    with pytest.raises(WireError) as caught:
        container.decode(bytes(data))
    assert caught.value.fault == fault


@pytest.mark.parametrize(
    "fields",
    [
        {"fn": "99990789A2013267"},
        {"fn": "9" * 17},
        {"fd_number": 1 << 24},
        {"fd_number": -1},
        {"kind": 256},
        {"body": bytes(65_600)},
    ],
)
def test_a_field_that_does_not_fit_is_refused(fields: dict[str, Any]) -> None:
    usual: dict[str, Any] = {"data_type": 3, "fn": "9999078902013267", "fd_number": 1, "body": b""}
    with pytest.raises(WireError):
        container.encode(Container(**{**usual, **fields}))


def test_a_fifteen_digit_drive_number_is_padded_with_a_nibble() -> None:
    assert container.pack_fn("999907890201326") == bytes.fromhex("999907890201326f")
    assert container.unpack_fn(bytes.fromhex("999907890201326f")) == "999907890201326"
    with pytest.raises(WireError):
        container.unpack_fn(bytes.fromhex("9999f7890201326f"))


@pytest.mark.parametrize("tail", ["", "810600000000", "82060000000000000000", "81060000000000000001"])
def test_a_plain_document_without_its_message_sign_is_refused(tail: str) -> None:
    body = document_octets("V2") + bytes.fromhex(tail)
    data = container.encode(Container(data_type=11, fn="9999078902013267", fd_number=1, body=body))
    assert container.decode(data, strict=False).trailer.hex() == tail
    with pytest.raises(WireError) as caught:
        container.decode(data)
    assert caught.value.fault is WireFault.TRAILER


def test_an_encrypted_body_has_no_plain_document() -> None:
    made = Container(data_type=3, fn="1", fd_number=1, body=b"\xaa" * 50)
    with pytest.raises(WireError) as caught:
        _ = made.document
    assert caught.value.fault is WireFault.CONTAINER_SHORT


@given(st.binary(max_size=80), st.booleans())
def test_garbage_is_a_named_error_or_comes_back(data: bytes, strict: bool) -> None:
    try:
        found = container.decode(data, strict=strict)
    except WireError as error:
        assert error.ru  # noqa: PT017  most garbage ends here, some is a container
    else:
        assert container.encode(found) == data
