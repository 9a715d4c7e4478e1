"""Checking marking codes (FFD 1.2): begin, ask until ready, accept or decline. It can be told never to be ready.

Only the task names, the five check flags and the codes 407 and 422 come from the protocol's description;
the other members of the answers follow the drive's own check (tag 2004) and are not verified.
"""

from enum import StrEnum
from typing import Any, Final

import msgspec

from chekpoint.emulators.atol_web import words
from chekpoint.emulators.atol_web.codes import TEXTS, Code, DriverError
from chekpoint.emulators.atol_web.shape import Fields
from chekpoint.fiscal.receipt import Item, Receipt

PASSED: Final = 0b1111  # tag 2106: checked here and by the operator, both well, online


class CheckMode(StrEnum):
    """What checking a code comes to."""

    READY = "ready"
    NEVER = "never"  # asked for ever, answers "not ready"
    BUSY = "407"  # asked for ever, answers error 407
    NOT_READY = "422"  # asked for ever, answers error 422


class MarkChecks:
    """The checks of one device. Raises DriverError."""

    def __init__(self) -> None:
        self.mode = CheckMode.READY
        self.accepted: list[str] = []
        self._current: str | None = None

    def begin(self, task: Fields) -> dict[str, Any]:
        """Start checking one code; one at a time."""
        if self._current is not None:
            raise DriverError(Code.MARK_BUSY)
        params = task.object("params")
        params.choice_or("imcType", words.IMC_TYPES, default=True)
        params.choice_or("itemEstimatedStatus", words.PLANNED_STATUSES, 255)
        self._current = params.text("imc")
        return {
            "offlineValidation": {"fmCheck": True, "fmCheckResult": True, "fmCheckErrorReason": "checked"}
        }

    def status(self, _task: Fields) -> dict[str, Any]:
        """Has the operator answered?"""
        self._require_current()
        if self.mode in {CheckMode.BUSY, CheckMode.NOT_READY}:
            raise DriverError(int(self.mode.value))
        ready = self.mode is CheckMode.READY
        result: dict[str, Any] = {
            "ready": ready,
            "sentImcRequest": True,
            "driverError": {"code": 0, "description": TEXTS[Code.OK], "error": ""},
        }
        if ready:
            result["onlineValidation"] = {"itemInfoCheckResult": check_result(PASSED)}
        return result

    def accept(self, _task: Fields) -> dict[str, Any]:
        """Keep the code for the next receipt."""
        mark = self._require_current()
        if self.mode is not CheckMode.READY:
            raise DriverError(Code.MARK_NOT_READY)
        self.accepted.append(mark)
        self._current = None
        return {"itemInfoCheckResult": check_result(PASSED)}

    def drop(self, _task: Fields) -> None:
        """Decline or cancel the code under way."""
        self._current = None

    def clear(self, _task: Fields) -> None:
        """Forget every code that was accepted."""
        self.accepted.clear()
        self._current = None

    def all_ready(self, _task: Fields) -> dict[str, Any]:
        """Are the checks of all accepted codes complete?"""
        return {"ready": self.mode is CheckMode.READY}

    def check(self, receipt: Receipt) -> Receipt:
        """``validateMarkingCodes`` of a receipt: check what is unchecked, or fail before anything is signed."""
        if not receipt.marked:
            return receipt
        if self.mode is not CheckMode.READY:
            raise DriverError(Code.MARK_BUSY if self.mode is CheckMode.BUSY else Code.MARK_NOT_READY)
        return msgspec.structs.replace(receipt, items=tuple(_checked(item) for item in receipt.items))

    def _require_current(self) -> str:
        if self._current is None:
            raise DriverError(Code.FN_STATE)
        return self._current


def _checked(item: Item) -> Item:
    return (
        item
        if item.mark_code is None or item.mark_check
        else msgspec.structs.replace(item, mark_check=PASSED)
    )


def check_result(bits: int) -> dict[str, bool]:
    """Tag 2106 as the five named flags."""
    return {name: bool(bits >> place & 1) for place, name in enumerate(words.CHECK_RESULT_BITS)}
