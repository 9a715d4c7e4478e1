"""The sentences of the rules: code -> (Russian, English). Codes are part of the public API and never change.

Braces take values; money in them is already written in roubles.
"""

from typing import Final

_NUMBERS: Final = {
    "quantity_not_positive": (
        "Количество {value} недопустимо: укажите число больше нуля.",
        "Quantity {value} is not allowed: give a number above zero.",
    ),
    "quantity_precision": (
        "В количестве {value} больше {places} знаков после запятой: округлите его.",
        "Quantity {value} has more than {places} decimal places: round it.",
    ),
    "quantity_too_long": (
        "Количество {value} длиннее {digits} цифр: разделите позицию на несколько или округлите.",
        "Quantity {value} has more than {digits} digits: split the item or round it.",
    ),
    "price_negative": (
        "Цена отрицательна: возврат оформляется видом чека, скидка уменьшает цену.",
        "The price is negative: a return is a kind of receipt, a discount lowers the price.",
    ),
    "price_too_large": (
        "Цена {value} руб. больше предела {limit} руб.: разделите позицию.",
        "Price {value} roubles is above the limit of {limit}: split the item.",
    ),
    "sum_negative": (
        "Сумма отрицательна: суммы в чеке не бывают меньше нуля, возврат оформляется видом чека.",
        "The sum is negative: sums are never below zero, a return is a kind of receipt.",
    ),
    "sum_too_large": (
        "Сумма {value} руб. больше предела {limit} руб.: разделите чек.",
        "Sum {value} roubles is above the limit of {limit}: split the receipt.",
    ),
    "item_sum_mismatch": (
        (
            "Сумма позиции {value} руб. не равна цене на количество ({expected} руб.) с допуском 1 копейка:"
            " исправьте цену, количество или сумму."
        ),
        (
            "Item sum {value} is not price times quantity ({expected}) within 1 kopeck:"
            " correct the price, the quantity or the sum."
        ),
    ),
    "vat_sum_mismatch": (
        (
            "НДС позиции {value} руб. не равен расчётному {expected} руб. по ставке {rate} с допуском 1 копейка:"
            " исправьте его или не передавайте."
        ),
        (
            "Item VAT {value} is not the computed {expected} at rate {rate} within 1 kopeck:"
            " correct it or leave it out."
        ),
    ),
    "vat_sum_negative": (
        "НДС позиции отрицателен: исправьте его или не передавайте.",
        "Item VAT is negative: correct it or leave it out.",
    ),
    "excise_range": (
        "Акциз должен быть от 0 до {limit} руб.: исправьте его.",
        "Excise must be between 0 and {limit} roubles: correct it.",
    ),
    "total_above_items": (
        "Итог {value} руб. больше суммы позиций {items} руб.: итог не может быть выше неё.",
        "Total {value} is above the sum of the items {items}: it may never be.",
    ),
    "total_below_items": (
        (
            "Итог {value} руб. меньше суммы позиций {items} руб. на рубль или больше:"
            " скидку распределите по ценам позиций."
        ),
        (
            "Total {value} is below the sum of the items {items} by a rouble or more:"
            " spread the discount over the item prices."
        ),
    ),
    "payments_total_mismatch": (
        (
            "Оплаты составляют {value} руб., а итог чека {total} руб.: они должны совпадать"
            " (наличные - за вычетом сдачи)."
        ),
        "Payments add up to {value} but the total is {total}: they must be equal (cash is net of change).",
    ),
    "payments_empty": (
        "Не указана ни одна оплата: добавьте форму оплаты и сумму.",
        "There is no payment: add a form and a sum.",
    ),
}

_ITEMS: Final = {
    "items_empty": (
        "В чеке нет ни одной позиции: добавьте хотя бы одну.",
        "The receipt has no items: add at least one.",
    ),
    "document_too_large": (
        (
            "Чек займёт около {value} байт, а фискальный накопитель принимает {limit}:"
            " разделите его на несколько чеков."
        ),
        "The receipt would take about {value} bytes, a fiscal drive takes {limit}: split it into several.",
    ),
    "name_empty": (
        "Нет наименования предмета расчёта: укажите, за что получены деньги.",
        "The item has no name: say what the money is for.",
    ),
    "text_empty": (
        "Поле пусто: заполните его или не передавайте.",
        "The field is blank: fill it in or leave it out.",
    ),
    "text_too_long": (
        "Текст занимает больше {limit} байт в CP866 (тег {tag}): сократите его.",
        "The text takes more than {limit} bytes in CP866 (tag {tag}): shorten it.",
    ),
    "vat_rate_unknown_on_date": (
        "Ставки НДС {rate} на {day} не было: выберите ставку, действовавшую в день расчёта.",
        "VAT rate {rate} did not exist on {day}: choose one that was in force on the day of the settlement.",
    ),
    "unit_unknown": (
        "Меры количества {value} нет в перечне тега 2108: выберите код из перечня, 0 - штука, 255 - иное.",
        "Unit {value} is not in the list of tag 2108: choose one that is, 0 is a piece, 255 is other.",
    ),
    "country_form": (
        "Код страны должен состоять из трёх цифр по ОКСМ, например 643.",
        "The country code must be three digits, for example 643.",
    ),
    "nomenclature_form": (
        "Код товарной номенклатуры должен быть шестнадцатеричной строкой до {limit} байт.",
        "The nomenclature code must be a hexadecimal string of at most {limit} bytes.",
    ),
    "product_code_form": (
        "Код товара вида {kind} должен {rule}.",
        "A product code of kind {kind} must {rule_en}.",
    ),
    "product_codes_many": (
        "У позиции может быть только один код товара (тег 1163): оставьте один.",
        "An item takes one product code only (tag 1163): keep one.",
    ),
    "industry_form": (
        "Отраслевой реквизит заполнен неверно: ФОИВ - три цифры, дата - ДД.ММ.ГГГГ, номер и значение не пусты.",
        "The industry detail is malformed: authority is three digits, date is DD.MM.YYYY, number and value not blank.",
    ),
    "supplier_inn_missing": (
        "Указан агент, но нет ИНН поставщика: добавьте supplier.inn (иностранному поставщику - двенадцать нулей).",
        "There is an agent but no supplier INN: add supplier.inn (twelve zeros for a foreign supplier).",
    ),
    "credit_payment_items": (
        "При оплате кредита в чеке должна быть ровно одна позиция: оформите каждую отдельным чеком.",
        "A credit payment takes exactly one item: make a receipt for each.",
    ),
    "credit_paid_at_once": (
        "Все позиции переданы в кредит без оплаты, значит вся сумма должна быть формой оплаты credit.",
        "All items are handed over on credit, unpaid: the whole sum must be of payment form credit.",
    ),
    "credit_without_method": (
        (
            "Есть оплата в кредит, но ни одна позиция не передаётся в кредит:"
            " укажите способ расчёта credit или partial_payment."
        ),
        "There is a credit payment but no item on credit: set the method credit or partial_payment.",
    ),
}

_MARKS: Final = {
    "mark_code_missing": (
        "Маркированному товару нужен код маркировки: передайте mark_code или product_codes.",
        "A marked product needs its code: give mark_code or product_codes.",
    ),
    "mark_code_form": (
        "Код маркировки пуст или длиннее {limit} байт, или содержит буквы не латиницы: передайте его как считал сканер.",
        "The marking code is blank, over {limit} bytes or not ASCII: give it as the scanner read it.",
    ),
    "mark_check_range": (
        "Результат проверки маркировки должен быть числом от 0 до 31 (биты тега 2106).",
        "The result of the marking check must be from 0 to 31 (the bits of tag 2106).",
    ),
    "mark_in_purchase": (
        "Маркированный товар не принимается в чеке расхода: оформите его другим видом чека.",
        "A purchase receipt takes no marked product: use another kind of receipt.",
    ),
    "mark_quantity": (
        "Код маркировки относится к одной штуке: количество должно быть 1 (часть упаковки задаётся полем fraction).",
        "A marking code is one piece: the quantity must be 1 (give a part of a pack as fraction).",
    ),
    "fraction_form": (
        "Дробь должна быть правильной: числитель от 1, знаменатель больше числителя.",
        "The fraction must be proper: numerator from 1, denominator above it.",
    ),
    "fraction_without_mark": (
        "Дробное количество бывает только у маркированного товара поштучно: уберите fraction или укажите маркировку.",
        "A fraction is for marked pieces only: drop it or give the mark.",
    ),
    "ffd_too_old": (
        "Маркировка и отраслевые реквизиты есть только в ФФД 1.2, а касса работает по {ffd}: выберите другую кассу.",
        "Marks and industry details exist in FFD 1.2 only, this register speaks {ffd}: choose another register.",
    ),
}

_PARTIES: Final = {
    "inn_checksum": (
        "ИНН {value} неверен: в нём 10 или 12 цифр, и контрольные цифры должны сойтись; проверьте опечатку.",
        "INN {value} is wrong: it has 10 or 12 digits and its check digits must agree; look for a typo.",
    ),
    "contact_missing": (
        "Для расчёта в интернете нужен телефон или адрес почты покупателя: чек отправляется туда.",
        "An internet settlement needs the buyer's phone or e-mail: the receipt is sent there.",
    ),
    "contact_form": (
        "Контакт покупателя должен быть телефоном вида +79990000000 (10-15 цифр) или адресом почты, до 64 символов.",
        "The buyer's contact must be a phone like +79990000000 (10-15 digits) or an e-mail, at most 64 characters.",
    ),
    "email_form": (
        "Адрес отправителя чека должен быть адресом почты вида shop@example.ru, до 64 символов.",
        "The sender's address must be an e-mail like shop@example.ru, at most 64 characters.",
    ),
    "phone_form": (
        "Телефон должен иметь вид +79990000000 (10-15 цифр).",
        "The phone must look like +79990000000 (10-15 digits).",
    ),
}

_LAW: Final = {
    "taxation_abolished": (
        "ЕНВД отменён с 01.01.2021: укажите действующую систему налогообложения.",
        "ENVD was abolished on 2021-01-01: give a taxation system in force.",
    ),
    "correction_date_form": (
        "Дата корректируемого расчёта должна иметь вид ГГГГ-ММ-ДД.",
        "The date of the corrected settlement must be YYYY-MM-DD.",
    ),
    "correction_date_future": (
        "Дата корректируемого расчёта {value} позже сегодняшней {day}: укажите день, когда был расчёт.",
        "The corrected settlement's date {value} is after today, {day}: give the day it took place.",
    ),
    "correction_number_missing": (
        "Для коррекции по предписанию нужен номер предписания: заполните number.",
        "A correction by instruction needs the number of the order: fill in number.",
    ),
    "correction_kind": (
        (
            "В ФФД 1.05 чек коррекции бывает только приходом или расходом:"
            " оформите обычный чек возврата и верный чек или выберите кассу с ФФД 1.2."
        ),
        (
            "FFD 1.05 corrects sale and purchase only:"
            " make an ordinary return and the right receipt, or use an FFD 1.2 register."
        ),
    ),
}

TEXTS: Final[dict[str, tuple[str, str]]] = {**_NUMBERS, **_ITEMS, **_MARKS, **_PARTIES, **_LAW}
