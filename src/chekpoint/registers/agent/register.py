"""``Register`` through an agent: each method is one question over the agent's connection.

What the register says there, results, errors and raw exchanges alike, comes back as if it stood here. A question
that did not leave has changed nothing: ``RegisterBlocked(NO_LINK)``. One that left and was not answered may have
made a document: ``OutcomeUnknown``, and locate() looks, through the agent, once there is one again.

Two programs with one key (the agent was moved or restarted while an old one still sleeps) could race: the old one
may yet receive what was sent. It begins nothing older than ``fresh``; so nothing is located through another program
before that time is over.
"""

from typing import Any, Final, NamedTuple

import msgspec

from chekpoint.core.errors import BlockReason, OutcomeUnknown, RegisterBlocked
from chekpoint.core.ports import (
    Absent,
    Attempt,
    Errand,
    ExchangeReading,
    FiscalDocument,
    Registered,
    RegisterStatus,
    Ticket,
)
from chekpoint.core.witness import Note, unheard
from chekpoint.registers.agent.line import AnswerLost, Line, Unasked
from chekpoint.registers.agent.switchboard import Switchboard
from chekpoint.registers.agent.wire import ACTING, Answer, Ask, Method, Said, WireError, outcome


class AgentConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Which agent, and the maker and settings of the register beside it."""

    agent: str
    maker: str
    config: dict[str, Any] = {}


class Traits(NamedTuple):
    """What a maker's driver can do, known without a connection."""

    gives_tickets: bool
    keeps_archive: bool


_NO_TRAITS: Final = Traits(gives_tickets=False, keeps_archive=True)


class AgentRegister:
    """One register behind an agent. ``board`` is None outside a running hub: nobody is connected there.

    ``traits`` is None for a maker that no agent knows: every question is answered with RegisterBlocked.
    """

    def __init__(
        self, config: AgentConfig, board: Switchboard | None, traits: Traits | None, note: Note = unheard
    ) -> None:
        self._config, self._board, self._note = config, board, note
        self._known = traits is not None
        self.gives_tickets, self.keeps_archive = traits or _NO_TRAITS

    async def status(self) -> RegisterStatus:
        """What it says of itself. Raises RegisterBlocked."""
        status: RegisterStatus = await self._ask("status")
        return status

    async def submit(self, attempt: Attempt) -> Registered:
        """Register the receipt. Raises the whole tree."""
        made: Registered = await self._ask("submit", attempt=attempt)
        return made

    async def locate(self, attempt: Attempt) -> Registered | Absent:
        """What became of an attempt. Raises Rejected, OutcomeUnknown or RegisterBlocked."""
        found: Registered | Absent = await self._ask("locate", attempt=attempt)
        return found

    async def document(self, fd_number: int) -> FiscalDocument | None:
        """Read one document back. Raises RegisterBlocked."""
        document: FiscalDocument | None = await self._ask("document", fd_number=fd_number)
        return document

    async def open_shift(self) -> FiscalDocument | None:
        """Open a shift; None when one was open. Raises OutcomeUnknown when the answer was lost."""
        document: FiscalDocument | None = await self._ask("open_shift")
        return document

    async def close_shift(self) -> FiscalDocument | None:
        """Close the shift; None when it was closed. Raises OutcomeUnknown when the answer was lost."""
        document: FiscalDocument | None = await self._ask("close_shift")
        return document

    async def run(self, errand: Errand) -> str:
        """Do it, and give what the register said. Raises as ``submit``."""
        said: Said = await self._ask("run", errand=errand)
        return said.text

    async def exchange(self) -> ExchangeReading:
        """The exchange counter. Raises RegisterBlocked."""
        reading: ExchangeReading = await self._ask("exchange")
        return reading

    async def ticket(self, fd_number: int) -> Ticket | None:
        """The operator's ticket, where the maker gives it. Raises RegisterBlocked."""
        ticket: Ticket | None = await self._ask("ticket", fd_number=fd_number)
        return ticket

    async def aclose(self) -> None:
        """Nothing is held here: the connection belongs to the agent, the register's wire to the agent's side."""

    async def _ask(
        self, method: Method, *, attempt: Attempt | None = None, errand: Errand | None = None,
        fd_number: int | None = None,
    ) -> Any:  # fmt: skip
        board, line = self._connected()
        self._wait_for_the_old_one(board, line, method)
        ask = Ask(
            id=0, at=0, patience=board.limits.answer, method=method, maker=self._config.maker,
            config=self._config.config, attempt=attempt, errand=errand, fd_number=fd_number,
        )  # fmt: skip
        try:
            answer = await line.ask(ask)
        except Unasked as fault:
            raise self._no_link(str(fault)) from fault
        except AnswerLost as fault:
            raise self._lost(board, line, method, str(fault)) from fault
        except BaseException:  # the lane gives up: what has left may still be done
            self._remember(board, line, method)
            raise
        return self._told(method, answer)

    def _told(self, method: Method, answer: Answer) -> Any:
        for request, reply in answer.notes:
            self._note(request, reply)
        try:
            return outcome(method, answer)
        except WireError as fault:
            words = f"Непонятный ответ агента «{self._config.agent}»: {fault}"
            if method in ACTING:
                raise OutcomeUnknown(words) from fault
            raise RegisterBlocked(BlockReason.CONFIGURATION, words) from fault

    def _connected(self) -> tuple[Switchboard, Line]:
        name = self._config.agent
        if not self._known:
            raise RegisterBlocked(
                BlockReason.CONFIGURATION, f"За агентом не бывает касс марки «{self._config.maker}»"
            )
        if self._board is None:
            raise RegisterBlocked(
                BlockReason.NO_LINK,
                f"Касса за агентом «{name}»: спросить её может только работающий хаб",
            )
        line = self._board.line(name)
        if line is None:
            raise self._no_link("проверьте, что он запущен и видит хаб")
        return self._board, line

    def _no_link(self, why: str) -> RegisterBlocked:
        return RegisterBlocked(BlockReason.NO_LINK, f"Агент «{self._config.agent}» не на связи: {why}")

    def _lost(self, board: Switchboard, line: Line, method: Method, why: str) -> Exception:
        self._note(f"{method} через агента «{self._config.agent}»", f"Ответ потерян: {why}")
        self._remember(board, line, method)
        words = f"Связь с агентом «{self._config.agent}» потеряна, ответа нет: {why}"
        return OutcomeUnknown(words) if method in ACTING else RegisterBlocked(BlockReason.NO_LINK, words)

    def _remember(self, board: Switchboard, line: Line, method: Method) -> None:
        if method in ACTING:
            board.lost(line)

    def _wait_for_the_old_one(self, board: Switchboard, line: Line, method: Method) -> None:
        if method not in _TOUCHING:
            return
        left = board.danger(line, born=method == "locate")
        if left > 0:
            raise RegisterBlocked(
                BlockReason.BUSY, f"Прежний агент ещё мог получить команду, подождём {left:.0f} с"
            )


_TOUCHING: Final[frozenset[Method]] = ACTING | {"locate"}
