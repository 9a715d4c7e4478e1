"""Alerts: each message over each channel, durable before it leaves; ``sent`` only when the provider took it."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, exists, func, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite

from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables_watch import alert, incident
from chekpoint.store.views_scan import by_keys, keys_of

TOLD: Final = frozenset({"opened", "worse", "reminder"})
"""Phases that tell of an incident while it is open."""


class Told(NamedTuple):
    """What one channel was told of one incident, or is about to be. Moments are milliseconds UTC."""

    id: str
    incident_id: str | None
    channel_id: str
    phase: str
    number: int
    severity: str
    state: str
    created_at: int
    sent_at: int | None
    error: str | None = None
    said: str | None = None


class Troubled(NamedTuple):
    """An incident as far as telling people is concerned."""

    id: str
    kind: str
    subject: str
    severity: str
    text_ru: str
    text_en: str
    opened_at: int
    closed_at: int | None
    seen_at: int | None
    worse_at: int | None


class Letter(NamedTuple):
    """An alert that is due to be sent."""

    id: str
    incident_id: str | None
    channel_id: str
    phase: str
    number: int
    severity: str
    state: str
    tries: int
    created_at: int
    next_check_at: int


_TROUBLED: Final = tuple(incident.c[name] for name in Troubled._fields)
_OPEN: Final = Query(select(*_TROUBLED).where(incident.c.closed_at.is_(None)).order_by(incident.c.id))
_CLOSED: Final = Query(
    select(*_TROUBLED).where(incident.c.closed_at >= bindparam("edge")).order_by(incident.c.id)
)
_END = alert.alias("the_end")
_ENDING: Final = Query(
    select(*_TROUBLED)
    .where(
        incident.c.closed_at >= bindparam("edge"),
        exists().where(
            alert.c.incident_id == incident.c.id,
            alert.c.state == "sent",
            alert.c.phase != "recovered",
            alert.c.sent_at <= incident.c.closed_at,
            ~exists().where(
                _END.c.incident_id == alert.c.incident_id,
                _END.c.channel_id == alert.c.channel_id,
                _END.c.phase == "recovered",
            ),
        ),
    )
    .order_by(incident.c.id)
)
_ONE: Final = Query(select(*_TROUBLED).where(incident.c.id == bindparam("which")))
_SOME: Final = by_keys(select(*_TROUBLED).order_by(incident.c.id), incident.c.id)
_OF: Final = by_keys(
    select(*(alert.c[name] for name in Told._fields)).order_by(alert.c.id), alert.c.incident_id
)

_OF_CHANNEL: Final = Query(
    select(*(alert.c[name] for name in Told._fields))
    .where(alert.c.channel_id == bindparam("channel"))
    .order_by(alert.c.id.desc())
    .limit(bindparam("most"))
)

_LAST_SENT: Final = Query(
    select(*(alert.c[name] for name in Told._fields))
    .where(alert.c.channel_id == bindparam("channel"), alert.c.state == "sent")
    .order_by(alert.c.id.desc())
    .limit(1)
)

_VALUES: Final[dict[str, Any]] = {
    name: bindparam(name)
    for name in ("id", "incident_id", "channel_id", "phase", "number", "severity", "state", "created_at", "next_check_at")
}  # fmt: skip
_ADD: Final = Query(
    sqlite.insert(alert).values(_VALUES).on_conflict_do_nothing(),
    postgresql=postgresql.insert(alert).values(_VALUES).on_conflict_do_nothing(),
)
_DUE: Final = Query(
    select(*(alert.c[name] for name in Letter._fields))
    .where(alert.c.next_check_at <= bindparam("now"))
    .order_by(alert.c.next_check_at, alert.c.id)
    .limit(bindparam("most"))
)
_SETTLE: Final = Query(
    update(alert)
    .where(
        alert.c.id == bindparam("letter"),
        alert.c.next_check_at == bindparam("seen"),
        alert.c.state == bindparam("old"),
    )
    .values(
        state=bindparam("new"), tries=alert.c.tries + bindparam("more"), next_check_at=bindparam("check"),
        sent_at=bindparam("at"), said=bindparam("words"), error=bindparam("why"),
    )
)  # fmt: skip
_WAITING: Final = (
    alert.c.channel_id == bindparam("channel"),
    alert.c.state == "waiting",
)
_SHIFT: Final = Query(
    update(alert).where(*_WAITING, alert.c.next_check_at < bindparam("check")).values(next_check_at=bindparam("check"))
)  # fmt: skip
_HURRY: Final = Query(
    update(alert).where(*_WAITING, alert.c.next_check_at > bindparam("check")).values(next_check_at=bindparam("check"))
)  # fmt: skip
_DROP: Final = Query(update(alert).where(*_WAITING).values(state="dropped", next_check_at=None))
_COUNT: Final = Query(
    select(func.count())
    .select_from(alert)
    .where(
        alert.c.channel_id == bindparam("channel"),
        alert.c.next_check_at.is_not(None),
        alert.c.phase != literal_column("'test'"),
    )
)


def open_now(tx: Tx) -> list[Troubled]:
    """All open incidents, oldest first."""
    return [Troubled(*row) for row in tx.all(_OPEN)]


def closed_since(tx: Tx, moment: int) -> list[Troubled]:
    """Incidents that closed at or after a moment."""
    return [Troubled(*row) for row in tx.all(_CLOSED, edge=moment)]


def ending(tx: Tx, moment: int) -> list[Troubled]:
    """Incidents that closed at or after a moment and whose end has not been told to all who heard of them."""
    return [Troubled(*row) for row in tx.all(_ENDING, edge=moment)]


def incident_of(tx: Tx, incident_id: str) -> Troubled | None:
    """One incident, open or closed."""
    row = tx.one(_ONE, which=incident_id)
    return None if row is None else Troubled(*row)


def incidents_of(tx: Tx, incident_ids: Sequence[str]) -> list[Troubled]:
    """These incidents, open or closed, oldest first."""
    return [Troubled(*row) for row in tx.all(_SOME, keys=keys_of(tx, incident_ids))]


def told(tx: Tx, incident_ids: Sequence[str]) -> list[Told]:
    """What channels were told of these incidents, in the order in which it was due."""
    return [Told(*row) for row in tx.all(_OF, keys=keys_of(tx, incident_ids))] if incident_ids else []


def of_channel(tx: Tx, channel_id: str, *, most: int) -> list[Told]:
    """The last messages of one channel, newest first; ``incident_id`` of a test is None."""
    return [Told(*row) for row in tx.all(_OF_CHANNEL, channel=channel_id, most=most)]


def last_sent(tx: Tx, channel_id: str) -> Told | None:
    """The last message that a channel took."""
    row = tx.one(_LAST_SENT, channel=channel_id)
    return None if row is None else Told(*row)


def add(
    tx: Tx, key: str, incident_id: str | None, channel_id: str, phase: str, *, number: int, severity: str,
    state: str = "waiting", check: int | None = None,
) -> bool:  # fmt: skip
    """A message that is due; False when another node has noted it."""
    return tx.run(
        _ADD, id=key, incident_id=incident_id, channel_id=channel_id, phase=phase, number=number, severity=severity,
        state=state, created_at=tx.now, next_check_at=tx.now if check is None else check,
    ) == 1  # fmt: skip


def due(tx: Tx, *, most: int) -> list[Letter]:
    """What is to be sent now, oldest first; also what a node held and never settled."""
    return [Letter(*row) for row in tx.all(_DUE, now=tx.now, most=most)]


def hold(tx: Tx, letter: Letter, until: int) -> bool:
    """Take a message so that no other node sends it as well; False when one did."""
    return tx.run(
        _SETTLE, letter=letter.id, seen=letter.next_check_at, old=letter.state, new="sending", more=1, check=until,
        at=None, words=None, why=None,
    ) == 1  # fmt: skip


def settle(
    tx: Tx, letter_id: str, seen: int, *, state: str, check: int | None = None, said: str | None = None,
    error: str | None = None,
) -> None:  # fmt: skip
    """What became of a held message: sent, waiting (again at ``check``), given_up or dropped."""
    tx.exactly(
        _SETTLE, "the alert is settled", letter=letter_id, seen=seen, old="sending", new=state, more=0, check=check,
        at=tx.now if state == "sent" else None, words=said, why=error,
    )  # fmt: skip


def postpone(tx: Tx, channel_id: str, until: int) -> None:
    """Nothing of a channel that does not work is tried before that moment; what is under way is left alone."""
    tx.run(_SHIFT, channel=channel_id, check=until)


def hurry(tx: Tx, channel_id: str) -> None:
    """The channel works: whatever waits for it is due now."""
    tx.run(_HURRY, channel=channel_id, check=tx.now)


def drop(tx: Tx, channel_id: str) -> None:
    """Nobody waits for what was not sent: the channel is removed or switched off."""
    tx.run(_DROP, channel=channel_id)


def unsent(tx: Tx, channel_id: str) -> int:
    """Messages about incidents that a channel has still to take."""
    return int(tx.one(_COUNT, channel=channel_id)[0])
