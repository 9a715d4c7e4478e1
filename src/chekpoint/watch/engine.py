"""From findings to incidents: grace before, hysteresis after, nothing forgotten over a restart.

One round:

1. run the checks that are due, in one look at the last commit;
2. decide, purely, what the findings mean against the suspicions that are stored;
3. write that in one unit, if there is anything to write.

Two nodes may both do this: opening, closing and suspecting are idempotent.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

import structlog

from chekpoint.core.errors import StoreError
from chekpoint.hub.causes import know
from chekpoint.hub.post import Post
from chekpoint.store import incidents, suspicions
from chekpoint.store.incidents import Words
from chekpoint.store.journal import Tx
from chekpoint.store.suspicions import Suspicion
from chekpoint.watch.check import Check, Finding
from chekpoint.watch.thresholds import Thresholds

log = structlog.get_logger()
ROUND = 1.0  # seconds


class Act(StrEnum):
    """What a round does about one (kind, subject)."""

    SUSPECT = "suspect"
    BACK = "back"
    AWAY = "away"
    OPEN = "open"
    REWORD = "reword"  # it is open, and has become worse or better
    CLOSE = "close"


class Deed(NamedTuple):
    """One act; ``words`` and ``since`` where it needs them."""

    act: Act
    kind: str
    subject: str
    words: Words | None = None
    since: int = 0


def decide(check: Check, found: Sequence[Finding], known: Mapping[str, Suspicion], now: int) -> list[Deed]:
    """What the findings of one check mean. ``known``: its suspicions by subject. Pure."""
    deeds: list[Deed] = []
    here = {one.subject: one for one in found}
    for one in here.values():
        deeds += _present(check, one, known.get(one.subject), now)
    for subject, old in known.items():
        if subject not in here:
            deeds += _absent(check, old, now)
    return deeds


def _present(check: Check, one: Finding, old: Suspicion | None, now: int) -> list[Deed]:
    deeds = []
    since = min(now, one.since if one.since is not None else now)
    if old is None:
        deeds.append(Deed(Act.SUSPECT, check.kind, one.subject, since=since))
    else:
        since = min(since, old.since)
        if old.quiet_since is not None:
            deeds.append(Deed(Act.BACK, check.kind, one.subject))
    if now - since >= check.grace * 1000:
        deeds.append(Deed(Act.OPEN, check.kind, one.subject, one.words))
    return deeds


def _absent(check: Check, old: Suspicion, now: int) -> list[Deed]:
    if old.quiet_since is None and check.recovery:
        return [Deed(Act.AWAY, check.kind, old.subject, since=now)]
    if old.quiet_since is None or now - old.quiet_since >= check.recovery * 1000:
        return [Deed(Act.CLOSE, check.kind, old.subject)]
    return []


def carry_out(tx: Tx, deeds: Iterable[Deed], key: Callable[[], str]) -> None:
    """Write the acts down."""
    for deed in deeds:
        match deed.act:
            case Act.SUSPECT:
                suspicions.add(tx, deed.kind, deed.subject, deed.since)
            case Act.AWAY:
                suspicions.quiet(tx, deed.kind, deed.subject, deed.since)
            case Act.BACK:
                suspicions.quiet(tx, deed.kind, deed.subject, None)
            case Act.OPEN if deed.words is not None:
                incidents.open_incident(tx, deed.kind, deed.subject, deed.words, key=key())
            case Act.REWORD if deed.words is not None:
                incidents.reword(tx, deed.kind, deed.subject, deed.words)
            case Act.CLOSE:
                incidents.close(tx, deed.kind, deed.subject)
                suspicions.forget(tx, deed.kind, deed.subject)


def _fitting(deed: Deed, opened: Mapping[tuple[str, str], Words], follows: frozenset[str]) -> Deed | None:
    """What is open already is not opened again; its words change when its severity does, or what they count."""
    said = opened.get((deed.kind, deed.subject))
    if deed.act is not Act.OPEN or deed.words is None or said is None:
        return deed
    changed = deed.words != said if deed.kind in follows else deed.words.severity != said.severity
    return deed._replace(act=Act.REWORD) if changed else None


def in_force(check: Check, thresholds: Thresholds) -> Check:
    """The check with the grace that a person has set, where it takes it from a threshold."""
    return check._replace(grace=getattr(thresholds, check.grace_from)) if check.grace_from else check


class Watchman:
    """Runs the checks of one node."""

    def __init__(self, post: Post, checks: Sequence[Check], thresholds: Thresholds | None = None) -> None:
        self._post, self.thresholds = post, thresholds or Thresholds()
        self._checks = [in_force(check, self.thresholds) for check in checks]
        self._due = {check.kind: 0.0 for check in checks}
        for check in checks:
            know(check.kind, check.trait)

    async def run(self) -> None:
        """Watch until cancelled; a failed round is logged and done again."""
        while True:
            try:
                await self.once()
            except StoreError:
                log.exception("watch_failed")
            await self._post.clock.sleep(ROUND)

    async def once(self) -> None:
        """One round of the checks that are due."""
        clock = self._post.clock
        due = [check for check in self._checks if clock.monotonic() >= self._due[check.kind]]
        if not due:
            return
        deeds = await self._post.store.read(lambda tx: self._look(tx, due))
        for check in due:
            self._due[check.kind] = clock.monotonic() + check.every
        if deeds:
            key = self._post.keys.new
            await self._post.store.write(lambda tx: carry_out(tx, deeds, key))

    def _look(self, tx: Tx, due: Sequence[Check]) -> list[Deed]:
        known: dict[str, dict[str, Suspicion]] = {}
        for one in suspicions.every(tx):
            known.setdefault(one.kind, {})[one.subject] = one
        opened = {
            (one.kind, one.subject): Words(one.severity, one.text_ru, one.text_en)
            for one in incidents.open_now(tx)
        }
        deeds: list[Deed] = []
        for check in due:
            found = self._found(tx, check)
            if found is not None:
                deeds += decide(check, found, known.get(check.kind, {}), tx.now)
        follows = frozenset(check.kind for check in due if check.follows)
        return [fit for one in deeds if (fit := _fitting(one, opened, follows)) is not None]

    def _found(self, tx: Tx, check: Check) -> list[Finding] | None:
        """The findings; None where the check itself fails: that says nothing, and is logged."""
        try:
            return list(check.look(tx, self.thresholds))
        except StoreError:
            raise
        except Exception:
            log.exception("check_failed", check=check.kind)
            return None
