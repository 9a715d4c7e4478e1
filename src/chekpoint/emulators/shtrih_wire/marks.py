"""Marking codes (FFD 1.2): check one (FF61), decide on it (FF69), bind it to an operation (FF67).

The table of checked codes lives until a receipt is closed or FF69 clears it.
"""

from typing import Final

import msgspec

from chekpoint.emulators.shtrih_wire.codes import Code, Refused
from chekpoint.emulators.shtrih_wire.conduct import MarkConduct
from chekpoint.fiscal.marks import gs1_parts

MAX_CODES: Final = 128
PASSED: Final = 0b1111  # tag 2106: checked by the drive and by the state's system, both well
OFFLINE: Final = 0b1_0011  # checked by the drive alone, well; the register is offline
FORGED: Final = 0b0001  # checked by the drive: wrong
_GS1: Final = 1  # tag 2100: a code of the GS1 form; 0 is a code that is not recognised


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """What came of checking one code: tags 2004, 2005's reason, 2100, 2106, and the server's answer code if any."""

    code: str
    local_status: int = 0
    reason: int = 1
    code_type: int = 0
    result: int = PASSED
    server: int | None = 0


_OUTCOMES: Final = {
    MarkConduct.ONLINE: (1, PASSED, 0),
    MarkConduct.OFFLINE: (1, OFFLINE, None),
    MarkConduct.FORGED: (0, FORGED, 0),
    MarkConduct.TIMEOUT: (1, OFFLINE, 0xFF),
}


class MarkTable:
    """The codes of the receipt under way. Raises Refused A1, A3 or A5."""

    def __init__(self) -> None:
        self.current: Check | None = None
        self.accepted: dict[str, Check] = {}

    def check(self, code: str, conduct: MarkConduct) -> Check:
        """FF61; each check wants its FF69 before the next."""
        if self.current is not None:
            raise Refused(Code.MARK_ORDER)
        if conduct is MarkConduct.TABLE_FULL or len(self.accepted) >= MAX_CODES:
            raise Refused(Code.MARK_TABLE_FULL)
        status, result, server = _OUTCOMES[conduct]
        kind = _GS1 if gs1_parts(code) else 0
        self.current = Check(
            code=code, local_status=status, reason=0, code_type=kind, result=result, server=server
        )
        return self.current

    def decide(self, choice: int) -> int:
        """FF69: 0 reject, 1 accept, 2 clear the table; gives 2106 of the code that was decided on."""
        if choice == 2:
            self.accepted.clear()
            self.current = None
            return 0
        if self.current is None or choice not in {0, 1}:
            raise Refused(Code.MARK_ORDER)
        decided, self.current = self.current, None
        if choice:
            self.accepted[decided.code] = decided
        return decided.result

    def bind(self, code: str) -> Check:
        """FF67: only an accepted code goes into a receipt."""
        found = self.accepted.get(code)
        if found is None:
            raise Refused(Code.MARK_UNCHECKED)
        return found
