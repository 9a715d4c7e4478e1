"""A whole node that tells people over an emulated chat service, served to a real browser."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import uvicorn

from chekpoint.app.compose import build_hub
from chekpoint.app.serving import application
from chekpoint.app.settings import Settings
from chekpoint.hub.hub import Hub
from chekpoint.store import incidents, people
from chekpoint.store.incidents import Words
from chekpoint.store.journal import Tx
from chekpoint.web.access import hashed
from tests.acceptance.beside import beside
from tests.acceptance.showcase import Server
from tests.doubles.hubs import SELLER, SHOP
from tests.notices_rig import Chat, chatting
from tests.waiting import until

PASSWORD = "stage-password"
SILENT = Words(
    "critical", "Касса «Зал»: нет связи с кассой: проверьте питание, кабель и адрес.",
    "Register “Зал”: no link to the register: check its power, cable and address.",
)  # fmt: skip
UNPROVEN = Words(
    "critical", "Касса «Зал»: 3 документов подписаны ФН, но оператор их не подтвердил. Проверьте связь кассы с ОФД.",
    "Register “Зал”: 3 documents are signed but the operator has not confirmed them. Check its link to the OFD.",
)  # fmt: skip


class Stage(NamedTuple):
    """The node's address, its hub, and the emulated chats."""

    url: str
    hub: Hub
    chat: Chat
    loop: asyncio.AbstractEventLoop

    def run(self, work: Any) -> Any:
        """Carry out a coroutine on the node's own loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def open(self, kind: str, subject: str, words: Words = SILENT) -> str:
        """An incident; its id."""
        key = self.hub.post.keys.new()
        self.run(self.hub.store.write(lambda tx: incidents.open_incident(tx, kind, subject, words, key=key)))
        return key

    def close(self, kind: str, subject: str) -> None:
        """It is right again."""
        self.run(self.hub.store.write(lambda tx: incidents.close(tx, kind, subject)))

    def titles(self) -> list[str]:
        """What the director's chat shows."""
        return self.chat.titles()


def _furnish(tx: Tx) -> None:
    people.add_seller(tx, SELLER, "7707083893", "ООО «Ромашка»")
    people.add_shop(tx, SHOP)
    people.add_register(tx, "k1", SELLER, "Зал", maker="none", config=b"{}")
    people.set_password(tx, "0" * 32, "admin", hashed(PASSWORD))


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """Run the node in a thread; yields when pages are answered."""

    async def main(ready: Callable[[Stage], None], over: Callable[[], Awaitable[None]]) -> None:
        async with chatting(-500) as chat:
            with socket.create_server(("127.0.0.1", 0)) as listener:
                port = listener.getsockname()[1]
                settings = Settings(data=folder, node="stage", port=port)
                http = httpx2.AsyncClient(timeout=10.0, trust_env=False)
                hub = build_hub(settings, http)
                # The tests open the incidents themselves: no check may add one of its own.
                told = {"notices", "telegram commands"}
                hub._companions = {name: work for name, work in hub._companions.items() if name in told}
                server = Server(uvicorn.Config(application(settings, hub, http, session_key="stage"), log_level="warning", timeout_graceful_shutdown=1))  # fmt: skip
                task = asyncio.create_task(server.serve([listener]))
                await until(lambda: server.started or task.done())
                await hub.store.write(_furnish)
                await hub.reload()
                ready(Stage(settings.address, hub, chat, asyncio.get_running_loop()))
                await over()
                server.should_exit = True
                await task

    with beside(main, "stage") as stage:
        yield stage
