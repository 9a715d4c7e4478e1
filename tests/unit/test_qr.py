from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chekpoint.fiscal import qr
from chekpoint.fiscal.qr import QrError, QrFields
from chekpoint.fiscal.receipt import Kind
from tests.unit.fiscal_strategies import digits, moments

REAL = "t=20260817T1528&s=232.20&fn=7380440902582955&i=5321&fp=1291708960&n=1"
FIELDS = QrFields(
    made_at=datetime(2026, 8, 17, 15, 28),  # noqa: DTZ001  the receipt's local time
    total=23_220,
    fn="7380440902582955",
    fd_number=5321,
    fiscal_sign=1_291_708_960,
    kind=Kind.SALE,
)


def test_a_real_string_is_read_and_written_letter_for_letter() -> None:
    assert qr.read(REAL) == FIELDS
    assert (
        qr.write(FIELDS.made_at, FIELDS.total, FIELDS.fn, FIELDS.fd_number, FIELDS.fiscal_sign, Kind.SALE)
        == REAL
    )


@pytest.mark.parametrize(
    "text",
    [
        REAL.upper(),
        f"  {REAL}\n",
        f"https://check.example.com/rec?{REAL}",
        f"https://check.example.com/rec?{REAL}#top",
        "n=1&fp=1291708960&i=5321&fn=7380440902582955&s=232.20&t=20260817T1528",
        "t=20260817T1528&s=232.2&fn=7380440902582955&i=5321&fp=1291708960&n=1",
        "t=20260817T1528&s=232,20&fn=7380440902582955&i=5321&fp=1291708960&n=1",
        "t=20260817T152800&s=232.20&fn=7380440902582955&i=5321&fp=1291708960&n=1",
        "t=2026-08-17T15:28&s=232.20&fn=7380440902582955&i=5321&fp=1291708960&n=1",
        "t=20260817T1528&s=232.20&fn=7380440902582955&i=0005321&fp=1291708960&n=1&extra=x",
    ],
)
def test_a_string_as_people_scan_it_means_the_same(text: str) -> None:
    assert qr.read(text) == FIELDS


def test_what_registers_leave_out_is_allowed() -> None:
    found = qr.read("t=20200914T093100&s=50&fn=9251440300165315&i=58157&fp=0322415650")
    assert found.kind is None
    assert found.total == 5000
    assert found.fiscal_sign == 322_415_650


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", "t"),
        ("hello", "t"),
        (REAL.replace("t=20260817T1528", "t=20261317T1528"), "t"),
        (REAL.replace("t=20260817T1528", "t=2026"), "t"),
        (REAL.replace("232.20", "232.200"), "s"),
        (REAL.replace("232.20", "-1"), "s"),
        (REAL.replace("232.20", "9999999999999"), "s"),
        (REAL.replace("232.20", "1.x"), "s"),
        (REAL.replace("&fn=7380440902582955", ""), "fn"),
        (REAL.replace("7380440902582955", "73804409025829551"), "fn"),
        (REAL.replace("5321", "٥٣٢١"), "i"),
        (REAL.replace("1291708960", "4294967296"), "fp"),
        (REAL.replace("n=1", "n=5"), "n"),
        (REAL.replace("n=1", "n=x"), "n"),
        ("x" * 2000, ""),
    ],
)
def test_a_wrong_string_names_its_wrong_field(text: str, field: str) -> None:
    with pytest.raises(QrError) as caught:
        qr.read(text)
    assert caught.value.field == field
    assert caught.value.ru


@given(
    moments,
    st.integers(0, 10**12),
    digits(16),
    st.integers(1, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    st.sampled_from(Kind),
)
def test_what_is_printed_scans_back(  # noqa: PLR0917  the fields of the string
    made_at: datetime, total: int, fn: str, fd_number: int, fiscal_sign: int, kind: Kind
) -> None:
    found = qr.read(qr.write(made_at, total, fn, fd_number, fiscal_sign, kind))
    assert found == QrFields(
        made_at=made_at.replace(second=0),
        total=total,
        fn=fn,
        fd_number=fd_number,
        fiscal_sign=fiscal_sign,
        kind=kind,
    )


@given(st.text(max_size=120) | st.text("tsfnip=&0123456789.T;%", max_size=120))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = qr.read(text)
    except QrError as error:
        assert error.en  # noqa: PT017  nearly every text ends here
    else:
        assert found.fn.isdigit()
