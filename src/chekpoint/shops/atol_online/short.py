"""The short correction of FFD 1.05: no lines, only totals of VAT. An FFD 1.2 register needs lines, so they are made.

One line for each rate. A total of VAT tells the turnover only to some kopecks; the lines must add up to the
payments, and each line's VAT must stay within a kopeck of the total that was given, or the correction is refused.
"""

from decimal import Decimal
from typing import Final, NamedTuple

from chekpoint.fiscal.money import round_half_up
from chekpoint.fiscal.receipt import Item, SettlementMethod
from chekpoint.fiscal.vat import VatRate, vat_of
from chekpoint.hub.form import Part
from chekpoint.shops.atol_online import words

NAME: Final = "Коррекция"
TOTALS_MOST: Final = 12  # one of each rate


class Total(NamedTuple):
    """What a request says of one rate; kopecks."""

    rate: VatRate
    sum: int | None


def totals_of(whole: Part, *, required: bool) -> tuple[Total, ...]:
    """``vats`` of a receipt or a correction."""
    made = []
    for part in whole.parts("vats", TOTALS_MOST, required=required):
        word, given = part.word("type", words.RATES, required=True), part.money("sum")
        if word is not None:
            made.append(Total(words.RATES[word], given))
    return tuple(made)


def items_of_totals(totals: tuple[Total, ...], paid: int) -> tuple[Item, ...] | None:
    """The lines; None when turnover and VAT contradict each other."""
    if len(totals) == 1:
        return (_item(totals[0], paid),)
    turnovers = [_turnover(total) for total in totals]
    rest = paid - sum(turnovers)
    taxed = [place for place, total in enumerate(totals) if total.rate.percent]
    if rest and taxed:  # kopecks that rounding lost
        turnovers[taxed[-1]] += rest
    if sum(turnovers) != paid or not all(map(_agree, totals, turnovers)):
        return None
    return tuple(map(_item, totals, turnovers))


def _turnover(total: Total) -> int:
    percent, given = total.rate.percent, total.sum or 0
    return round_half_up(Decimal(given * (100 + percent)) / percent) if percent else given


def _agree(total: Total, turnover: int) -> bool:
    if turnover <= 0:
        return False
    return not total.rate.percent or abs(vat_of(total.rate, turnover) - (total.sum or 0)) <= 1


def _item(total: Total, turnover: int) -> Item:
    return Item(
        name=NAME, price=turnover, quantity=Decimal(1), sum=turnover, vat=total.rate,
        vat_sum=total.sum if total.rate.percent else None, method=SettlementMethod.FULL_PAYMENT,
    )  # fmt: skip
