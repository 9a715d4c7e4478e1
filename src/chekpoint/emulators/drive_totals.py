"""Counters of a fiscal drive: per shift (1194) and over its life (1157)."""

import msgspec

from chekpoint.fiscal.receipt import Kind, PaymentForm, Receipt
from chekpoint.fiscal.vat import total_value


class KindTotals(msgspec.Struct, frozen=True, kw_only=True):
    """Receipts of one kind (1129..1132): their number and sums, kopecks. ``vat`` is by rate name."""

    count: int = 0
    total: int = 0
    cash: int = 0
    electronic: int = 0
    prepaid: int = 0
    credit: int = 0
    other: int = 0
    vat: dict[str, int] = {}

    def plus(self, receipt: Receipt) -> "KindTotals":
        """These totals with one more receipt."""
        forms = {form.value: getattr(self, form.value) + receipt.paid(form) for form in PaymentForm}
        return KindTotals(
            count=self.count + 1, total=self.total + receipt.amount, vat=_vat_plus(self.vat, receipt), **forms
        )


def _vat_plus(before: dict[str, int], receipt: Receipt) -> dict[str, int]:
    after = dict(before)
    for item in receipt.items:
        value = item.vat_sum if item.vat_sum is not None else total_value(item.vat, item.sum)
        after[item.vat.value] = after.get(item.vat.value, 0) + value
    return after


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """All counters over a shift or a drive's life. ``documents`` counts every fiscal document (1111)."""

    documents: int = 0
    receipts: int = 0
    corrections: int = 0
    correction_total: int = 0
    kinds: dict[str, KindTotals] = {}
    correction_kinds: dict[str, KindTotals] = {}

    def of(self, kind: Kind) -> KindTotals:
        """Totals of ordinary receipts of one kind."""
        return self.kinds.get(kind.value, KindTotals())

    def corrections_of(self, kind: Kind) -> KindTotals:
        """Totals of correction receipts of one kind."""
        return self.correction_kinds.get(kind.value, KindTotals())

    def plus(self, receipt: Receipt | None) -> "Totals":
        """These totals with one more document; ``None`` is a report."""
        if receipt is None:
            return msgspec.structs.replace(self, documents=self.documents + 1)
        grown = {"documents": self.documents + 1, "receipts": self.receipts + 1}
        if receipt.correction is not None:
            kinds = self.correction_kinds | {receipt.kind.value: self.corrections_of(receipt.kind).plus(receipt)}
            return msgspec.structs.replace(
                self,
                **grown,
                corrections=self.corrections + 1,
                correction_total=self.correction_total + receipt.amount,
                correction_kinds=kinds,
            )
        kinds = self.kinds | {receipt.kind.value: self.of(receipt.kind).plus(receipt)}
        return msgspec.structs.replace(self, **grown, kinds=kinds)
