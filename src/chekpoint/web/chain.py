"""The chain as it is drawn: for each link one state, one word, what is known and what is not.

Pure functions over what the store knows. Invariant 8 lives here: what the screen says is never more than
the proof says. So a link without evidence is ``unknown``, one whose evidence is old and which has nothing
to do is ``quiet``, and the tax service is ``unchecked`` until something has come from there.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from chekpoint.core.errors import BlockReason
from chekpoint.core.lifecycle import State
from chekpoint.hub.causes import trait_of
from chekpoint.store.views import Chain
from chekpoint.store.views_incidents import Incident
from chekpoint.store.views_registers import LaneView
from chekpoint.store.views_scan import CAP, WINDOW
from chekpoint.web.lingo import Lingo

RECENT: Final = 3_600_000  # ms: evidence of the last hour counts as "works now"
DRIVE_TROUBLE: Final = frozenset(
    {
        BlockReason.FISCAL_DRIVE, BlockReason.FISCAL_DRIVE_FULL, BlockReason.OFD_OVERDUE, BlockReason.CLOCK,
        BlockReason.SHIFT_EXPIRED, BlockReason.SHIFT_CLOSED,
    }
)  # fmt: skip


class Tone(StrEnum):
    """How a link stands; each has its own shape, word and colour."""

    WELL = "well"
    QUIET = "quiet"  # nothing wrong is known, nothing fresh proves that it works
    WAITS = "waits"  # needs attention soon
    BROKEN = "broken"
    UNKNOWN = "unknown"
    UNCHECKED = "unchecked"  # nobody asks it


class Health(NamedTuple):
    """What the hub itself says of its process."""

    dead: int  # workers that ended
    missing: int  # registers still to be read after a restore
    stale_ms: int  # a status older than this says nothing of now
    expected_ms: int  # a document must be confirmed by then


class Link(NamedTuple):
    """One link, ready to be drawn."""

    key: str  # shop | hub | register | drive | operator | tax
    tone: Tone
    known: str
    unknown: str
    proof_at: int | None  # milliseconds UTC of the last proof
    waits: str  # how many wait here, "" when nobody counts
    busy: bool  # is the number worth looking at?
    incidents: tuple[Incident, ...] = ()  # open ones that are at this link, the gravest first


class LaneState(NamedTuple):
    """How one register stands, and since when."""

    tone: Tone
    word: str  # key of a text
    since: int | None


def lane_state(lane: LaneView, now: int, stale_ms: int) -> LaneState:
    """The state of one register by its last answer and that answer's age."""
    answered = lane.answered_at
    if not lane.enabled:
        return LaneState(Tone.UNCHECKED, "lane.off", None)
    if lane.block is not None:
        return LaneState(Tone.BROKEN, "lane.blocked", lane.blocked_since)
    if answered is None:
        return LaneState(Tone.UNKNOWN, "lane.never", None)
    if now - answered > stale_ms:
        return LaneState(Tone.UNKNOWN, "lane.stale", answered)
    if lane.draining:
        return LaneState(Tone.QUIET, "lane.draining", answered)
    return LaneState(Tone.WELL, "lane.ready", answered)


def links(facts: Chain, health: Health, lingo: Lingo) -> tuple[Link, ...]:
    """The six links, from the shop to the tax service."""
    return (
        _shop(facts, lingo), _hub(facts, health, lingo), _register(facts, health, lingo),
        _drive(facts, health, lingo), _operator(facts, health, lingo), _tax(facts, lingo),
    )  # fmt: skip


def with_incidents(drawn: tuple[Link, ...], opened: list[Incident]) -> tuple[Link, ...]:
    """The links with what is open at each. A link with an incident is never drawn as one that works."""
    at: dict[str, list[Incident]] = {}
    for one in sorted(opened, key=lambda one: (one.severity != "critical", one.opened_at)):
        at.setdefault(trait_of(one.kind).link, []).append(one)
    return tuple(_troubled(link, tuple(at.get(link.key, ()))) for link in drawn)


def _troubled(link: Link, here: tuple[Incident, ...]) -> Link:
    calm = link.tone in {Tone.WELL, Tone.QUIET, Tone.UNCHECKED}
    return link._replace(incidents=here, tone=Tone.WAITS if here and calm else link.tone)


def _fresh(at: int | None, now: int) -> Tone:
    if at is None:
        return Tone.UNKNOWN
    return Tone.WELL if now - at <= RECENT else Tone.QUIET


def _seen(key: str, at: int | None, lingo: Lingo) -> str:
    """What the last proof of a link means, or that there was none."""
    return lingo.t(f"chain.{key}.never" if at is None else f"chain.{key}.last")


def _shop(facts: Chain, lingo: Lingo) -> Link:
    failing = facts.refused_notices > 0
    known = _seen("shop", facts.accepted_at, lingo)
    if failing:
        known += " " + lingo.t(
            "chain.shop.deaf", notices=lingo.plural(facts.refused_notices, "notices", WINDOW - 1)
        )
    tone = Tone.WAITS if failing else _fresh(facts.accepted_at, facts.now)
    waits = lingo.plural(facts.notices, "notices", WINDOW - 1)
    return Link(
        "shop", tone, known, lingo.t("chain.shop.unknown"), facts.accepted_at, waits, facts.notices > 0
    )


def _hub(facts: Chain, health: Health, lingo: Lingo) -> Link:
    queued = facts.counts[State.QUEUED]
    late = facts.deadline is not None and facts.deadline < facts.now
    said = [_seen("hub", facts.written_at, lingo)]
    if health.dead:
        said.append(lingo.t("chain.hub.dead"))
    if health.missing:
        said.append(lingo.t("chain.hub.restored", registers=lingo.plural(health.missing, "registers")))
    if facts.queued_since is not None:
        said.append(lingo.t("chain.hub.oldest", span=lingo.span(facts.now - facts.queued_since)))
    if late:
        said.append(lingo.t("chain.hub.late"))
    rejected = facts.incidents.get("receipt_rejected", 0)
    if rejected:
        said.append(lingo.t("chain.hub.rejected", receipts=lingo.plural(rejected, "receipts")))
    tone = Tone.WELL if facts.written_at is not None else Tone.UNKNOWN
    if late or rejected:
        tone = Tone.WAITS
    if health.dead or health.missing:
        tone = Tone.BROKEN
    waits = lingo.plural(queued, "receipts")
    return Link(
        "hub", tone, " ".join(said), lingo.t("chain.hub.unknown"), facts.written_at, waits, queued > 0
    )


def _register(facts: Chain, health: Health, lingo: Lingo) -> Link:
    doubt = facts.counts[State.IN_DOUBT]
    held = facts.counts[State.REGISTERING] + doubt
    working = [lane for lane in facts.lanes if lane.enabled]
    states = [lane_state(lane, facts.now, health.stale_ms) for lane in working]
    good = sum(state.tone in {Tone.WELL, Tone.QUIET} for state in states)
    answered = max((lane.answered_at for lane in working if lane.answered_at is not None), default=None)
    said = [lingo.t("chain.register.good", good=good, all=lingo.plural(len(working), "of_registers"))]
    blocked = [lane for lane in working if lane.block is not None]
    said += [_why(lane, lingo) for lane in blocked[:1]]
    if any(state.tone is Tone.UNKNOWN for state in states):
        said.append(lingo.t("chain.register.silent"))
    if doubt:
        said.append(lingo.t("chain.register.doubt", receipts=lingo.plural(doubt, "receipts")))
    tone = _together([state.tone for state in states], doubt=doubt > 0)
    unknown = lingo.t("chain.register.unknown", span=lingo.span(health.stale_ms))
    waits = lingo.plural(min(held, CAP + 1), "receipts")
    return Link("register", tone, " ".join(said), unknown, answered, waits, held > 0)


def _why(lane: LaneView, lingo: Lingo) -> str:
    return lingo.t("chain.register.why", name=lane.name, why=lingo.word("block", lane.block))


def _together(tones: list[Tone], *, doubt: bool) -> Tone:
    """Several registers in one link: broken when none works, waits when some do not."""
    if not tones:
        return Tone.UNKNOWN
    good = [tone for tone in tones if tone in {Tone.WELL, Tone.QUIET}]
    if not good:
        return Tone.BROKEN if Tone.BROKEN in tones else Tone.UNKNOWN
    if len(good) < len(tones) or doubt:
        return Tone.WAITS
    return Tone.WELL if Tone.WELL in good else Tone.QUIET


def _drive(facts: Chain, health: Health, lingo: Lingo) -> Link:
    signed_at = max((lane.signed_at for lane in facts.lanes if lane.signed_at is not None), default=None)
    said = [_seen("drive", signed_at, lingo)]
    troubled = [lane for lane in facts.lanes if lane.enabled and lane.block in DRIVE_TROUBLE]
    said += [_why(lane, lingo) for lane in troubled[:1]]
    late = _overdue(facts, health) and facts.way.signed > 0
    if late:
        said.append(lingo.t("chain.drive.late", span=lingo.span(facts.now - (facts.way.since or facts.now))))
    tone = Tone.WAITS if late else _fresh(signed_at, facts.now)
    if troubled:
        tone = Tone.BROKEN if len(troubled) == sum(lane.enabled for lane in facts.lanes) else Tone.WAITS
    waits = _way(facts.way.signed, facts, lingo)
    return Link(
        "drive", tone, " ".join(said), lingo.t("chain.drive.unknown"), signed_at, waits, facts.way.signed > 0
    )


def _way(count: int, facts: Chain, lingo: Lingo) -> str:
    return lingo.plural(count + facts.way.full * WINDOW, "documents", WINDOW - 1)


def _overdue(facts: Chain, health: Health) -> bool:
    since = facts.way.since
    return since is not None and facts.now - since > health.expected_ms


def _operator(facts: Chain, health: Health, lingo: Lingo) -> Link:
    ticketed_at = max(
        (lane.ticketed_at for lane in facts.lanes if lane.ticketed_at is not None), default=None
    )
    refused = facts.incidents.get("refused_by_operator", 0)
    said = [_seen("operator", ticketed_at, lingo)]
    if refused:
        said.append(lingo.t("chain.operator.refused", documents=lingo.plural(refused, "documents")))
    late = _overdue(facts, health) and facts.way.sent > 0
    if late:
        said.append(
            lingo.t("chain.operator.late", span=lingo.span(facts.now - (facts.way.since or facts.now)))
        )
    tone = _fresh(ticketed_at, facts.now)
    if refused:
        tone = Tone.WAITS
    if late:
        tone = Tone.BROKEN
    waits = _way(facts.way.sent, facts, lingo)
    unknown = lingo.t("chain.operator.unknown")
    return Link("operator", tone, " ".join(said), unknown, ticketed_at, waits, facts.way.sent > 0)


def _tax(facts: Chain, lingo: Lingo) -> Link:
    at = facts.tax_service_at
    if at is None:
        return Link(
            "tax", Tone.UNCHECKED, lingo.t("chain.tax.never"), lingo.t("chain.tax.unknown"), None, "", False
        )
    return Link(
        "tax",
        _fresh(at, facts.now),
        _seen("tax", at, lingo),
        lingo.t("chain.tax.partly"),
        at,
        "",
        False,
    )
