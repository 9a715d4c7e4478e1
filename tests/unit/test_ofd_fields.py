"""Fields of operators' JSON in every form that clients of these services have met."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chekpoint.fiscal.vat import VatRate
from chekpoint.ofd import fields
from chekpoint.ofd.fields import Malformed

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("shown", "meant"),
    [(2, "2"), (0.125, "0.125"), ("1.000000", "1"), (1e-05, "0.00001"), (0.1 + 0.2, "0.3"), (None, None)],
)
def test_quantity_is_a_plain_decimal(shown: Any, meant: str | None) -> None:
    assert fields.quantity({"q": shown}, "q") == meant


@pytest.mark.parametrize("shown", ["many", "nan", "inf", -1, "1e30", True, []])
def test_quantity_that_is_none_is_named(shown: Any) -> None:
    with pytest.raises(Malformed, match="поле q"):
        fields.quantity({"q": shown}, "q")


@pytest.mark.parametrize(
    ("shown", "meant"),
    [
        ("2026-11-24T12:00:00", "2026-11-24T12:00:00"),
        ("2026-11-24 12:00:00", "2026-11-24T12:00:00"),
        ("2026-11-24T12:00:00.123", "2026-11-24T12:00:00"),
        ("2026-11-24T12:00:00+03:00", "2026-11-24T12:00:00"),
        ("2026-11-24T12:00:00.000Z", "2026-11-24T12:00:00"),
        ("2026-11-24T12:00", "2026-11-24T12:00:00"),
    ],
)
def test_wall_clock_keeps_its_face(shown: str, meant: str) -> None:
    assert fields.wall_clock({"t": shown}, "t") == meant


@pytest.mark.parametrize("shown", ["", "24.11.2026", 1764000000, None, "2026-13-01T00:00:00"])
def test_what_is_no_time_is_named(shown: Any) -> None:
    with pytest.raises(Malformed, match="поле t"):
        fields.wall_clock({"t": shown}, "t")


@pytest.mark.parametrize(
    ("shown", "meant"),
    [
        ("2026-11-24T09:00:00", "2026-11-24T09:00:00+00:00"),
        ("2026-11-24T12:00:00+03:00", "2026-11-24T09:00:00+00:00"),
        ("2026-11-24T09:00:00.5Z", "2026-11-24T09:00:00+00:00"),
        ("yesterday", None),
        (None, None),
    ],
)
def test_moment_in_utc(shown: Any, meant: str | None) -> None:
    assert fields.utc({"t": shown}, "t") == meant


def test_tax_sums_by_their_names() -> None:
    row = {
        "nds22": 100,
        "nds18": 5,
        "nds20": "7",
        "ndsNo": 0,
        "ndsCalculated10": 3,
        "totalSum": 9,
        "nds99": 4,
    }
    assert fields.vat_sums(row) == ((VatRate.VAT22, 100), (VatRate.VAT20, 12), (VatRate.VAT110, 3))
    assert fields.vat_sums({"nds0": 0}) == ()
    assert fields.vat_sums({"totalSum": 1}) is None


@pytest.mark.parametrize(
    ("shown", "first", "meant"), [(4, 1, 4), (0, 0, 1), (6, 0, 7), (7, 0, None), (0, 1, None), ("x", 1, None)]
)
def test_settlement_method_from_either_beginning(shown: Any, first: int, meant: int | None) -> None:
    assert fields.method({"m": shown}, "m", first) == meant


@pytest.mark.parametrize(
    ("shown", "meant"),
    [(1, VatRate.VAT20), ("6", VatRate.NONE), (11, VatRate.VAT22), (13, None), ("new", None), (None, None)],
)
def test_rate_that_nobody_knew_yet_is_tolerated(shown: Any, meant: VatRate | None) -> None:
    assert fields.vat_by_code({"r": shown}, "r") == meant


@given(JSON)
def test_no_value_breaks_a_reader(value: Any) -> None:
    row = {"x": value}
    for read in (fields.whole, fields.whole_or_none, fields.quantity, fields.fiscal_sign, fields.wall_clock):
        try:
            read(row, "x")
        except Malformed as fault:
            assert "x" in str(fault)  # noqa: PT017 - both outcomes are right
    fields.utc(row, "x")
    fields.method(row, "x")
    fields.vat_by_code(row, "x")
