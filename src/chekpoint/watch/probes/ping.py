"""A sign of life for somebody outside: when the hub, its machine or its network dies, only they can tell.

Each minute one HTTP request to an address that a healthchecks-like service gives (start, success and failure are the
same address with a suffix). It is sent only while the hub really works: its journal has just written, no worker has
ended, and no incident says that one hangs. Otherwise the failure is told with its reason.
"""

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple

import httpx2
import structlog

from chekpoint.core.errors import StoreError
from chekpoint.hub.answers import ENCODE, Fault, PingAnswer
from chekpoint.hub.post import Post
from chekpoint.store import incidents, people, probes
from chekpoint.store.journal import Tx
from chekpoint.watch.probes import words
from chekpoint.watch.probes.settings import ProbeSettings

log = structlog.get_logger()
KIND: Final = "ping"
WRITE_WITHIN: Final = 5.0
PATIENCE: Final = 10.0
HUNG: Final = "worker_hung"
"""The incident under which a node does not call itself alive; its subject is node/worker, or the register of a lane."""
_HEADERS: Final = {"User-Agent": "Chekpoint", "Content-Type": "text/plain; charset=utf-8"}


class State(NamedTuple):
    """``why``: what is not well; empty when all is."""

    why: str

    @property
    def alive(self) -> bool:
        """May the outside be told that all is well?"""
        return not self.why


class Ping:
    """The pinger of one node. ``http``: a client; redirects are not followed."""

    def __init__(
        self, post: Post, dead: Callable[[], list[str]], settings: ProbeSettings, http: httpx2.AsyncClient
    ) -> None:
        self._post, self._dead, self._settings, self._http = post, dead, settings, http

    async def run(self) -> None:
        """Ping until cancelled."""
        if self._settings.ping_start:
            await self.tell(self._settings.ping_start, "start")
        while True:
            await self.once()
            await self._post.clock.sleep(self._settings.ping_every)

    async def once(self) -> PingAnswer:
        """Look at ourselves, tell the outside, and keep whether it was heard."""
        state = await self.state()
        if state.alive:
            fault = await self.tell("", "ok")
        else:
            log.error("not_alive", why=state.why)
            fault = await self.tell(self._settings.ping_fail, state.why) if self._settings.ping_fail else None
        answer = PingAnswer(alive=state.alive, fault=fault)
        try:
            node = self._post.node
            await self._post.store.write(
                lambda tx: probes.note(tx, KIND, node, fault is None, ENCODE(answer))
            )
        except StoreError:
            log.exception("ping_not_kept")
        return answer

    async def state(self) -> State:
        """Does this node work: workers, journal, and what the watch has found?"""
        dead = self._dead()
        if dead:
            return State(f"dead workers: {', '.join(sorted(dead))}")
        node = self._post.node
        try:
            async with asyncio.timeout(WRITE_WITHIN):
                await self._post.store.write(lambda tx: people.set_setting(tx, f"alive:{node}", str(tx.now)))
                ill = await self._post.store.read(lambda tx: _ill(tx, node))
        except StoreError as error:
            return State(f"the journal does not write: {type(error).__name__}")
        except TimeoutError:
            return State(f"the journal has not written within {WRITE_WITHIN:g} s")
        return State(f"hung workers: {', '.join(ill)}" if ill else "")

    async def tell(self, suffix: str, body: str) -> Fault | None:
        """One request; why it was not taken, or None. The address itself is a secret and is never repeated."""
        settings = self._settings
        content = body.encode() if settings.ping_method == "POST" else None
        try:
            url = httpx2.URL(settings.ping_url)
            url = url.copy_with(path=url.path.rstrip("/") + suffix) if suffix else url
            async with asyncio.timeout(PATIENCE):
                answer = await self._http.request(
                    settings.ping_method, url, content=content, headers=_HEADERS, timeout=PATIENCE
                )  # fmt: skip
        except (TimeoutError, httpx2.TimeoutException):
            return words.unread(PATIENCE)
        except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError, OSError) as error:
            return words.of_line(error)
        return None if answer.is_success else words.status(answer.status_code)


def _ill(tx: Tx, node: str) -> list[str]:
    found = incidents.subjects(tx, HUNG)
    return [one for one in found if one.startswith(f"{node}/") or "/" not in one]
