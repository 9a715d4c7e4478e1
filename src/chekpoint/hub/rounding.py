"""Items whose price x quantity is not their sum, and sums that miss the total by kopecks.

Shop systems compute with floats and discounts and round at the end. A register multiplies itself and
refuses what does not fit, so the item is split or its price is taken from the sum: the buyer pays what
the shop said, to the kopeck.
"""

from decimal import Decimal

import msgspec

from chekpoint.fiscal.money import cost, round_half_up
from chekpoint.fiscal.receipt import Item

_TOLERANCE = 1  # kopecks that the law's check of an item allows


def fit_items(items: tuple[Item, ...], total: int, most: int) -> tuple[Item, ...]:
    """Items that multiply out, adjusted to the total if that takes no more than ``most`` kopecks.

    What cannot be mended stays as it is: the rules of the law refuse it with their own words.
    """
    return tuple(part for item in _to_total(items, total, most) for part in fit_item(item))


def fit_item(item: Item) -> tuple[Item, ...]:
    """The item itself, the item with its price taken from the sum, or two items with the same sum."""
    quantity = item.quantity
    if not quantity.is_finite() or quantity <= 0 or abs(cost(item.price, quantity) - item.sum) <= _TOLERANCE:
        return (item,)
    price = round_half_up(item.sum / quantity)
    fitted = msgspec.structs.replace(item, price=price)
    if abs(cost(price, quantity) - item.sum) <= _TOLERANCE:
        return (fitted,)
    # A marked item is one piece with one code: it is never split.
    return _split(fitted) if quantity > 1 and item.mark_code is None else (item,)


def _split(item: Item) -> tuple[Item, ...]:
    """Quantity - 1 at the price, and one at the rest: what newer versions of shop systems do themselves."""
    rest = item.sum - cost(item.price, item.quantity - 1)
    if rest < 0:
        return (item,)
    main = msgspec.structs.replace(item, quantity=item.quantity - 1, sum=item.sum - rest)
    return main, msgspec.structs.replace(item, quantity=Decimal(1), price=rest, sum=rest)


def _to_total(items: tuple[Item, ...], total: int, most: int) -> tuple[Item, ...]:
    """Put a difference of kopecks on the largest item."""
    left = total - sum(item.sum for item in items)
    if not left or not items or abs(left) > min(most, len(items) + 1):
        return items
    place = max(range(len(items)), key=lambda n: items[n].sum)
    mended = items[place].sum + left
    if mended < 0:
        return items
    fitted = msgspec.structs.replace(items[place], sum=mended)
    return (*items[:place], fitted, *items[place + 1 :])
