"""Grace, hysteresis and what a restart must not forget: the engine between checks and incidents."""

import random
from pathlib import Path
from typing import Self

import pytest

from chekpoint.hub.causes import About, Link, Places, Seen, Trait, explained
from chekpoint.hub.limits import Limits
from chekpoint.hub.post import Post
from chekpoint.store import incidents
from chekpoint.store.incidents import Words
from chekpoint.store.store import Store, open_store
from chekpoint.watch.check import Check, Finding
from chekpoint.watch.engine import Watchman
from tests.doubles.hand_clock import HandClock

pytestmark = pytest.mark.anyio
WORDS = Words("warning", "Плохо. Почините.", "It is bad. Mend it.")
WORSE = WORDS._replace(severity="critical")


class Rig:
    """A watchman over a real database, with one check whose findings the test sets."""

    def __init__(self, folder: Path, *, grace: float = 10, recovery: float = 5) -> None:
        self.clock, self.found, self.broken = HandClock(), list[Finding](), False
        self.url = f"sqlite:///{folder / 'watch.db'}"
        trait = Trait(Link.REGISTER, About.REGISTER)
        self.check = Check(
            99, "test_check", ("Проверка", "A check"), trait, self._look, grace=grace, recovery=recovery, every=0
        )  # fmt: skip

    def _look(self, _tx: object, _limits: object) -> list[Finding]:
        if self.broken:
            raise ZeroDivisionError
        return self.found

    async def __aenter__(self) -> Self:
        self.store: Store = open_store(self.url, node="w", clock=self.clock, inline=True, durable=False)
        await self.store.start()
        self.man = Watchman(
            Post(self.store, self.clock, random.Random(1), node="w", limits=Limits()), [self.check]
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.store.stop()

    async def after(self, seconds: float, *found: Finding) -> list[str]:
        """Let time pass, look again; the severities of what is open."""
        self.clock.wind(seconds)
        self.found = list(found)
        await self.man.once()
        return [one.severity for one in await self.store.read(incidents.open_now)]


async def test_a_blip_under_its_grace_is_no_incident(tmp_path: Path) -> None:
    async with Rig(tmp_path) as rig:
        assert await rig.after(0, Finding("k1", WORDS)) == []
        assert await rig.after(9, Finding("k1", WORDS)) == []
        assert await rig.after(1) == []
        await rig.after(10)  # away for its recovery: forgotten
        assert await rig.after(0, Finding("k1", WORDS)) == []
        assert await rig.after(10, Finding("k1", WORDS)) == ["warning"]


async def test_evidence_that_is_old_already_opens_at_once(tmp_path: Path) -> None:
    async with Rig(tmp_path) as rig:
        old = int(rig.clock.now().timestamp() * 1000) - 60_000
        assert await rig.after(0, Finding("k1", WORDS, old)) == ["warning"]


async def test_flapping_stays_one_incident(tmp_path: Path) -> None:
    async with Rig(tmp_path, grace=0) as rig:
        for _ in range(5):
            assert await rig.after(1, Finding("k1", WORDS)) == ["warning"]
            assert await rig.after(4) == ["warning"]
        assert await rig.after(5) == []


async def test_a_restart_does_not_begin_the_grace_anew(tmp_path: Path) -> None:
    async with Rig(tmp_path) as rig:
        assert await rig.after(0, Finding("k1", WORDS)) == []
        clock = rig.clock
    rig.clock = clock
    async with rig:
        assert await rig.after(10, Finding("k1", WORDS)) == ["warning"]


async def test_what_becomes_worse_says_so_in_the_same_incident(tmp_path: Path) -> None:
    async with Rig(tmp_path, grace=0) as rig:
        assert await rig.after(0, Finding("k1", WORDS)) == ["warning"]
        assert await rig.after(1, Finding("k1", WORSE)) == ["critical"]


async def test_a_check_that_fails_closes_nothing(tmp_path: Path) -> None:
    async with Rig(tmp_path, grace=0, recovery=0) as rig:
        assert await rig.after(0, Finding("k1", WORDS)) == ["warning"]
        rig.broken = True
        assert await rig.after(60) == ["warning"]
        rig.broken = False
        assert await rig.after(1) == []


PLACES = Places({"k1": "s", "k2": "s"}, {"r1": "k1", "9999": "k2"})


def test_a_dead_link_explains_what_follows_from_it_and_nothing_else() -> None:
    opened = [
        Seen("1", "register_blocked", "k1"), Seen("2", "unproven", "k1"), Seen("3", "in_doubt", "r1"),
        Seen("4", "unproven", "k2"), Seen("5", "foreign_document", "9999/7"),
    ]  # fmt: skip
    assert explained(opened, PLACES) == {"2": "1", "3": "1"}


def test_lateness_is_explained_only_when_every_register_is_troubled() -> None:
    one, both = Seen("1", "register_blocked", "k1"), Seen("2", "register_blocked", "k2")
    late = Seen("3", "late", "s")
    assert explained([one, late], PLACES) == {}
    assert explained([one, both, late], PLACES) == {"3": "1"}
