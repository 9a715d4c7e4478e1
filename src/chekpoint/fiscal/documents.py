"""Receipts and reports as fiscal documents, and back.

A document is one ``tlv.Node`` whose tag is the document code: 3 and 31 are made here, the reports in
``documents_reports``, reading is in ``documents_read``; all names are offered here. Strings are substituted to CP866.
A value that does not fit its tag is found out by ``tlv.encode`` (TlvError); the law is checked by ``rules`` before.
"""

from datetime import datetime

from chekpoint.fiscal.documents_item import agent_nodes, industry_nodes, item_node, text_node
from chekpoint.fiscal.documents_read import ffd_of, read_receipt, read_stamp
from chekpoint.fiscal.documents_reports import (
    DriveWarnings,
    Registration,
    Unsent,
    registration_document,
    shift_close_document,
    shift_open_document,
    state_document,
)
from chekpoint.fiscal.ffd import Ffd
from chekpoint.fiscal.moments import to_unix
from chekpoint.fiscal.receipt import Buyer, Correction, CorrectionBy, PaymentForm, Receipt
from chekpoint.fiscal.stamp import Stamp, sign_number, sign_octets
from chekpoint.fiscal.text866 import substitute
from chekpoint.fiscal.tlv import Node, TlvError
from chekpoint.fiscal.vat_totals import VatSumming, vat_nodes, vat_totals

__all__ = [
    "DriveWarnings",
    "Ffd",
    "Registration",
    "Stamp",
    "Unsent",
    "VatSumming",
    "ffd_of",
    "read_receipt",
    "read_stamp",
    "receipt_document",
    "registration_document",
    "shift_close_document",
    "shift_open_document",
    "sign_number",
    "sign_octets",
    "signed",
    "state_document",
]

RECEIPT = 3
CORRECTION_RECEIPT = 31


def receipt_document(
    receipt: Receipt, stamp: Stamp, ffd: Ffd, *, vat_summing: VatSumming = VatSumming.ITEMS
) -> Node:
    """Document 3, or 31 for a correction. In FFD 1.05 a correction has the short form: no items.

    Payments of one form are added up. ``paper`` leaves no trace; ``seller_inn`` is the stamp's; the scanned marking
    code becomes 1163 or 1162; a receipt's agent goes to the items in FFD 1.2.
    """
    short = receipt.correction is not None and not _lists_corrected_items(ffd)
    nodes = [Node(1209, ffd.code)] if ffd is Ffd.V1_2 else []
    nodes += _stamp_nodes(stamp)
    nodes.append(Node(1054, receipt.kind.code))
    nodes += _correction_nodes(receipt.correction, ffd) if receipt.correction is not None else []
    nodes.append(Node(1020, receipt.amount))
    nodes += _people_nodes(receipt, stamp, ffd)
    nodes += [] if short else [item_node(item, ffd, receipt.agent) for item in receipt.items]
    nodes.append(Node(1055, receipt.taxation.bit))
    nodes += [Node(form.tag, receipt.paid(form)) for form in PaymentForm]
    nodes += vat_nodes(vat_totals(receipt.items, vat_summing))
    nodes += _extra_nodes(receipt, stamp, ffd)
    nodes += [Node(1209, ffd.code)] if ffd is not Ffd.V1_2 else []
    return Node(CORRECTION_RECEIPT if receipt.correction is not None else RECEIPT, tuple(nodes))


def signed(document: Node, fiscal_sign: int) -> Node:
    """The same document with another 1077: a drive signs what it was given with sign 0."""
    octets = sign_octets(fiscal_sign)
    nodes = tuple(Node(1077, octets) if node.tag == 1077 else node for node in document)
    return Node(document.tag, nodes)


def _lists_corrected_items(ffd: Ffd) -> bool:
    """FFD 1.1 and 1.2 list the items of a correction; 1.05 does not."""
    return ffd.code >= Ffd.V1_1.code


def _stamp_nodes(stamp: Stamp) -> list[Node]:
    """In the order in which live registers write them."""
    return [
        Node(1041, stamp.fn),
        Node(1037, stamp.registration_number),
        Node(1018, stamp.seller_inn),
        Node(1040, stamp.fd_number),
        Node(1012, to_unix(stamp.made_at)),
        Node(1077, sign_octets(stamp.fiscal_sign)),
        Node(1038, stamp.shift_number),
        Node(1042, stamp.receipt_number),
    ]


def _correction_nodes(correction: Correction, ffd: Ffd) -> list[Node]:
    by = 1 if correction.by is CorrectionBy.INSTRUCTION else 0
    base = [] if _lists_corrected_items(ffd) else text_node(1177, correction.name)
    base.append(Node(1178, _midnight(correction.date)))
    base += text_node(1179, correction.number)
    return [Node(1173, by), Node(1174, tuple(base))]


def _midnight(date: str) -> int:
    try:
        return to_unix(datetime.strptime(date, "%Y-%m-%d"))  # noqa: DTZ007  the format keeps no zone
    except ValueError as error:
        raise TlvError(
            "1178 must be YYYY-MM-DD", f"тег 1178: дата {date!r}, нужна ГГГГ-ММ-ДД", tag=1178
        ) from error


def _people_nodes(receipt: Receipt, stamp: Stamp, ffd: Ffd) -> list[Node]:
    nodes = text_node(1048, stamp.seller_name)
    nodes += text_node(1009, receipt.address or stamp.address)
    nodes += text_node(1187, receipt.place or stamp.place)
    if receipt.cashier is not None:
        nodes += text_node(1021, receipt.cashier.name) + text_node(1203, receipt.cashier.inn)
    nodes += text_node(1036, receipt.machine_number or stamp.machine_number)
    nodes += text_node(1008, receipt.buyer.contact) + _buyer_nodes(receipt.buyer, ffd)
    nodes += text_node(1117, receipt.seller_email or stamp.seller_email)
    nodes += [Node(1125, 1)] if receipt.internet else []
    return nodes + ([Node(1108, 1)] if stamp.internet_register else [])


def _buyer_nodes(buyer: Buyer, ffd: Ffd) -> list[Node]:
    """The buyer's name and INN have a group of their own in FFD 1.2."""
    nodes = text_node(1227, buyer.name) + text_node(1228, buyer.inn)
    return [Node(1256, tuple(nodes))] if nodes and ffd is Ffd.V1_2 else nodes


def _extra_nodes(receipt: Receipt, stamp: Stamp, ffd: Ffd) -> list[Node]:
    nodes: list[Node] = []
    if receipt.agent is not None and ffd is not Ffd.V1_2:
        nodes += [Node(1057, receipt.agent.sign.bit), *agent_nodes(receipt.agent)]
    if receipt.user_property is not None:
        parts = (receipt.user_property.name, receipt.user_property.value)
        nodes.append(Node(1084, (Node(1085, substitute(parts[0])), Node(1086, substitute(parts[1])))))
    nodes += text_node(1192, receipt.note)
    nodes += industry_nodes(1261, receipt.industry) if ffd is Ffd.V1_2 else []
    nodes += text_node(1060, stamp.fns_site)
    return nodes + ([Node(2107, stamp.mark_result)] if stamp.mark_result is not None else [])
