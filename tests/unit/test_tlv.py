from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chekpoint.fiscal import tlv
from chekpoint.fiscal.tags import TAGS, TagKind, name_of
from chekpoint.fiscal.tlv import FvlnStyle, Node, Styles, TlvError, VlnStyle
from tests.unit.fiscal_strategies import nodes
from tests.unit.vectors import RECEIPTS_2020, VECTORS, container_octets, document_octets, octets

DOCUMENTS = ["V1", "V2", "V3", "V4", "V5", "V7", "V9.1", "V9.2", "V9.3", "V9.4", "V9.5", "V9.6"]
VALUES = {
    "V9.7": (1023, Decimal("1234567.89")),
    "V9.8": (1023, Decimal("1453.67")),
    "V9.9": (1020, 404_969),
    "V9.10": (1020, 87_892_227_523_633),
    "V9.11": (1030, "Тест"),
    "V9.12": (1012, 1_436_418_698),
}


def test_no_vector_is_forgotten() -> None:
    assert {*DOCUMENTS, *VALUES, "V9.13"} == set(VECTORS)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_bytes_of_the_field_come_back_unchanged(name: str) -> None:
    data = document_octets(name)
    assert tlv.encode(tlv.decode(data, strict=False)) == data


@pytest.mark.parametrize("name", ["V1", "V2", "V3", "V4", "V5", "V7"])
def test_every_field_reads_as_its_sender_meant_it(name: str) -> None:
    node = tlv.decode(document_octets(name), strict=False)
    _agree(node, VECTORS[name]["decoded"]["document"])


def _agree(node: Node, expected: dict[str, Any]) -> None:
    assert node.tag == expected["tag"]
    if "fields" in expected:
        assert len(tuple(node)) == len(expected["fields"])
        for member, field in zip(node, expected["fields"], strict=True):
            _agree(member, field)
        return
    value = expected["value"]
    if isinstance(value, dict):
        value = value.get("unix", value.get("bytes"))
    found = node.value.hex() if isinstance(node.value, bytes) else node.value
    assert found == (value.rstrip(" ") if isinstance(value, str) and TAGS[node.tag].fixed else value)


@pytest.mark.parametrize("name", VALUES)
def test_a_bare_value_of_the_field_is_read_and_written_back(name: str) -> None:
    tag, value = VALUES[name]
    data = tag.to_bytes(2, "little") + len(octets(name)).to_bytes(2, "little") + octets(name)
    node = tlv.decode(data, strict=False)
    assert node.value == value
    assert tlv.encode(node) == data


def test_a_supplier_group_is_nested() -> None:
    node = tlv.decode(document_octets("V9.6"))
    assert node == Node(1224, (Node(1225, 'ООО "ТПМ групп"'), Node(1171, "8-926-123-45-67")))


@pytest.mark.parametrize("row", range(len(RECEIPTS_2020)))
def test_real_receipts_of_2020_decode_even_strictly_and_come_back(row: int) -> None:
    whole = bytes.fromhex(RECEIPTS_2020[row]["container_hex"])
    data = whole[32 : 36 + int.from_bytes(whole[34:36], "little")]
    assert tlv.encode(tlv.decode(data)) == data
    assert tlv.decode(data, strict=False) == tlv.decode(data)


@given(nodes)
def test_what_is_written_reads_back_equal(node: Node) -> None:
    data = tlv.encode(node)
    assert tlv.decode(data) == node
    assert tlv.decode(data, strict=False) == node


@given(nodes, st.sampled_from(VlnStyle), st.sampled_from(FvlnStyle))
def test_another_encoders_style_reads_back_and_is_kept(node: Node, vln: VlnStyle, fvln: FvlnStyle) -> None:
    data = tlv.encode(node, styles=Styles(vln=vln, fvln=fvln))
    found = tlv.decode(data, strict=False)
    assert _values(found) == _values(node)
    assert tlv.encode(found) == data


def _values(node: Node) -> Any:
    return (node.tag, tuple(map(_values, node)) if isinstance(node.value, tuple) else node.value)


@given(st.binary(max_size=200), st.booleans())
@example(b"\x23\x04" * 3, False)
@example(b"\x23\x04\xff\xff", True)
@example(b"\x03\x00", True)
def test_garbage_is_a_named_error_or_comes_back_unchanged(data: bytes, strict: bool) -> None:
    _survives(data, strict=strict)


@given(
    st.sampled_from(DOCUMENTS),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4),
    st.integers(0, 400),
    st.booleans(),
)
def test_a_damaged_document_is_a_named_error_or_comes_back_unchanged(
    name: str, damage: list[tuple[int, int]], cut: int, strict: bool
) -> None:
    data = bytearray(document_octets(name))
    for place, value in damage:
        data[place % len(data)] = value
    _survives(bytes(data[: len(data) - cut % len(data)]), strict=strict)


def _survives(data: bytes, *, strict: bool) -> None:
    try:
        found = tlv.decode_many(data, strict=strict)
    except TlvError as refusal:
        error = refusal
    else:
        assert tlv.encode_many(found) == data
        return
    assert error.ru
    assert error.en
    assert 0 <= error.offset <= len(data)


def test_a_bomb_of_nested_groups_does_not_exhaust_the_stack() -> None:
    data = b""
    for _ in range(10_000):
        data = b"\x23\x04" + len(data).to_bytes(2, "little") + data
    with pytest.raises(TlvError, match="nested too deep"):
        tlv.decode(data)


@pytest.mark.parametrize(
    ("data", "offset", "tag"),
    [
        ("1e04020001", 4, 1054),  # cut value
        ("1e040200", 4, 1054),
        ("1e04", 0, 0),  # cut header
        ("1e0402000101", 4, 1054),  # a byte of two bytes
        ("fc030200e800", 4, 1020),  # padded money
        ("fc030000", 4, 1020),  # empty money
        ("fc030700e8010101010101", 4, 1020),  # money over six bytes
        ("fa030a0037373032323033323736", 4, 1018),  # short INN
        ("fa030c00303037373032323033323736", 4, 1018),  # left-padded INN
        ("350405002104aa1075", 4, 1077),  # short sign
        ("ff03020007e8", 4, 1023),  # seven decimals
        ("ff030300006400", 4, 1023),  # padded quantity
        ("0300060023040200ff03", 8, 0),  # header cut inside a group
    ],
)
def test_a_strict_reader_says_where_and_in_which_tag(data: str, offset: int, tag: int) -> None:
    with pytest.raises(TlvError) as caught:
        tlv.decode(bytes.fromhex(data))
    assert (caught.value.offset, caught.value.tag) == (offset, tag)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("fc030200e800", 0xE8),
        ("fc030000", 0),
        ("fa030a0037373032323033323736", "7702203276"),
        ("fa030c00303037373032323033323736", "7702203276"),
        ("fa030c00303030303030303030303030", "000000000000"),
        ("ff0303000064" + "00", Decimal(100)),
        ("ff03020006" + "01", Decimal("0.000001")),
        ("5b0402002b37", "+7"),  # 1115 was a site in FFD 1.0
        ("5f040c002b37393031323334353637" + "38", "+79012345678"),  # 1119 was a telephone
        ("3a040c002b37393031323334353637" + "38", "+79012345678"),  # 1082 too
    ],
)
def test_a_tolerant_reader_takes_what_real_registers_emit(data: str, value: Any) -> None:
    node = tlv.decode(bytes.fromhex(data), strict=False)
    assert node.value == value
    assert tlv.encode(node) == bytes.fromhex(data)


@pytest.mark.parametrize(
    "node",
    [
        Node(1030, "рубль ₽"),
        Node(1030, "x" * 129),
        Node(1018, "7" * 13),
        Node(1020, -1),
        Node(1020, 1 << 48),
        Node(1020, "100"),
        Node(1054, 256),
        Node(1023, Decimal("0.0000001")),
        Node(1023, Decimal("1E+30")),
        Node(1023, Decimal("1E-999999")),
        Node(1023, Decimal("NaN")),
        Node(1023, Decimal(-1)),
        Node(1023, 1),
        Node(1077, b"\x21\x04"),
        Node(1162, b"x" * 33),
        Node(1059, "items"),
        Node(17185, 5),
        Node(70_000, b""),
        Node(3, tuple(Node(1009, "x" * 256) for _ in range(300))),
        Node(1059, (Node(1030, "—"),)),
    ],
)
def test_a_value_that_does_not_fit_is_refused_before_it_reaches_a_register(node: Node) -> None:
    with pytest.raises(TlvError) as caught:
        tlv.encode(node)
    assert caught.value.ru


@pytest.mark.parametrize(
    ("value", "octets_"),
    [
        (Decimal(1), "0001"),
        (Decimal("1.500"), "010f"),
        (Decimal("0.000001"), "0601"),
        (Decimal(0), "0000"),
        (Decimal("1E+2"), "0064"),
    ],
)
def test_a_quantity_is_written_with_as_few_decimals_as_it_needs(value: Decimal, octets_: str) -> None:
    assert tlv.encode(Node(1023, value))[4:].hex() == octets_


def test_two_documents_where_one_is_expected_are_an_error() -> None:
    with pytest.raises(TlvError, match="expected one tag"):
        tlv.decode(bytes.fromhex("1e0401000155040100" + "00"))


def test_values_are_found_by_tag() -> None:
    node = tlv.decode(document_octets("V3"))
    assert node.path(1068, 1022) == 14
    assert node.path(1068, 9999) is None
    assert node.path(9999, 1022) is None
    assert node.number(1040) == 1
    assert node.text(1017) == "7704211201"
    assert node.octets(1078) == bytes.fromhex("880686ce88300003")
    assert node.all(1068) == (node.child(1068),)
    assert node.get(1) is None
    with pytest.raises(TlvError):
        node.number(1017)
    with pytest.raises(TlvError):
        node.text(1040)
    with pytest.raises(TlvError):
        node.octets(1040)
    with pytest.raises(TlvError):
        node.texts(1040)


def test_the_table_knows_every_tag_of_the_format() -> None:
    assert TAGS[1059].kind is TagKind.STLV
    assert TAGS[1023].kind is TagKind.FVLN
    assert {
        tag for tag in TAGS.values() if tag.kind is TagKind.UINT and tag.max_len not in {1, 2, 4}
    } == set()
    assert name_of(1020).startswith("сумма")
    assert name_of(3) == "кассовый чек"
    assert name_of(9999) == "тег 9999"


def test_the_generated_table_is_the_csv(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util
    from pathlib import Path

    root = Path(__file__).parents[2]
    spec = importlib.util.spec_from_file_location("generate_tags", root / "scripts" / "generate_tags.py")
    assert spec is not None
    assert spec.loader is not None
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    monkeypatch.setattr(generator, "TARGET", tmp_path / "tag_table.py")
    generator.main()
    written = (root / "src/chekpoint/fiscal/tag_table.py").read_text("utf-8")
    assert (tmp_path / "tag_table.py").read_text("utf-8") == written


def test_containers_and_documents_of_one_vector_belong_together() -> None:
    assert document_octets("V3") in container_octets("V3")
