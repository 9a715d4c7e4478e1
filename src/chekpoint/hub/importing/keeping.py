"""Writing what a file brings: all of it or nothing, unless a person has chosen to do without its bad rows.

Everything is read and checked before the first write. Rows are then written in groups, each of which may be
written again without a double, and the file itself is noted with the last group: a process that dies between two
groups leaves a file that is simply imported again.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import anyio.to_thread
import msgspec

from chekpoint.core.errors import Unfit
from chekpoint.core.ports import OfdRecord
from chekpoint.hub.importing.columns import Chosen
from chekpoint.hub.importing.plan import KINDS, NO_CHOICE, Plan, Surroundings, plan
from chekpoint.hub.importing.rows import Told
from chekpoint.hub.names import Keys
from chekpoint.hub.post import Post
from chekpoint.hub.reconciler import Reconciler
from chekpoint.store import imports, ofd_records, payments, people, views_registers
from chekpoint.store.imports import Imported
from chekpoint.store.journal import Tx
from chekpoint.store.store import Store

GROUP: Final = 500  # rows of one write: other writers of the journal go in between
NAME_MOST: Final = 120
_MEMORY: Final = "columns:"
_CHOSEN: Final = msgspec.json.Decoder(Chosen)


class Wish(NamedTuple):
    """How a file is to be taken. ``label`` names where it is from (``import:LABEL``)."""

    kind: str
    name: str  # of the file
    who: str
    label: str = ""
    shop_id: str | None = None  # whose payments these are
    without_bad: bool = False
    complete: bool = True  # the file lists all that the drive has of its days: what it lacks is missing there
    again: bool = False  # also when the same file is in already

    @property
    def source(self) -> str:
        """As the tables name it."""
        return f"import:{self.label or self.kind}"


class Result(NamedTuple):
    """What became of a file. ``changed``: rows of a document that showed itself otherwise before."""

    imported: Imported
    fresh: int
    known: int
    changed: int
    bad: int


class Held(NamedTuple):
    """One drive of a file, held against the journal. ``days`` is 0 where the hub does not know the drive."""

    fn: str
    first: str  # YYYY-MM-DD of the register's clock
    last: str
    days: int
    ours: int
    theirs: int
    equal: int


class Twice(Unfit):
    """The same file is in already; nothing was written."""

    def __init__(self, before: Imported) -> None:
        super().__init__(
            f"этот файл уже принят ({before.name}, строк: {before.rows}), ничего не изменено"
            f" / this file is in already ({before.name}, {before.rows} rows), nothing was changed"
        )
        self.before = before


async def remembered(store: Store, kind: str) -> dict[str, Chosen]:
    """What people have said of columns before, by the headers' signature."""
    prefix = f"{_MEMORY}{kind}:"

    def look(tx: Tx) -> dict[str, Chosen]:
        names = people.settings(tx, prefix)
        return {n.removeprefix(prefix): _CHOSEN.decode(people.setting(tx, n) or "{}") for n in names}

    return await store.read(look)


async def look_into(
    store: Store, kind: str, content: bytes, around: Surroundings, chosen: Chosen | None = None
) -> Plan:
    """Read a file beside the event loop; raises NotRead. What nobody has said now is taken from memory."""
    if kind not in KINDS:
        raise Unfit(f"вид файла: {', '.join(KINDS)} / the kind of a file is one of these")
    said = chosen if chosen is not None else await remembered(store, kind)
    return await anyio.to_thread.run_sync(plan, kind, content, around, said)


async def drives(store: Store) -> list[str]:
    """The fiscal drives that the hub knows."""
    return await store.read(views_registers.drives)


def ready(wish: Wish, made: Plan) -> None:
    """Raises Unfit unless the plan may be written."""
    if made.missing:
        ru, en = (", ".join(field.words[n] for field in made.missing) for n in (0, 1))
        raise Unfit(f"не найдены столбцы: {ru} / columns not found: {en}")
    if made.needs_unit:
        raise Unfit("укажите, в чём суммы: рубли или копейки / say whether sums are roubles or kopecks")
    if made.bad_count and not wish.without_bad:
        raise Unfit(
            f"строк с ошибками: {made.bad_count}; ничего не записано / rows with faults: {made.bad_count}; nothing written"
        )
    if not made.records:
        raise Unfit("в таблице нет ни одной строки / the table has no row")
    if not (wish.label.isprintable() and len(wish.label) <= NAME_MOST):
        raise Unfit(
            f"название источника: до {NAME_MOST} печатных знаков / a source's name: up to {NAME_MOST} characters"
        )


async def take(store: Store, keys: Keys, wish: Wish, content: bytes, made: Plan) -> Result:
    """Write the plan of a file; raises Unfit, Twice or StoreError."""
    ready(wish, made)
    digest = hashlib.sha256(content).hexdigest()
    before = await store.read(lambda tx: imports.same(tx, wish.kind, digest))
    if before is not None and not wish.again:
        raise Twice(before)
    owner = await store.read(lambda tx: _owner(tx, wish)) if wish.kind != "ofd" else None
    fresh = known = changed = 0
    for group in _groups(wish, made):
        new, old, other = await store.write(partial(_write, keys=keys, wish=wish, owner=owner, rows=group))
        fresh, known, changed = fresh + new, known + old, changed + other
    one = Imported(keys.new(), wish.kind, wish.name[:NAME_MOST], digest, len(made.records), wish.who, 0)
    noted = await store.write(lambda tx: _note(tx, keys, one, made, wish))
    return Result(noted, fresh, known, changed, made.bad_count)


async def compare(post: Post, wish: Wish, made: Plan) -> list[Held]:
    """Hold the days of a file against the journal; nothing for files that show no documents."""
    spans: dict[str, tuple[str, str]] = {}
    for _, one in made.records:
        if isinstance(one, OfdRecord):
            day = one.made_at[:10]
            first, last = spans.get(one.fn, (day, day))
            spans[one.fn] = min(first, day), max(last, day)
    reconciler = Reconciler(post)
    held = []
    for fn, (first, last) in sorted(spans.items()):
        done = await reconciler.compare(fn, first, last, wish.source, complete=wish.complete)
        ours, theirs, equal = (
            sum(getattr(one, name) for one in done) for name in ("ours", "theirs", "equal")
        )
        held.append(Held(fn, first, last, len(done), ours, theirs, equal))
    return held


def _groups(wish: Wish, made: Plan) -> Iterator[list[Any]]:
    """Rows to be written together: of one drive, where they are documents."""
    lots: dict[str, list[Any]] = defaultdict(list)
    for number, one in made.records:
        if isinstance(one, OfdRecord):
            where = f"{wish.name[:NAME_MOST]}, {number}"
            lots[one.fn].append(msgspec.structs.replace(one, evidence=where))
        else:
            lots[""].append(one)
    for lot in lots.values():
        yield from (lot[n : n + GROUP] for n in range(0, len(lot), GROUP))


def _write(
    tx: Tx, keys: Keys, wish: Wish, owner: people.Shop | None, rows: Sequence[OfdRecord | Told]
) -> tuple[int, int, int]:
    if owner is None:
        shown = [
            ofd_records.Shown(wish.source, one, None, None) for one in rows if isinstance(one, OfdRecord)
        ]
        kept = ofd_records.keep(tx, shown)
        return kept.fresh, len(rows) - kept.fresh - kept.changed, kept.changed
    made = [_payment(keys.new(), wish, owner, one) for one in rows if isinstance(one, Told)]
    told = payments.keep(tx, made)
    fresh, other = sum(one.fresh for one in told), sum(not one.same for one in told)
    return fresh, len(told) - fresh - other, other


def _payment(key: str, wish: Wish, owner: people.Shop, one: Told) -> payments.Payment:
    source = f"{wish.source}:{owner.id}"
    return payments.Payment(key, owner.seller_id, owner.id, source, *one)


def _owner(tx: Tx, wish: Wish) -> people.Shop:
    """The shop whose payments these are; raises Unfit where that is not clear."""
    shops = people.shops(tx)
    found = [shop for shop in shops if shop.id == wish.shop_id] if wish.shop_id else shops
    if len(found) != 1:
        raise Unfit("укажите магазин / say which shop")
    return found[0]


def _note(tx: Tx, keys: Keys, one: Imported, made: Plan, wish: Wish) -> Imported:
    dated = one._replace(at=tx.now)
    imports.add(tx, dated)
    people.set_setting(
        tx, f"{_MEMORY}{wish.kind}:{made.head.signature}", msgspec.json.encode(made.chosen).decode()
    )
    body = msgspec.json.encode(
        {"kind": wish.kind, "rows": one.rows, "bad": made.bad_count, "source": wish.source}
    )
    people.note_deed(
        tx,
        keys.new(),
        who=wish.who,
        verb="file_imported",
        subject=one.id,
        reason=wish.name[:NAME_MOST],
        body=body,
    )
    return dated


__all__ = [
    "NO_CHOICE",
    "Held",
    "Result",
    "Twice",
    "Wish",
    "compare",
    "drives",
    "look_into",
    "ready",
    "remembered",
    "take",
]
