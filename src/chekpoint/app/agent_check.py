"""The agent's self-check: is the hub there, does it know the key, do the clocks agree, do the registers answer?"""

from collections.abc import AsyncIterator
from typing import Final, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import httpx2
import msgspec

from chekpoint.app.agent_find import Places, find
from chekpoint.app.agent_link import LinkSettings, address, tls, trouble_of, trouble_of_status
from chekpoint.app.agent_seats import Seats
from chekpoint.core.clock import Clock, epoch_ms
from chekpoint.registers.agent.wire import Knock

SKEW_MOST: Final = 60.0  # seconds: more makes the register's own clock suspicious too
_WITHIN: Final = 10.0


class Step(NamedTuple):
    """One thing that was looked at. ``ok`` is None where a person should know but need not act."""

    ok: bool | None
    ru: str
    en: str


async def check(
    links: tuple[LinkSettings, ...], seats: Seats, places: Places, clock: Clock
) -> AsyncIterator[Step]:
    """Every step as it is done. A running agent is not disturbed."""
    for one in links:
        async for step in _hub(one, clock):
            yield step
    found = await find(seats, places)
    for one_found in found:
        if one_found.status is not None:
            said = one_found.status
            state = "" if said.ready else f", не готова: {said.message or said.block}"
            words = f"{one_found.maker} {one_found.where}: № {said.serial}, ФН {said.fn}{state}"
            yield Step(said.ready, words, words)
        else:
            yield Step(None, f"{one_found.maker} {one_found.where}: {one_found.problem}", one_found.problem)
    if not any(one_found.status for one_found in found):
        yield Step(False, "Ни одна касса рядом не ответила", "No register beside us has answered")


async def _hub(link: LinkSettings, clock: Clock) -> AsyncIterator[Step]:
    url = address(link.hub)
    plain = urlunsplit(urlsplit(url)._replace(scheme="https" if url.startswith("wss:") else "http"))
    context = tls(link, url)
    try:
        async with httpx2.AsyncClient(
            timeout=_WITHIN, trust_env=False, proxy=link.proxy, verify=True if context is None else context
        ) as http:
            began = epoch_ms(clock.now())
            answer = await http.get(plain, headers={"Authorization": f"Bearer {link.key}"})
            ended = epoch_ms(clock.now())
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as fault:
        trouble = trouble_of(_rooted(fault), link)
        yield Step(False, f"{trouble.ru} ({fault})", trouble.en)
        return
    if answer.status_code != 200:
        trouble = trouble_of_status(answer.status_code, f"HTTP {answer.status_code}")
        yield Step(False, trouble.ru, trouble.en)
        return
    try:
        told = msgspec.json.decode(answer.content, type=Knock)
    except msgspec.DecodeError:
        yield Step(
            False, f"По адресу {link.hub} отвечает не хаб Chekpoint", f"No hub of Chekpoint is at {link.hub}"
        )
        return
    yield Step(
        True, f"Хаб {told.node} принял ключ агента «{told.agent}»", f"The hub {told.node} knows {told.agent}"
    )
    skew = ((began + ended) / 2 - told.at) / 1000
    words = f"{skew:+.1f}"
    yield Step(abs(skew) <= SKEW_MOST, f"Часы: {words} с к часам хаба", f"Clock: {words} s to the hub's")
    yield Step(
        True if told.connected else None,
        "Служба агента на связи" if told.connected else "Служба агента с этим ключом сейчас не на связи",
        "The agent's service is connected" if told.connected else "No service is connected with this key now",
    )
    if url.startswith("ws:") and urlsplit(url).hostname not in {"127.0.0.1", "localhost", "::1"}:
        yield Step(
            None,
            "Связь не шифруется: за пределами своей сети укажите https://",
            "The line is not encrypted: outside your own network use https://",
        )


def _rooted(fault: Exception) -> Exception:
    """What lies under the client's own words: a certificate, a socket."""
    under = fault.__cause__ or fault.__context__
    return _rooted(under) if isinstance(under, Exception) else fault
