"""The pages of the storefront. Each says on its face that it is a test double."""

from html import escape
from typing import Final, NamedTuple

BANNER: Final = "ТЕСТОВЫЙ ДВОЙНИК / TEST DOUBLE: магазина нет, денег никто не берёт"


class Ware(NamedTuple):
    """Something on sale; ``price`` is kopecks."""

    key: str
    name: str
    price: int


WARES: Final = (
    Ware("tea", "Чай «Иван-да-Марья», 250 г", 45_000),
    Ware("book", "Книга «Мастер и Маргарита»", 89_900),
)


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="ru"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title></head><body>"
        f'<p style="background:#ffd;border:2px solid #a60;padding:.5rem"><strong>{BANNER}</strong></p>'
        f"<h1>{escape(title)}</h1>{body}</body></html>"
    )


def _roubles(kopecks: int) -> str:
    return f"{kopecks // 100},{kopecks % 100:02d} ₽"


def catalogue(*, blank: bool, dead_button: bool) -> str:
    """What is on sale, each with its button."""
    if blank:
        return '<!doctype html><html lang="ru"><head><title></title></head><body></body></html>'
    kind = "button" if dead_button else "submit"
    rows = "".join(
        f'<li id="{ware.key}">{escape(ware.name)} — {_roubles(ware.price)}'
        f'<form method="post" action="/basket"><input type="hidden" name="ware" value="{ware.key}">'
        f'<button type="{kind}">В корзину</button></form></li>'
        for ware in WARES
    )
    return _page("Каталог", f'<ul>{rows}</ul><p><a href="/basket">Корзина</a></p>')


def basket(keys: list[str]) -> str:
    """What the buyer has put in."""
    wares = {ware.key: ware for ware in WARES}
    chosen = [wares[key] for key in keys if key in wares]
    if not chosen:
        return _page("Корзина", '<p>Корзина пуста</p><p><a href="/">К каталогу</a></p>')
    rows = "".join(f"<li>{escape(ware.name)} — {_roubles(ware.price)}</li>" for ware in chosen)
    total = _roubles(sum(ware.price for ware in chosen))
    return _page(
        "Корзина", f'<ul>{rows}</ul><p>Итого {total}</p><p><a href="/checkout">Оформить заказ</a></p>'
    )


def checkout(fault: str = "") -> str:
    """Who buys."""
    said = f'<p role="alert">{escape(fault)}</p>' if fault else ""
    return _page(
        "Оформление заказа",
        f'{said}<form method="post" action="/checkout"><p><label>Имя <input name="name"></label></p>'
        '<p><label>Почта <input name="email"></label></p><button>Перейти к оплате</button></form>',
    )


def payment(number: int, total: int) -> str:
    """The door of the payment page: a field for a card that takes nothing."""
    return _page(
        f"Оплата заказа {number}",
        f"<p>К оплате {_roubles(total)}</p><form><label>Номер карты "
        '<input name="card" autocomplete="cc-number"></label><button type="button">Оплатить</button></form>',
    )
