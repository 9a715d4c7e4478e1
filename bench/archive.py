"""An archive of receipts that have long been at the operator, loaded with SQL alone (durability off, then on again).

Each receipt is whole: content, buyer, attempt, fiscal document, ticket, three pieces of evidence, five events.
Two things are not as in life: the order marks and buyers are drawn by arithmetic, and the event hashes are
random bytes (the speed of reading and writing does not depend on them; ``chekpoint verify`` would refuse them).
"""

import sqlite3
import time
from pathlib import Path

from chekpoint.core.clock import SystemClock
from chekpoint.hub.hub import Hub
from chekpoint.store import people
from chekpoint.store.journal import Tx
from chekpoint.store.store import open_store
from tests.doubles.hubs import SELLER, SHOP

YEAR_MS = 365 * 86_400_000
DRIVES = 16
BUYERS = 50_000
_DROPPED = (
    "ix_event_subject", "ix_evidence_receipt_id", "ix_attempt_receipt_id", "ix_contact_address",
    "uq_fiscal_document_receipt_id", "ix_receipt_shop_id_id",
)  # fmt: skip
_CONTENT = (
    '{"items":[{"method":"full_payment","name":"Товар номер %d, упаковка 10 шт.","object":"commodity",'
    '"price":%d,"quantity":"1","sum":%d,"vat":"vat22"},{"name":"Доставка курьером","object":"service","price":35000,'
    '"quantity":"1","sum":35000,"vat":"none"}],"kind":"sale","payments":[{"form":"electronic","sum":%d}],'
    '"place":"https://shop.example","taxation":"osn"}'
)
# i counts receipts; ms is the moment of the i-th; total its sum; mark, id, fn and fd name it.
_LINES = f"""
CREATE TEMP VIEW line AS SELECT i, ms, total, mark, fn, fd, printf('%012x7%03x8%015x', ms, i % 4096, i) AS id,
    printf('+79%09d', (i * 7919) % {BUYERS}) AS phone FROM (
  SELECT i, :start + i * :step AS ms, 45000 + (i * 1543) % 900000 AS total,
    printf('%08x%08x', (i * 2654435761) % 4294967291, i) AS mark,
    printf('99990789%08d', i % {DRIVES}) AS fn, 1 + i / {DRIVES} AS fd FROM number)
"""  # noqa: S608 - constants of this module
_NUMBERS = """
CREATE TEMP TABLE number AS WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :count)
SELECT i FROM n
"""
_FILL = (
    f"""INSERT INTO receipt (id, seller_id, shop_id, external_id, mark, digest, content, state, proof, kind, total,
      taxation, marked, accepted_at, deadline_at, ready_at, next_check_at, tries, register_id, fn, fd_number, fiscal_sign,
      updated_at)
    SELECT id, '{SELLER}', '{SHOP.id}', 'archived-' || i, mark, hex(randomblob(32)),
      CAST(printf('{_CONTENT}', i, total, total, total) AS BLOB), 'fiscalised', 30, 'sale', total, 1, 0, ms, ms + 300000,
      ms, NULL, 1, 'archive', fn, fd, printf('%010d', (i * 48271) % 2147483647), ms + 2000 FROM line""",  # noqa: S608 - constants again
    """INSERT INTO contact (receipt_id, buyer, address, token)
    SELECT id, CAST('{"contact":"' || phone || '"}' AS BLOB), phone, mark || mark FROM line""",
    """INSERT INTO attempt (id, receipt_id, register_id, number, fn, last_fd, digest, fence, outcome, started_at,
      finished_at)
    SELECT mark || '-attempt-1', id, 'archive', 1, fn, fd - 1, mark || mark || mark || mark, 1, 'registered', ms, ms + 900
    FROM line""",
    """INSERT INTO fiscal_document (fn, fd_number, receipt_id, register_id, document, kind, total, fiscal_sign, made_at,
      shift_number, receipt_number, registration_number, mark, seen_at)
    SELECT fn, fd, id, 'archive', 3, 1, total, printf('%010d', (i * 48271) % 2147483647),
      strftime('%Y-%m-%dT%H:%M:%S', ms / 1000, 'unixepoch'), 1 + fd / 500, fd % 500, '0000000005008570', mark, ms + 900
    FROM line ORDER BY fn, fd""",
    """INSERT INTO ticket (fn, fd_number, answer, flags, operator_sign, seen_at)
    SELECT fn, fd, 0, 0, hex(randomblob(8)), ms + 2000 FROM line ORDER BY fn, fd""",
    """INSERT INTO evidence (id, receipt_id, rung, source, at, body)
    SELECT printf('%012x7%03x8%013x%02x', ms + r.rung * 60, i % 4096, i, r.rung), id, r.rung, r.source, ms + r.rung * 60,
      printf('{"fn":"%s","fd_number":%d,"total":%d,"read":"%s"}', fn, fd, total, hex(randomblob(24)))
    FROM line CROSS JOIN (SELECT 10 AS rung, 'register:archive' AS source UNION ALL SELECT 20, 'register:archive'
      UNION ALL SELECT 30, 'register:archive') AS r""",
    """INSERT INTO event (journal, seq, at, kind, subject, body, hash)
    SELECT 'archive', i * 5 + s.n, ms + s.n * 400, s.kind, id,
      CAST(printf('{"cause":"%s","fn":"%s","fd":%d,"digest":"%s"}', s.cause, fn, fd, mark || mark) AS BLOB), randomblob(32)
    FROM line CROSS JOIN (SELECT 1 AS n, 'accepted' AS kind, 'accepted' AS cause UNION ALL SELECT 2, 'state', 'claimed'
      UNION ALL SELECT 3, 'state', 'answered' UNION ALL SELECT 4, 'proof', 'sent_to_ofd'
      UNION ALL SELECT 5, 'proof', 'ticketed') AS s""",
)


async def furnish(hub: Hub, registers: int) -> None:
    """One seller, one shop, and registers that the archive knows nothing of."""

    def unit(tx: Tx) -> None:
        for number in range(1, registers + 1):
            people.add_register(tx, f"{number:032x}", SELLER, f"касса {number}", maker="bare", config=b"{}")

    await hub.store.write(unit)


def build(path: Path, count: int, parts: tuple[str, ...] = ()) -> float:
    """Make a database with so many receipts in its archive; returns the seconds it took.

    ``parts``: only what goes into these tables, by the beginning of their statement.
    """
    begun = time.perf_counter()
    open_store(f"sqlite:///{path}", node="archive", clock=SystemClock())  # the schema
    con = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-2000000", "locking_mode=EXCLUSIVE"):
        con.execute(f"PRAGMA {pragma}")
    indexes = [row[1] for row in con.execute("SELECT name, sql FROM sqlite_master") if row[0] in _DROPPED]
    for name in _DROPPED:
        con.execute(f"DROP INDEX {name}")
    _fill(con, count, parts)
    for sql in indexes:
        con.execute(sql)
    con.execute("PRAGMA journal_mode=WAL")
    con.close()
    return time.perf_counter() - begun


def _fill(con: sqlite3.Connection, count: int, parts: tuple[str, ...]) -> None:
    now = int(time.time() * 1000)
    con.execute("INSERT INTO seller VALUES (?, '7707083893', 'ООО «Ромашка»', ?)", (SELLER, now))
    con.execute("INSERT INTO pool VALUES (?, ?, 'Все кассы', ?)", (SELLER, SELLER, now))
    con.execute(
        "INSERT INTO shop (id, seller_id, name, kind, site, deadline_seconds, settings, created_at)"
        " VALUES (?, ?, 'shop', 'api', 'https://shop.example', 300, '{}', ?)", (SHOP.id, SELLER, now),
    )  # fmt: skip
    con.execute("CREATE TEMP TABLE setting (start INTEGER, step INTEGER)")
    con.execute(_NUMBERS, {"count": count})
    step = max((YEAR_MS - 86_400_000) // count, 1)
    start = now - 3_600_000 - step * count
    con.execute(_LINES.replace(":start", str(start)).replace(":step", str(step)))
    for sql in _FILL:
        if not parts or sql.split()[2] in parts:
            con.execute(sql)
