"""What the checks look at: registers as their lanes saw them last, agents, and the readings of before."""

from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import bindparam, select

from chekpoint.core.ports import RegisterStatus
from chekpoint.store.journal import Tx
from chekpoint.store.retention import edge_of
from chekpoint.store.sql import Query
from chekpoint.store.tables import lane, reading, register

_STATUS: Final = msgspec.json.Decoder(RegisterStatus)
UNSAID: Final = RegisterStatus(ready=False)


@lru_cache(maxsize=4096)
def status_of(body: bytes) -> RegisterStatus:
    """A status as it is kept; the same bytes are read by many checks."""
    return _STATUS.decode(body)


class Watched(NamedTuple):
    """A register that is in use. Moments are milliseconds UTC; ``status`` is UNSAID before the first answer."""

    id: str
    seller_id: str
    name: str
    maker: str
    config: bytes
    printing: str
    close_at: str | None
    open_at: str | None
    created_at: int
    holder: str | None
    fn: str | None
    block: str | None
    status: RegisterStatus
    status_at: int | None


_OF_REGISTER: Final = (
    "id",
    "seller_id",
    "name",
    "maker",
    "config",
    "printing",
    "close_at",
    "open_at",
    "created_at",
)
_ALL: Final = Query(
    select(*(register.c[n] if n in _OF_REGISTER else lane.c[n] for n in Watched._fields))
    .select_from(register.join(lane, lane.c.register_id == register.c.id))
    .where(register.c.enabled == 1)
    .order_by(register.c.id)
)


def registers(tx: Tx) -> list[Watched]:
    """Every register that is switched on."""
    return [_watched(row) for row in tx.all(_ALL)]


def _watched(row: Any) -> Watched:
    *rest, body, at = row
    return Watched._make([*rest, UNSAID if body is None else status_of(bytes(body)), at])


_EARLIER: Final = Query(
    select(reading.c.at, reading.c.body)
    .where(reading.c.register_id == bindparam("register"), reading.c.id >= bindparam("edge"))
    .order_by(reading.c.id)
    .limit(1)
)


class Earlier(NamedTuple):
    """What a register said of itself at an earlier moment (milliseconds UTC)."""

    at: int
    status: RegisterStatus


def earlier(tx: Tx, register_id: str, since: int) -> Earlier | None:
    """The oldest reading kept since a moment; None when there is none."""
    row = tx.one(_EARLIER, register=register_id, edge=edge_of(since))
    return row and Earlier(row[0], status_of(bytes(row[1])))
