"""The words of the hub's incidents, in one place: what is wrong and what to do, in Russian and English."""

from typing import Final

from chekpoint.core.errors import BlockReason
from chekpoint.fiscal.ticket import answer_words, flag_words
from chekpoint.store.incidents import Words

BLOCKED: Final[dict[BlockReason, tuple[str, str]]] = {
    BlockReason.NO_LINK: (
        "нет связи с кассой: проверьте питание, кабель и адрес",
        "no link to the register: check its power, cable and address",
    ),
    BlockReason.BUSY: ("касса занята другой операцией", "the register is busy with something else"),
    BlockReason.PAPER_OUT: (
        "в кассе кончилась бумага: замените ленту",
        "the register is out of paper: replace the roll",
    ),
    BlockReason.COVER_OPEN: ("открыта крышка кассы: закройте её", "the register's cover is open: close it"),
    BlockReason.PRINTER: ("ошибка печати кассы", "the register's printer reports an error"),
    BlockReason.SHIFT_EXPIRED: (
        "смена длится больше 24 часов и закрывается",
        "the shift is over 24 hours and is being closed",
    ),
    BlockReason.SHIFT_CLOSED: ("смена закрыта и не открывается", "the shift is closed and does not open"),
    BlockReason.FISCAL_DRIVE: (
        "ошибка фискального накопителя: обратитесь в сервис",
        "the fiscal drive reports an error: call the service",
    ),
    BlockReason.FISCAL_DRIVE_FULL: (
        "ресурс фискального накопителя исчерпан: замените ФН",
        "the fiscal drive is used up: replace it",
    ),
    BlockReason.OFD_OVERDUE: (
        "документы не передаются в ОФД больше 30 дней, ФН заблокирован: восстановите связь кассы с интернетом",
        "documents have not reached the operator for 30 days and the drive is locked: restore the register's internet link",
    ),
    BlockReason.CLOCK: ("часы кассы идут неверно: установите время", "the register's clock is wrong: set it"),
    BlockReason.ACCESS: (
        "касса отказала в доступе: проверьте логин и пароль",
        "the register denied access: check login and password",
    ),
    BlockReason.CONFIGURATION: ("касса настроена неверно", "the register is set up wrongly"),
    BlockReason.QUEUE_BLOCKED: (
        "очередь кассы стоит: исход прошлого чека ещё неизвестен",
        "the register's own queue is blocked: the outcome of its last receipt is not known yet",
    ),
    BlockReason.UNKNOWN: ("касса сообщает об ошибке", "the register reports an error"),
}


def blocked(register: str, reason: BlockReason, message: str) -> Words:
    """A register cannot work."""
    ru, en = BLOCKED[reason]
    tail = f" ({message})" if message else ""
    return Words("critical", f"Касса «{register}»: {ru}{tail}.", f"Register “{register}”: {en}{tail}.")


def rejected(register: str, code: str | None, message: str) -> Words:
    """A register refused a receipt's content."""
    tail = f"{message} (код {code})" if code else message
    return Words(
        "critical",
        f"Касса «{register}» отказала в регистрации чека: {tail}. Исправьте чек в магазине и отправьте с новым номером.",
        f"Register “{register}” refused the receipt: {tail}. Mend it in the shop and send it under a new id.",
    )


def in_doubt(register: str, why: str) -> Words:
    """Nobody can tell by machine whether a receipt was registered."""
    return Words(
        "critical",
        f"Неизвестно, зарегистрирован ли чек на кассе «{register}»: {why}. Найдите его в архиве ФН или у ОФД и примите решение.",
        f"It is not known whether register “{register}” registered the receipt: {why}. Look for it in the drive's archive or at the operator, and decide.",
    )


def foreign(register: str, fn: str, fd: int) -> Words:
    """A receipt on the drive that this hub did not send."""
    return Words(
        "warning",
        f"На кассе «{register}» есть чек ФД {fd} (ФН {fn}), который отправил не Chekpoint. Проверьте, кто ещё печатает на этой кассе.",
        f"Register “{register}” holds receipt FD {fd} (FN {fn}) that Chekpoint did not send. Find out who else uses this register.",
    )


def doubled(fn: str, fd: int, other: str) -> Words:
    """Two fiscal documents for one order."""
    return Words(
        "critical",
        f"По одному заказу два чека: ФД {fd} (ФН {fn}) и {other}. Оформите возврат лишнего.",
        f"Two receipts for one order: FD {fd} (FN {fn}) and {other}. Register a return of the extra one.",
    )


def unexpected(fn: str, fd: int, state: str) -> Words:
    """A drive holds a document of an order that should have none."""
    return Words(
        "critical",
        f"По заказу есть чек ФД {fd} (ФН {fn}), а у нас он в состоянии «{state}». Сверьте заказ и оформите возврат, если чек лишний.",
        f"Receipt FD {fd} (FN {fn}) exists for an order that is “{state}” here. Check the order; register a return if it is one too many.",
    )


def clash(fn: str, fd: int) -> Words:
    """The same order id was registered with another content."""
    return Words(
        "critical",
        f"С этим номером уже зарегистрирован чек с другим содержанием: ФД {fd} (ФН {fn}). Новый чек не отправлен.",
        f"A receipt with other content is registered under this id already: FD {fd} (FN {fn}). The new one was not sent.",
    )


def unproven(register: str, count: int) -> Words:
    """Documents are signed but the operator has not confirmed them."""
    return Words(
        "critical",
        f"Касса «{register}»: {count} документов подписаны ФН, но оператор их не подтвердил. Проверьте связь кассы с ОФД.",
        f"Register “{register}”: {count} documents are signed but the operator has not confirmed them. Check its link to the OFD.",
    )


def refused_by_operator(fn: str, fd: int, answer: int, flags: int = 0) -> Words:
    """The operator answered, and the answer (1022) is no; ``flags`` is 1206, each bit named."""
    ru, en = answer_words(answer)
    more = flag_words(flags)
    ru_more, en_more = ("".join(f"; {words[at]}" for words in more) for at in (0, 1))
    return Words(
        "critical",
        f"ОФД не принял документ ФД {fd} (ФН {fn}): {ru} (код {answer}){ru_more}. Документ подписан, но до налоговой не дойдёт: "
        "исправьте причину и оформите чек коррекции; непонятное спросите у ОФД.",
        f"The operator did not accept document FD {fd} (FN {fn}): {en} (answer {answer}){en_more}. It is signed but will not "
        "reach the tax service: mend the cause and register a correction; ask the operator what is not clear.",
    )


def late(count: int) -> Words:
    """Receipts wait past their deadline."""
    return Words(
        "critical",
        f"{count} чеков ждут дольше положенного: ни одна касса их не берёт. Проверьте кассы.",
        f"{count} receipts wait past their deadline: no register takes them. Check the registers.",
    )


def restored(missing: str) -> Words:
    """The journal is older than what the registers hold."""
    return Words(
        "critical",
        f"База восстановлена из копии. Чеки не отправляются, пока не сверены все кассы; осталось: {missing}.",
        f"The database was restored from a backup. Nothing is sent until every register has been compared; left: {missing}.",
    )


def unreadable(register: str, fd: int) -> Words:
    """A document between the journal's last and the drive's last cannot be read back."""
    return Words(
        "critical",
        f"Касса «{register}»: документ ФД {fd} не читается из архива ФН. Найдите его у ОФД.",
        f"Register “{register}”: document FD {fd} cannot be read back from the drive. Look for it at the operator.",
    )


def webhook_given_up(url: str, error: str) -> Words:
    """A shop did not take its notices for days."""
    return Words(
        "warning",
        f"Магазин не принимает уведомления на {url}: {error}. Проверьте адрес и повторите отправку.",
        f"The shop does not take notices at {url}: {error}. Check the address and send again.",
    )
