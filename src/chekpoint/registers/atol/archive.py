"""Reading the fiscal drive through the web server: the last document, one document, ours among them."""

from chekpoint.core.errors import BlockReason, OutcomeUnknown, RegisterBlocked
from chekpoint.core.ports import Attempt, FiscalDocument
from chekpoint.registers.atol import answers
from chekpoint.registers.atol.answers import DriveDocument, Malformed
from chekpoint.registers.atol.errors import block_of
from chekpoint.registers.atol.match import Match, match
from chekpoint.registers.atol.session import Session, TaskFailed
from chekpoint.registers.atol.tasks import encode

FN_STATUS = {"type": "getFnStatus"}
_NO_SUCH_DOCUMENT = 123


async def last_number(session: Session) -> int:
    """Number of the last document on the drive. Raises RegisterBlocked."""
    status = answers.part((await asked(session, FN_STATUS))[0], "fnStatus")
    number = status.get("fiscalDocumentNumber")
    if not isinstance(number, int):
        raise RegisterBlocked(BlockReason.FISCAL_DRIVE, "ФН не сообщил номер последнего документа")
    return number


async def drive_serial(session: Session) -> str:
    """The number of the drive that is in the register now. Raises RegisterBlocked."""
    serial = answers.part((await asked(session, {"type": "getFnInfo"}))[0], "fnInfo").get("serial")
    if not serial:
        raise RegisterBlocked(BlockReason.FISCAL_DRIVE, "ККТ не сообщила номер ФН")
    return str(serial).strip()


async def refuse_swapped(session: Session, attempt: Attempt) -> None:
    """Raise OutcomeUnknown when the drive that the attempt was meant for is not in the register any more.

    The server says "nothing was registered" because the number of the last document has not grown. A drive
    that was swapped while it waited makes that wrong. Where the register itself does not answer the server's
    word stands (the task never began); where the server does not, nothing is known.
    """
    try:
        fn = answers.part((await session.ask({"type": "getFnInfo"}))[0], "fnInfo").get("serial")
    except TaskFailed:
        return
    except RegisterBlocked as fault:
        raise OutcomeUnknown(f"Чек не выполнен, но ФН не назван: {fault}") from fault
    if str(fn or "").strip() != attempt.fn:
        raise OutcomeUnknown(f"Чек не выполнен, но в ККТ уже другой ФН ({fn} вместо {attempt.fn})")


async def asked(session: Session, task: dict[str, str]) -> tuple[answers.Json, str]:
    """A harmless task whose failure means that the register cannot work. Raises RegisterBlocked."""
    try:
        return await session.ask(task)
    except TaskFailed as fault:
        raise block_of(fault.code, fault.text) from fault


def verbatim(answer: answers.Json) -> str:
    """An answer as it is kept for evidence."""
    return encode(answer).decode()


async def read(session: Session, fd_number: int, fn: str) -> tuple[DriveDocument, str] | None:
    """One document and the answer verbatim; None when the drive has it no more or not yet.

    Raises RegisterBlocked.
    """
    try:
        result, raw = await session.ask({"type": "getFnDocument", "fiscalDocumentNumber": fd_number})
        return answers.drive_document(result, fn), raw
    except TaskFailed as fault:
        if fault.code == _NO_SUCH_DOCUMENT:
            return None
        raise block_of(fault.code, fault.text) from fault
    except Malformed as fault:
        raise RegisterBlocked(BlockReason.FISCAL_DRIVE, f"Документ {fd_number}: {fault}") from fault


async def find(session: Session, attempt: Attempt) -> tuple[FiscalDocument | None, str]:
    """Look through every document after ``attempt.last_fd``: ours and the evidence, or None and why.

    Raises OutcomeUnknown when the drive cannot tell (another drive, a document that cannot be read or
    compared), RegisterBlocked when it does not answer.
    """
    fn = await drive_serial(session)
    if fn != attempt.fn:
        raise OutcomeUnknown(
            f"В ККТ уже другой ФН ({fn} вместо {attempt.fn}): документы прежнего прочесть нельзя. "
            "Сверьте заказ с ОФД и вынесите решение."
        )
    last = await last_number(session)
    if last < attempt.last_fd:
        raise OutcomeUnknown(f"Последний документ ФН {last}, а перед попыткой был {attempt.last_fd}")
    doubts: list[str] = []
    for number in range(attempt.last_fd + 1, last + 1):
        found = await read(session, number, fn)
        verdict = match(attempt, found[0]) if found else Match.UNSURE
        if found and verdict is Match.OURS:
            return found[0].document, found[1]
        if verdict is Match.UNSURE:
            doubts.append(str(number))
    if doubts:
        raise OutcomeUnknown(f"Документы ФН, о которых нельзя сказать, что они не наши: {', '.join(doubts)}")
    return None, f"ФН {fn}: документы с {attempt.last_fd + 1} по {last} просмотрены, нашего нет"
