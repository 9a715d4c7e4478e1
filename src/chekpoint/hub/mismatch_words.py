"""The words of mismatches, in one place: what differs, how bad it is, what to do; Russian and English."""

from typing import Final, NamedTuple

Pair = tuple[str, str]  # Russian, English


class Said(NamedTuple):
    """One class of mismatches. The texts are templates; their fields are given by whoever found one."""

    severity: str  # critical | warning
    name: Pair
    text: Pair
    act: Pair


_LOOK: Final = (
    "Откройте документ в кабинете ОФД и в архиве ФН; верен документ, подписанный ФН. Если неверен он, оформите чек коррекции.",
    "Open the document at the operator and on the drive; the signed one is right. If it is wrong, register a correction.",
)
KINDS: Final[dict[str, Said]] = {
    "missing_there": Said(
        "critical",
        ("нет у ОФД", "not at the operator"),
        (
            "Чек ФД {fd} (ФН {fn}) на {sum} зарегистрирован на кассе, но у ОФД его нет.",
            "Receipt FD {fd} (FN {fn}) of {sum} is registered, but the operator does not have it.",
        ),
        (
            "Проверьте на кассе счётчик неотправленных документов; если он пуст, напишите в поддержку ОФД: номер ФН, ФД и ФПД. Заново чек не пробивайте.",
            "Check the register's counter of unsent documents; if it is empty, write to the operator with FN, FD and sign. Do not register it again.",
        ),
    ),
    "missing_here": Said(
        "critical",
        ("нет у нас", "not here"),
        (
            "У ОФД есть чек ФД {fd} (ФН {fn}) на {sum}, о котором Chekpoint не знает: его пробили мимо него.",
            "The operator has receipt FD {fd} (FN {fn}) of {sum} that Chekpoint does not know: it was made past it.",
        ),
        (
            "Узнайте, кто печатал на этой кассе. Если чек законный, примите его с причиной; если лишний, оформите возврат.",
            "Find out who used this register. If it is rightful, accept it with a reason; if not, register a return.",
        ),
    ),
    "foreign": Said(
        "warning",
        ("чужой чек на кассе", "a foreign receipt"),
        (
            "На кассе есть чек ФД {fd} (ФН {fn}) на {sum}, который отправил не Chekpoint.",
            "The register holds receipt FD {fd} (FN {fn}) of {sum} that Chekpoint did not send.",
        ),
        (
            "Узнайте, какая программа ещё печатает на этой кассе. Если чек законный, примите его с причиной.",
            "Find out which other program uses this register. If the receipt is rightful, accept it with a reason.",
        ),
    ),
    "duplicate": Said(
        "critical",
        ("двойной чек", "a double"),
        (
            "Чек ФД {fd} (ФН {fn}) на {sum} повторяет содержание чека ФД {other}: похоже, один заказ пробит дважды.",
            "Receipt FD {fd} (FN {fn}) of {sum} repeats the content of FD {other}: one order seems to be registered twice.",
        ),
        (
            "Сверьте оба чека с заказом. Если заказ один, оформите возврат по лишнему чеку.",
            "Compare both with the order. If there was one order, register a return of the extra one.",
        ),
    ),
    "lost_answer": Said(
        "critical",
        ("потерянный ответ", "a lost answer"),
        (
            "Ответ кассы по заказу {order} потерян, а документ есть: ФД {fd} (ФН {fn}) на {sum} с тем же содержанием.",
            "The register's answer for order {order} was lost, but its document exists: FD {fd} (FN {fn}) of {sum}, same content.",
        ),
        (
            "Примите этот документ как чек заказа. Заново его не пробивайте: выйдет двойной.",
            "Adopt this document as the order's receipt. Do not register it again: that makes a double.",
        ),
    ),
    "differs_sum": Said(
        "critical",
        ("другая сумма", "another sum"),
        (
            "Чек ФД {fd} (ФН {fn}): у нас сумма {ours}, у ОФД {theirs}.",
            "Receipt FD {fd} (FN {fn}): the sum is {ours} here, {theirs} at the operator.",
        ),
        _LOOK,
    ),
    "differs_date": Said(
        "warning",
        ("другие дата и время", "another date or time"),
        (
            "Чек ФД {fd} (ФН {fn}): у нас {ours}, у ОФД {theirs}.",
            "Receipt FD {fd} (FN {fn}): made at {ours} here, at {theirs} by the operator.",
        ),
        _LOOK,
    ),
    "differs_items": Said(
        "critical",
        ("другие позиции", "other items"),
        (
            "Чек ФД {fd} (ФН {fn}): позиции у нас и у ОФД не совпадают ({theirs}).",
            "Receipt FD {fd} (FN {fn}): the items here and at the operator differ ({ours}).",
        ),
        _LOOK,
    ),
    "differs_vat": Said(
        "critical",
        ("другой НДС", "another VAT"),
        (
            "Чек ФД {fd} (ФН {fn}): НДС у нас {ours}, у ОФД {theirs}.",
            "Receipt FD {fd} (FN {fn}): VAT is {ours} here, {theirs} at the operator.",
        ),
        _LOOK,
    ),
    "differs_sign": Said(
        "critical",
        ("другой ФПД", "another fiscal sign"),
        (
            "Документ ФД {fd} (ФН {fn}): ФПД у нас {ours}, у ОФД {theirs}. Это разные документы под одним номером.",
            "Document FD {fd} (FN {fn}): sign {ours} here, {theirs} at the operator. These are two documents under one number.",
        ),
        (
            "Сверьте ФПД с бумажным чеком или архивом ФН и передайте оба в поддержку ОФД.",
            "Compare the sign with the paper or the drive's archive and give both to the operator.",
        ),
    ),
    "differs_kind": Said(
        "critical",
        ("другой вид чека", "another kind"),
        (
            "Чек ФД {fd} (ФН {fn}): у нас {ours}, у ОФД {theirs}.",
            "Receipt FD {fd} (FN {fn}): {ours} here, {theirs} at the operator.",
        ),
        _LOOK,
    ),
    "fd_hole": Said(
        "critical",
        ("пропуск в номерах ФД", "a hole in FD numbers"),
        (
            "В номерах документов ФН {fn} пропуск: ФД {span} нет ни у нас, ни у ОФД. Номера идут подряд, значит документ был.",
            "FN {fn} has a hole: FD {span} is neither here nor at the operator. Numbers are consecutive, so it was made.",
        ),
        (
            "Прочитайте документ из архива ФН (отчёт по номеру ФД) и найдите его у ОФД.",
            "Read it from the drive's archive (report by FD number) and look for it at the operator.",
        ),
    ),
    "quarantined": Said(
        "critical",
        ("не прошёл контроль", "refused by control"),
        (
            "Чек ФД {fd} (ФН {fn}) на {sum} не прошёл форматно-логический контроль: {why}.",
            "Receipt FD {fd} (FN {fn}) of {sum} was refused by format-logic control: {why}.",
        ),
        (
            "Чек подписан, но до налоговой не дойдёт. Исправьте содержание и оформите чек коррекции; причину уточните у ОФД.",
            "It is signed but will not reach the tax service. Mend the content and register a correction; ask the operator why.",
        ),
    ),
    "remarked": Said(
        "warning",
        ("принят с замечанием", "taken with a remark"),
        (
            "Чек ФД {fd} (ФН {fn}) принят налоговой с замечанием: {why}.",
            "Receipt FD {fd} (FN {fn}) was taken by the tax service with a remark: {why}.",
        ),
        (
            "Уточните замечание в кабинете ОФД и исправьте настройки магазина, чтобы следующие чеки были верны.",
            "Look the remark up at the operator and mend the shop's settings, so that the next ones are right.",
        ),
    ),
    "unsent": Said(
        "critical",
        ("не отправлен в ОФД", "stuck unsent"),
        (
            "Чек ФД {fd} (ФН {fn}) на {sum} стоит в очереди кассы и не отправлен в ОФД с {since}. Через 30 дней без отправки ФН блокируется.",
            "Receipt FD {fd} (FN {fn}) of {sum} waits in the register and has not left it since {since}. After 30 days the drive locks.",
        ),
        (
            "Восстановите связь кассы с интернетом и адрес ОФД в её настройках; документы уйдут сами, по порядку.",
            "Restore the register's internet link and the operator's address in its settings; documents then leave by themselves.",
        ),
    ),
    "waiting_tax": Said(
        "warning",
        ("ждёт налоговую", "waits for the tax service"),
        (
            "Чек ФД {fd} (ФН {fn}) у ОФД с {since}, но в налоговую ещё не передан.",
            "Receipt FD {fd} (FN {fn}) is at the operator since {since}, but not handed to the tax service yet.",
        ),
        (
            "Обычно проходит само. Если ждёт дольше трёх дней, спросите ОФД.",
            "It usually passes by itself. If it waits for more than three days, ask the operator.",
        ),
    ),
    "wrong_zone": Said(
        "warning",
        ("сдвиг времени", "times are shifted"),
        (
            "Все времена у ОФД по ФН {fn} сдвинуты на {hours} ч: в кабинете выбран не тот часовой пояс.",
            "All times of FN {fn} at the operator are shifted by {hours} h: the cabinet has the wrong time zone.",
        ),
        (
            "Исправьте часовой пояс кассы в кабинете ОФД или в настройках доступа (zone).",
            "Set the register's time zone in the operator's cabinet, or in the access settings (zone).",
        ),
    ),
    "wrong_drive": Said(
        "critical",
        ("не тот ФН", "another drive"),
        (
            "Чек ФД {fd} подписан ФН {fn}, а у ОФД записан за ФН {theirs}. Так бывает после замены ФН.",
            "Receipt FD {fd} was signed by FN {fn}, but the operator has it under FN {theirs}. This happens after a change of drives.",
        ),
        (
            "Проверьте в кабинете ОФД, какой ФН числится за этой кассой, и попросите исправить.",
            "Check which drive the operator's cabinet has for this register, and ask to mend it.",
        ),
    ),
    "drive_missing": Said(
        "critical",
        ("ОФД не видит ФН", "a drive is unknown"),
        (
            "У ОФД нет ни одного документа ФН {fn}, а на кассе их {count}.",
            "The operator has no document of FN {fn}, while the register has {count}.",
        ),
        (
            "Проверьте, подключён ли ФН в кабинете ОФД, тот ли ОФД задан в кассе и к тому ли кабинету дан доступ.",
            "Check that the drive is connected in the cabinet, that the register sends to this operator, and that access is to this cabinet.",
        ),
    ),
    "paid_no_receipt": Said(
        "critical",
        ("оплата без чека", "paid, no receipt"),
        (
            "Заказ {order} оплачен на {sum} в {since}, а чека нет{state}.",
            "Order {order} was paid ({sum}) at {since}, and there is no receipt{state_en}.",
        ),
        (
            "Чек положен в момент расчёта. Пробейте его из магазина; если срок прошёл, оформите чек коррекции.",
            "The receipt is due at settlement. Send it from the shop; if that day is over, register a correction.",
        ),
    ),
    "refund_no_receipt": Said(
        "critical",
        ("возврат денег без чека", "refunded, no receipt"),
        (
            "По заказу {order} возвращено {sum} в {since}, а чека возврата нет{state}.",
            "Order {order} was refunded ({sum}) at {since}, and there is no return receipt{state_en}.",
        ),
        (
            "Оформите в магазине чек возврата прихода на эту сумму.",
            "Register a return receipt of this sum from the shop.",
        ),
    ),
    "receipt_no_payment": Said(
        "warning",
        ("чек без оплаты", "a receipt without payment"),
        (
            "По заказу {order} пробит чек на {sum}, а оплаты нет.",
            "Order {order} has a receipt of {sum}, and no payment is known.",
        ),
        (
            "Проверьте оплату в платёжной системе. Если её не было, оформите возврат.",
            "Check the payment system. If nothing was paid, register a return.",
        ),
    ),
    "return_no_refund": Said(
        "warning",
        ("чек возврата без возврата денег", "a return receipt without refund"),
        (
            "По заказу {order} пробит чек возврата на {sum}, а деньги не возвращены.",
            "Order {order} has a return receipt of {sum}, and no refund is known.",
        ),
        (
            "Проверьте возврат в платёжной системе и верните деньги, если они не ушли.",
            "Check the refund in the payment system, and pay it if it did not leave.",
        ),
    ),
}  # fmt: skip
NAMES: Final[dict[str, Pair]] = {kind: said.name for kind, said in KINDS.items()}
OF_PAYMENTS: Final = ("paid_no_receipt", "refund_no_receipt", "receipt_no_payment", "return_no_refund")


class Explained(NamedTuple):
    """A mismatch in words."""

    severity: str
    text_ru: str
    text_en: str
    act_ru: str
    act_en: str


def explain(kind: str, **facts: object) -> Explained:
    """Fill the templates. Raises KeyError for an unknown kind or a fact that is not given."""
    said = KINDS[kind]
    ru, en = (text.format_map(facts) for text in said.text)
    return Explained(said.severity, ru, en, *said.act)


def plural(count: int, one: str, few: str, many: str) -> str:
    """The Russian noun that goes with a number."""
    tail, teen = count % 10, count % 100 in range(11, 15)
    if tail == 1 and not teen:
        return one
    return few if tail in {2, 3, 4} and not teen else many
