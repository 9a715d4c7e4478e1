"""A journey as JSON and as a form: what does not fit is said at its step, and nothing that pays gets through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chekpoint.hub.journeys import (
    ENCODE,
    STAGES_MOST,
    Do,
    Journey,
    JourneyFault,
    Stage,
    is_card,
    read_journey,
)
from chekpoint.hub.kinds import Unfilled
from chekpoint.hub.sites import Wanted, fields_of, wanted

END = Stage(do=Do.SEE, what="Оплата")
BASE = {"name": "Витрина", "url": "https://shop.example/", "every": "60", "enabled": "on"}


def _faults(journey: Journey) -> dict[int, str]:
    with pytest.raises(JourneyFault) as caught:
        read_journey(ENCODE(journey))
    return {number: words[0] for number, words in caught.value.faults.items()}


def test_every_fault_is_named_at_its_own_step() -> None:
    faults = _faults(
        (
            Stage(do=Do.OPEN, what="javascript:alert(1)"), Stage(do=Do.CLICK), Stage(do=Do.FILL, what="Имя"),
            Stage(do=Do.CLICK, what="Купить", value="лишнее"), Stage(do=Do.SEE, what="x" * 301), END,
        )
    )  # fmt: skip
    assert sorted(faults) == [1, 2, 3, 4, 5]


def test_a_journey_ends_with_a_look() -> None:
    assert list(_faults((END, Stage(do=Do.CLICK, what="Оплатить")))) == [2]
    assert list(_faults(())) == [0]
    assert list(_faults((END,) * (STAGES_MOST + 1))) == [0]


@pytest.mark.parametrize("raw", [
    b"", b"[", b"{}", b"[1]", b'[{"do":"pay"}]', b'[{"do":"see","what":"a","then":1}]', b"\xff", b'[{"what":"a"}]',
])  # fmt: skip
def test_what_is_no_journey_is_told_in_words_of_both_languages(raw: bytes) -> None:
    with pytest.raises(JourneyFault, match=r"Шаги не читаются.* / The steps cannot be read"):
        read_journey(raw)


@pytest.mark.parametrize("number", ["4111111111111111", "4111 1111 1111 1111", "2200-0000-0000-0004"])
def test_the_number_of_a_card_is_refused(number: str) -> None:
    assert is_card(number)
    faults = _faults((Stage(do=Do.FILL, what="Поле", value=number), END))
    assert "банковской карты" in faults[1]


@pytest.mark.parametrize(
    "text", ["+7 916 123-45-67", "1234567890123", "4111111111111112", "заказ 4111111111111111"]
)
def test_a_phone_or_another_number_is_no_card(text: str) -> None:
    assert not is_card(text)


TEXTS = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=20)
STAGES = st.one_of(
    st.builds(Stage, do=st.sampled_from([Do.CLICK, Do.SEE, Do.AT]), what=TEXTS),
    st.builds(Stage, do=st.just(Do.FILL), what=TEXTS, value=TEXTS.filter(lambda text: not is_card(text))),
)


@given(st.lists(STAGES, max_size=10))
def test_a_form_shows_a_journey_as_it_is_and_gives_it_back(stages: list[Stage]) -> None:
    journey = (*stages, END)
    assert read_journey(ENCODE(journey)) == journey
    wish = Wanted("Витрина", "https://shop.example/", journey=journey)
    assert wanted(fields_of(wish.site("1" * 32), journey), frozenset()) == wish


@given(
    st.dictionaries(
        st.text(max_size=12) | st.sampled_from(["name", "url", "every", "stage-1-do", "stage-2-what"]),
        st.text(max_size=40),
    )
)
def test_any_form_is_a_site_or_words_at_its_fields(fields: dict[str, str]) -> None:
    try:
        said = wanted(BASE | fields, frozenset()).name
    except Unfilled as wrong:
        said = "".join(ru and en for ru, en in wrong.faults.values())
    assert said


def test_a_row_without_an_action_is_not_lost_silently() -> None:
    with pytest.raises(Unfilled) as caught:
        wanted(BASE | {"stage-1-what": "Купить", "stage-2-do": "see", "stage-2-what": "Оплата"}, frozenset())
    assert list(caught.value.faults) == ["stage-1"]


def test_an_empty_row_removes_a_step() -> None:
    made = wanted(BASE | {"stage-3-do": "see", "stage-3-what": "Оплата", "stage-1-do": ""}, frozenset())
    assert made.journey == (Stage(do=Do.SEE, what="Оплата"),)
