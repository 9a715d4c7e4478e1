"""What an agent has found stands in the wizard as a card, filled in; the check goes through the agent."""

import re
from pathlib import Path

import httpx2
import msgspec
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from chekpoint.app.agent_kinds import AGENT_KINDS, Kinds, kinds_config
from chekpoint.app.register_kinds import asker
from chekpoint.core.clock import SystemClock
from chekpoint.core.ports import RegisterStatus
from chekpoint.hub.kinds import Unfilled
from chekpoint.registers.agent import AgentConfig
from chekpoint.registers.agent.line import Line
from chekpoint.registers.agent.wire import FoundRegister, Hello
from chekpoint.store import lanes
from chekpoint.web.access import first_password
from chekpoint.web.screens import Joinery, screens
from tests.agent_rig import INN, NAME, REGISTER, AgentRig, agent_rig
from tests.doubles.hubs import SELLER

pytestmark = pytest.mark.anyio


async def signed_in(rig: AgentRig, client: httpx2.AsyncClient) -> None:
    password = await first_password(rig.hub.store, rig.hub.post.keys)
    await post(client, "/sign-in", "/sign-in", login="admin", password=str(password))


async def post(client: httpx2.AsyncClient, path: str, page: str, **fields: str) -> httpx2.Response:
    found = re.search(r'name="csrf" value="([^"]+)"', (await client.get(page)).text)
    assert found is not None
    return await client.post(path, data={"csrf": found[1], **fields}, follow_redirects=True)


def wizard(rig: AgentRig) -> httpx2.AsyncClient:
    ask = asker(SystemClock(), rig.board)
    joinery = Joinery((), "", None, None, Kinds(rig.hub, rig.board), kinds_config, ask)
    app = Starlette(routes=[Mount("/", screens(rig.hub, secret_key="test", joinery=joinery))])
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://hub.example")


def plugged(rig: AgentRig) -> Line:
    """Another agent's line, whose reports come from the test alone."""
    line = Line("warehouse", Hello(protocol=1, version="1", instance="w", at=0, echo=0), SystemClock())
    rig.board.plug(line)
    return line


async def test_a_found_register_is_added_through_its_agent_with_two_clicks(tmp_path: Path) -> None:
    async with agent_rig(tmp_path) as rig, wizard(rig) as client:
        await rig.connected()
        await signed_in(rig, client)
        line = plugged(rig)
        config = {"base_url": rig.till.config.base_url, "user": "admin", "password": "Passw0rd-Passw0rd"}
        status = RegisterStatus(ready=True, fn="9999078900000042", serial="0042", seller_inn=INN)
        line.found = (FoundRegister(maker="atol", where="127.0.0.1:1", config=config, status=status),)
        shown = (await client.get("/registers/new")).text
        assert "ФН 9999078900000042" in shown
        assert "warehouse" in shown
        way = re.search(r"/registers/new/(found-atol-[0-9a-f]+)", shown)
        assert way is not None
        form = await client.get(f"/registers/new/{way[1]}")
        assert rig.till.config.base_url in form.text
        told = await post(
            client, f"/registers/new/{way[1]}", f"/registers/new/{way[1]}", name="Найденная", seller=SELLER,
            agent=NAME, **config,
        )  # fmt: skip
        assert "Касса ответила" in told.text
        rows = {row.name: row for row in await rig.hub.store.read(lanes.registers)}
        stored = msgspec.json.decode(rows["Найденная"].config, type=AgentConfig)
        assert (rows["Найденная"].maker, stored.agent, stored.maker) == ("agent", NAME, "atol")


async def test_a_register_that_works_already_is_not_offered_again(tmp_path: Path) -> None:
    async with agent_rig(tmp_path) as rig:
        await rig.connected()
        await rig.until(lambda: rig.hub.lanes[REGISTER].fn)
        line = plugged(rig)
        status = RegisterStatus(ready=True, fn=rig.hub.lanes[REGISTER].fn)
        line.found = (FoundRegister(maker="atol", where="x", config={"base_url": "http://x"}, status=status),)
        assert [kind.way for kind in Kinds(rig.hub, rig.board) if kind.way.startswith("found")] == []


def test_settings_behind_an_agent_are_checked_as_without_one() -> None:
    shtrih = next(kind for kind in AGENT_KINDS if kind.way == "agent-shtrih")
    with pytest.raises(Unfilled):
        kinds_config(shtrih, {"agent": NAME, "host": "10.0.0.5", "port": "x"})
    stored = msgspec.json.decode(
        kinds_config(shtrih, {"agent": NAME, "host": "10.0.0.5", "port": "7778"}), type=AgentConfig
    )
    assert (stored.maker, stored.config["host"], stored.config["port"]) == ("shtrih", "10.0.0.5", 7778)
