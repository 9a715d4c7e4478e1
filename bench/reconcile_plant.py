"""The two sides for ``bench.reconcile``, with what is wrong planted in them, and the list of what must be found."""

import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from chekpoint.core.clock import SystemClock
from chekpoint.core.ports import FnsState, OfdItem, OfdRecord, RegisterStatus
from chekpoint.fiscal.receipt import Item, Kind, Payment, PaymentForm, Receipt, Taxation
from chekpoint.fiscal.vat import VatRate
from chekpoint.fiscal.vat_totals import vat_totals
from chekpoint.hub import digests, facts
from chekpoint.store.comparison import Ours
from chekpoint.store.store import open_store

COUNT, EACH, DRIVES = 1_000_000, 100, 20
SECONDS_APART, SPACING, TEMPLATES = 17, 500, 997
SMALL_ZONE, SMALL_MISSING = (
    12,
    5,
)  # documents of a drive whose zone is wrong, or that the operator does not know
PAID = 10_000
NOWHERE = "9999078999999999"  # the drive under which documents are shown by mistake
AT_END = "unsent"  # what waits in a register waits at the end
OF_DOCUMENTS = (
    "missing_there", "missing_here", "duplicate", "foreign", "lost_answer", "differs_sum", "differs_date",
    "differs_items", "differs_vat", "differs_sign", "differs_kind", "fd_hole", "quarantined", "remarked", "waiting_tax",
    "wrong_drive", AT_END,
)  # fmt: skip
OF_DRIVES = ("wrong_zone", "drive_missing")
OF_PAYMENTS = ("paid_no_receipt", "refund_no_receipt", "receipt_no_payment", "return_no_refund")
NOT_OURS = frozenset({"missing_here", "duplicate", "lost_answer", "fd_hole"})
NOT_THEIRS = frozenset({"missing_there", "fd_hole", AT_END})
CHANGES: dict[str, dict[str, Any]] = {
    "differs_sum": {"total": 1}, "differs_date": {"made_at": "2020-02-02T02:02:00"}, "differs_sign": {"fiscal_sign": "1"},
    "differs_kind": {"kind": 2}, "differs_vat": {"vat": ((VatRate.VAT10, 1),)}, "quarantined": {"answer": 14},
    "remarked": {"fns": FnsState.WARNING}, "waiting_tax": {"fns": FnsState.WAITING}, "wrong_drive": {"fn": NOWHERE},
    "differs_items": {"items": (OfdItem(name="другой", sum=1),)},
}  # fmt: skip
SELLER, SHOP, PAYING = "s" * 32, "a" * 32, "b" * 32
ENCODE = msgspec.json.Encoder(order="deterministic").encode
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a register's wall clock has no zone


class Content(NamedTuple):
    """A receipt's content and what is compared of it."""

    receipt: Receipt
    octets: bytes
    items: str | None
    vat: str | None


def content(number: int) -> Content:
    """A receipt of two items; equal numbers, equal receipts."""
    price = 1_000 + number * 37
    items = (
        Item(name=f"Товар {number}, упаковка", price=price, quantity=Decimal(2), sum=price * 2, vat=VatRate.VAT22),
        Item(name="Доставка", price=35_000, quantity=Decimal(1), sum=35_000, vat=VatRate.NONE),
    )  # fmt: skip
    paid = (Payment(form=PaymentForm.ELECTRONIC, sum=price * 2 + 35_000),)
    made = Receipt(kind=Kind.SALE, taxation=Taxation.OSN, items=items, payments=paid)
    return Content(made, ENCODE(made), *digests.of_receipt(made))


def _settled() -> bytes:
    """The content of a receipt of 50 roubles, paid by card."""
    item = Item(name="Товар", price=5_000, quantity=Decimal(1), sum=5_000, vat=VatRate.VAT22)
    paid = (Payment(form=PaymentForm.ELECTRONIC, sum=5_000),)
    return ENCODE(Receipt(kind=Kind.SALE, taxation=Taxation.OSN, items=(item,), payments=paid))


class Line(NamedTuple):
    """One number of one drive. ``class_`` is empty where both sides are equal."""

    fn: str
    register: str
    fd: int
    key: int
    class_: str
    content: Content
    made_at: str
    ms: int

    @property
    def opens_shift(self) -> bool:
        return self.fd == 1 and self.class_ not in OF_DRIVES

    @property
    def sign(self) -> str:
        return f"{(self.key * 48271) % 2147483647:010d}"

    @property
    def receipt_id(self) -> str:
        return f"{self.ms:012x}7{self.key:019x}"

    @property
    def subject(self) -> str:
        return f"{self.fn}/{self.fd}"

    @property
    def ours(self) -> Ours:
        one = self.content
        return Ours(
            self.fd, self.receipt_id, self.register, 3, 1, one.receipt.amount, self.sign, self.made_at, None, self.ms,
            one.items, one.vat, None, None, None,
        )  # fmt: skip

    @property
    def record(self) -> OfdRecord:
        goods = self.content.receipt
        honest: dict[str, Any] = {
            "fn": self.fn, "fd_number": self.fd, "fiscal_sign": self.sign, "total": goods.amount, "made_at": self.made_at,
            "kind": 1, "vat": tuple(vat_totals(goods.items).items()),
            "items": tuple(OfdItem(name=i.name, sum=i.sum, price=i.price, quantity=str(i.quantity), vat=i.vat)
                           for i in goods.items),
        }  # fmt: skip
        return OfdRecord(**(honest | CHANGES.get(self.class_, {})))


def lines(count: int, each: int, start: int) -> Iterator[Line]:
    """Every number of every drive."""
    templates = [content(number) for number in range(TEMPLATES)]
    per_drive, planted = count // DRIVES, each // DRIVES
    middle = OF_DOCUMENTS[:-1]
    key = 0
    for drive in range(DRIVES):
        fn = f"99990789{drive:08d}"
        for fd in range(1, per_drive + 1):
            key += 1
            slot, rest = divmod(fd - SPACING, SPACING)
            class_ = middle[slot % len(middle)] if rest == 0 and 0 <= slot < planted * len(middle) else ""
            class_ = AT_END if fd > per_drive - planted else class_
            last = class_ == "duplicate"
            goods = content(TEMPLATES + key) if class_ and not last else templates[(key - last) % TEMPLATES]
            yield Line(fn, f"r{drive}", fd, key, class_, goods, *_times(fd, start))
    for number in range(each):
        for class_, size in (("wrong_zone", SMALL_ZONE), ("drive_missing", SMALL_MISSING)):
            fn = f"9999078{1 + (class_ == 'wrong_zone')}{number:08d}"
            for fd in range(1, size + 1):
                key += 1
                goods = templates[key % TEMPLATES]
                yield Line(fn, f"{class_}{number}", fd, key, class_, goods, *_times(fd, start))


def _times(fd: int, start: int) -> tuple[str, int]:
    ms = start + fd * SECONDS_APART * 1000
    return (EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="seconds"), ms


def build(path: Path, *, count: int = COUNT, each: int = EACH) -> dict[str, set[str]]:
    """Make the file; class -> the subjects of its planted mismatches."""
    open_store(f"sqlite:///{path}", node="bench", clock=SystemClock())
    con = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1000000", "foreign_keys=OFF"):
        con.execute(f"PRAGMA {pragma}")
    start = int(time.time() - 20 * 86_400) * 1000
    wanted: dict[str, set[str]] = {}
    con.execute("BEGIN")
    _people(con, each, count // DRIVES, start)
    batch: list[Line] = []
    for line in lines(count, each, start):
        if line.class_:
            subject = line.fn if line.class_ in OF_DRIVES else line.subject
            wanted.setdefault(line.class_, set()).add(subject)
        batch.append(line)
        if len(batch) == 10_000:
            _write(con, batch)
            batch = []
    _write(con, batch)
    _payments(con, each, start, wanted)
    con.execute("COMMIT")
    con.execute("PRAGMA journal_mode=WAL")
    con.close()
    return wanted


def _people(con: sqlite3.Connection, each: int, per_drive: int, start: int) -> None:
    con.execute("INSERT INTO seller VALUES (?, '7707083893', 'ООО «Ромашка»', ?)", (SELLER, start))
    con.executemany(
        "INSERT INTO shop (id, seller_id, name, settings, created_at) VALUES (?, ?, ?, '{}', ?)",
        [(SHOP, SELLER, "shop", start), (PAYING, SELLER, "paying", start)],
    )
    names = [f"r{n}" for n in range(DRIVES)]
    names += [f"{class_}{n}" for class_ in OF_DRIVES for n in range(each)]
    for name in names:
        con.execute(
            "INSERT INTO register (id, seller_id, name, maker, config, created_at) VALUES (?, ?, ?, 'bare', '{}', ?)",
            (name, SELLER, name, start),
        )
    for drive in range(DRIVES):
        waiting = each // DRIVES
        status = RegisterStatus(
            ready=True,
            fn=f"99990789{drive:08d}",
            unsent_count=waiting,
            unsent_first_fd=per_drive - waiting + 1,
        )
        con.execute(
            "INSERT INTO lane (register_id, next_check_at, status) VALUES (?, 0, ?)", (f"r{drive}", ENCODE(status))
        )  # fmt: skip


def _write(con: sqlite3.Connection, batch: list[Line]) -> None:
    con.executemany(
        "INSERT INTO receipt (id, seller_id, shop_id, external_id, mark, digest, content, state, proof, kind, total,"
        " taxation, accepted_at, deadline_at, ready_at, register_id, fn, fd_number, updated_at)"
        " VALUES (?, ?, ?, ?, ?, '', ?, ?, 40, 'sale', ?, 1, ?, ?, ?, ?, ?, ?, ?)",
        [_receipt(line) for line in batch if line.class_ not in {"foreign", "missing_here", "duplicate", "fd_hole"}],
    )  # fmt: skip
    con.executemany(
        "INSERT INTO fiscal_document (fn, fd_number, receipt_id, register_id, document, kind, total, fiscal_sign,"
        " made_at, seen_at, items_digest, vat_digest, facts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [_ours(line) for line in batch if line.class_ not in NOT_OURS],
    )
    con.executemany(
        "INSERT INTO ofd_record (fn, fd_number, source, fiscal_sign, total, made_at, kind, document, answer, fns,"
        " items_digest, vat_digest, seen_at, body, facts) VALUES (?, ?, 'operator:bench', ?, ?, ?, ?, 3, ?, ?, ?, ?, ?, ?, ?)",
        [
            _theirs(line)
            for line in batch
            if line.class_ not in {*NOT_THEIRS, "drive_missing"} and not line.opens_shift
        ],
    )
    con.executemany(
        "INSERT INTO attempt (id, receipt_id, register_id, number, fn, last_fd, digest, fence, outcome, started_at)"
        " VALUES (?, ?, ?, 1, ?, ?, '', 1, 'unknown', ?)",
        [(f"t{line.key}", line.receipt_id, line.register, line.fn, line.fd - 1, line.ms)
         for line in batch if line.class_ == "lost_answer"],
    )  # fmt: skip


def _receipt(line: Line) -> tuple[Any, ...]:
    lost = line.class_ == "lost_answer"
    return (
        line.receipt_id, SELLER, SHOP, f"order-{line.key}", f"{line.key:016x}", line.content.octets,
        "in_doubt" if lost else "fiscalised", line.content.receipt.amount, line.ms, line.ms, line.ms, line.register,
        None if lost else line.fn, None if lost else line.fd, line.ms,
    )  # fmt: skip


def _ours(line: Line) -> tuple[Any, ...]:
    """The first document of a drive opens its shift: so the journal is seen to know all of the drive."""
    one = line.ours
    if line.opens_shift:
        return line.fn, 1, None, line.register, 2, 0, 0, line.sign, line.made_at, line.ms, None, None, 0
    owner = None if line.class_ == "foreign" else line.receipt_id
    known = (one.items_digest, one.vat_digest, facts.of_ours(one)) if not line.class_ else (None, None, None)
    return line.fn, line.fd, owner, line.register, 3, 1, one.total, line.sign, line.made_at, line.ms, *known


def _theirs(line: Line) -> tuple[Any, ...]:
    if not line.class_:
        one = line.ours
        return (
            line.fn, line.fd, line.sign, one.total, line.made_at, 1, 0, None, one.items_digest, one.vat_digest, line.ms,
            b"{}", facts.of_ours(one),
        )  # fmt: skip
    record = line.record
    if line.class_ == "wrong_zone":
        moved = datetime.fromisoformat(line.made_at) - timedelta(hours=3)
        record = msgspec.structs.replace(record, made_at=moved.isoformat())
    of_items, of_vat = digests.of_record(record)
    return (
        record.fn, record.fd_number, record.fiscal_sign, record.total, record.made_at, record.kind, record.answer,
        record.fns and record.fns.value, of_items, of_vat, line.ms, ENCODE(record), None,
    )  # fmt: skip


def _payments(con: sqlite3.Connection, each: int, start: int, wanted: dict[str, set[str]]) -> None:
    """A shop that tells of its payments: most are covered, some on either side are alone."""
    until, goods = int(datetime.now(UTC).timestamp() * 1000), _settled()
    con.execute(
        "INSERT INTO payment VALUES ('p', ?, ?, 'shop', 'refund', 'order-x', 1, 1, ?, ?, 'elsewhere')",
        (SELLER, PAYING, start - 1000, until),
    )
    for number in range(PAID + 4 * each):
        class_ = OF_PAYMENTS[number % 4] if number < 4 * each else ""
        ms, key = start + number * 100_000, f"{start + number * 100_000:012x}7{number:019x}"
        back = class_ in {"refund_no_receipt", "return_no_refund"}
        if class_ not in {"paid_no_receipt", "refund_no_receipt"}:
            kind = "sale_return" if back else "sale"
            con.execute(
                "INSERT INTO receipt (id, seller_id, shop_id, external_id, mark, digest, content, state, kind, total,"
                " taxation, accepted_at, deadline_at, ready_at, updated_at)"
                " VALUES (?, ?, ?, ?, ?, '', ?, 'fiscalised', ?, 5000, 1, ?, ?, ?, ?)",
                (key, SELLER, PAYING, f"paid-{number}", f"p{number:015x}", goods, kind, ms, ms, ms, ms),
            )
        if class_ not in {"receipt_no_payment", "return_no_refund"}:
            con.execute(
                "INSERT INTO payment VALUES (?, ?, ?, 'shop', ?, ?, 5000, ?, ?, ?, ?)",
                (key, SELLER, PAYING, key, f"paid-{number}", int(back), ms, ms, None if class_ or number % 2 else key),
            )  # fmt: skip
        if class_:
            wanted.setdefault(class_, set()).add(key)
