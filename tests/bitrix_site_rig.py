"""An emulated 1C-Bitrix site in one process, on a clock that tests turn by hand, and a client that polls it."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from chekpoint.emulators.bitrix_site.checks import Check
from chekpoint.emulators.bitrix_site.http_call import Answer, Call, LineFailed
from chekpoint.emulators.bitrix_site.orders import Line
from chekpoint.emulators.bitrix_site.site import Site
from tests.emulated_world import ManualClock

DATA = Path(__file__).parent / "data"
RECORDED_AT = datetime(2026, 11, 24, 9, 34, 56, tzinfo=UTC)  # 1795512896, the time of the recorded exchange
ZN = "00106702123456"
QR = "t=20261124T123400&s=9600.00&fn=9289000100123456&i=1234&fp=1234567890&n=1"


def recorded(name: str) -> dict[str, Any]:
    """The body of one recorded message of the exchange."""
    entries = json.loads((DATA / "bitrix_exchange.json").read_text())
    body: dict[str, Any] = next(entry["body"] for entry in entries if entry["name"] == name)
    return body


def result(uuid: str, code: object = 0, **more: Any) -> dict[str, Any]:
    """One result of a poll: a success with fiscal data unless told otherwise."""
    return {"uuid": uuid, "code": code, **({"qr": QR, "rn": "0001234567012345"} if code == 0 else {}), **more}


class Client:
    """The program that polls: its registers and the version that it speaks."""

    def __init__(self, site: Site, clock: ManualClock, *numbers: str, version: str = "3") -> None:
        self.site = site
        self.clock = clock
        self.numbers = numbers or (ZN,)
        self.version = version

    def body(self, *printed: dict[str, Any], status: str = "ok") -> bytes:
        kkm = [{"zn": zn, "fn": "9289000100123456", "status": status} for zn in self.numbers]
        kkm[0]["printed"] = list(printed)  # type: ignore[assignment]
        return msgspec.json.encode({"api_version": self.version, "kkm": kkm})

    async def poll(
        self, *printed: dict[str, Any], host: str = "shop.ru", status: str = "ok"
    ) -> dict[str, Any]:
        """One poll, waited out on the clock."""
        asked = asyncio.ensure_future(self.site.poll(self.body(*printed, status=status), host))
        await self.clock.settle()
        if not asked.done():
            await self.clock.advance(61)
        return await asked

    async def tasks(self) -> list[dict[str, Any]]:
        """The checks of one poll."""
        given: list[dict[str, Any]] = (await self.poll()).get("print", [])
        return given


def uuid_of(task: dict[str, Any]) -> str:
    """The id to echo: the versions name it differently."""
    return str(task.get("external_id") or task["uuid"])


async def connected(*numbers: str, version: str = "3", start: datetime | None = None) -> Client:
    """A site whose registers have shown themselves and have been activated by the administrator."""
    clock = ManualClock(start) if start else ManualClock()
    client = Client(Site("shop.ru", clock=clock), clock, *numbers, version=version)
    waiting = asyncio.ensure_future(client.site.poll(client.body(), "shop.ru"))
    await clock.settle()
    for box in client.site.cashboxes():
        client.site.activate(box.id)
    waiting.cancel()
    await asyncio.wait({waiting})
    return client


async def paid(site: Site, price: int = 10_000, **options: Any) -> Check:
    """A paid order and its check."""
    line = Line(price=price, **options.pop("line", {}))
    order = site.create_order([line], email="client@example.com", **options)
    check = await site.pay(order.id)
    assert check is not None
    return check


class Service:
    """A scripted counterpart of what the site calls: answers in order, the last one for ever."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self.calls: list[Call] = []
        self.answers: Sequence[Answer | Exception] = answers

    async def fetch(self, call: Call) -> Answer:
        self.calls.append(call)
        answer = self.answers[min(len(self.calls), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer


def said(value: Any, status: int = 200) -> Answer:
    """A JSON answer."""
    return Answer(status=status, body=msgspec.json.encode(value))


LOST = LineFailed("connection refused")
