"""The words of the accountant's book, Russian and English."""

from typing import Final

from chekpoint.core.lifecycle import Proof, State

Pair = tuple[str, str]
SHEETS: Final[dict[str, Pair]] = {
    "receipts": ("Чеки", "Receipts"), "loose": ("Без документа", "No document"), "totals": ("Итоги", "Totals"),
    "mismatches": ("Расхождения", "Mismatches"), "about": ("О книге", "About"),
}  # fmt: skip
RECEIPTS: Final[tuple[tuple[Pair, int], ...]] = (
    (("Дата и время кассы", "Register's date and time"), 19), (("Касса", "Register"), 18), (("РНМ", "Registration"), 18),
    (("ФН", "FN"), 18), (("ФД", "FD"), 8), (("ФПД", "Sign"), 12), (("Смена", "Shift"), 7), (("Чек №", "Receipt №"), 8),
    (("Документ", "Document"), 18), (("Признак расчёта", "Kind"), 16), (("Сумма, ₽", "Sum, RUB"), 13),
    (("Наличными, ₽", "Cash, RUB"), 13), (("Безналичными, ₽", "Electronic, RUB"), 13), (("Аванс, ₽", "Prepaid, RUB"), 13),
    (("Кредит, ₽", "Credit, RUB"), 13), (("Иное, ₽", "Other, RUB"), 13), (("Магазин", "Shop"), 18),
    (("Номер в магазине", "Shop's number"), 20), (("Состояние", "State"), 16), (("Доказано", "Proof"), 18),
    (("Сверено с ОФД", "Compared with the OFD"), 16),
)  # fmt: skip
"""Headers of the sheet of receipts with the width of each column, in characters."""
LOOSE: Final[tuple[tuple[Pair, int], ...]] = (
    (("Принят, UTC", "Accepted, UTC"), 19), (("Магазин", "Shop"), 18), (("Номер в магазине", "Shop's number"), 20),
    (("Признак расчёта", "Kind"), 16), (("Сумма, ₽", "Sum, RUB"), 13), (("Состояние", "State"), 16),
    (("Почему", "Why"), 50),
)  # fmt: skip
MISMATCHES: Final[tuple[tuple[Pair, int], ...]] = (
    (("День", "Day"), 11), (("Касса", "Register"), 18), (("ФН", "FN"), 18), (("ФД", "FD"), 8), (("Что", "What"), 24),
    (("Важность", "Severity"), 10), (("Объяснение", "Explanation"), 60), (("Что сделать", "What to do"), 60),
    (("Итог", "Outcome"), 14), (("Кто решил", "Decided by"), 14), (("Причина", "Reason"), 40),
)  # fmt: skip
TOTALS: Final[tuple[Pair, ...]] = (
    ("Касса", "Register"), ("Смена", "Shift"), ("Признак расчёта", "Kind"), ("Чеков", "Receipts"), ("Сумма, ₽", "Sum, RUB"),
)  # fmt: skip
BY_VAT: Final[tuple[Pair, ...]] = (
    ("Ставка НДС", "VAT rate"), ("Признак расчёта", "Kind"), ("Позиций", "Items"), ("Сумма, ₽", "Sum, RUB"),
    ("в т. ч. НДС, ₽", "of it VAT, RUB"),
)  # fmt: skip
BY_FORM: Final[tuple[Pair, ...]] = (
    ("Форма оплаты", "Form of payment"), ("Признак расчёта", "Kind"), ("Чеков", "Receipts"), ("Сумма, ₽", "Sum, RUB"),
)  # fmt: skip
KINDS: Final[dict[int, Pair]] = {
    0: ("—", "—"), 1: ("приход", "sale"), 2: ("возврат прихода", "sale return"), 3: ("расход", "purchase"),
    4: ("возврат расхода", "purchase return"),
}  # fmt: skip
DOCUMENTS: Final[dict[int, Pair]] = {
    1: ("отчёт о регистрации", "registration"), 2: ("открытие смены", "shift opened"), 3: ("чек", "receipt"),
    4: ("БСО", "BSO"), 5: ("закрытие смены", "shift closed"), 6: ("закрытие ФН", "drive closed"),
    11: ("перерегистрация", "re-registration"), 21: ("состояние расчётов", "settlements' state"),
    31: ("чек коррекции", "correction"), 41: ("БСО коррекции", "BSO correction"),
}  # fmt: skip
STATES: Final[dict[str, Pair]] = {
    State.QUEUED: ("ждёт кассу", "queued"), State.REGISTERING: ("на кассе", "registering"),
    State.IN_DOUBT: ("исход неизвестен", "in doubt"), State.FISCALISED: ("зарегистрирован", "registered"),
    State.REJECTED: ("отказано", "rejected"), State.CANCELLED: ("отменён", "cancelled"), State.EXPIRED: ("просрочен", "expired"),
}  # fmt: skip
PROOFS: Final[dict[int, Pair]] = {
    Proof.NONE: ("—", "—"), Proof.SIGNED: ("подписан ФН", "signed"), Proof.SENT_TO_OFD: ("отправлен в ОФД", "sent to the OFD"),
    Proof.TICKETED: ("принят ОФД", "ticketed"), Proof.MATCHED: ("сверен с ОФД", "matched"),
    Proof.AT_TAX_SERVICE: ("подтверждён ФНС", "at the tax service"),
}  # fmt: skip
FORMS: Final[dict[str, Pair]] = {
    "cash": ("наличными", "cash"), "electronic": ("безналичными", "electronic"), "prepaid": ("зачёт аванса", "prepaid"),
    "credit": ("в кредит", "credit"), "other": ("иное", "other"),
}  # fmt: skip
FOREIGN: Final[Pair] = ("чужой: не от Chekpoint", "foreign: not of Chekpoint")
MATCHED: Final[dict[str, Pair]] = {
    "equal": ("сошлось", "agrees"), "sum": ("сумма другая", "another sum"), "none": ("не показан", "not shown"),
    "seen": ("показан, не сверен", "shown, not compared"),
}  # fmt: skip
OUTCOMES: Final[dict[str, Pair]] = {
    "open": ("открыто", "open"), "resolved": ("разобрано", "resolved"), "closed": ("исчезло", "gone"),
}  # fmt: skip
SEVERITIES: Final[dict[str, Pair]] = {"critical": ("важно", "critical"), "warning": ("внимание", "warning")}
