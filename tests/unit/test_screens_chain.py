"""What the chain says: never more than was proven (invariant 8)."""

from string import Formatter
from zoneinfo import ZoneInfo

import pytest

from chekpoint.core.errors import BlockReason
from chekpoint.core.lifecycle import Proof, State
from chekpoint.store.views import OPEN_STATES, Chain, Way
from chekpoint.store.views_incidents import Incident
from chekpoint.store.views_registers import LaneView
from chekpoint.web.chain import Health, Link, Tone, lane_state, links, with_incidents
from chekpoint.web.lingo import Lingo
from chekpoint.web.texts_en import EN
from chekpoint.web.texts_ru import RU

NOW = 1_800_000_000_000
DAY = 86_400_000
HEALTH = Health(dead=0, missing=0, stale_ms=30_000, expected_ms=900_000)
LINGO = Lingo("ru", ZoneInfo("Europe/Moscow"))


def lane(**changes: object) -> LaneView:
    made = LaneView(
        id="k1", name="Касса", maker="bare", enabled=True, draining=False, seller="ООО", inn="7707083893", holder="a",
        fence=1, lease_until=NOW + 60_000, fn="9999078900001111", last_fd=5, block=None, block_message=None,
        blocked_since=None, status=None, status_at=NOW - 1000, signed_at=NOW - 2000, ticketed_at=NOW - 3000,
    )  # fmt: skip
    return made._replace(**changes)  # type: ignore[arg-type]


def facts(**changes: object) -> Chain:
    made = Chain(
        now=NOW, accepted_at=NOW - 1000, written_at=NOW - 500, counts=dict.fromkeys(OPEN_STATES, 0), queued_since=None,
        deadline=None, way=Way(0, 0, None), notices=0, refused_notices=0, lanes=[lane()], incidents={},
        tax_service_at=None,
    )  # fmt: skip
    return made._replace(**changes)  # type: ignore[arg-type]


def drawn(known: Chain, health: Health = HEALTH) -> dict[str, Link]:
    return {link.key: link for link in links(known, health, LINGO)}


def test_an_empty_hub_claims_nothing() -> None:
    nothing = facts(accepted_at=None, written_at=None, lanes=[])
    assert {key: link.tone for key, link in drawn(nothing).items()} == {
        "shop": Tone.UNKNOWN, "hub": Tone.UNKNOWN, "register": Tone.UNKNOWN, "drive": Tone.UNKNOWN,
        "operator": Tone.UNKNOWN, "tax": Tone.UNCHECKED,
    }  # fmt: skip


def test_the_tax_service_is_never_called_well_on_an_operators_word() -> None:
    link = drawn(facts())["tax"]
    assert (link.tone, link.proof_at, link.waits) == (Tone.UNCHECKED, None, "")
    assert "доказательств от ФНС пока нет" in link.known


def test_an_operator_that_never_confirmed_anything_is_not_called_well() -> None:
    link = drawn(facts(lanes=[lane(ticketed_at=None)], way=Way(0, 3, NOW - 1000)))["operator"]
    assert (link.tone, link.proof_at) == (Tone.UNKNOWN, None)


def test_documents_that_are_overdue_at_the_operator_break_the_link() -> None:
    late = facts(way=Way(0, 2, NOW - 1_000_000))
    assert drawn(late)["operator"].tone is Tone.BROKEN
    assert drawn(facts(way=Way(0, 2, NOW - 1_000)))["operator"].tone is Tone.WELL


def test_old_evidence_does_not_say_that_a_link_works_now() -> None:
    old = facts(accepted_at=NOW - DAY, lanes=[lane(signed_at=NOW - DAY, ticketed_at=NOW - DAY)])
    tones = drawn(old)
    assert [tones[key].tone for key in ("shop", "drive", "operator")] == [Tone.QUIET] * 3


def test_a_refused_document_is_not_hidden_behind_later_tickets() -> None:
    assert drawn(facts(incidents={"refused_by_operator": 1}))["operator"].tone is Tone.WAITS


@pytest.mark.parametrize(
    ("changes", "tone", "word"),
    [
        ({}, Tone.WELL, "lane.ready"),
        ({"status_at": NOW - 40_000, "signed_at": None}, Tone.UNKNOWN, "lane.stale"),
        ({"status_at": NOW - 40_000, "signed_at": NOW - 1000}, Tone.WELL, "lane.ready"),
        ({"status_at": None, "signed_at": None}, Tone.UNKNOWN, "lane.never"),
        ({"block": "paper_out", "blocked_since": NOW - 9}, Tone.BROKEN, "lane.blocked"),
        ({"enabled": False, "block": "paper_out"}, Tone.UNCHECKED, "lane.off"),
        ({"draining": True}, Tone.QUIET, "lane.draining"),
    ],
)
def test_a_register_is_ready_only_on_a_fresh_answer(
    changes: dict[str, object], tone: Tone, word: str
) -> None:
    state = lane_state(lane(**changes), NOW, HEALTH.stale_ms)
    assert (state.tone, state.word) == (tone, word)


def test_one_standing_register_of_two_is_worth_attention_and_all_of_them_an_alarm() -> None:
    standing = lane(block=BlockReason.PAPER_OUT.value)
    assert drawn(facts(lanes=[lane(), standing]))["register"].tone is Tone.WAITS
    assert drawn(facts(lanes=[standing]))["register"].tone is Tone.BROKEN
    assert drawn(facts(lanes=[lane(status_at=NOW - DAY, signed_at=None)]))["register"].tone is Tone.UNKNOWN


def test_a_locked_drive_shows_at_the_drive() -> None:
    locked = lane(block=BlockReason.OFD_OVERDUE.value)
    assert drawn(facts(lanes=[locked]))["drive"].tone is Tone.BROKEN


def test_a_hub_that_waits_for_a_restored_register_does_not_look_well() -> None:
    assert drawn(facts(), HEALTH._replace(missing=2))["hub"].tone is Tone.BROKEN
    assert drawn(facts(), HEALTH._replace(dead=1))["hub"].tone is Tone.BROKEN


def test_counts_that_stopped_say_that_there_are_more() -> None:
    many = facts(counts=dict.fromkeys(OPEN_STATES, 1001), way=Way(4999, 1, NOW - 1000))
    assert drawn(many)["hub"].waits.startswith("1\u202f000+")
    assert "+" in drawn(many)["drive"].waits


def test_both_languages_say_the_same_things() -> None:
    assert RU.keys() == EN.keys()

    def fields(text: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    assert [key for key in RU if fields(RU[key]) != fields(EN[key])] == []
    assert [key for key in RU if not RU[key].strip() or not EN[key].strip()] == []


def incident(kind: str, severity: str, opened_at: int) -> Incident:
    return Incident(f"{opened_at}", kind, "k1", severity, f"{kind}, беда", "", opened_at, None, None)


def test_an_incident_stands_at_its_link_and_that_link_is_not_called_well() -> None:
    opened = [incident("unproven", "warning", NOW - 9), incident("unreadable_document", "critical", NOW - 5)]
    known = {link.key: link for link in with_incidents(links(facts(), HEALTH, LINGO), opened)}
    assert [one.kind for one in known["drive"].incidents] == ["unreadable_document", "unproven"]
    assert known["drive"].tone is Tone.WAITS
    assert {key for key, link in known.items() if link.incidents} == {"drive"}
    assert known["register"].tone is Tone.WELL


def test_an_incident_never_makes_a_broken_link_look_better() -> None:
    late = facts(way=Way(0, 3, NOW - 2_000_000))
    known = with_incidents(links(late, HEALTH, LINGO), [incident("refused_by_operator", "critical", NOW)])
    assert {link.key: link.tone for link in known}["operator"] is Tone.BROKEN


def test_every_state_rung_and_reason_has_its_words() -> None:
    for lang in ("ru", "en"):
        lingo = Lingo(lang, ZoneInfo("UTC"))
        assert all(lingo.has(f"state.{state}") and lingo.has(f"meaning.{state}") for state in State)
        assert all(lingo.has(f"proof.{rung.name.lower()}") for rung in Proof)
        assert all(lingo.has(f"block.{reason}") for reason in BlockReason)
        assert all(lingo.has(f"tone.{tone}") for tone in Tone)


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 чеков"),
        (1, "1 чек"),
        (2, "2 чека"),
        (5, "5 чеков"),
        (11, "11 чеков"),
        (21, "21 чек"),
        (112, "112 чеков"),
    ],
)
def test_counts_are_said_as_people_say_them(count: int, words: str) -> None:
    assert LINGO.plural(count, "receipts") == words.replace(" ", "\u00a0")


def test_money_does_not_break_over_lines() -> None:
    assert LINGO.money(123_456_789) == "1\u202f234\u202f567,89\u00a0₽"
    assert LINGO.money(5) == "0,05\u00a0₽"
