"""A receipt while it is entered: operations, tags and marking codes, until FF45 or FF4A closes it.

It is kept as the tags of the document that it will become, so that what a host sends as TLV needs no second model.
"""

from decimal import Decimal
from typing import Final

import msgspec

from chekpoint.emulators.shtrih_wire.codes import Code, Refused
from chekpoint.fiscal import tlv
from chekpoint.fiscal.documents_read import read_item, read_receipt
from chekpoint.fiscal.money import cost
from chekpoint.fiscal.receipt import Cashier, Item, Kind, Payment, PaymentForm, Receipt
from chekpoint.fiscal.stamp import sign_octets
from chekpoint.fiscal.tags import TAGS
from chekpoint.fiscal.tlv import Node, TlvError

KINDS_8D: Final = (Kind.SALE, Kind.PURCHASE, Kind.SALE_RETURN, Kind.PURCHASE_RETURN)
"""Types of 8Dh, also the high nibble of mode 8; FF46 numbers them as tag 1054 does: 2 and 3 are exchanged."""

_AGENT_DETAILS: Final = frozenset({1044, 1073, 1074, 1075, 1026, 1005, 1016})
_SUPPLIER_DETAILS: Final = frozenset({1225, 1171})
_CORRECTION_BASE: Final = frozenset({1177, 1178, 1179})
_STAMP: Final = (
    Node(1041, ""), Node(1040, 0), Node(1012, 0), Node(1037, ""), Node(1018, ""), Node(1077, sign_octets(0)),
)  # fmt: skip
_NOT_FROM_HOST: Final = frozenset({1020, 1054, 1055, 1059, *(form.tag for form in PaymentForm)})


class Operation(msgspec.Struct, kw_only=True):
    """One FF46 with what FF4D and FF67 added to it."""

    base: tuple[Node, ...]
    tags: list[Node]
    mark: str | None = None
    mark_check: int | None = None

    def item(self) -> Item:
        """The item; raises TlvError when a tag has a value that the law does not know."""
        given = {node.tag for node in self.tags}
        nodes = [node for node in self.base if node.tag not in given]
        nodes += grouped(grouped(self.tags, 1223, _AGENT_DETAILS), 1224, _SUPPLIER_DETAILS)
        item = read_item(Node(1059, tuple(nodes)))
        return msgspec.structs.replace(
            item, mark_code=self.mark, mark_check=item.mark_check if self.mark is None else self.mark_check
        )

    @property
    def sum(self) -> int:
        """Tag 1043, kopecks."""
        return next(node.value for node in self.base if node.tag == 1043 and isinstance(node.value, int))


class Entry(msgspec.Struct, kw_only=True):
    """What is entered so far. ``short`` is a correction of FFD 1.05 (FF35), which has no operations."""

    kind: Kind
    operator: int
    correction: bool = False
    short: bool = False
    operations: list[Operation] = []
    ahead: list[Node] = []  # FF4D before its FF46
    marks_ahead: list[tuple[str, int]] = []  # FF67 before its FF46
    tags: list[Node] = []

    @property
    def items_sum(self) -> int:
        """The total of the operations, kopecks."""
        return sum(operation.sum for operation in self.operations)

    def add(self, base: tuple[Node, ...]) -> None:
        """FF46: what came ahead of it is its own."""
        operation = Operation(base=base, tags=self.ahead)
        if self.marks_ahead:
            operation.mark, operation.mark_check = self.marks_ahead.pop(0)
        self.operations.append(operation)
        self.ahead = []

    def receipt(
        self, *, taxation: int, payments: tuple[Payment, ...], total: int, tags: tuple[Node, ...] = ()
    ) -> Receipt:
        """The whole receipt; ``tags`` are the device's own, for those the host has not given. Raises Refused 33h."""
        given = {node.tag for node in self.tags}
        nodes = [Node(1054, self.kind.code), Node(1055, taxation), Node(1020, total)]
        nodes += self._correction_tags() if self.correction else self.tags
        nodes += [node for node in tags if node.tag not in given]
        code = 31 if self.correction else 3
        try:
            receipt, _ = read_receipt(Node(code, (*_STAMP, *nodes)))
            items = tuple(operation.item() for operation in self.operations)
        except TlvError as error:
            raise Refused(Code.PARAMETER) from error
        whole = msgspec.structs.replace(receipt, items=items, payments=payments)
        same = bool(items) and total == self.items_sum
        return msgspec.structs.replace(whole, total=None) if same else whole

    def _correction_tags(self) -> list[Node]:
        if not any(node.tag in {1174, 1178} for node in self.tags):
            raise Refused(Code.FN_VALUE)
        return grouped(self.tags, 1174, _CORRECTION_BASE)


def grouped(nodes: list[Node], group: int, members: frozenset[int]) -> list[Node]:
    """The same nodes with loose members put into their group, unless the group was given whole."""
    loose = tuple(node for node in nodes if node.tag in members)
    if not loose or any(node.tag == group for node in nodes):
        return nodes
    return [*(node for node in nodes if node.tag not in members), Node(group, loose)]


def host_tags(octets: bytes, rejected: tuple[int, ...]) -> list[Node]:
    """The TLV of FF0C and FF4D. Raises Refused: 09 for what is no TLV, 33 for a tag that no host may give."""
    try:
        nodes = tlv.decode_many(octets, strict=False)
    except TlvError as error:
        raise Refused(Code.FN_VALUE) from error
    if not nodes or any(
        node.tag not in TAGS or node.tag in rejected or node.tag in _NOT_FROM_HOST for node in nodes
    ):
        raise Refused(Code.PARAMETER)
    return list(nodes)


def operation_nodes(
    *,
    name: str,
    quantity: int,
    price: int,
    total: int | None,
    rate: int,
    vat_sum: int | None,
    method: int,
    subject: int,
) -> tuple[Node, ...]:
    """FF46 as the tags of an item. ``quantity`` is in millionths; ``rate`` is tag 1199; Refused 33h when sums differ."""
    amount = Decimal(quantity).scaleb(-6).normalize()
    right = cost(price, amount)
    if total is not None and abs(total - right) > 1:
        raise Refused(Code.PARAMETER)
    nodes = [
        Node(1030, name),
        Node(1079, price),
        Node(1023, amount),
        Node(1043, right if total is None else total),
    ]
    nodes.append(Node(1199, rate))
    nodes += [Node(1200, vat_sum)] if vat_sum is not None else []
    nodes += [Node(1214, method)] if method else []
    nodes += [Node(1212, subject)] if subject else []
    return tuple(nodes)


def settled(sums: tuple[int, ...], total: int) -> tuple[tuple[Payment, ...], int]:
    """The payments of FF45 (cash, 12 electronic, prepaid, credit, other) and the change, kopecks.

    Raises Refused: 45 too little, 4D more than the total without cash.
    """
    by_form = (sums[0], sum(sums[1:13]), *sums[13:16])
    change = sum(by_form) - total
    if change < 0:
        raise Refused(Code.NOT_ENOUGH_PAID)
    if change > by_form[0]:
        raise Refused(Code.NON_CASH_OVER_TOTAL)
    kept = (by_form[0] - change, *by_form[1:])
    return (
        tuple(Payment(form=form, sum=paid) for form, paid in zip(PaymentForm, kept, strict=True) if paid),
        change,
    )


def cashier_of(nodes: list[Node], name: str, inn: str) -> Cashier | None:
    """Tags 1021 and 1203 of a shift report, else the operator's own name and INN from table 2."""
    group = Node(0, tuple(nodes))
    said = group.get(1021)
    who = said if isinstance(said, str) and said else name
    number = group.get(1203)
    return Cashier(name=who, inn=(number if isinstance(number, str) else inn) or None) if who else None
