"""What a person may decide, each with a reason and an audit row. Nothing here talks to a register."""

from collections.abc import Sequence

from chekpoint.core.errors import Conflict, Unfit
from chekpoint.core.lifecycle import Cause, State
from chekpoint.core.ports import FiscalDocument
from chekpoint.hub import continuity
from chekpoint.hub.post import Post
from chekpoint.store import incidents, lookup, outcomes, people
from chekpoint.store.journal import Tx
from chekpoint.store.transitions import move


class Verdicts:
    """The operator's verbs, and the shop's only one (cancel)."""

    def __init__(self, post: Post) -> None:
        self._post = post

    async def cancel(self, receipt_id: str, *, who: str, reason: str) -> None:
        """Queued -> cancelled; raises Conflict when an attempt may have registered it, or it is over."""

        def unit(tx: Tx) -> None:
            if continuity.unread(tx) or lookup.on_a_drive(tx, receipt_id):
                raise Conflict("after a restore: it is or may be registered")
            move(tx, receipt_id, State.QUEUED, Cause.CANCELLED_BY_SHOP, next_check_at=None)
            self._note(tx, receipt_id, who, "cancel", reason)

        await self._post.store.write(unit)

    async def look_again(self, receipt_id: str, *, who: str) -> None:
        """Ask the register at once instead of at its next turn."""

        def unit(tx: Tx) -> str | None:
            self._note(tx, receipt_id, who, "look_again", "")
            return lookup.register_of(tx, receipt_id)

        register = await self._post.store.write(unit)
        if register:
            self._post.bell.ring(register)

    async def not_registered(self, receipt_id: str, *, who: str, reason: str) -> None:
        """in_doubt -> queued, on a person's word that no document exists. It will be sent again.

        Raises Conflict when the receipt is not in doubt, Unfit without a reason.
        """
        if not reason.strip():
            raise Unfit("a verdict needs a reason")

        def unit(tx: Tx) -> str:
            move(
                tx, receipt_id, State.IN_DOUBT, Cause.VERDICT, ready_at=tx.now, next_check_at=tx.now,
                note={"who": who, "reason": reason},
            )  # fmt: skip
            outcomes.end_all(tx, receipt_id, "verdict")
            incidents.close(tx, "in_doubt", receipt_id)
            self._note(tx, receipt_id, who, "not_registered", reason)
            return lookup.pool_of(tx, receipt_id)

        self._post.bell.ring(await self._post.store.write(unit))

    async def registered(self, receipt_id: str, document: FiscalDocument, *, who: str, reason: str) -> None:
        """in_doubt | queued -> fiscalised, on a person's word: this document was found at the operator, say.

        For a drive that is gone from its register, where no machine can look any more. Raises Conflict when
        the receipt is in another state, Unfit without a reason or when the sums differ.
        """
        if not reason.strip():
            raise Unfit("a verdict needs a reason")

        def unit(tx: Tx) -> None:
            owner = outcomes.owner_of(tx, receipt_id)
            if owner.total != document.total or owner.kind_code != document.kind:
                raise Unfit("the document has another sum or kind than the receipt")
            old = State(owner.state)
            outcomes.end_all(tx, receipt_id, "registered")
            outcomes.fiscalise(
                tx, receipt_id, old, Cause.ADOPTED if old is State.QUEUED else Cause.LOCATED, document,
                register=lookup.register_of(tx, receipt_id) or "", evidence=reason, key=self._post.keys.new(),
                check=tx.now, source=f"person:{who}",
            )  # fmt: skip
            incidents.close(tx, "in_doubt", receipt_id)
            self._note(tx, receipt_id, who, "registered", reason)

        await self._post.store.write(unit)

    async def again(self, receipt_id: str, *, who: str, reason: str) -> None:
        """Rejected -> queued, once the cause (a register's settings, say) is mended; raises Conflict."""

        def unit(tx: Tx) -> str:
            move(
                tx, receipt_id, State.REJECTED, Cause.VERDICT, ready_at=tx.now, next_check_at=tx.now, error_code=None,
                error_text=None, note={"who": who, "reason": reason},
            )  # fmt: skip
            incidents.close(tx, "receipt_rejected", receipt_id)
            self._note(tx, receipt_id, who, "again", reason)
            return lookup.pool_of(tx, receipt_id)

        self._post.bell.ring(await self._post.store.write(unit))

    async def write_off(
        self, register_id: str, *, who: str, reason: str, documents: Sequence[FiscalDocument] = ()
    ) -> None:
        """After a restore: this register will not come back, do not wait for it.

        ``documents`` are what it had registered since the backup, by the operator's account and with the
        order mark: a receipt that bears one of these marks is not sent again. Raises Conflict when nobody
        waits for this register.
        """
        await self._tell_of(register_id, documents, who, "write_off", reason)
        await continuity.arrived(self._post, register_id)

    async def write_off_drive(
        self, register_id: str, *, who: str, reason: str, documents: Sequence[FiscalDocument] = ()
    ) -> None:
        """After a restore: the drive that the journal knows is not in this register any more.

        As ``write_off``, but the drive that is there now is still read, from its first document on.
        """
        await self._tell_of(register_id, documents, who, "write_off_drive", reason)
        key = continuity.UNREAD + register_id
        await self._post.store.write(lambda tx: people.set_setting(tx, key, continuity.WRITTEN_OFF))
        self._post.bell.ring(register_id)

    async def _tell_of(
        self, register_id: str, documents: Sequence[FiscalDocument], who: str, verb: str, reason: str
    ) -> None:
        if register_id not in self._post.barrier.missing:
            raise Conflict("nobody waits for this register")

        def unit(tx: Tx) -> None:
            for document in documents:
                outcomes.see(tx, document, register_id)
            self._note(tx, register_id, who, verb, reason)

        await self._post.store.write(unit)

    def _note(self, tx: Tx, subject: str, who: str, verb: str, reason: str) -> None:
        people.note_deed(tx, self._post.keys.new(), who=who, verb=verb, subject=subject, reason=reason)
