"""``chekpoint pools``: which registers take which receipts."""

import getpass
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypeVar

import typer

from chekpoint.cli.common import Config, desk, run

if TYPE_CHECKING:
    from chekpoint.hub.sorting import Sorting
    from chekpoint.store.journal import Tx
    from chekpoint.store.lanes import RegisterRow
    from chekpoint.store.people import Shop
    from chekpoint.store.pools import Pool, Route

T = TypeVar("T")
Reason = Annotated[str, typer.Option(help="Почему / why")]
Inn = Annotated[
    str, typer.Option(help="ИНН продавца, если их несколько / the seller's INN, where there are several")
]


class _House(NamedTuple):
    """What there is, by name."""

    tx: "Tx"
    inn: str

    def pool(self, name: str) -> "Pool":
        """The pool of that name; raises Unfit."""
        from chekpoint.store import pools  # noqa: PLC0415 - commands start in an instant

        seller = self.seller()
        found = [one for one in pools.pools(self.tx) if one.name == name and one.seller_id == seller]
        return _only(found, f"пула «{name}»", f"pool {name}")

    def seller(self) -> str:
        """The seller meant; raises Unfit where that is not clear."""
        from chekpoint.store import people  # noqa: PLC0415

        found = [one.id for one in people.sellers(self.tx) if self.inn in {"", one.inn}]
        return _only(found, "продавца (укажите --inn)", "seller (give --inn)")

    def register(self, name: str) -> "RegisterRow":
        """The register of that name; raises Unfit."""
        from chekpoint.store import lanes  # noqa: PLC0415

        return _only(
            [r for r in lanes.registers(self.tx) if r.name == name], f"кассы «{name}»", f"register {name}"
        )

    def shop(self, name: str) -> "Shop":
        """The shop of that name; raises Unfit."""
        from chekpoint.store import people  # noqa: PLC0415

        return _only(
            [s for s in people.shops(self.tx) if s.name == name], f"магазина «{name}»", f"shop {name}"
        )


def _only(found: list[T], ru: str, en: str) -> T:
    from chekpoint.core.errors import Unfit  # noqa: PLC0415

    if len(found) != 1:
        raise Unfit(f"нет {ru} / no {en}" if not found else f"нельзя выбрать: несколько / several {en}")
    return found[0]


def _change(config: "Config", reason: str, inn: str, deed: "Callable[[Sorting, _House], None]") -> None:
    from chekpoint.hub.sorting import Sorting  # noqa: PLC0415

    async def work() -> None:
        async with desk(config) as at:
            verbs = Sorting(at.keys, who=getpass.getuser(), reason=reason)
            await at.store.write(lambda tx: deed(verbs, _House(tx, inn)))

    run(work)
    typer.echo("записано; работающий хаб увидит это за 10 секунд / stored; a running hub sees it within 10 s")


def add(name: str, *, inn: Inn = "", reason: Reason = "", config: Config = None) -> None:
    """Новый пул касс / a new pool."""

    def deed(verbs: "Sorting", at: _House) -> None:
        verbs.add_pool(at.tx, at.seller(), name)

    _change(config, reason, inn, deed)


def drop(name: str, *, inn: Inn = "", reason: Reason = "", config: Config = None) -> None:
    """Удалить пустой пул / remove an empty pool."""
    _change(config, reason, inn, lambda verbs, at: verbs.drop_pool(at.tx, at.pool(name)))


def put(
    pool: str, register: str, *,
    reserve: Annotated[int | None, typer.Option(help="Резерв: за сколько секунд до срока вступать / lead of a reserve")] = None,
    inn: Inn = "", reason: Reason = "", config: Config = None,
) -> None:  # fmt: skip
    """Поставить кассу в пул / let a register serve a pool."""
    _change(
        config, reason, inn,
        lambda verbs, at: verbs.put(at.tx, at.pool(pool).id, at.register(register).id, lead=reserve),
    )  # fmt: skip


def take(pool: str, register: str, *, inn: Inn = "", reason: Reason = "", config: Config = None) -> None:
    """Вывести кассу из пула / let a register leave a pool."""
    _change(
        config, reason, inn, lambda verbs, at: verbs.take(at.tx, at.pool(pool).id, at.register(register).id)
    )


def route(
    pool: str, *,
    shop: Annotated[str, typer.Option(help="Магазин / shop")] = "",
    section: Annotated[str, typer.Option(help="Отдел / section")] = "",
    pay_system: Annotated[str, typer.Option(help="Платёжная система / payment system")] = "",
    place: Annotated[str, typer.Option(help="Место расчётов, тег 1187 / place of settlement")] = "",
    taxation: Annotated[list[str] | None, typer.Option(help="СНО: osn, usn_income … / taxation system")] = None,
    rank: Annotated[int, typer.Option(help="Порядок: меньшее раньше / order: the lower first")] = 100,
    inn: Inn = "", reason: Reason = "", config: Config = None,
) -> None:  # fmt: skip
    """Правило: какие чеки идут в пул / which receipts go to a pool."""
    from chekpoint.store.pools import Route  # noqa: PLC0415

    def deed(verbs: "Sorting", at: _House) -> None:
        to = at.pool(pool)
        made = Route(
            "", to.seller_id, rank, to.id, at.shop(shop).id if shop else None, section or None, pay_system or None,
            place or None, _mask(taxation or []),
        )  # fmt: skip
        verbs.add_route(at.tx, made)

    _change(config, reason, inn, deed)


def _mask(words: list[str]) -> int | None:
    from chekpoint.core.errors import Unfit  # noqa: PLC0415
    from chekpoint.fiscal.receipt import Taxation  # noqa: PLC0415

    try:
        return sum({Taxation(word).bit for word in words}) or None
    except ValueError as error:
        known = ", ".join(one.value for one in Taxation)
        raise Unfit(f"СНО — одна из / a taxation system is one of: {known}") from error


def unroute(key: str, *, reason: Reason = "", config: Config = None) -> None:
    """Убрать правило; номер — из «pools list» / remove a rule by its number."""
    from chekpoint.store import pools  # noqa: PLC0415

    def deed(verbs: "Sorting", at: _House) -> None:
        found = [one for one in pools.routes(at.tx) if one.id == key]
        verbs.drop_route(at.tx, _only(found, f"правила {key}", f"rule {key}"))

    _change(config, reason, "", deed)


def list_(*, config: Config = None) -> None:
    """Пулы, их кассы и правила / pools, their registers and rules."""
    from chekpoint.store import lanes, people, pools  # noqa: PLC0415

    def look(tx: "Tx") -> list[str]:
        names = {row.id: row for row in lanes.registers(tx)}
        shops = {one.id: one.name for one in people.shops(tx)}
        sellers = {one.id: f"{one.name}, ИНН {one.inn}" for one in people.sellers(tx)}
        lines = []
        for one in pools.pools(tx):
            lines.append(f"{one.name} ({sellers[one.seller_id]})")
            lines += [f"  касса {row.name}{_role(row, one)}" for row in names.values() if _serves(row, one)]
            lines += [
                f"  правило {r.id}: {_conditions(r, shops)}" for r in pools.routes(tx) if r.pool_id == one.id
            ]
        return lines

    async def work() -> list[str]:
        async with desk(config) as at:
            return await at.store.read(look)

    typer.echo("\n".join(run(work)))


def _serves(row: "RegisterRow", one: "Pool") -> bool:
    return any(place.pool_id == one.id for place in row.pools)


def _role(row: "RegisterRow", one: "Pool") -> str:
    lead = next(place.lead_ms for place in row.pools if place.pool_id == one.id)
    return (
        "" if lead is None else f": резерв, за {lead // 1000} с до срока / a reserve, {lead // 1000} s before"
    )


def _conditions(one: "Route", shops: dict[str, str]) -> str:
    from chekpoint.fiscal.receipt import Taxation  # noqa: PLC0415

    taxations = [t.value for t in Taxation if one.taxations and one.taxations & t.bit]
    said = {
        "магазин": shops.get(one.shop_id or ""), "отдел": one.section, "платёж": one.pay_system, "место": one.place,
        "СНО": ", ".join(taxations),
    }  # fmt: skip
    return f"[{one.rank}] " + "; ".join(f"{name} = {value}" for name, value in said.items() if value)


pools_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Пулы касс и правила / pools of registers"
)
for _name, _verb in (
    ("list", list_), ("add", add), ("drop", drop), ("put", put), ("take", take), ("route", route), ("unroute", unroute),
):  # fmt: skip
    pools_app.command(_name)(_verb)
