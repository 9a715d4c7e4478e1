"""Cashboxes that the site calls by itself: printing at once, and the agent that asks for results every 120 s.

Which class does it is decided here; what it says is in ``rest_print`` and ``atol_farm``.
"""

from typing import Final, Protocol

import msgspec

from chekpoint.emulators.bitrix_site.cashboxes import Cashbox, Handler
from chekpoint.emulators.bitrix_site.checks import Check, Status
from chekpoint.emulators.bitrix_site.printed import fail_check
from chekpoint.emulators.bitrix_site.state import SiteState

AGENT_SECONDS: Final = 120.0
AGENT_CHECKS: Final = 5


class PrintFailed(Exception):
    """The check goes to E; the text is its ERROR_MESSAGE."""


class Printer(Protocol):
    """One kind of cashbox that prints at once."""

    async def print_now(self, box: Cashbox, check: Check) -> str | None:
        """Send it; the service's id of the check, None when the answer had none. Raises PrintFailed."""
        ...

    async def ask(self, box: Cashbox, check: Check) -> None:
        """Ask for the result and apply it."""
        ...


class Printers:
    """The printers of one site, and its agent."""

    def __init__(self, state: SiteState, printers: dict[Handler, Printer]) -> None:
        self._state = state
        self._printers = printers

    async def print_now(self, check: Check) -> None:
        """Print a check that was put in P for an immediate cashbox. A check in N is for those who poll."""
        box = self._state.cashboxes.get(check.cashbox_id or 0)
        if check.status is not Status.PENDING or box is None or box.handler not in self._printers:
            return
        try:
            uuid = await self._printers[box.handler].print_now(box, check)
        except PrintFailed as error:
            fail_check(self._state, self._state.checks[check.id], str(error))
            return
        if uuid:  # only now: a result that came earlier found no such check
            self._state.keep_check(msgspec.structs.replace(self._state.checks[check.id], external_uuid=uuid))
        else:
            self._state.say(f"чек {check.id}: ответ без UUID, чек остаётся в печати")

    async def run_agent(self) -> int:
        """One run of ``Manager::updateChecksStatus``: five checks in P, no matter how long they wait."""
        asked = self._asked()
        for check in asked:
            await self.ask(check)
        return len(asked)

    async def ask(self, check: Check) -> None:
        """The button "check the status" of the admin's list, and one step of the agent."""
        box = self._state.cashboxes.get(check.cashbox_id or 0)
        if box is not None and box.handler in self._printers:
            await self._printers[box.handler].ask(box, check)

    def _asked(self) -> list[Check]:
        checkable = {b.id for b in self._state.cashboxes.values() if b.active and b.handler in self._printers}
        pending = [c for c in self._state.waiting.values() if c.status is Status.PENDING]
        return [check for check in pending if check.cashbox_id in checkable][:AGENT_CHECKS]

    async def agent(self) -> None:
        """Run the agent for ever."""
        while True:
            await self._state.clock.sleep(AGENT_SECONDS)
            await self.run_agent()
