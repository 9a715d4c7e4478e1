"""An attempt -> the commands that enter its receipt. Pure: the same attempt always makes the same commands.

What a tag holds is decided in ``fiscal.documents``; here the tags that the register writes itself are left out, the
rest goes by FF0C (document) and FF4D (item), each tag by a command of its own.
"""

from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from chekpoint.core.errors import Rejected
from chekpoint.core.ports import Attempt
from chekpoint.fiscal.documents import Stamp, receipt_document
from chekpoint.fiscal.documents_item import item_node
from chekpoint.fiscal.ffd import Ffd
from chekpoint.fiscal.receipt import Fraction, Item, Kind, PaymentForm, Receipt
from chekpoint.fiscal.text866 import substitute
from chekpoint.fiscal.tlv import Node
from chekpoint.fiscal.vat_totals import vat_totals
from chekpoint.registers.shtrih import codes, commands
from chekpoint.registers.shtrih.commands import Access, Command, Line, ShortCorrection

MARK_NAME: Final = "Идентификатор"  # 1085 when the order mark has to go into 1084
_NOBODY: Final = Stamp(
    fn="0" * 16,
    fd_number=1,
    fiscal_sign=0,
    made_at=datetime(2026, 1, 1),  # noqa: DTZ001  a document's own time is the register's affair
    registration_number="",
    seller_inn="",
    fns_site=None,
)
_REQUIRED: Final = frozenset({1008, 1256, 1227, 1228, 1057, 1084, 1192, 1261, 1173, 1177, 1178, 1179})
_AGENTS: Final = frozenset({1044, 1073, 1074, 1075, 1026, 1005, 1016})
_OPTIONAL: Final = frozenset({1021, 1203, 1036, 1009, 1187, 1117, 1125})
"""The register has its own of these: when it refuses ours the receipt is still right."""
_OF_OPERATION: Final = frozenset({1030, 1079, 1023, 1043, 1199, 1200, 1214, 1212})
_OF_MARK: Final = frozenset({1163, 2106, 2102})
_RETURNS: Final = frozenset({Kind.SALE_RETURN, Kind.PURCHASE_RETURN})
_RETURNED_GOODS: Final = frozenset({Kind.SALE_RETURN, Kind.PURCHASE})


class Step(NamedTuple):
    """One command. ``instead`` is tried when the register refuses the tag; ``optional`` may simply fail."""

    command: Command
    optional: bool = False
    instead: Command | None = None


class MarkCode(NamedTuple):
    """A code to be checked before the receipt is opened: FF61, then FF69."""

    name: str
    check: Command


class Plan(NamedTuple):
    """Everything that one receipt takes, in order. ``close`` is the only command that signs."""

    marks: tuple[MarkCode, ...]
    steps: tuple[Step, ...]
    close: Command
    is_correction: bool  # closed by FF4A, whose answer has another shape
    entered: int | None = None  # what the operations come to, kopecks; None where there are none


def mark_place(receipt: Receipt, ffd: Ffd) -> int | None:
    """Which tag is free for the order mark: 1192, else 1084, else none. FF4A makes a document without either."""
    if is_short_correction(receipt, ffd):
        return None
    if receipt.note is None:
        return 1192
    return 1084 if receipt.user_property is None else None


def is_short_correction(receipt: Receipt, ffd: Ffd) -> bool:
    """A correction without items, by FF4A: before FFD 1.1."""
    return receipt.correction is not None and ffd.code < Ffd.V1_1.code


def receipt_plan(attempt: Attempt, ffd: Ffd, access: Access, *, family: str, tags_first: bool) -> Plan:
    """The commands of this attempt's receipt. Raises Rejected for what the format or the command has no place for."""
    _refuse_misfit(attempt.receipt, ffd)
    try:
        if is_short_correction(attempt.receipt, ffd):
            return _short_correction(attempt.receipt, ffd, access)
        return _receipt(attempt, ffd, access, family, tags_first=tags_first)
    except (ValueError, OverflowError) as fault:  # TlvError is a ValueError
        raise Rejected(f"Реквизит чека не помещается в команду ККТ: {getattr(fault, 'ru', fault)}") from fault


def _refuse_misfit(receipt: Receipt, ffd: Ffd) -> None:
    if receipt.marked and ffd is not Ffd.V1_2:
        raise Rejected(f"Маркированный товар можно пробить только на ККТ с ФФД 1.2, здесь {ffd}")
    if is_short_correction(receipt, ffd) and receipt.kind in _RETURNS:
        raise Rejected(f"Чек коррекции возврата невозможен на ККТ с ФФД {ffd}")
    if any(item.mark_code is None and item.mark_check is not None for item in receipt.items):
        raise Rejected("Результат проверки есть, а самого кода маркировки нет: ККТ проверяет код сама")


def _receipt(attempt: Attempt, ffd: Ffd, access: Access, family: str, *, tags_first: bool) -> Plan:
    receipt = attempt.receipt
    entered = sum(item.sum for item in receipt.items)
    rounding = entered - receipt.amount
    if not 0 <= rounding <= 99:
        raise ValueError(f"итог отличается от суммы предметов расчёта на {rounding} коп., можно на 0..99")
    steps = [Step(commands.open_receipt(access, receipt.kind, correction=receipt.correction is not None))]
    steps += [_document_step(access, node) for node in _document_nodes(receipt, ffd)]
    steps += _order_mark(attempt, ffd, access)
    for item in receipt.items:
        steps += _item_steps(item, receipt, ffd, access, family, tags_first=tags_first)
    paid = {form: receipt.paid(form) for form in PaymentForm}
    close = commands.close_receipt(access, paid, rounding, receipt.taxation.bit)
    return Plan(_mark_codes(receipt, access), tuple(steps), close, is_correction=False, entered=entered)


def _document_nodes(receipt: Receipt, ffd: Ffd) -> list[Node]:
    """Tags of the document that do not come from the register itself; 1174 goes in parts."""
    nodes: list[Node] = []
    for node in receipt_document(msgspec.structs.replace(receipt, items=()), _NOBODY, ffd):
        if node.tag == 1174:
            nodes += list(node)
        elif node.tag in _REQUIRED | _OPTIONAL | _AGENTS:
            nodes.append(node)
    return nodes


def _document_step(access: Access, node: Node) -> Step:
    return Step(commands.document_tag(access, node), optional=node.tag in _OPTIONAL)


def _order_mark(attempt: Attempt, ffd: Ffd, access: Access) -> list[Step]:
    """1192, and 1084 where the firmware lets nobody write 1192."""
    place = mark_place(attempt.receipt, ffd)
    if place is None:
        return []
    parts = (Node(1085, MARK_NAME), Node(1086, attempt.mark))
    in_property = commands.document_tag(access, Node(1084, parts))
    if place == 1084:
        return [Step(in_property)]
    spare = in_property if attempt.receipt.user_property is None else None
    return [Step(commands.document_tag(access, Node(1192, attempt.mark)), instead=spare)]


def _item_steps(
    item: Item, receipt: Receipt, ffd: Ffd, access: Access, family: str, *, tags_first: bool
) -> list[Step]:
    line = Line(
        kind=receipt.kind,
        quantity=item.quantity,
        price=item.price,
        sum=item.sum,
        rate=codes.rate_code(item.vat, family),
        method=item.method.code,
        subject=item.object.code,
        name=substitute(item.name),
    )
    hidden = _OF_OPERATION | (_OF_MARK if item.mark_code else frozenset())
    nodes = [node for node in item_node(item, ffd, receipt.agent) if node.tag not in hidden]
    tags = [Step(commands.item_tag(access, node)) for node in nodes]
    if item.mark_code:
        tags.append(Step(commands.bind_mark(access, _octets(item.mark_code))))
    entry = [Step(commands.operation(access, line))]
    return tags + entry if tags_first else entry + tags


def _mark_codes(receipt: Receipt, access: Access) -> tuple[MarkCode, ...]:
    return tuple(
        MarkCode(item.name, _check(item, receipt.kind, access)) for item in receipt.items if item.mark_code
    )


def _check(item: Item, kind: Kind, access: Access) -> Command:
    """2003: 1 piece sold, 2 measured sold, 3 piece returned, 4 measured returned; then 1023, 2108, 1291."""
    measured = item.fraction is not None or item.unit != 0
    planned = 1 + measured + 2 * (kind in _RETURNED_GOODS)
    tags = (Node(2108, item.unit), Node(1023, item.quantity), *_fraction(item.fraction)) if measured else ()
    return commands.check_mark(access, planned, _octets(item.mark_code or ""), tags)


def _fraction(fraction: Fraction | None) -> tuple[Node, ...]:
    if fraction is None:
        return ()
    return (Node(1291, (Node(1293, fraction.numerator), Node(1294, fraction.denominator))),)


def _octets(mark_code: str) -> bytes:
    """The code as scanned, group separators and all."""
    octets = mark_code.encode("latin-1")
    if len(octets) > 200:
        raise ValueError(f"код маркировки длиннее 200 байт: {len(octets)}")
    return octets


def _short_correction(receipt: Receipt, ffd: Ffd, access: Access) -> Plan:
    taxes = codes.short_taxes(vat_totals(receipt.items))
    correction = receipt.correction
    if taxes is None or correction is None:
        raise ValueError("в чеке коррекции ФФД 1.05 нет места для ставок 5, 7 и 22 %")
    nodes = [node for node in _document_nodes(receipt, ffd) if node.tag != 1173]  # FF4A carries it
    steps = [Step(commands.begin_correction(access))]
    steps += [_document_step(access, node) for node in nodes]
    content = ShortCorrection(
        by_instruction=correction.by.value == "instruction",
        kind=receipt.kind,
        total=receipt.amount,
        paid={form: receipt.paid(form) for form in PaymentForm},
        taxes=taxes,
        taxation=receipt.taxation.bit,
    )
    return Plan((), tuple(steps), commands.close_correction(access, content), is_correction=True)


def shift_tags(access: Access, name: str, inn: str | None) -> tuple[Command, ...]:
    """1021 and 1203 of a shift document."""
    nodes = [Node(1021, substitute(name))] + ([Node(1203, inn)] if inn else [])
    return tuple(commands.document_tag(access, node) for node in nodes)
