"""One live connection with one agent, as the hub sees it: many questions at once, no socket.

A transport takes texts out of ``outgoing`` and puts texts into ``heard``; ``cut`` ends it. Each question knows
whether a byte of it may have left: that decides between "nothing was sent" and "only locate() can tell".
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from itertools import count
from typing import Final

import msgspec

from chekpoint.core.clock import Clock, epoch_ms
from chekpoint.registers.agent.wire import (
    Answer,
    Ask,
    Beat,
    FoundRegister,
    FromHub,
    GiveUp,
    Hello,
    Method,
    Report,
    WireError,
    encode,
    from_agent,
)

GRACE: Final = 2.0  # seconds in which an agent may still say that it had not begun


class Unasked(Exception):
    """Not a byte of the question has left."""


class AnswerLost(Exception):
    """The question may have arrived; there is no answer to it."""


class _Question:
    def __init__(self, ask: Ask) -> None:
        self.ask = ask
        self.left = False
        self.dropped = False
        self.answer: asyncio.Future[Answer | Unasked | AnswerLost] = (
            asyncio.get_running_loop().create_future()
        )  # an error is a result: nobody may be left to fetch it


class Line:
    """Made when the agent has said ``Hello``."""

    def __init__(self, agent: str, hello: Hello, clock: Clock) -> None:
        self.agent, self.instance, self.version = agent, hello.instance, hello.version
        self.since = clock.now()
        self.skew = (hello.at - epoch_ms(self.since)) / 1000  # seconds that the agent's clock is ahead
        self.found: tuple[FoundRegister, ...] = ()
        self.lost: str | None = None  # why it is cut
        self.beaten = 0  # the moment of the last beat that came back
        self._clock = clock
        self._numbers = count(1)
        self._open: dict[int, _Question] = {}
        self._waiting: deque[_Question | FromHub] = deque()
        self._stirred = asyncio.Event()

    async def ask(self, ask: Ask) -> Answer:
        """The agent's answer within ``ask.patience`` seconds. Raises Unasked or AnswerLost."""
        if self.lost is not None:
            raise Unasked(self.lost)
        question = _Question(msgspec.structs.replace(ask, id=next(self._numbers)))
        self._open[question.ask.id] = question
        self._put(question)
        try:
            return await self._answer(question)
        finally:
            question.dropped = True
            del self._open[question.ask.id]
            if question.left and not question.answer.done():
                self._put(GiveUp(id=question.ask.id))

    async def _answer(self, question: _Question) -> Answer:
        """Wait; then tell the agent to give up, and give it a moment to say that it had not begun."""
        for seconds in (question.ask.patience, GRACE):
            done, _ = await asyncio.wait({question.answer}, timeout=seconds)
            if done:
                return _raised(question.answer.result())
            if not question.left:
                raise Unasked("сообщение не ушло: связь с агентом стоит")
            self._put(GiveUp(id=question.ask.id))
        raise AnswerLost(f"агент не ответил за {question.ask.patience:g} с")

    def asked(self) -> tuple[Method, ...]:
        """What has left and is not answered yet, in order."""
        return tuple(one.ask.method for one in self._open.values() if one.left and not one.answer.done())

    def beat(self) -> int:
        """Send a beat round; its moment, which ``beaten`` shows once it is back."""
        at = epoch_ms(self._clock.now())
        self._put(Beat(at=at))
        return at

    def _put(self, message: _Question | FromHub) -> None:
        self._waiting.append(message)
        self._stirred.set()

    async def outgoing(self) -> AsyncIterator[str]:
        """Texts to send, in order, until the line is cut. What is taken from here counts as having left."""
        while self.lost is None:
            while self._waiting:
                text = self._taken(self._waiting.popleft())
                if text is not None:
                    yield text
            self._stirred.clear()
            await self._stirred.wait()

    def _taken(self, message: _Question | FromHub) -> str | None:
        if not isinstance(message, _Question):
            return encode(message)
        if message.dropped:
            return None
        message.left = True
        return encode(msgspec.structs.replace(message.ask, at=epoch_ms(self._clock.now())))

    def heard(self, text: str | bytes) -> None:
        """A text from the agent; raises WireError for anything that an agent does not say."""
        said = from_agent(text)
        if isinstance(said, Answer):
            question = self._open.get(said.id)  # a late answer has nobody who waits for it
            if question is not None and not question.answer.done():
                question.answer.set_result(said)
        elif isinstance(said, Report):
            self.found = said.found
        elif isinstance(said, Beat):
            self.beaten = said.at
        else:
            raise WireError("hello twice")

    def cut(self, why: str) -> None:
        """The connection is over: whoever waits for an answer is told so."""
        if self.lost is not None:
            return
        self.lost = why
        self._stirred.set()
        for question in list(self._open.values()):
            if not question.answer.done():
                question.answer.set_result(AnswerLost(why) if question.left else Unasked(why))


def _raised(end: Answer | Unasked | AnswerLost) -> Answer:
    if isinstance(end, Exception):
        raise end
    return end
