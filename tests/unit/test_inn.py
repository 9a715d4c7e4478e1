"""A typo in an INN must be caught before a register signs it."""

from hypothesis import given
from hypothesis import strategies as st

from chekpoint.fiscal.inn import is_inn, is_registration_number, without_pads

ORGANISATION = "7702203276"
PERSON = "500100732259"


def test_real_numbers_are_taken() -> None:
    assert is_inn(ORGANISATION)
    assert is_inn("7802781104")
    assert is_inn(PERSON)


def test_every_single_digit_typo_is_caught() -> None:
    for right in (ORGANISATION, PERSON):
        for place, digit in enumerate(right):
            for other in set("0123456789") - {digit}:
                wrong = right[:place] + other + right[place + 1 :]
                # mod 11 mod 10 lets remainder 10 pass for 0: few typos survive, in the check digit's own blind spot
                assert not is_inn(wrong) or _blind_spot(right, wrong), wrong


def _blind_spot(right: str, wrong: str) -> bool:
    return right[-1] == wrong[-1] == "0" or (len(right) == 12 and "0" in {right[-1], right[-2]})


@given(st.text(max_size=14))
def test_no_text_breaks_the_check(text: str) -> None:
    assert is_inn(text) in {True, False}


def test_zeros_letters_and_other_digits_are_no_inn() -> None:
    for text in (
        "",
        "0000000000",
        "000000000000",
        "77022032",
        "770220327A",
        "٧٧٠٢٢٠٣٢٧٦",
        " 7702203276",
        "-702203276",
    ):
        assert not is_inn(text), text


def test_pads_of_fixed_fields_are_dropped_but_a_persons_number_is_left() -> None:
    assert without_pads("7702203276  ") == ORGANISATION
    assert without_pads("007702203276") == ORGANISATION
    assert without_pads(PERSON) == PERSON
    assert without_pads("0000000000024136    ") == "0000000000024136"


def test_registration_number_belongs_to_its_seller_and_register() -> None:
    # two real registration reports
    assert is_registration_number("0000000005008570", "7702203276", "000000000002")
    assert is_registration_number("0000000000024136", "7802781104", "0128003270")
    assert not is_registration_number("0000000000024136", "7702203276", "0128003270")
    assert not is_registration_number("0000000000024137", "7802781104", "0128003270")
    assert not is_registration_number("24136", "7802781104", "0128003270")
