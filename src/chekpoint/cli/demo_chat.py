"""The demonstration's chat: an emulated Telegram in which the owner is told what breaks, and answers."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple

import msgspec

from chekpoint.cli.demo_stand import free_port, serving
from chekpoint.core.clock import SystemClock
from chekpoint.emulators.faults import FaultPlan
from chekpoint.emulators.telegram import Face, Telegram, server
from chekpoint.store import channels
from chekpoint.store.channels import Channel
from chekpoint.store.journal import Tx

PORT = 8087
CHAT, OWNER = 100200300, "Владелец"
CHANNEL_ID = f"{30:032x}"


class DemoChat(NamedTuple):
    """The running service; ``url`` is both its API and the page on which the chat is read."""

    url: str
    token: str

    def furnish(self, tx: Tx) -> None:
        """The owner's channel; from one run to the next only its address changes."""
        config = {"token": self.token, "chat_id": str(CHAT), "base_url": self.url}
        made = Channel(
            CHANNEL_ID, "telegram", "Telegram владельца", msgspec.json.encode(config), enabled=True, severity="warning",
            after_seconds=0, quiet_from=None, quiet_until=None, lang="ru",
        )  # fmt: skip
        if not channels.change(tx, made):
            channels.add(tx, made)


@asynccontextmanager
async def chat_up() -> AsyncIterator[DemoChat]:
    """Start it on its port (or a free one)."""
    async with AsyncExitStack() as stack:
        service = Telegram(SystemClock(), chats={CHAT: OWNER})
        port = free_port(PORT)
        await serving(stack, server(Face(service, FaultPlan()), port=port))
        yield DemoChat(f"http://127.0.0.1:{port}", service.token)
