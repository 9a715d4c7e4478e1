"""Counters of a fiscal drive: per shift (1194) and over its life (1157)."""

from collections.abc import Iterable

import msgspec

from chekpoint.fiscal.counters import Counters
from chekpoint.fiscal.receipt import Receipt
from chekpoint.fiscal.vat_totals import VatSumming


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """``documents`` counts every fiscal document (1111), ``counters`` the receipts and their sums in kopecks."""

    documents: int = 0
    counters: Counters = Counters()

    def plus(self, receipt: Receipt | None, summing: VatSumming) -> "Totals":
        """These totals with one more document; ``None`` is a report."""
        counters = self.counters if receipt is None else self.counters.plus(receipt, summing)
        return Totals(documents=self.documents + 1, counters=counters)


def totals_of(receipts: Iterable[Receipt | None], summing: VatSumming) -> Totals:
    """Totals of a row of documents, such as the unsent ones (1158)."""
    totals = Totals()
    for receipt in receipts:
        totals = totals.plus(receipt, summing)
    return totals
