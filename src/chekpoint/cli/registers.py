"""``chekpoint registers``: add one, list them, ask them."""

from typing import TYPE_CHECKING

import typer

from chekpoint.cli.common import BEHIND_AGENT, Config, desk, fail, run

if TYPE_CHECKING:
    from chekpoint.core.ports import Register, RegisterStatus
    from chekpoint.store.journal import Tx
    from chekpoint.store.lanes import RegisterRow


def add(
    name: str,
    inn: str,
    *,
    maker: str = typer.Option("atol", help="Марка кассы / the maker"),
    url: str = typer.Option("", help="Адрес веб-сервера кассы / the register's web server"),
    settings: str = typer.Option("{}", help="Остальные настройки в JSON / further settings as JSON"),
    check: bool = typer.Option(
        default=True, help="Спросить кассу перед добавлением / ask the register first"
    ),
    config: Config = None,
) -> None:
    """Добавить кассу: спросит её, сверит ИНН / add a register: asks it and compares the INN."""
    import msgspec  # noqa: PLC0415 - commands start in an instant

    from chekpoint.app.compose import CONFIGS  # noqa: PLC0415
    from chekpoint.cli.setup import _seller_id  # noqa: PLC0415
    from chekpoint.store import people  # noqa: PLC0415

    form = CONFIGS.get(maker)
    if form is None:
        fail(f"марка {maker} не поддержана / maker not known: {', '.join(CONFIGS)}")
    try:
        values = msgspec.json.decode(settings, type=dict[str, object]) | ({"base_url": url} if url else {})
        body = msgspec.json.encode(msgspec.convert(values, form))
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        fail(f"настройки не читаются / settings cannot be read: {error}")

    async def work() -> str:
        async with desk(config) as at:
            if check and maker != BEHIND_AGENT:  # the running hub alone can ask it, and compares the INN then
                await _compare(maker, body, inn)
            key = at.keys.new()
            await at.store.write(
                lambda tx: people.add_register(tx, key, _seller_id(tx, inn), name, maker=maker, config=body)
            )
            return key

    typer.echo(run(work))


async def _compare(maker: str, body: bytes, inn: str) -> None:
    status = await _ask(maker, body)
    if status.seller_inn and status.seller_inn != inn:
        fail(
            f"касса зарегистрирована на ИНН {status.seller_inn}, а не {inn} / "
            f"the register belongs to INN {status.seller_inn}, not {inn}", 1,
        )  # fmt: skip
    typer.echo(describe(status))


def opened(row: "RegisterRow") -> "Register | None":
    """The driver of a register; None when its maker is not known."""
    from chekpoint.app.compose import register_makers  # noqa: PLC0415
    from chekpoint.core.clock import SystemClock  # noqa: PLC0415
    from chekpoint.core.witness import unheard  # noqa: PLC0415

    make = register_makers(SystemClock()).get(row.maker)
    return make(row, unheard) if make else None


async def _ask(maker: str, body: bytes) -> "RegisterStatus":
    from chekpoint.core.errors import BlockReason, RegisterBlocked  # noqa: PLC0415
    from chekpoint.store.lanes import RegisterRow  # noqa: PLC0415

    register = opened(RegisterRow("", "", "", maker, body, None, None, 1, 0, ""))
    if register is None:
        raise RegisterBlocked(BlockReason.CONFIGURATION, f"{maker}?")
    try:
        return await register.status()
    finally:
        await register.aclose()


def describe(status: "RegisterStatus") -> str:
    """One line about a register that answered."""
    words = [
        status.model or "ККТ",
        f"№ {status.serial or '?'}",
        f"ФН {status.fn or '?'}",
        f"ФД {status.last_fd}",
    ]
    words += [
        f"ФФД {status.ffd or '?'}",
        f"смена {status.shift or '?'}",
        f"не передано {status.unsent_count}",
    ]
    if not status.ready:
        words.append(f"НЕ ГОТОВА: {status.message or status.block}")
    return ", ".join(words)


def write_off(
    name: str,
    reason: str = typer.Option(..., help="Почему её не ждать / why nobody should wait for it"),
    *,
    config: Config = None,
) -> None:
    """После восстановления базы: касса не вернётся, не ждать её / after a restore: do not wait for this one."""
    from chekpoint.core.errors import StoreError  # noqa: PLC0415
    from chekpoint.hub.continuity import UNREAD, unread  # noqa: PLC0415
    from chekpoint.store import lanes, people  # noqa: PLC0415

    async def work() -> None:
        async with desk(config) as at:
            key = at.keys.new()

            def unit(tx: "Tx") -> None:
                found = [row.id for row in lanes.registers(tx) if row.name == name and row.id in unread(tx)]
                if not found:
                    raise StoreError(f"кассу «{name}» никто не ждёт / nobody waits for {name}")
                people.drop_setting(tx, UNREAD + found[0])
                people.note_deed(tx, key, who="cli", verb="write_off", subject=found[0], reason=reason)

            await at.store.write(unit)

    run(work)
    typer.echo("списана / written off")


def list_(*, config: Config = None) -> None:
    """Кассы и их состояние по журналу / registers as the journal knows them."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from chekpoint.store import lanes  # noqa: PLC0415

    async def work() -> list[lanes.Overview]:
        async with desk(config) as at:
            return await at.store.read(lanes.overview)

    table = Table("id", "касса / name", "марка", "ФН", "ФД", "состояние / state")
    for one in run(work):
        state = one.block or ("выключена / off" if not one.enabled else "работает / works")
        table.add_row(one.id, one.name, one.maker, one.fn or "", str(one.last_fd or ""), state)
    Console().print(table)


def status(*, config: Config = None) -> None:
    """Спросить каждую кассу сейчас / ask every register now."""
    from chekpoint.core.errors import RegisterError  # noqa: PLC0415
    from chekpoint.store import lanes  # noqa: PLC0415

    async def work() -> int:
        async with desk(config) as at:
            rows = await at.store.read(lanes.registers)
        silent = 0
        for row in rows:
            if row.maker == BEHIND_AGENT:
                typer.echo(
                    f"{row.name}: за агентом, её спрашивает хаб / behind an agent: see the hub's screen"
                )
                continue
            try:
                typer.echo(f"{row.name}: {describe(await _ask(row.maker, row.config))}")
            except RegisterError as error:
                silent += 1
                typer.echo(f"{row.name}: НЕТ СВЯЗИ / SILENT: {error.message}")
        return silent

    if run(work):
        raise typer.Exit(1)
