"""Whatever a shop writes, the register gets CP866 that a buyer can read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chekpoint.fiscal.text866 import MAX_EXPANSION, cut, fits, lost, substitute

ANY_TEXT = st.text(alphabet=st.characters(), max_size=60)


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("Кофе «Ёлка» — 250 г", 'Кофе "Ёлка" - 250 г'),
        ("“Пакет” „майка‟ ’м’", '"Пакет" "майка" \'м\''),
        ("Цена 100 ₽…", "Цена 100 р...."),
        ("Счёт № 5, 20°C", "Счёт № 5, 20°C"),
        ("10×20 ± 1 см²", "10x20 +-1 см2".replace("+-1", "+- 1")),
        ("неразрывный\u00a0пробел\u202fи\tтабуляция\nстрока", "неразрывный пробел и табуляция строка"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("Café Ångström", "Cafe Angstrom"),
        ("и\u0306од", "йод"),
        ("чай 😀", "чай ?"),
        ("Ўзбек їжак", "Ўзбек їжак"),
        ("日本", "??"),
        ("\ud800", "?"),
    ],
)
def test_lookalikes_are_what_a_cashier_would_type(written: str, printed: str) -> None:
    assert substitute(written) == printed


@given(ANY_TEXT)
def test_the_result_always_encodes_and_never_changes_again(text: str) -> None:
    printed = substitute(text)
    printed.encode("cp866")
    assert substitute(printed) == printed
    assert len(printed) <= MAX_EXPANSION * len(text)


@given(ANY_TEXT, st.integers(0, 130))
def test_fits_answers_for_the_substituted_text(text: str, limit: int) -> None:
    assert fits(text, limit) == (len(substitute(text)) <= limit)


def test_text_that_cp866_has_comes_back_untouched() -> None:
    plain = "Молоко ТОМСК 2,5% п/б 1400 г №1 Ёё"
    assert substitute(plain) is plain


def test_lost_names_each_character_once() -> None:
    assert lost("«Ёлка» — «да» №1") == ("«", "»", "—")
    assert lost("Ёлка №1") == ()


def test_cut_never_leaves_more_than_the_field_takes() -> None:
    assert cut("…" * 10, 16) == "." * 16
