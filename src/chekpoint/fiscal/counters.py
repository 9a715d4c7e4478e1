"""Counters of a shift (1194), of the drive (1157) and of the unsent documents (1158).

1129-1132 hold the four kinds of settlement, 1133 the corrections. Where the VAT of codes 7-12 goes is not settled in
the sources at hand: it is written as 1115{1119} inside each kind, as in a receipt.
"""

from typing import Final

import msgspec

from chekpoint.fiscal.receipt import Kind, PaymentForm, Receipt
from chekpoint.fiscal.tlv import Node
from chekpoint.fiscal.vat import VatRate
from chekpoint.fiscal.vat_totals import VatSumming, grouped, vat_totals

SHIFT: Final = 1194
DRIVE: Final = 1157
UNSENT: Final = 1158

_KIND_TAGS: Final = dict(zip(Kind, (1129, 1130, 1131, 1132), strict=True))
_CORRECTION_TAGS: Final = dict(zip(Kind, (1145, 1232, 1146, 1233), strict=True))
_FORM_TAGS: Final = dict(zip(PaymentForm, (1136, 1138, 1218, 1219, 1220), strict=True))
_RATE_TAGS: Final = {
    VatRate.VAT20: 1139,
    VatRate.VAT10: 1140,
    VatRate.VAT120: 1141,
    VatRate.VAT110: 1142,
    VatRate.VAT0: 1143,
    VatRate.NONE: 1183,
}


class Turnover(msgspec.Struct, frozen=True, kw_only=True):
    """Receipts of one kind: how many, and sums in kopecks by form of payment and by rate of VAT."""

    count: int = 0
    total: int = 0
    forms: dict[PaymentForm, int] = {}
    vat: dict[VatRate, int] = {}

    def plus(self, receipt: Receipt, summing: VatSumming) -> "Turnover":
        """One more receipt."""
        totals = vat_totals(receipt.items, summing)
        return Turnover(
            count=self.count + 1,
            total=self.total + receipt.amount,
            forms={form: self.forms.get(form, 0) + receipt.paid(form) for form in PaymentForm},
            vat={rate: self.vat.get(rate, 0) + totals.get(rate, 0) for rate in VatRate},
        )

    def nodes(self) -> tuple[Node, ...]:
        """What 1129-1132 hold."""
        nodes = [Node(1135, self.count), Node(1201, self.total)]
        nodes += [Node(tag, self.forms.get(form, 0)) for form, tag in _FORM_TAGS.items()]
        nodes += [Node(tag, self.vat.get(rate, 0)) for rate, tag in _RATE_TAGS.items()]
        return (*nodes, *grouped({rate: total for rate, total in self.vat.items() if total}))


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    """Everything registered since some moment, receipts and corrections apart."""

    receipts: dict[Kind, Turnover] = {}
    corrections: dict[Kind, Turnover] = {}

    @property
    def count(self) -> int:
        """Receipts and corrections together: tag 1118."""
        turnovers = (*self.receipts.values(), *self.corrections.values())
        return sum(turnover.count for turnover in turnovers)

    def plus(self, receipt: Receipt, summing: VatSumming = VatSumming.ITEMS) -> "Counters":
        """One more receipt or correction."""
        into = self.corrections if receipt.correction is not None else self.receipts
        grown = {**into, receipt.kind: into.get(receipt.kind, Turnover()).plus(receipt, summing)}
        if receipt.correction is not None:
            return Counters(receipts=self.receipts, corrections=grown)
        return Counters(receipts=grown, corrections=self.corrections)

    def node(self, tag: int) -> Node:
        """The counters as tag 1194, 1157 or 1158. Kinds that have not occurred are left out."""
        nodes = [Node(1134, sum(turnover.count for turnover in self.receipts.values()))]
        for kind, group in _KIND_TAGS.items():
            if kind in self.receipts:
                nodes.append(Node(group, self.receipts[kind].nodes()))
        if self.corrections:
            nodes.append(Node(1133, self._correction_nodes()))
        return Node(tag, tuple(nodes))

    def _correction_nodes(self) -> tuple[Node, ...]:
        nodes = [Node(1144, sum(turnover.count for turnover in self.corrections.values()))]
        for kind, group in _CORRECTION_TAGS.items():
            if kind in self.corrections:
                turnover = self.corrections[kind]
                nodes.append(Node(group, (Node(1135, turnover.count), Node(1201, turnover.total))))
        return tuple(nodes)
