"""The words of this door's incidents."""

from chekpoint.store.incidents import Words

SILENT = "bitrix_site_silent"
DENIED = "bitrix_link_denied"
DELETED = "bitrix_order_deleted"
STUCK = "bitrix_queue_stuck"
REFUSED = "bitrix_check_refused"
CHANGED = "bitrix_check_changed"
NO_REGISTER = "bitrix_no_register"
NO_BUYER = "bitrix_buyer_unknown"
UNREADABLE = "bitrix_unreadable"
SETTINGS = "bitrix_settings"
REST_LOST = "bitrix_answer_lost"


def silent(shop: str, ru: str, en: str) -> Words:
    """The site has not answered for minutes."""
    return Words(
        "critical",
        f"Сайт «{shop}» не отвечает: {ru}. Новые чеки с него не поступают. Проверьте сайт и ссылку обмена.",
        f"Site “{shop}” does not answer: {en}. No new checks come from it. Check the site and the exchange link.",
    )


def denied(shop: str) -> Words:
    """HTTP 403."""
    return Words(
        "critical",
        f"Сайт «{shop}» не принял ссылку обмена (403). Создайте новую: «Магазин → Кассы ККМ → Подключить кассу», и задайте её здесь.",
        f"Site “{shop}” refused the exchange link (403). Make a new one on its page of cashboxes and set it here.",
    )


def deleted(shop: str, number: int, document: str | None) -> Words:
    """The issue's own words: the order was deleted after its check was created."""
    if document:
        return Words(
            "critical",
            f"Сайт «{shop}»: заказ удалён после создания чека {number}. Чек зарегистрирован ({document}), но сайт этого не узнает. "
            "Если деньги вернули, отмените его чеком возврата.",
            f"Site “{shop}”: order deleted after its check {number} was created. The receipt is registered ({document}) and "
            "the site will not learn of it: cancel by refund.",
        )
    return Words(
        "critical",
        f"Сайт «{shop}»: заказ удалён после создания чека {number}, чек пришёл пустым и не зарегистрирован. "
        "Если деньги получены, восстановите заказ или оформите чек вручную; если их вернули, чек не нужен.",
        f"Site “{shop}”: order deleted after its check {number} was created; it came empty and was not registered. "
        "If money was taken, restore the order or register a receipt by hand; if it was refunded, none is needed.",
    )


def stuck(shop: str, numbers: list[int]) -> Words:
    """Five checks of deleted orders fill every answer of the site."""
    listed = ", ".join(map(str, numbers))
    sql = f"UPDATE b_sale_cashbox_check SET STATUS='E' WHERE ID IN ({listed})"  # noqa: S608 - for a person to read
    return Words(
        "critical",
        f"Сайт «{shop}»: очередь чеков занята чеками удалённых заказов ({listed}), новые не выдаются. "
        f"Снимите их на сайте («Настройки → Инструменты → SQL-запрос»): {sql}.",
        f"Site “{shop}”: checks of deleted orders ({listed}) fill the queue and no new ones come. Take them out on the site: {sql}.",
    )


def refused(shop: str, number: int, ru: str, en: str) -> Words:
    """A check that no receipt can be made of."""
    return Words(
        "critical",
        f"Сайт «{shop}»: чек {number} не зарегистрирован. {ru} Исправьте причину и создайте чек на сайте заново.",
        f"Site “{shop}”: check {number} was not registered. {en} Mend the cause and make the check anew on the site.",
    )


def changed(shop: str, number: int) -> Words:
    """A check came again with other content."""
    return Words(
        "warning",
        f"Сайт «{shop}»: чек {number} пришёл повторно с другим содержанием (изменён заказ или правила). Действует первый; сверьте заказ с чеком.",
        f"Site “{shop}”: check {number} came again with other content (the order or the rules were changed). The first one holds; compare it.",
    )


def no_register(shop: str) -> Words:
    """Nothing to report to the site."""
    return Words(
        "critical",
        f"Сайт «{shop}»: ни одна касса продавца ещё не назвала свой заводской номер, сайту нечего сообщить. Проверьте кассы.",
        f"Site “{shop}”: no register of the seller has told its factory number yet, so the site has none. Check the registers.",
    )


def no_buyer(shop: str, number: int) -> Words:
    """The buyer left neither e-mail nor phone."""
    return Words(
        "warning",
        f"Сайт «{shop}»: в чеке {number} нет контакта покупателя, подставлена почта магазина. Сделайте e-mail или телефон обязательным на сайте.",
        f"Site “{shop}”: check {number} has no contact of the buyer, the shop's own e-mail stands there. Make e-mail or phone obligatory.",
    )


def rest_lost(shop: str, number: int) -> Words:
    """The site does not know the UUID that it was given."""
    return Words(
        "critical",
        f"Сайт «{shop}» не получил ответ на чек {number} и показывает ошибку, хотя чек зарегистрирован. "
        "Нажмите у этого чека «Повторить печать»: второго чека не будет, сайт получит данные первого.",
        f"Site “{shop}” did not get the answer to check {number} and shows an error, though the receipt is registered. "
        "Press “print again” there: there will be no second receipt, the site gets the first one's fields.",
    )


def unreadable(shop: str, count: int) -> Words:
    """Tasks without a readable id."""
    return Words(
        "warning",
        f"Сайт «{shop}» прислал заданий, которые не читаются: {count}. Пришлите их разработчику (sale/cashbox_log_level=3).",
        f"Site “{shop}” sent tasks that cannot be read: {count}. Show them to the developer (sale/cashbox_log_level=3).",
    )


def wrong_settings(shop: str, why: str) -> Words:
    """The settings do not read."""
    return Words(
        "critical",
        f"Настройки сайта «{shop}» не читаются: {why}. Задайте их заново: chekpoint bitrix connect.",
        f"The settings of site “{shop}” cannot be read: {why}. Set them anew: chekpoint bitrix connect.",
    )
