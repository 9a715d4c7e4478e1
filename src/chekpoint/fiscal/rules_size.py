"""How many bytes a receipt will take as a fiscal document: a drive accepts about 30 KB.

An upper bound that is close: each field counts its four bytes of header and its value as the wire holds it;
what the register adds of itself (its numbers, the seller's name and address) counts as a constant.
"""

from collections.abc import Iterable
from typing import Final

from chekpoint.fiscal.receipt import Agent, IndustryDetail, Item, Receipt, Supplier
from chekpoint.fiscal.text866 import substitute

MAX_DOCUMENT: Final = 30 * 1024
"""Bytes: what drives accept per document (the container itself takes 32 KB)."""
HEAD: Final = 4  # bytes of tag and length before each value
_REGISTER: Final = 800  # seller's name 256, address 256, numbers, sign, VAT totals, trailer
_SMALL: Final = 7 * (HEAD + 1)  # 1199, 1212, 1214, 1222, 2102, 2106, 2108
SURE_TO_FIT: Final = 40
"""Up to so many items without agents, suppliers or industry details no size can reach the limit."""


def document_size(receipt: Receipt) -> int:
    """Bytes of document 3 or 31, rounded up in favour of caution by what the register adds."""
    texts = _texts(receipt)
    agent = _agent_size(receipt.agent) if receipt.agent else 0
    return _REGISTER + sum(map(item_size, receipt.items)) + _industry_size(receipt.industry) + texts + agent


def item_size(item: Item) -> int:
    """Bytes of one tag 1059, its own header included."""
    numbers = _vln(item.price) + _vln(item.sum) + _vln(item.vat_sum or item.sum) + _quantity_size(item)
    texts = (item.name, item.unit_name, item.country, item.declaration, item.note)
    size = HEAD + numbers + _SMALL + sum(map(_text, texts)) + _mark_size(item) + _industry_size(item.industry)
    size += _agent_size(item.agent) if item.agent else 0
    return size + (_supplier_size(item.supplier) if item.supplier else 0)


def _text(text: str | None) -> int:
    return HEAD + len(substitute(text)) if text else 0


def _vln(number: int) -> int:
    return HEAD + max(1, (number.bit_length() + 7) // 8)


def _quantity_size(item: Item) -> int:
    return HEAD + 1 + max(1, (len(item.quantity.as_tuple().digits) * 10 // 3 + 7) // 8)


def _mark_size(item: Item) -> int:
    codes = sum([2 * HEAD + len(code.value) for code in item.product_codes])
    mark = 2 * HEAD + min(len(item.mark_code), 38) if item.mark_code and not item.product_codes else 0
    fraction = 4 * HEAD + 40 if item.fraction else 0
    excise = HEAD + 8 if item.excise is not None else 0
    nomenclature = HEAD + len(item.nomenclature) // 2 if item.nomenclature else 0
    return codes + mark + fraction + excise + nomenclature


def _industry_size(details: Iterable[IndustryDetail]) -> int:
    return sum([HEAD + sum(map(_text, (one.authority, one.date, one.number, one.value))) for one in details])


def _agent_size(agent: Agent) -> int:
    phones = (*agent.agent_phones, *agent.operator_phones, *agent.transfer_phones)
    texts = (agent.operation, agent.transfer_name, agent.transfer_address, agent.transfer_inn, *phones)
    return HEAD + sum(map(_text, texts))


def _supplier_size(supplier: Supplier) -> int:
    return 2 * HEAD + sum(map(_text, (supplier.inn, supplier.name, *supplier.phones)))


def _texts(receipt: Receipt) -> int:
    buyer, cashier, extra = receipt.buyer, receipt.cashier, receipt.user_property
    texts = [buyer.contact, buyer.name, buyer.inn, receipt.place, receipt.address, receipt.seller_email]
    texts += [receipt.note, receipt.machine_number]
    texts += [cashier.name, cashier.inn] if cashier else []
    texts += [extra.name, extra.value] if extra else []
    return sum(map(_text, texts))
