"""``chekpoint doctor``, ``verify`` and ``restored``: what is wrong, in words; and whether the journal is true."""

from typing import TYPE_CHECKING

import typer

from chekpoint.cli.common import BEHIND_AGENT, Config, Desk, desk, run

if TYPE_CHECKING:
    from chekpoint.core.ports import FiscalDocument, Register
    from chekpoint.store.lanes import RegisterRow
    from chekpoint.store.lookup import Line

CLOCK_DRIFT = 300  # seconds: a fiscal document's time must be within 5 minutes of the local time
DISK_LEAST = 1 << 30
SEEN_WITHIN = 120_000  # milliseconds since the hub last heard a register that only it can ask


def doctor(*, config: Config = None) -> None:
    """Что не так, словами; код 1, если что-то не так / what is wrong, in words; exit 1 if anything is."""

    async def work() -> list[str]:
        async with desk(config) as at:
            return [*_disk(at), *await _registers(at), *await _journal(at)]

    complaints = run(work)
    for line in complaints:
        typer.echo(f"✗ {line}")
    if complaints:
        raise typer.Exit(1)
    typer.echo("✓ всё в порядке / all is well")


def _disk(at: Desk) -> list[str]:
    import shutil  # noqa: PLC0415 - commands start in an instant

    free = shutil.disk_usage(at.settings.data).free
    if free >= DISK_LEAST:
        return []
    return [f"на диске осталось {free >> 20} МБ: освободите место / {free >> 20} MB left on disk: make room"]


async def _registers(at: Desk) -> list[str]:
    from chekpoint.store import lanes  # noqa: PLC0415

    rows = await at.store.read(lanes.registers)
    if not rows:
        return ["касс нет: chekpoint registers add / there are no registers: chekpoint registers add"]
    found: list[str] = []
    for row in rows:
        if row.enabled and row.maker == BEHIND_AGENT:
            found += await _behind_agent(at, row)
        elif row.enabled:
            found += await _register(row, at.settings.zone)
    return found


async def _behind_agent(at: Desk, row: "RegisterRow") -> list[str]:
    """Only the running hub can ask it: the journal tells when it did so last; what it heard is an incident."""
    from chekpoint.core.clock import SystemClock, epoch_ms  # noqa: PLC0415
    from chekpoint.store import lanes  # noqa: PLC0415

    seen = next(one.status_at for one in await at.store.read(lanes.overview) if one.id == row.id)
    if seen is not None and epoch_ms(SystemClock().now()) - seen <= SEEN_WITHIN:
        return []
    words = (
        f"касса «{row.name}» за агентом давно не отвечала: запущены ли хаб и агент? / "
        "the register behind an agent has not answered for long: do hub and agent run?"
    )
    return [words]


async def _register(row: "RegisterRow", zone: str) -> list[str]:
    from chekpoint.cli.registers import opened  # noqa: PLC0415
    from chekpoint.core.errors import RegisterError  # noqa: PLC0415

    register = opened(row)
    if register is None:
        return [f"касса «{row.name}»: марка {row.maker} не поддержана / maker not known"]
    try:
        status = await register.status()
    except RegisterError as error:
        return [f"касса «{row.name}» не отвечает / does not answer: {error.message}"]
    finally:
        await register.aclose()
    found = (
        []
        if status.ready
        else [f"касса «{row.name}» не готова / is not ready: {status.message or status.block}"]
    )
    if status.unsent_count:
        found.append(
            f"касса «{row.name}»: не передано в ОФД {status.unsent_count} с {status.unsent_since} / "
            f"{status.unsent_count} documents have not left since {status.unsent_since}"
        )
    return found + _drift(row.name, status.clock, zone)


def _drift(name: str, clock: str | None, zone: str) -> list[str]:
    from datetime import datetime  # noqa: PLC0415
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    from chekpoint.core.clock import SystemClock  # noqa: PLC0415

    if clock is None:
        return []
    local = SystemClock().now().astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    drift = abs((datetime.fromisoformat(clock).replace(tzinfo=None) - local).total_seconds())
    if drift <= CLOCK_DRIFT:
        return []
    return [f"часы кассы «{name}» расходятся на {drift:.0f} с / the register's clock is off by {drift:.0f} s"]


async def _journal(at: Desk) -> list[str]:
    from chekpoint.store import incidents, overdue  # noqa: PLC0415

    opened = await at.store.read(incidents.open_now)
    late = await at.store.read(overdue.late)
    found = [f"{one.text_ru} / {one.text_en}" for one in opened]
    if late and not any(one.kind == "late" for one in opened):
        found.append(
            f"{sum(late.values())} чеков ждут дольше срока: запущен ли хаб? / receipts are late: does the hub run?"
        )
    return found


def verify(
    *,
    documents: int = typer.Option(
        200, min=0, help="Сколько последних ФД сверить / how many documents to compare"
    ),
    config: Config = None,
) -> None:
    """Цела ли цепочка журнала и верны ли ступени: сверка с кассами / is the journal true: compare with registers."""

    async def work() -> list[str]:
        async with desk(config) as at:
            return [*await _chain(at), *await _ladder(at, documents)]

    breaks = run(work)
    for line in breaks:
        typer.echo(f"✗ {line}")
    if breaks:
        raise typer.Exit(1)
    typer.echo("✓ журнал верен / the journal is true")


async def _chain(at: Desk) -> list[str]:
    from chekpoint.store import events  # noqa: PLC0415

    found: list[str] = []
    for one in await at.store.read(events.verified):
        if isinstance(one, events.Break):
            found.append(f"цепочка / chain {one.journal}, событие / event {one.seq}: {one.why}")
        else:
            typer.echo(f"событий / events: {one}")
    return found


async def _ladder(at: Desk, most: int) -> list[str]:
    from chekpoint.store import lanes  # noqa: PLC0415

    found: list[str] = []
    for row in await at.store.read(lanes.registers):
        if row.maker == BEHIND_AGENT:
            typer.echo(
                f"{row.name}: за агентом, её документы сверяет хаб / behind an agent, the hub compares it"
            )
        else:
            found += await _drive(at, row, most)
    return found


async def _drive(at: Desk, row: "RegisterRow", most: int) -> list[str]:
    from chekpoint.cli.registers import opened  # noqa: PLC0415
    from chekpoint.core.errors import RegisterError  # noqa: PLC0415
    from chekpoint.store import lookup  # noqa: PLC0415

    register = opened(row)
    if register is None:
        return []
    try:
        status, reading = await register.status(), await register.exchange()
        above = (status.last_fd or 0) - most
        lines = await at.store.read(lambda tx: lookup.on_drive(tx, status.fn or "", above))
        typer.echo(f"{row.name}: ФН {status.fn}, сверяется документов / documents compared: {len(lines)}")
        unsent = reading.unsent_first_fd if reading.unsent_count else None
        return [fault for line in lines for fault in await _compare(register, line, unsent)]
    except RegisterError as error:
        return [
            f"касса «{row.name}» не отвечает, её ступени не сверены / silent, not compared: {error.message}"
        ]
    finally:
        await register.aclose()


async def _compare(register: "Register", line: "Line", unsent: int | None) -> list[str]:
    from chekpoint.core.lifecycle import Proof  # noqa: PLC0415

    document: FiscalDocument | None = await register.document(line.fd_number or 0)
    where = f"ФД {line.fd_number}, ФН {line.fn}"
    if document is None:
        return [f"{where}: в ФН не читается / cannot be read from the drive"]
    found = []
    if int(document.fiscal_sign) != int(line.fiscal_sign or 0) or document.total != line.total:
        found.append(f"{where}: подпись или сумма другая / the sign or the total differs")
    if unsent is not None and (line.fd_number or 0) >= unsent and line.proof >= Proof.SENT_TO_OFD:
        found.append(
            f"{where}: журнал говорит «передан», касса говорит «нет» / said to have left, the register says no"
        )
    return found


def restored(*, config: Config = None) -> None:
    """Сказать, что база восстановлена из копии: сначала сверка касс / the database was restored: compare first."""
    from chekpoint.hub.continuity import RESTORED  # noqa: PLC0415
    from chekpoint.store import people  # noqa: PLC0415

    async def work() -> None:
        async with desk(config) as at:
            await at.store.write(lambda tx: people.set_setting(tx, RESTORED, "asked"))

    run(work)
    typer.echo("при запуске хаб сверит все кассы до первого чека / the hub will compare every register first")
