"""Channels: the ways to reach people. One that is removed stays as a name, so that its alerts can still be read."""

from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, insert, or_, select, update

from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables_watch import channel


class Channel(NamedTuple):
    """One way to reach people. ``config`` is the JSON of its kind's settings, with their secrets."""

    id: str
    kind: str
    name: str
    config: bytes
    enabled: bool
    severity: str  # the least that it is told: warning | critical
    after_seconds: int  # it hears only of what nobody has seen for so long
    quiet_from: str | None  # HH:MM of the sellers' zone; both or none
    quiet_until: str | None
    lang: str
    created_at: int = 0


_COLUMNS: Final = tuple(channel.c[name] for name in Channel._fields)
_HERE: Final = channel.c.removed_at.is_(None)
_ALL: Final = Query(select(*_COLUMNS).where(_HERE).order_by(channel.c.id))
_NAMES: Final = Query(select(channel.c.id, channel.c.name))
_ADD: Final = Query(insert(channel).values({name: bindparam(name) for name in Channel._fields}))
_CHANGE: Final = Query(
    update(channel)
    .where(channel.c.id == bindparam("which"), _HERE)
    .values({name: bindparam(f"new_{name}") for name in Channel._fields if name not in {"id", "kind", "created_at"}})
)  # fmt: skip
_REMOVE: Final = Query(
    update(channel)
    .where(channel.c.id == bindparam("which"), _HERE)
    .values(removed_at=bindparam("at"), enabled=0, config=bindparam("emptied"), reader=None)
)


def channels(tx: Tx) -> list[Channel]:
    """All that are not removed, in the order in which they were made."""
    return [_one(row) for row in tx.all(_ALL)]


def _one(row: Any) -> Channel:
    made = Channel(*row)
    return made._replace(config=bytes(made.config), enabled=bool(made.enabled))


def names(tx: Tx) -> dict[str, str]:
    """Id -> name, of the removed ones, too."""
    return {row[0]: row[1] for row in tx.all(_NAMES)}


def add(tx: Tx, made: Channel) -> None:
    """A new channel; ``created_at`` is now."""
    row = made._asdict() | {"enabled": int(made.enabled), "created_at": tx.now}
    tx.run(_ADD, **row)


def change(tx: Tx, made: Channel) -> bool:
    """Other settings for a channel, all of them; False when it is not there."""
    row = made._asdict() | {"enabled": int(made.enabled)}
    new = {f"new_{name}": value for name, value in row.items() if name not in {"id", "kind", "created_at"}}
    return tx.run(_CHANGE, which=made.id, **new) == 1


def remove(tx: Tx, channel_id: str) -> bool:
    """It is told nothing any more, and its secrets are forgotten; False when it is not there."""
    return tx.run(_REMOVE, which=channel_id, at=tx.now, emptied=b"{}") == 1


_READ_TO: Final = Query(select(channel.c.read_to).where(channel.c.id == bindparam("which"), _HERE))
_TAKE: Final = Query(
    update(channel)
    .where(
        channel.c.id == bindparam("which"),
        _HERE,
        or_(
            channel.c.reader.is_(None),
            channel.c.reader == bindparam("node"),
            channel.c.reader_until < bindparam("at"),
        ),
    )
    .values(reader=bindparam("node"), reader_until=bindparam("until"))
)
_ADVANCE: Final = Query(
    update(channel)
    .where(
        channel.c.id == bindparam("which"),
        _HERE,
        channel.c.enabled == 1,
        or_(channel.c.read_to.is_(None), channel.c.read_to < bindparam("number")),
    )
    .values(read_to=bindparam("number"))
)


def read_to(tx: Tx, channel_id: str) -> int | None:
    """The number of the last message from people that was heard there; None when none ever was."""
    row = tx.one(_READ_TO, which=channel_id)
    return None if row is None or row[0] is None else int(row[0])


def take_reading(tx: Tx, channel_id: str, node: str, *, lease_ms: int) -> bool:
    """One node at a time reads what people write there; False while another one does."""
    return tx.run(_TAKE, which=channel_id, node=node, at=tx.now, until=tx.now + lease_ms) == 1


def advance(tx: Tx, channel_id: str, number: int) -> None:
    """A message was heard, in the unit of what it does; raises Conflict when it had been heard before.

    Also when the channel is removed or switched off meanwhile: then it is not for us.
    """
    tx.exactly(_ADVANCE, "the message was heard, or is not for us", which=channel_id, number=number)
