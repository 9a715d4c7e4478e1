"""What an operator's cabinet says of the seller's registers: contracts, last documents, and whether it answers at all.

One cabinet is asked by each node; the answer is kept as the probe ``cabinet`` of the account and judged by checks. The
operator's client belongs to the account's OperatorWatch, which lets go of it.
"""

from typing import Final

import msgspec
import structlog

from chekpoint.core.errors import BlockReason, RegisterBlocked, RegisterError, StoreError
from chekpoint.core.ports import Operator
from chekpoint.hub.answers import ENCODE, CabinetAnswer, CabinetRegister, Fault, read
from chekpoint.hub.post import Post
from chekpoint.store import probes
from chekpoint.store.journal import Tx
from chekpoint.store.probes import Probe

log = structlog.get_logger()
KIND: Final = "cabinet"
REGISTERS_MOST: Final = 10_000  # of one cabinet


def word(account_id: str) -> str:
    """What a cabinet's asker listens for: somebody else has had trouble with the account."""
    return f"cabinet:{account_id}"


class Cabinet:
    """One account at an operator."""

    def __init__(self, post: Post, account_id: str, seller_id: str, name: str, operator: Operator) -> None:
        self._post, self._account, self._seller = post, account_id, seller_id
        self._name, self._operator = name, operator

    async def run(self) -> None:
        """Ask until cancelled, sooner while it does not answer."""
        limits = self._post.limits
        while True:
            answered = False
            try:
                answered = await self.once()
            except StoreError:
                log.exception("cabinet_not_kept", operator=self._name)
            pause = limits.cabinet_every if answered else limits.cabinet_failing
            await self._post.bell.wait((word(self._account),), pause)

    async def once(self) -> bool:
        """Ask for the registers and keep what came; False when the cabinet does not answer."""
        fault, found = await self._ask()
        name, seller, account = self._name, self._seller, self._account

        def unit(tx: Tx) -> None:
            made = CabinetAnswer(operator=name, seller_id=seller, registers=tuple(found), answered_at=tx.now)
            if fault is not None:
                made = msgspec.structs.replace(_before(tx, account, made), fault=fault)
            probes.note(tx, KIND, account, fault is None, ENCODE(made))

        await self._post.store.write(unit)
        return fault is None

    async def _ask(self) -> tuple[Fault | None, list[CabinetRegister]]:
        found: list[CabinetRegister] = []
        try:
            async for one in self._operator.registers():
                found.append(
                    CabinetRegister(
                        registration_number=one.registration_number, fn=one.fn, contract_until=one.contract_until,
                        drive_until=one.drive_until, last_document_at=one.last_document_at, problem=one.problem,
                    )
                )  # fmt: skip
                if len(found) >= REGISTERS_MOST:
                    break
        except RegisterError as error:
            log.warning("cabinet_failed", operator=self._name, why=str(error))
            return _fault(error), []
        return None, found


def _before(tx: Tx, account_id: str, now: CabinetAnswer) -> CabinetAnswer:
    """What the cabinet said when it last answered: a silence makes none of it untrue."""
    old = probes.one(tx, KIND, account_id)
    known = None if old is None else answer_of(old)
    return known or msgspec.structs.replace(now, registers=(), answered_at=None)


def answer_of(probe: Probe) -> CabinetAnswer | None:
    """The body of a probe; None for what another version has written."""
    try:
        return read(CabinetAnswer, probe)
    except msgspec.DecodeError:
        return None


def misfit(tx: Tx, account_id: str, seller_id: str, name: str, why: str) -> None:
    """An account with which no client can be made: kept as a cabinet that does not answer, so that people hear."""
    error = RegisterBlocked(BlockReason.CONFIGURATION, why)
    made = CabinetAnswer(operator=name, seller_id=seller_id, registers=(), answered_at=None)
    made = msgspec.structs.replace(_before(tx, account_id, made), fault=_fault(error))
    probes.note(tx, KIND, account_id, False, ENCODE(made))


_WHY: Final = {
    BlockReason.NO_LINK: ("не отвечает", "does not answer"),
    BlockReason.BUSY: ("занят: слишком много запросов", "is busy: too many questions"),
    BlockReason.ACCESS: ("не принял ключ или пароль", "refused the key or the password"),
    BlockReason.CONFIGURATION: ("настроен неверно", "is set up wrongly"),
}
_ODD: Final = ("ответил непонятно", "gave an answer that cannot be read")


def _fault(error: RegisterError) -> Fault:
    reason = error.reason if isinstance(error, RegisterBlocked) else BlockReason.UNKNOWN
    ru, en = _WHY.get(reason, _ODD)
    said = f" ({str(error)[:300]})" if str(error) else ""
    return Fault(code=reason.value, ru=ru + said, en=en + said)
