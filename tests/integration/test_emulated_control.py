"""The control panel: it says what it is, breaks what it is told to break, and refuses nonsense in words."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
import typer
from typer.testing import CliRunner

from chekpoint.cli import emulate
from chekpoint.core.clock import SystemClock
from chekpoint.emulators.control import control_app
from chekpoint.emulators.drive_errors import DeviceCode, DeviceError, PowerLost
from chekpoint.emulators.faults import FaultPlan
from chekpoint.emulators.fiscal_drive import FiscalDrive, Registration
from chekpoint.emulators.ofd import EmulatedOfd
from chekpoint.emulators.register import EmulatedRegister
from chekpoint.emulators.stand import (
    AddressError,
    RegisterSetup,
    address,
    build_ofd,
    build_register,
    ofd_app,
    tcp,
)
from tests.emulated_world import ManualClock, receipt

pytestmark = pytest.mark.anyio


class Panel:
    """A register and an operator behind one panel."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.register = EmulatedRegister(FiscalDrive(), clock=self.clock)
        self.register.ensure_registered(Registration())
        self.ofd = EmulatedOfd(clock=self.clock)
        app = control_app(faults=self.register.faults, register=self.register, ofd=self.ofd)
        transport = httpx2.ASGITransport(app=app)
        self.http = httpx2.AsyncClient(transport=transport, base_url="http://kkt.test")

    async def post(self, name: str, **body: Any) -> httpx2.Response:
        return await self.http.post(f"/control/{name}", json=body)


@pytest.fixture
async def panel() -> AsyncIterator[Panel]:
    made = Panel()
    yield made
    await made.http.aclose()


async def test_nobody_can_take_it_for_a_real_register(panel: Panel) -> None:
    page = await panel.http.get("/")
    assert page.status_code == 200
    assert "ТЕСТОВЫЙ ДВОЙНИК" in page.text
    assert "TEST DOUBLE" in page.text
    assert "<script" not in page.text
    assert (await panel.http.get("/control/state")).json()["test_double"] is True
    assert "TEST DOUBLE" in panel.register.state().face


async def test_the_state_shows_archive_queue_and_faults(panel: Panel) -> None:
    await panel.register.register_receipt(receipt())
    state = (await panel.http.get("/control/state")).json()
    assert [d["fd"] for d in state["archive"]["last"]] == [1, 2, 3]
    assert (state["queue"]["unsent_count"], state["queue"]["first_fd"]) == (3, 1)
    assert state["register"]["shift"] == "open"
    assert state["archive"]["totals"]["counters"]["receipts"]["sale"]["total"] == 10_000
    assert state["faults"]["ordered"] == []


async def test_the_world_around_the_register_can_be_broken_and_mended(panel: Panel) -> None:
    await panel.post("paper", present=False)
    await panel.post("cover", open=True)
    await panel.post("power", on=False)
    await panel.post("link", on=False)
    state = (await panel.post("clock", offset_seconds=-60)).json()["register"]
    assert (state["paper"], state["cover_open"], state["powered"], state["linked"]) == (
        False,
        True,
        False,
        False,
    )
    assert state["clock"] == "2026-11-24T11:59:00"
    await panel.post("paper", present=True)
    await panel.post("cover", open=False)
    await panel.post("power", on=True)
    await panel.post("link", on=True)
    await panel.post("clock", local="2026-11-24T12:00:05")
    assert panel.register.state().clock.second == 5
    assert (await panel.register.register_receipt(receipt(paper=True))).fd_number == 3


async def test_power_and_link_come_back_by_themselves_when_a_time_is_given(panel: Panel) -> None:
    await panel.post("power", on=False, seconds=10)
    await panel.post("link", on=False, seconds=20)
    with pytest.raises(DeviceError) as caught:
        panel.register.state()
    assert caught.value.code is DeviceCode.NO_POWER
    await panel.clock.advance(10)
    with pytest.raises(DeviceError) as caught:
        panel.register.state()
    assert caught.value.code is DeviceCode.NO_LINK
    await panel.clock.advance(10)
    assert panel.register.state().powered


async def test_a_fault_is_ordered_listed_and_taken_back(panel: Panel) -> None:
    order = {"point": "register.after_sign", "kind": "power_loss", "seconds": 5}
    listed = (await panel.post("fault", **order)).json()["faults"]["ordered"]
    assert listed[0]["fault"]["kind"] == "power_loss"
    with pytest.raises(PowerLost):
        await panel.register.register_receipt(receipt())
    chances = (await panel.post("fault", spec="drop=0.5,seed=3")).json()["faults"]
    assert (chances["seed"], chances["chances"][0]["probability"]) == (3, 0.5)
    assert (await panel.post("fault", clear=True)).json()["faults"]["chances"] == []


async def test_the_operator_s_conduct_can_be_changed(panel: Panel) -> None:
    state = (await panel.post("ofd", answer=14, flags=2, spoil="crc", enabled=False)).json()
    assert state["ofd"]["conduct"]["answer"] == 14
    assert state["ofd"]["conduct"]["spoil"] == "crc"
    assert state["exchange_enabled"] is False
    await panel.post("account", failure="503", fn="9999078900000001", fd=3, hide=True, sum_delta=5)
    assert panel.ofd.account_conduct.hidden == {("9999078900000001", 3)}
    await panel.post("account", failure="", fn="9999078900000001", fd=3)
    assert panel.ofd.account_conduct.hidden == set()
    await panel.post("account", fn="9999078900000001", fd=3, flc="WARNING", page_limit=2, token_uses=5)
    conduct = panel.ofd.account_conduct
    assert (conduct.flc, conduct.page_limit, conduct.token_uses) == (
        {("9999078900000001", 3): "WARNING"}, 2, 5,
    )  # fmt: skip
    await panel.post("account", fn="9999078900000001", fd=3)
    assert conduct.flc == {}


async def test_a_shift_can_be_opened_and_closed_by_hand(panel: Panel) -> None:
    assert (await panel.post("shift", open=True)).json()["register"]["shift"] == "open"
    again = await panel.post("shift", open=True)
    assert again.status_code == 400
    assert "shift is open" in again.json()["error"]
    assert (await panel.post("shift", open=False)).json()["register"]["shift"] == "closed"


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("fault", b""),
        ("fault", b"{"),
        ("fault", b"[]"),
        ("fault", b'{"point":"nowhere","kind":"drop"}'),
        ("fault", b'{"point":"face.answer","kind":"fire"}'),
        ("fault", b'{"point":"face.answer","kind":"power_loss"}'),
        ("fault", b'{"point":"face.answer","kind":"drop","times":0}'),
        ("fault", b'{"spec":"drop=7"}'),
        ("fault", b'{"point":"face.answer","kind":"drop","seconds":-1}'),
        ("paper", b'{"present":"maybe"}'),
        ("paper", b'{"paper":true}'),
        ("power", b'{"on":false,"seconds":-5}'),
        ("clock", b"{}"),
        ("clock", b'{"local":"noon"}'),
        ("clock", b'{"offset_seconds":1e300}'),
        ("ofd", b'{"answer":5}'),
        ("ofd", b'{"flags":256}'),
        ("ofd", b'{"spoil":"everything"}'),
        ("ofd", b'{"delay_seconds":-1}'),
        ("account", b'{"failure":"418"}'),
        ("account", b'{"sign_form":"roman"}'),
        ("account", b'{"flc":"FINE"}'),
        ("account", b'{"page_limit":-1}'),
        ("account", b'{"zone_hours":1000000000000}'),
        ("paper", b"\xff\xfe"),
    ],
)
async def test_nonsense_is_refused_in_words(panel: Panel, name: str, body: bytes) -> None:
    answer = await panel.http.post(f"/control/{name}", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


async def test_the_buttons_work_without_script(panel: Panel) -> None:
    answer = await panel.http.post("/control/paper", data={"present": "false"})
    assert answer.status_code == 303
    assert panel.register.paper is False
    assert (await panel.http.get("/control/paper/" + answer.headers["location"])).status_code in {200, 404}
    await panel.http.post("/control/account", data={"failure": "html"})
    assert panel.ofd.account_conduct.failure == "html"
    await panel.http.post("/control/account", data={"failure": "none"})
    assert panel.ofd.account_conduct.failure == ""
    refused = await panel.http.post("/control/paper", data={"present": "<b>"})
    assert refused.status_code == 400
    assert "<b>" not in refused.text


async def test_an_operator_s_panel_has_no_register(panel: Panel) -> None:
    app = control_app(faults=FaultPlan(), ofd=panel.ofd)
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app), base_url="http://ofd.test"
    ) as http:
        assert (await http.post("/control/paper", json={"present": True})).status_code == 404
        assert (await http.post("/control/ofd", json={"enabled": True})).status_code == 400
        assert (await http.get("/")).status_code == 200


# -- the stand -------------------------------------------------------------------------------------------------------


async def test_a_stand_carries_documents_from_a_register_to_an_operator(tmp_path: Path) -> None:
    operator = build_ofd(tmp_path / "ofd", SystemClock(), FaultPlan())
    app = ofd_app(operator, wire=("127.0.0.1", 0))
    async with app.router.lifespan_context(app):
        setup = RegisterSetup(state=tmp_path / "kkt", ofd=("127.0.0.1", app.state.wire_port))
        register = build_register(setup, SystemClock())
        await register.register_receipt(receipt())
        assert await register.exchange.drain() == 3
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://ofd.test") as http:
            state = (await http.get("/control/state")).json()["ofd"]
            assert state["drives"] == [
                {"fn": register.drive.number, "documents": 3, "last_fd": 3, "rejected": 0}
            ]
            assert (await http.get("/api/integration/v2/inn/1/kkts")).status_code == 401
    register.close()
    operator.close()


async def test_an_address_nobody_listens_at_is_an_oserror() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(OSError, match="connection"):
        await tcp("127.0.0.1", port)()
    await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize("text", ["", "host", "host:", ":7777", "host:0", "host:70000", "host:x"])
def test_a_mistyped_address_is_named(text: str) -> None:
    with pytest.raises(AddressError):
        address(text)
    assert address("kkt.example:7777") == ("kkt.example", 7777)


@pytest.mark.parametrize(
    "arguments",
    [
        ["register", "--fn", "7380440902582955"],
        ["register", "--inn", "1234567890"],
        ["register", "--ffd", "1.1"],
        ["register", "--generation", "v3"],
        ["register", "--ofd", "nowhere"],
        ["register", "--faults", "drop=2"],
        ["register", "--port", "99999"],
        ["ofd", "--faults", "fire"],
    ],
)
def test_a_mistyped_option_is_a_message_not_a_traceback(arguments: list[str]) -> None:
    commands = typer.Typer()
    commands.command("register")(emulate.register)
    commands.command("ofd")(emulate.ofd)
    outcome = CliRunner().invoke(commands, arguments)
    assert outcome.exit_code == 2
    assert "Traceback" not in outcome.output
