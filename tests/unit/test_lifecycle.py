"""The transition table: no way round doubt, no way back from the end."""

import pytest

from chekpoint.core.lifecycle import TERMINAL, TRANSITIONS, Cause, Proof, State, after, diagram


def test_a_receipt_in_doubt_is_sent_again_only_when_absence_is_proved_or_judged() -> None:
    back = {
        cause for (old, cause), new in TRANSITIONS.items() if old is State.IN_DOUBT and new is State.QUEUED
    }
    assert back == {Cause.ABSENT, Cause.VERDICT}


def test_a_fiscalised_cancelled_or_expired_receipt_never_changes_again() -> None:
    final = {State.FISCALISED, State.CANCELLED, State.EXPIRED}
    assert not [old for old, _ in TRANSITIONS if old in final]


def test_only_a_queued_receipt_can_be_cancelled_or_expire() -> None:
    ways = {old for (old, _), new in TRANSITIONS.items() if new in {State.CANCELLED, State.EXPIRED}}
    assert ways == {State.QUEUED}


def test_an_expired_lease_never_leads_to_the_queue() -> None:
    assert {new for (_, cause), new in TRANSITIONS.items() if cause is Cause.LEASE_LOST} == {State.IN_DOUBT}


def test_every_state_can_be_reached_and_every_open_one_left() -> None:
    reached, edge = {State.QUEUED}, {State.QUEUED}
    while edge:
        edge = {new for (old, _), new in TRANSITIONS.items() if old in edge} - reached
        reached |= edge
    assert reached == set(State)
    assert {old for old, _ in TRANSITIONS} >= set(State) - TERMINAL


@pytest.mark.parametrize("state", sorted(State))
@pytest.mark.parametrize("cause", sorted(Cause))
def test_what_the_table_lacks_is_refused(state: State, cause: Cause) -> None:
    if (state, cause) in TRANSITIONS:
        assert after(state, cause) is TRANSITIONS[state, cause]
    else:
        with pytest.raises(ValueError, match="no transition"):
            after(state, cause)


def test_the_ladder_has_its_rungs_in_order() -> None:
    assert sorted(Proof) == [
        Proof.NONE, Proof.SIGNED, Proof.SENT_TO_OFD, Proof.TICKETED, Proof.MATCHED, Proof.AT_TAX_SERVICE,
    ]  # fmt: skip


def test_the_diagram_shows_every_edge_and_every_end() -> None:
    lines = diagram().splitlines()
    assert len([line for line in lines if "-->" in line]) == len(TRANSITIONS) + len(TERMINAL) + 1
    assert "    in_doubt --> queued: absent" in lines
