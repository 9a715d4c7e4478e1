"""What archives write oddly: code -> (Russian, English). A note does not make a receipt wrong."""

from typing import Any, Final

from chekpoint.fiscal.rules_fault import Fault

_READING: Final = {
    "not_a_receipt": (
        "Это не чек в JSON ФНС или ОФД: в нём нет {missing}.",
        "This is no receipt in the JSON of the tax service or an operator: {missing} is missing.",
    ),
    "field_form": (
        "Поле нельзя прочитать: ожидается {expected}.",
        "The field cannot be read: {expected_en} is expected.",
    ),
}

_FORM: Final = {
    "id_padded": (
        "Номер дополнен пробелами или нулями до ширины поля: они отброшены.",
        "The number is padded to the width of its field: the pads are dropped.",
    ),
    "sums_in_roubles": (
        "Суммы записаны дробными рублями: переведены в копейки.",
        "Sums are written as fractional roubles: turned into kopecks.",
    ),
    "sign_as_text": (
        "Фискальный признак записан строкой: прочитан как число.",
        "The fiscal sign is written as text: read as a number.",
    ),
    "message_sign_above_int64": (
        "Признак сообщения больше знакового 64-битного числа: хранится строкой.",
        "The message sign is above a signed 64-bit number: kept as text.",
    ),
    "date_without_time": (
        "В дате нет времени расчёта.",
        "The date has no time of the settlement.",
    ),
    "date_as_unix_time": (
        "Дата записана секундами: часовой пояс из них не узнать, время показано без сдвига.",
        "The date is written in seconds: they do not tell the zone, the time is shown unshifted.",
    ),
    "code_unknown": (
        "Значения {value} нет в перечне тега {tag}: взято обычное.",
        "Value {value} is not in the list of tag {tag}: the usual one is taken.",
    ),
    "nomenclature_unread": (
        "Код товарной номенклатуры записан не шестнадцатерично: опущен.",
        "The nomenclature code is not hexadecimal: left out.",
    ),
    "product_code_unread": (
        "Архив не разобрал код товара ({why}): он неизвестен.",
        "The archive could not read the product code ({why}): it is not known.",
    ),
    "modifiers_ignored": (
        "Скидки и наценки записаны отдельно (ФФД 1.0): сумма позиции уже учитывает их.",
        "Discounts are written apart (FFD 1.0): the item sum has them already.",
    ),
    "storno_removed": (
        "Сторнированная позиция вычтена из чека.",
        "A voided item is taken out of the receipt.",
    ),
    "storno_unmatched": (
        "Сторнированной позиции нет среди позиций чека: она не учтена.",
        "A voided item is not among the items: it is not counted.",
    ),
}

_CONTENT: Final = {
    "name_absent": (
        "Наименование пусто или опущено.",
        "The name is blank or dropped.",
    ),
    "taxation_absent": (
        "Система налогообложения не указана: принята общая.",
        "The taxation system is not given: the general one is assumed.",
    ),
    "taxation_many": (
        "Указано несколько систем налогообложения: взята первая.",
        "Several taxation systems are given: the first is taken.",
    ),
    "price_zero": (
        "Цена равна нулю.",
        "The price is zero.",
    ),
    "total_rounded_down": (
        "Итог меньше суммы позиций на {value} коп.: касса округлила его.",
        "The total is below the items by {value} kopecks: the register rounded it.",
    ),
    "vat_rate_from_totals": (
        "Ставка НДС у позиции не указана: она взята из итогов чека.",
        "The item has no VAT rate: it is taken from the totals of the receipt.",
    ),
    "vat_rate_ambiguous": (
        "Ставка НДС не указана, и итоги чека допускают несколько вариантов: взят первый подходящий.",
        "No VAT rate is given and the totals allow several: the first that fits is taken.",
    ),
    "vat_rate_absent": (
        "Нет ни ставки НДС, ни его итогов: принято «без НДС».",
        "There is neither a VAT rate nor a VAT total: none is assumed.",
    ),
    "vat_sum_is_turnover": (
        "Вместо суммы НДС записан оборот по ставке {rate}: НДС по ней равен нулю.",
        "The turnover of rate {rate} stands in the place of VAT: its VAT is zero.",
    ),
    "vat_at_18": (
        "НДС вычислен по отменённой ставке 18%, хотя указана ставка {rate}.",
        "VAT is computed at the abolished 18%, though the rate is given as {rate}.",
    ),
    "vat_total_differs": (
        "Итог НДС по ставке {rate} равен {value} руб., а по позициям выходит {expected} руб.",
        "The VAT total of rate {rate} is {value}, the items give {expected}.",
    ),
    "vat_total_by_items": (
        "Итог НДС по ставке {rate} - сумма НДС позиций, а не НДС их общей суммы.",
        "The VAT total of rate {rate} is the sum of the items' VAT, not the VAT of their sum.",
    ),
}

NOTES: Final[dict[str, tuple[str, str]]] = {**_READING, **_FORM, **_CONTENT}


def note(code: str, pointer: str, **values: Any) -> Fault:
    """A note has the shape of a fault: a place, a stable code, a sentence in each language."""
    ru, en = NOTES[code]
    return Fault(pointer=pointer, code=code, ru=ru.format(**values), en=en.format(**values))


class DialectError(ValueError):
    """The document is no receipt of a known dialect; ``fault`` says where and why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.en)
        self.fault = fault
