"""What a person may switch on a screen of registers."""

from typing import Final

from sqlalchemy import bindparam, update

from chekpoint.core.errors import StoreError
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import register

_SWITCH: Final = Query(
    update(register)
    .where(register.c.id == bindparam("register"))
    .values(enabled=bindparam("on"), draining=bindparam("drain"))
)


def switch(tx: Tx, register_id: str, *, enabled: bool, draining: bool) -> None:
    """Set whether a register works at all and whether it takes new receipts; StoreError when there is none."""
    if tx.run(_SWITCH, register=register_id, on=int(enabled), drain=int(draining)) != 1:
        raise StoreError(f"no register {register_id}")
    tx.event("register_switched", register_id, enabled=enabled, draining=draining)
