"""The state of a receipt: one table, and it is the only place that decides.

Two axes are never merged. The *state* says what may still happen to the receipt; the *proof* says how far
it is known to have got. A receipt may be ``fiscalised`` with proof ``signed`` for days: that is the truth.

Why each edge exists:

* ``queued -> registering``       a free register claimed it; the attempt row is durable before the first byte.
* ``registering -> fiscalised``   the register answered with a fiscal document.
* ``registering -> queued``       NotSent or RegisterBlocked: provably nothing was registered.
* ``registering -> in_doubt``     the answer was lost, or the lane's lease ran out under an attempt.
* ``registering -> rejected``     the content cannot be registered; a person must act.
* ``in_doubt -> fiscalised``      locate() found the document.
* ``in_doubt -> queued``          locate() proved that there is none, or an operator's audited verdict said so.
* ``in_doubt -> rejected``        locate() learned that the register had refused the content.
* ``queued -> fiscalised``        its document was found on a fiscal drive that is ahead of the journal
                                  (after a restore from backup).
* ``queued -> rejected``          a document of the same order but other content was found on a drive:
                                  registering it as well could be a double.
* ``queued -> cancelled|expired`` by the shop, or by the deadline policy; only while no attempt may have
                                  registered it.
* ``rejected -> queued``          a person repaired the cause (a register's settings) and said: again.
"""

from enum import IntEnum, StrEnum
from typing import Final


class State(StrEnum):
    """What may still happen to a receipt."""

    QUEUED = "queued"
    REGISTERING = "registering"
    IN_DOUBT = "in_doubt"
    FISCALISED = "fiscalised"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Cause(StrEnum):
    """Why a transition happened; every event row carries one."""

    CLAIMED = "claimed"
    ANSWERED = "answered"
    NOT_SENT = "not_sent"
    BLOCKED = "blocked"
    ANSWER_LOST = "answer_lost"
    LEASE_LOST = "lease_lost"
    REFUSED = "refused"
    LOCATED = "located"
    ABSENT = "absent"
    VERDICT = "verdict"
    ADOPTED = "adopted"
    CANCELLED_BY_SHOP = "cancelled_by_shop"
    DEADLINE = "deadline"


TRANSITIONS: Final[dict[tuple[State, Cause], State]] = {
    (State.QUEUED, Cause.CLAIMED): State.REGISTERING,
    (State.QUEUED, Cause.ADOPTED): State.FISCALISED,
    (State.QUEUED, Cause.CANCELLED_BY_SHOP): State.CANCELLED,
    (State.QUEUED, Cause.DEADLINE): State.EXPIRED,
    (State.QUEUED, Cause.REFUSED): State.REJECTED,
    (State.REGISTERING, Cause.ANSWERED): State.FISCALISED,
    (State.REGISTERING, Cause.NOT_SENT): State.QUEUED,
    (State.REGISTERING, Cause.BLOCKED): State.QUEUED,
    (State.REGISTERING, Cause.REFUSED): State.REJECTED,
    (State.REGISTERING, Cause.ANSWER_LOST): State.IN_DOUBT,
    (State.REGISTERING, Cause.LEASE_LOST): State.IN_DOUBT,
    (State.IN_DOUBT, Cause.LOCATED): State.FISCALISED,
    (State.IN_DOUBT, Cause.ABSENT): State.QUEUED,
    (State.IN_DOUBT, Cause.REFUSED): State.REJECTED,
    (State.IN_DOUBT, Cause.VERDICT): State.QUEUED,
    (State.REJECTED, Cause.VERDICT): State.QUEUED,
}

TERMINAL: Final = frozenset({State.FISCALISED, State.REJECTED, State.CANCELLED, State.EXPIRED})


class Proof(IntEnum):
    """The ladder: how far a receipt is known to have got. It only ever climbs."""

    NONE = 0
    SIGNED = 10  # the fiscal drive signed a document of it
    SENT_TO_OFD = 20  # the register's exchange counter has passed it
    TICKETED = 30  # the operator's ticket, accepted (1022 = 0)
    MATCHED = 40  # found at the operator, every field equal
    AT_TAX_SERVICE = 50  # the tax service confirms


def after(state: State, cause: Cause) -> State:
    """The state that follows. Raises ``ValueError`` where the table has no such edge."""
    try:
        return TRANSITIONS[state, cause]
    except KeyError:
        raise ValueError(f"no transition from {state} by {cause}") from None


def diagram() -> str:
    """The table as a Mermaid state diagram; the docs hold exactly this text."""
    lines = ["stateDiagram-v2", "    [*] --> queued"]
    lines += [f"    {old} --> {new}: {cause}" for (old, cause), new in TRANSITIONS.items()]
    lines += [f"    {state} --> [*]" for state in State if state in TERMINAL]
    return "\n".join(lines)
