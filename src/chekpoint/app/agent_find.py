"""Registers beside the agent: where they usually are, asked for their state only.

Nothing is written to a device that nobody named: a serial port may belong to scales or a bank terminal, so ports are
listed, and asked when they are named. A register that the hub already works with is not asked again.
"""

import asyncio
import shlex
from typing import Any, Final

import anyio
import httpx2
import msgspec
import serialx

from chekpoint.app.agent_seats import Seats
from chekpoint.registers.agent.wire import Ask, FoundRegister, WireError, outcome

PATIENCE: Final = 15.0  # seconds for one register
_KNOCK: Final = 2.0


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Where to look."""

    hosts: tuple[str, ...] = ("127.0.0.1",)
    rndis: str | None = (
        "192.168.137.111"  # a register of Shtrih-M over USB has this address unless it was changed
    )
    serial: tuple[str, ...] = ()  # ports that may be asked
    atol_port: int = 16732
    shtrih_ports: tuple[int, ...] = (7778,)


async def find(seats: Seats, places: Places) -> tuple[FoundRegister, ...]:
    """Everything that answers, in the order of makers and places. Takes up to half a minute."""
    works = [
        *(_atol(seats, host, places.atol_port) for host in places.hosts),
        *(_shtrih_tcp(seats, host, port) for host in places.hosts for port in places.shtrih_ports),
        *(_guessed(seats, places.rndis, port) for port in places.shtrih_ports if places.rndis),
        *(_asked(seats, "shtrih", port, {"serial_port": port}) for port in places.serial),
        _ports(places.serial),
    ]
    return tuple(found for batch in await asyncio.gather(*works) for found in batch)


async def _atol(seats: Seats, host: str, port: int) -> list[FoundRegister]:
    """A web server of the driver; the second generation may have several registers behind it."""
    if not await _answers(host, port):
        return []
    base = f"http://{host}:{port}"
    configs: list[dict[str, Any]] = [{"base_url": base, "device_id": one} for one in await _devices(base)]
    asked = [
        _asked(seats, "atol", f"{host}:{port}" + (f" {c['device_id']}" if "device_id" in c else ""), c)
        for c in configs or [{"base_url": base}]
    ]
    return [found for batch in await asyncio.gather(*asked) for found in batch]


async def _devices(base: str) -> list[str]:
    """Names of the active devices, when there is more than one."""
    try:
        async with httpx2.AsyncClient(timeout=_KNOCK, trust_env=False) as http:
            answer = await http.get(f"{base}/api/v2/devices")
            listed = answer.json() if answer.is_success else []
    except (
        httpx2.HTTPError,
        ValueError,
    ):  # the first generation, or not that server at all: its state will tell
        return []
    rows = listed.get("devices", []) if isinstance(listed, dict) else listed
    names = [
        str(row["id"]) for row in rows if isinstance(row, dict) and "id" in row and row.get("isActive", True)
    ]
    return names if len(names) > 1 else []


async def _shtrih_tcp(seats: Seats, host: str, port: int) -> list[FoundRegister]:
    config = {"host": host, "port": port}
    if not seats.works("shtrih", config) and not await _answers(host, port):
        return []
    return await _asked(seats, "shtrih", f"{host}:{port}", config)


async def _guessed(seats: Seats, host: str, port: int) -> list[FoundRegister]:
    """An address that nobody named: silence there is no news."""
    return [found for found in await _shtrih_tcp(seats, host, port) if found.status is not None]


async def _answers(host: str, port: int) -> bool:
    """Does anybody take a connection there?"""
    try:
        with anyio.fail_after(_KNOCK):
            stream = await anyio.connect_tcp(host, port)
    except (OSError, TimeoutError):
        return False
    await stream.aclose()
    return True


async def _asked(seats: Seats, maker: str, where: str, config: dict[str, Any]) -> list[FoundRegister]:
    """What the register says of itself; or why it does not."""
    working = seats.works(maker, config)
    if working is not None and working.status is not None:
        return [FoundRegister(maker=maker, where=where, config=config, status=working.status)]
    ask = Ask(id=0, at=0, patience=PATIENCE, method="status", maker=maker, config=config)
    answer = await seats.carry(ask, lambda: None)
    if answer.fault is not None:
        return [FoundRegister(maker=maker, where=where, config=config, problem=answer.fault.message)]
    try:
        status = outcome("status", answer)
    except WireError as fault:
        return [FoundRegister(maker=maker, where=where, config=config, problem=str(fault))]
    return [FoundRegister(maker=maker, where=where, config=config, status=status)]


async def _ports(named: tuple[str, ...]) -> list[FoundRegister]:
    """Serial ports that nobody has named: told, not asked."""
    try:
        ports = await serialx.async_list_serial_ports()
    except (OSError, RuntimeError):  # a system that cannot list them
        return []
    return [
        FoundRegister(
            maker="shtrih", where=port.device, config={"serial_port": port.device},
            problem=f"порт не опрошен ({port.product or 'неизвестное устройство'}): если это касса, укажите --serial {port.device}",
        )
        for port in ports
        if port.device not in named
    ]  # fmt: skip


def add_line(agent: str, found: FoundRegister) -> str:
    """The command that adds it at the hub."""
    status = found.status
    name = f"Касса {(status and status.serial) or found.where}"
    inn = (status and status.seller_inn) or "ИНН"
    settings = msgspec.json.encode({"agent": agent, "maker": found.maker, "config": found.config}).decode()
    words = [
        "chekpoint",
        "registers",
        "add",
        name,
        inn,
        "--maker",
        "agent",
        "--no-check",
        "--settings",
        settings,
    ]
    return shlex.join(words)
