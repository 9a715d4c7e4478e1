"""A test stand: builds emulated parties from plain settings, for the command line and the demonstration."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta, timezone
from pathlib import Path

import anyio
import msgspec
from starlette.applications import Starlette

from chekpoint.core.clock import Clock
from chekpoint.emulators.control import control_routes
from chekpoint.emulators.faults import FaultPlan
from chekpoint.emulators.fiscal_drive import FiscalDrive, Registration
from chekpoint.emulators.null_modem import ByteStream, Connect
from chekpoint.emulators.ofd import EmulatedOfd, OfdArchive, listen
from chekpoint.emulators.ofd.cabinet import API_KEY, Account
from chekpoint.emulators.ofd.dialects import account_routes
from chekpoint.emulators.register import EmulatedRegister


class AddressError(ValueError):
    """Not a host and a port."""


class RegisterSetup(msgspec.Struct, frozen=True, kw_only=True):
    """One emulated register. ``state`` is a folder (None: in memory); ``ofd`` is an address or None: no exchange."""

    fn: str = "9999078900000001"
    state: Path | None = None
    registration: Registration = Registration()
    faults: FaultPlan = msgspec.field(default_factory=FaultPlan)
    ofd: tuple[str, int] | None = None
    seconds_per_receipt: float = 0.0
    zone_hours: float = 3.0
    exchange_period: float = 60.0


def build_register(setup: RegisterSetup, clock: Clock) -> EmulatedRegister:
    """A registered emulated register. Raises ValueError (number), WrongDrive (the folder has another drive)."""
    if setup.state is not None:
        setup.state.mkdir(parents=True, exist_ok=True)
    drive = FiscalDrive(setup.fn, setup.state / f"drive-{setup.fn}.sqlite" if setup.state else None)
    host, port = setup.ofd or ("", 0)
    register = EmulatedRegister(
        drive,
        clock=clock,
        zone=timezone(timedelta(hours=setup.zone_hours)),
        faults=setup.faults,
        seconds_per_receipt=setup.seconds_per_receipt,
        connect=tcp(host, port) if setup.ofd else None,
        exchange_period=setup.exchange_period,
        memory=setup.state / f"register-{setup.fn}.sqlite" if setup.state else None,
    )
    entry = msgspec.structs.replace(setup.registration, ofd_host=host, ofd_port=port)
    register.ensure_registered(entry)
    return register


def build_group(of_each: RegisterSetup, prefix: str, count: int, clock: Clock) -> list[EmulatedRegister]:
    """The registers of a cloud service; their drives are numbered after ``prefix`` (14 digits)."""
    numbers = [f"{prefix}{number:02d}" for number in range(1, count + 1)]
    return [build_register(msgspec.structs.replace(of_each, fn=number), clock) for number in numbers]


def tcp(host: str, port: int) -> Connect:
    """Lines to one TCP address."""

    async def connect() -> ByteStream:
        return await anyio.connect_tcp(host, port)

    return connect


def address(text: str) -> tuple[str, int]:
    """``host:port`` -> (host, port); raises AddressError."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise AddressError(f"{text!r}: ожидается хост:порт / expected host:port")
    return host, int(port)


def build_ofd(state: Path | None, clock: Clock, faults: FaultPlan) -> EmulatedOfd:
    """An emulated operator; ``state`` is a folder (None: in memory)."""
    if state is not None:
        state.mkdir(parents=True, exist_ok=True)
    return EmulatedOfd(OfdArchive(state / "ofd.sqlite" if state else None), clock=clock, faults=faults)


def ofd_app(ofd: EmulatedOfd, *, wire: tuple[str, int] | None = None, api_key: str = API_KEY) -> Starlette:
    """The operator over HTTP: control panel at ``/``, account APIs beside it; with ``wire`` also its TCP port.

    ``api_key`` opens the account. ``app.state.wire_port`` is the real TCP port once the application has started.
    """
    account = Account(
        ofd.archive, clock=ofd.clock, conduct=ofd.account_conduct, faults=ofd.faults, api_key=api_key
    )

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        if wire is None:
            yield
            return
        async with listen(ofd, *wire) as listener:
            app.state.wire_port = listener.port
            yield

    routes = [*control_routes(faults=ofd.faults, ofd=ofd), *account_routes(account)]
    return Starlette(routes=routes, lifespan=lifespan)
