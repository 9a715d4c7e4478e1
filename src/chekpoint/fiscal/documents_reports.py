"""Documents without a settlement: registration (1, 11), shift open (2) and close (5), state of settlements (21)."""

from datetime import datetime
from typing import Final

import msgspec

from chekpoint.fiscal.counters import DRIVE, SHIFT, UNSENT, Counters
from chekpoint.fiscal.documents_item import text_node
from chekpoint.fiscal.ffd import Ffd
from chekpoint.fiscal.moments import to_unix
from chekpoint.fiscal.receipt import Cashier
from chekpoint.fiscal.stamp import Stamp, sign_octets
from chekpoint.fiscal.tlv import Node


class DriveWarnings(msgspec.Struct, frozen=True, kw_only=True):
    """What a shift report says about the drive's health; a warning that is not raised is left out."""

    exhausted: bool = False  # 1050: keys end within 30 days
    replace_now: bool = False  # 1051: keys end within 3 days
    memory_full: bool = False  # 1052
    operator_overdue: bool = False  # 1053
    operator_message: int | None = None  # 1206


class Unsent(msgspec.Struct, frozen=True, kw_only=True):
    """The queue to the operator. ``first_at`` is naive local time, ``first_number`` an FD number; None when empty."""

    count: int = 0  # 1097
    first_at: datetime | None = None  # 1098
    first_number: int | None = None  # 1116
    counters: Counters = Counters()  # 1158


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """What a register was registered with. ``taxations`` is the mask of 1062; ``conditions`` the one of 1290."""

    taxations: int  # 1062
    kkt_number: str  # 1013
    kkt_version: str = "1.0"  # 1188
    operator_inn: str | None = None  # 1017
    operator_name: str | None = None  # 1046
    automatic: bool = False  # 1001
    offline: bool = False  # 1002
    encrypted: bool = False  # 1056
    internet_only: bool = False  # 1108; 1290 bit 5
    services: bool = False  # 1109; 1290 bit 9
    bso: bool = False  # 1110; 1290 bit 2
    excise: bool = False  # 1207; 1290 bit 6
    marked_goods: bool = False  # 1290 bit 8
    machine_printer: bool = False  # 1221; 1290 bit 1
    key_days: int | None = None  # 1213

    @property
    def conditions(self) -> int:
        """The mask of tag 1290."""
        bits = (
            (self.machine_printer, 1),
            (self.bso, 2),
            (self.internet_only, 5),
            (self.excise, 6),
            (self.marked_goods, 8),
            (self.services, 9),
        )
        return sum(1 << bit for is_set, bit in bits if is_set)


_NO_WARNINGS: Final = DriveWarnings()
_NONE_UNSENT: Final = Unsent()


def _head_nodes(stamp: Stamp, ffd: Ffd) -> list[Node]:
    nodes = [Node(1209, ffd.code)] if ffd is Ffd.V1_2 else []
    nodes += [Node(1041, stamp.fn), Node(1037, stamp.registration_number), Node(1018, stamp.seller_inn)]
    nodes += [Node(1040, stamp.fd_number), Node(1012, to_unix(stamp.made_at))]
    return [*nodes, Node(1077, sign_octets(stamp.fiscal_sign))]


def _report(code: int, stamp: Stamp, ffd: Ffd, nodes: list[Node]) -> Node:
    tail = [] if ffd is Ffd.V1_2 else [Node(1209, ffd.code)]
    return Node(code, (*_head_nodes(stamp, ffd), *nodes, *tail))


def _seller_nodes(stamp: Stamp, cashier: Cashier | None) -> list[Node]:
    nodes = text_node(1048, stamp.seller_name) + text_node(1009, stamp.address) + text_node(1187, stamp.place)
    if cashier is not None:
        nodes += text_node(1021, cashier.name) + text_node(1203, cashier.inn)
    return nodes


def _warning_nodes(warnings: DriveWarnings) -> list[Node]:
    raised = (
        (1050, warnings.exhausted),
        (1051, warnings.replace_now),
        (1052, warnings.memory_full),
        (1053, warnings.operator_overdue),
    )
    nodes = [Node(tag, 1) for tag, is_set in raised if is_set]
    return nodes + ([Node(1206, warnings.operator_message)] if warnings.operator_message is not None else [])


def _unsent_nodes(unsent: Unsent) -> list[Node]:
    nodes = [Node(1097, unsent.count)]
    return nodes + ([Node(1098, to_unix(unsent.first_at))] if unsent.first_at is not None else [])


def shift_open_document(
    stamp: Stamp,
    ffd: Ffd,
    *,
    cashier: Cashier | None = None,
    kkt_version: str = "1.0",
    warnings: DriveWarnings = _NO_WARNINGS,
) -> Node:
    """Document 2, отчет об открытии смены."""
    nodes = [Node(1038, stamp.shift_number), *_seller_nodes(stamp, cashier)]
    nodes += [*text_node(1188, kkt_version), Node(1189, ffd.code), *_warning_nodes(warnings)]
    return _report(2, stamp, ffd, nodes)


def shift_close_document(
    stamp: Stamp,
    ffd: Ffd,
    *,
    documents: int,
    shift: Counters,
    drive: Counters,
    unsent: Unsent = _NONE_UNSENT,
    cashier: Cashier | None = None,
    warnings: DriveWarnings = _NO_WARNINGS,
    key_days: int | None = None,
) -> Node:
    """Document 5, отчет о закрытии смены. ``documents`` (1111) counts all of the shift, this one included.

    1194 and 1157 (counters of the shift and of the drive) and 1213 (days of keys left) are in FFD 1.2 only here.
    """
    nodes = [Node(1038, stamp.shift_number), *_seller_nodes(stamp, cashier)]
    nodes += [
        Node(1111, documents),
        Node(1118, shift.count),
        *_unsent_nodes(unsent),
        *_warning_nodes(warnings),
    ]
    if ffd is Ffd.V1_2:
        nodes += [shift.node(SHIFT), drive.node(DRIVE)]
        nodes += [Node(1213, key_days)] if key_days is not None else []
    return _report(5, stamp, ffd, nodes)


def state_document(
    stamp: Stamp,
    ffd: Ffd,
    *,
    unsent: Unsent,
    drive: Counters,
    offline: bool = False,
    key_days: int | None = None,
) -> Node:
    """Document 21, отчет о текущем состоянии расчетов."""
    nodes = [Node(1038, stamp.shift_number)] if stamp.shift_number else []
    nodes += [Node(1002, 1)] if offline else []
    nodes += _unsent_nodes(unsent)
    nodes += [Node(1116, unsent.first_number)] if unsent.first_number is not None else []
    if ffd is Ffd.V1_2:
        nodes += [drive.node(DRIVE), unsent.counters.node(UNSENT)]
        nodes += [Node(1213, key_days)] if key_days is not None else []
    return _report(21, stamp, ffd, nodes)


def registration_document(
    stamp: Stamp,
    registration: Registration,
    ffd: Ffd,
    *,
    cashier: Cashier | None = None,
    reasons: int | None = None,
) -> Node:
    """Document 1, or 11 when ``reasons`` say why it is done again: the code of 1101 (FFD 1.05), the mask of 1205."""
    nodes = [Node(1189, ffd.code), Node(1190, ffd.code), *_seller_nodes(stamp, cashier)]
    nodes += text_node(1013, registration.kkt_number) + text_node(1188, registration.kkt_version)
    nodes += text_node(1017, registration.operator_inn) + text_node(1046, registration.operator_name)
    nodes += text_node(1036, stamp.machine_number) + text_node(1117, stamp.seller_email)
    nodes += text_node(1060, stamp.fns_site)
    nodes += _mode_nodes(registration, ffd)
    if reasons is not None:
        nodes.append(Node(1101 if ffd is Ffd.V1_05 else 1205, reasons))
    return _report(1 if reasons is None else 11, stamp, ffd, nodes)


def _mode_nodes(registration: Registration, ffd: Ffd) -> list[Node]:
    modes = [
        Node(1062, registration.taxations),
        Node(1001, int(registration.automatic)),
        Node(1002, int(registration.offline)),
        Node(1056, int(registration.encrypted)),
    ]
    if ffd is Ffd.V1_2:
        modes.append(Node(1290, registration.conditions))
        return modes + ([Node(1213, registration.key_days)] if registration.key_days is not None else [])
    return [
        *modes,
        Node(1108, int(registration.internet_only)),
        Node(1109, int(registration.services)),
        Node(1110, int(registration.bso)),
        Node(1207, int(registration.excise)),
        Node(1221, int(registration.machine_printer)),
    ]
