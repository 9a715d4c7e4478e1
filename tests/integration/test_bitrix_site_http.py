"""Emulated 1C-Bitrix sites under a real server: who is let in, what the line does to a poll, what is remembered."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
import typer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from typer.testing import CliRunner

from chekpoint.cli.emulate_bitrix import bitrix
from chekpoint.core.clock import SystemClock
from chekpoint.emulators.atol_web.serve import server as plain_server
from chekpoint.emulators.bitrix_site.cashboxes import Handler
from chekpoint.emulators.bitrix_site.checks import Status
from chekpoint.emulators.bitrix_site.face import EXCHANGE_PATH, Sites
from chekpoint.emulators.bitrix_site.orders import Line
from chekpoint.emulators.bitrix_site.serve import server
from chekpoint.emulators.bitrix_site.shelf import ShelfError
from chekpoint.emulators.faults import Fault, FaultKind, Point
from tests.bitrix_site_rig import ZN, paid, result, uuid_of

pytestmark = pytest.mark.anyio
KEY = "0123456789abcdef0123456789abcdef"


def _port(running: Any) -> int:
    port: int = running.servers[0].sockets[0].getsockname()[1]
    return port


@asynccontextmanager
async def _running(made: Any) -> AsyncIterator[str]:
    """A server on a free port; its address."""
    task = asyncio.create_task(made.serve(), name="server")
    while not made.started:
        assert not task.done()
        await asyncio.sleep(0)
    try:
        yield f"http://127.0.0.1:{_port(made)}"
    finally:
        made.should_exit = True
        await task


@asynccontextmanager
async def _served(*names: str, path: Path | None = None) -> AsyncIterator[tuple[Sites, httpx2.AsyncClient]]:
    """Sites with one activated register each."""
    sites = Sites(clock=SystemClock(), path=path)
    for name in names or ("shop.ru",):
        site = sites.add(name)
        site.allow_hash(KEY)
    async with _running(server(sites)) as address, httpx2.AsyncClient(base_url=address, timeout=30) as http:
        yield sites, http
    sites.close()


def _body(*printed: dict[str, Any], status: str = "ok") -> dict[str, Any]:
    kkm = {"zn": ZN, "fn": "9999078900000001", "status": status, "printed": list(printed)}
    return {"api_version": "3", "kkm": [kkm]}


def _quick(sites: Sites) -> None:
    """PHP allows hardly any time, so that nobody waits for an empty answer."""
    for site in (sites[name] for name in sites.names):
        site.change_settings(max_execution_time=1)


def _ready(sites: Sites) -> str:
    """An active register at every site; the address to poll."""
    _quick(sites)
    for name in sites.names:
        if not sites[name].cashboxes():
            sites[name].add_cashbox(Handler.BITRIX_V3, number=ZN)
    return f"{EXCHANGE_PATH}?hash={KEY}"


async def _until(condition: Callable[[], bool]) -> None:
    for _ in range(1_000_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it did not come to pass")


async def test_a_wrong_hash_is_403_with_nothing_said() -> None:
    async with _served() as (sites, http):
        for asked in (EXCHANGE_PATH, f"{EXCHANGE_PATH}?hash=x", f"{EXCHANGE_PATH}?hash="):
            answer = await http.post(asked, json=_body())
            assert (answer.status_code, answer.content) == (403, b"")
        sites["shop.ru"].allow_hash(KEY, active=False)
        assert (await http.post(f"{EXCHANGE_PATH}?hash={KEY}", json=_body())).status_code == 403


async def test_the_hash_may_come_in_a_form_and_a_body_that_is_no_json_is_a_php_error() -> None:
    async with _served() as (_, http):
        assert (await http.post(EXCHANGE_PATH, data={"hash": f" {KEY} "})).status_code == 500
        broken = await http.post(f"{EXCHANGE_PATH}?hash={KEY}", content=b"{")
        assert (broken.status_code, "Fatal error" in broken.text) == (500, True)


async def test_a_check_goes_there_and_back_over_a_socket() -> None:
    async with _served() as (sites, http):
        url = _ready(sites)
        check = await paid(sites["shop.ru"])
        answer = await http.post(url, json=_body())
        assert answer.headers["content-type"] == "application/json"
        uuid = uuid_of(answer.json()["print"][0])
        assert uuid.split("|")[1] == "127.0.0.1"
        assert (await http.post(url, json=_body(result(uuid)))).json() == {"ack": [uuid]}
        assert sites["shop.ru"].check(check.id).proven


async def test_a_poll_whose_answer_is_lost_has_taken_its_checks_all_the_same() -> None:
    async with _served() as (sites, http):
        url = _ready(sites)
        site = sites["shop.ru"]
        check = await paid(site)
        site.faults.order(Point.ANSWER, Fault(kind=FaultKind.DROP))
        with pytest.raises(httpx2.HTTPError):
            await http.post(url, json=_body())
        assert site.check(check.id).status is Status.PENDING
        assert (await http.post(url, json=_body())).json() == {}


async def test_html_comes_where_json_was_expected() -> None:
    async with _served() as (sites, http):
        url = _ready(sites)
        site = sites["shop.ru"]
        assert (await http.post("/control/conduct", json={"html": True})).status_code == 200
        page = await http.post(url, json=_body())
        assert (page.status_code, page.headers["content-type"][:9]) == (200, "text/html")
        await http.post("/control/conduct", json={"html": False})
        await http.post("/control/fault", json={"point": "face.request", "kind": "refuse", "detail": "503"})
        assert (await http.post(url, json=_body())).status_code == 503
        assert site.faults.pending() == ()


async def test_many_sites_are_told_apart_by_path_and_by_host() -> None:
    async with _served("one.ru", "two.ru") as (sites, http):
        _quick(sites)
        await http.post(f"/s/one.ru{EXCHANGE_PATH}?hash={KEY}", json=_body())
        await http.post(f"{EXCHANGE_PATH}?hash={KEY}", json=_body(), headers={"Host": "two.ru:80"})
        assert [len(sites[name].cashboxes()) for name in ("one.ru", "two.ru")] == [1, 1]
        assert (await http.post(f"/s/no.ru{EXCHANGE_PATH}?hash={KEY}", json=_body())).status_code == 404
        assert (await http.post(f"{EXCHANGE_PATH}?hash={KEY}", json=_body())).status_code == 404
        index = await http.get("/")
        assert "/s/two.ru/" in index.text
        assert "ТЕСТОВЫЙ ДВОЙНИК" in index.text


async def test_two_hundred_sites_hang_on_one_process_and_a_check_wakes_its_own_only() -> None:
    names = [f"{number}.shop.ru" for number in range(200)]
    async with _served(*names) as (sites, http):
        for name in names:
            sites[name].add_cashbox(Handler.BITRIX_V3, number=ZN)
        limits = httpx2.Limits(max_connections=None)
        async with httpx2.AsyncClient(base_url=http.base_url, timeout=30, limits=limits) as many:
            polls = {
                name: asyncio.create_task(many.post(f"/s/{name}{EXCHANGE_PATH}?hash={KEY}", json=_body()))
                for name in names
            }
            await _until(lambda: all(sites[name].cashbox(1).enabled for name in names))
            await paid(sites["7.shop.ru"])
            answer = await polls.pop("7.shop.ru")
            assert len(answer.json()["print"]) == 1
            assert not any(poll.done() for poll in polls.values())
            for poll in polls.values():
                poll.cancel()
            await asyncio.wait(polls.values())


async def test_a_restarted_site_remembers_everything(tmp_path: Path) -> None:
    file = tmp_path / "sites.sqlite"
    async with _served(path=file) as (sites, http):
        url = _ready(sites)
        check = await paid(sites["shop.ru"])
        await http.post(url, json=_body())
        await http.post("/control/webhook", json={"secret": "abc"})
    async with _served(path=file) as (again, http):
        site = again["shop.ru"]
        assert site.check(check.id).status is Status.PENDING
        assert site.cashbox(1).settings.vat["vat22"] == ""
        assert site.state.webhook == "abc"
        assert (await paid(site)).id == check.id + 1
        assert len((await http.post(url, json=_body())).json()["print"]) == 1


async def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"not a database" * 100)
    with pytest.raises(ShelfError, match="x"):
        Sites(clock=SystemClock(), path=tmp_path / "x")


async def test_the_page_needs_no_script_and_shows_what_a_printed_check_rests_on() -> None:
    async with _served() as (sites, http):
        url = _ready(sites)
        sites.truth = lambda _site, check: f"правда о чеке {check.id}"
        await paid(sites["shop.ru"], line={"name": "<script>alert(1)</script>"})
        uuid = uuid_of((await http.post(url, json=_body())).json()["print"][0])
        await http.post(url, json=_body({"uuid": uuid, "code": 0}))
        page = (await http.get("/")).text
        for words in (
            "ТЕСТОВЫЙ ДВОЙНИК",
            "TEST DOUBLE",
            "Распечатан",
            "без фискальных данных",
            "правда о чеке 1",
            ZN,
        ):
            assert words in page
        assert "<script" not in page
        deleted = await http.post("/control/delete_order", data={"order_id": "1"})
        assert (deleted.status_code, deleted.headers["location"]) == (303, "../")
        assert "(удалён)" in (await http.get("/s/shop.ru/")).text


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("order", {"price": -1}),
        ("order", {"lines": [{"price": 1, "quantity": "0"}]}),
        ("order", {"unknown": 1}),
        ("pay", {"order_id": 99}),
        ("check", {"order_id": 1, "type": "no"}),
        ("settings", {"core": "x"}),
        ("activate", {"cashbox_id": 1, "settings": {"z_time": "99:99"}}),
        ("fault", {"point": "no", "kind": "drop"}),
        ("no_such_verb", {}),
    ],
)
async def test_nonsense_is_refused_in_words(verb: str, body: dict[str, Any]) -> None:
    async with _served() as (sites, http):
        _ready(sites)
        refused = await http.post(f"/control/{verb}", json=body)
        assert (refused.status_code, bool(refused.json()["error"])) == (400, True)
        assert (await http.post(f"/control/{verb}", content=b"\xff{")).status_code == 400


async def test_the_rest_cashbox_is_set_up_and_prints_over_real_sockets() -> None:
    seen: list[tuple[str, bytes]] = []

    async def hub(request: Request) -> Response:
        seen.append((request.scope["http_version"], await request.body()))
        return JSONResponse({"UUID": "u-1"} if request.url.path == "/print" else {"STATUS": "WAIT"})

    routes = [Route("/print", hub, methods=["POST"]), Route("/check", hub, methods=["POST"])]
    async with (
        _served() as (sites, http),
        _running(plain_server(Starlette(routes=routes), port=0)) as address,
    ):
        site = sites["shop.ru"]
        rest = "/rest/1/s3cret/sale.cashbox"
        assert (await http.post(f"{rest}.handler.list")).json()["error"] == "INVALID_CREDENTIALS"
        site.make_webhook("s3cret")
        settings = {"PRINT_URL": f"{address}/print", "CHECK_URL": f"{address}/check"}
        handler = {"CODE": "hub", "NAME": "Hub", "SETTINGS": settings | {"CONFIG": {"A": {"LABEL": "x"}}}}
        assert (await http.post(f"{rest}.handler.add", json=handler)).json() == {"result": 1}
        fields = {
            "NAME": "n",
            "REST_CODE": "hub",
            "EMAIL": "a@b.example",
            "ACTIVE": "Y",
            "SETTINGS[A][K]": "v",
        }
        assert (await http.post(f"{rest}.add.json", data=fields)).json() == {"result": 1}
        check = await paid(site)
        assert (check.status, check.external_uuid) == (Status.PENDING, "u-1")
        assert (await http.post("/control/agent", json={})).json() == {"asked": 1}
        assert [version for version, _ in seen] == ["1.0", "1.0"]
        assert seen[1][1] == b"uuid=u-1"
        site.outgoing.order(Point.ANSWER, Fault(kind=FaultKind.DROP))
        lost = await paid(site)
        assert (lost.status, len(seen)) == (Status.ERROR, 3)  # the hub has it, the site says E
        unknown = await http.post(f"{rest}.check.apply", json={"UUID": "no"})
        assert (unknown.status_code, unknown.json()["error"]) == (400, "ERROR_CHECK_NOT_FOUND")


async def test_a_service_that_is_not_there_answers_nothing(free_port: int) -> None:
    async with _served() as (sites, http):
        sites["shop.ru"].make_webhook("s")
        url = f"http://127.0.0.1:{free_port}/"
        settings = {"PRINT_URL": url, "CHECK_URL": url, "CONFIG": {"A": {"LABEL": "x"}}}
        await http.post(
            "/rest/1/s/sale.cashbox.handler.add", json={"CODE": "h", "NAME": "n", "SETTINGS": settings}
        )
        box = {"NAME": "n", "REST_CODE": "h", "EMAIL": "a@b.example", "ACTIVE": "Y"}
        await http.post("/rest/1/s/sale.cashbox.add", json=box)
        assert (await paid(sites["shop.ru"])).status is Status.ERROR


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_command_refuses_what_it_cannot_do(tmp_path: Path) -> None:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(bitrix)
    (tmp_path / "bitrix-sites.sqlite").write_bytes(b"not a database" * 100)
    for wrong in (
        ["--core", "ancient"],
        ["--faults", "fire=1"],
        ["--name", "не имя"],
        ["--state", str(tmp_path)],
        ["--sites", "0"],
    ):
        told = CliRunner().invoke(app, wrong)
        assert told.exit_code == 2, told.output
        assert "Traceback" not in told.output


async def test_an_order_of_many_lines_is_paid_while_others_poll() -> None:
    async with _served() as (sites, http):
        url = _ready(sites)
        sites["shop.ru"].change_settings(max_execution_time=0)
        async with anyio.create_task_group() as group:
            answers: list[dict[str, Any]] = []

            async def poll() -> None:
                answers.append((await http.post(url, json=_body())).json())

            group.start_soon(poll)
            order = sites["shop.ru"].create_order([Line(price=100)] * 50, email="a@b.example")
            await sites["shop.ru"].pay(order.id)
        assert len(answers[0]["print"][0]["items"]) == 50
