"""An attempt -> the JSON of a document, v2. Pure but for the moment, which is only told.

The form has no place for 1084, 1192, 1191, 1229, 2108, corrections and the details of FFD 1.2: what a receipt has of
these is refused, but for the unit, which registers of that form know by their own catalogue.
"""

import re
from datetime import datetime
from decimal import Decimal
from typing import Final

from chekpoint.core.errors import Rejected
from chekpoint.core.ports import Attempt
from chekpoint.fiscal.money import quantity_text, round_half_up
from chekpoint.fiscal.receipt import Agent, Item, PaymentForm, Receipt
from chekpoint.fiscal.text866 import substitute
from chekpoint.registers.cloud_body import Body, given, money, supplier
from chekpoint.registers.modulkassa.config import ModulKassaConfig
from chekpoint.registers.modulkassa.words import FORMS, KINDS, OBJECTS, RATES, TAXATIONS

_CONTACT: Final = re.compile(r"\+7\d{10}|[^@\s]+@[^@\s]+")


def body_of(attempt: Attempt, config: ModulKassaConfig, now: datetime) -> Body:
    """What registers this attempt's receipt; ``now`` is aware. Raises Rejected for what has no place in the form."""
    receipt = attempt.receipt
    _refuse_misfit(receipt)
    buyer, cashier = receipt.buyer, receipt.cashier
    return {
        "id": attempt.id, "docNum": attempt.mark, "docType": KINDS[receipt.kind],
        "checkoutDateTime": now.replace(microsecond=0).isoformat(), "email": buyer.contact, "printReceipt": receipt.paper,
        "taxMode": TAXATIONS[receipt.taxation], "inventPositions": [_position(item) for item in receipt.items],
        "moneyPositions": _payments(receipt),
    } | given(
        cashierName=cashier.name if cashier else None, cashierInn=cashier.inn if cashier else None,
        clientName=buyer.name, clientInn=buyer.inn, responseURL=config.callback_url,
        agentInfo=_agent(receipt.agent) if receipt.agent else None,
    )  # fmt: skip


def _refuse_misfit(receipt: Receipt) -> None:
    if receipt.correction is not None:
        raise _unsupported("чек коррекции", "a correction")
    if not _CONTACT.fullmatch(receipt.buyer.contact or ""):
        raise _unsupported(
            "чек без e-mail или телефона +7", "a receipt without an e-mail or a phone of +7 and ten digits"
        )
    if receipt.note is not None or receipt.user_property is not None or receipt.industry:
        raise _unsupported(
            "дополнительные реквизиты чека (1192, 1084, 1261)", "the properties 1192, 1084, 1261"
        )
    if receipt.machine_number is not None:
        raise _unsupported("номер автомата", "a vending machine's number")
    if receipt.amount != sum(item.sum for item in receipt.items):
        raise _unsupported("итог, который меньше суммы позиций", "a total below the sum of the items")
    for item in receipt.items:
        _refuse_misfit_of(item)


def _refuse_misfit_of(item: Item) -> None:
    if item.object not in OBJECTS:
        raise _unsupported(f"предмет расчёта {item.object.value}", f"the object {item.object.value}")
    if item.sum != round_half_up(item.price * item.quantity):
        raise _unsupported("стоимость, отличная от цены на количество", "a sum other than price by quantity")
    if item.product_codes or item.fraction is not None or item.industry:
        raise _unsupported("коды товара, дробный товар, отраслевой реквизит", "the details 1163, 1291, 1260")
    if item.excise is not None or item.note is not None:
        raise _unsupported("акциз и дополнительный реквизит позиции", "an excise or a property of an item")


def _unsupported(ru: str, en: str) -> Rejected:
    return Rejected(f"МодульКасса не принимает: {ru} / ModulKassa does not take {en}", code="unsupported")


def _payments(receipt: Receipt) -> list[Body]:
    used = {payment.form for payment in receipt.payments}
    return [
        {"paymentType": FORMS[form], "sum": money(receipt.paid(form))} for form in PaymentForm if form in used
    ]


def _position(item: Item) -> Body:
    code = bytes.fromhex(item.nomenclature).hex(" ").upper() if item.nomenclature else None
    return {
        "name": substitute(item.name), "price": money(item.price), "quantity": Decimal(quantity_text(item.quantity)),
        "vatTag": RATES[item.vat], "paymentObject": OBJECTS[item.object], "paymentMethod": item.method.value,
    } | given(
        vatSum=None if item.vat_sum is None else money(item.vat_sum), originCountryCode=item.country,
        customsDeclarationNumber=item.declaration, nomenclatureCode=code, productMark=item.mark_code,
        agentInfo=_agent(item.agent) if item.agent else None,
        supplierInfo=supplier(item.supplier) if item.supplier else None,
    )  # fmt: skip


def _agent(agent: Agent) -> Body:
    return {"types": [agent.sign.value]} | given(
        payingAgent=given(operation=agent.operation, phones=list(agent.agent_phones)),
        receivePaymentsOperator=given(phones=list(agent.operator_phones)),
        moneyTransferOperator=given(
            phones=list(agent.transfer_phones), name=agent.transfer_name, address=agent.transfer_address,
            inn=agent.transfer_inn,
        ),
    )  # fmt: skip
