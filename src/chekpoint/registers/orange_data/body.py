"""An attempt -> the JSON body of a document. Pure.

The service computes the sum of an item itself. Guessed, for it is not said: a scanned mark (``itemCode``) travels as
it is; ``totalSum`` may be below the sum of the items; a correction without a number has the number 0.
"""

import base64
from collections import Counter
from decimal import Decimal
from typing import Final

import msgspec

from chekpoint.core.errors import Rejected
from chekpoint.core.ports import Attempt
from chekpoint.fiscal.money import cost, quantity_text
from chekpoint.fiscal.receipt import (
    Agent,
    Correction,
    IndustryDetail,
    Item,
    Kind,
    PaymentForm,
    Receipt,
    SettlementObject,
    Supplier,
)
from chekpoint.fiscal.text866 import substitute
from chekpoint.fiscal.vat import total_value
from chekpoint.registers.cloud_body import Body, given, money
from chekpoint.registers.orange_data.config import OrangeDataConfig
from chekpoint.registers.orange_data.words import (
    CODES,
    CORRECTIONS,
    FORM_SUMS,
    FORMS,
    NEW,
    OLD,
    RATES,
    TAXATIONS,
    TOTALS,
)

MARK_NAME: Final = "Идентификатор"  # 1085 when the order mark has to go into 1084
_RETURNED: Final = frozenset({Kind.SALE_RETURN, Kind.PURCHASE})  # the goods come back to the seller
_REFUNDS: Final = frozenset({Kind.SALE_RETURN, Kind.PURCHASE_RETURN})


def section(receipt: Receipt, config: OrangeDataConfig) -> str:
    """The part of the address that takes this receipt, and answers for it."""
    if receipt.correction is None:
        return "documents"
    return "corrections" if config.ffd == "1.05" else "correction12"


def body_of(attempt: Attempt, config: OrangeDataConfig) -> Body:
    """What registers this attempt's receipt. Raises Rejected for what the service has no words for."""
    receipt = attempt.receipt
    _refuse_misfit(receipt, config)
    content = _totals(receipt) if section(receipt, config) == "corrections" else _content(attempt, config)
    content |= given(timeZone=config.time_zone, useTax20=_old_rates(receipt) or None)
    return {
        "id": attempt.id, "inn": config.inn, "group": config.group, "key": config.key_name or config.inn,
        "content": content,
    } | given(callbackUrl=config.callback_url)  # fmt: skip


def _refuse_misfit(receipt: Receipt, config: OrangeDataConfig) -> None:
    old = config.ffd == "1.05"
    if receipt.buyer.contact is None and section(receipt, config) != "corrections":
        raise _unsupported("чек без контакта покупателя", "a receipt without the buyer's contact")
    if old and receipt.correction is not None and receipt.kind in _REFUNDS:
        raise _unsupported("коррекция возврата в ФФД 1.05", "a correction of a return in FFD 1.05")
    if not old and receipt.agent is not None:
        raise _unsupported("агент на весь чек: укажите его в позициях", "an agent of the whole receipt")
    if len(receipt.industry) > 1:
        raise _unsupported("больше одного отраслевого реквизита", "more than one industry detail")
    if {item.vat for item in receipt.items} & NEW and _old_rates(receipt):
        raise _unsupported("НДС 20 % и 22 % в одном чеке", "VAT of 20 % and 22 % in one receipt")
    for item in receipt.items:
        _refuse_misfit_of(item, old=old)


def _old_rates(receipt: Receipt) -> bool:
    return any(item.vat in OLD for item in receipt.items)


def _refuse_misfit_of(item: Item, *, old: bool) -> None:
    if old and item.object.code > SettlementObject.CASINO_PAYMENT.code:
        raise _unsupported(
            f"предмет расчёта {item.object.value} в ФФД 1.05", f"the object {item.object.value}"
        )
    if old and (item.mark_code or item.product_codes or item.fraction or item.industry):
        raise _unsupported("маркированный товар в ФФД 1.05", "marked goods in FFD 1.05")
    if not old and item.nomenclature is not None:
        raise _unsupported("код товара 1162 в ФФД 1.2", "the nomenclature code of FFD 1.05")
    if item.sum != cost(item.price, item.quantity):
        raise _unsupported(
            f"сумма позиции «{item.name}», отличная от цены на количество",
            "a sum other than price times quantity",
        )
    kinds = [code.kind for code in item.product_codes]
    if len(set(kinds)) != len(kinds) or not set(kinds) <= CODES.keys():
        raise _unsupported(f"коды товара «{item.name}»", f"the product codes of {item.name}")
    if len(item.industry) > 1:
        raise _unsupported("больше одного отраслевого реквизита", "more than one industry detail")


def _unsupported(ru: str, en: str) -> Rejected:
    return Rejected(f"OrangeData не принимает: {ru} / OrangeData does not take {en}", code="unsupported")


def _sum(kopecks: int | None) -> Decimal | None:
    return None if kopecks is None else money(kopecks)


def _content(attempt: Attempt, config: OrangeDataConfig) -> Body:
    receipt, old = attempt.receipt, config.ffd == "1.05"
    whole: Body = {
        "ffdVersion": 2 if old else 4, "type": receipt.kind.code, "isInternetStore": receipt.internet,
        "positions": [_position(item, receipt.kind, old=old) for item in receipt.items],
        "checkClose": {"payments": _payments(receipt), "taxationSystem": TAXATIONS[receipt.taxation]},
    }  # fmt: skip
    rounded = receipt.amount != sum(item.sum for item in receipt.items)
    whole |= given(
        totalSum=money(receipt.amount) if rounded else None, senderEmail=receipt.seller_email,
        automatNumber=receipt.machine_number, settlementPlace=receipt.place, settlementAddress=receipt.address,
        cashier=receipt.cashier.name if receipt.cashier else None,
        cashierINN=receipt.cashier.inn if receipt.cashier else None,
        industryAttribute=_industry(receipt.industry),
    )  # fmt: skip
    whole |= _buyer(receipt, old=old) | _attributes(attempt)
    if receipt.agent is not None:
        whole |= {"agentType": receipt.agent.sign.bit} | _agent(receipt.agent)
    return whole | (_correction(receipt.correction) if receipt.correction is not None else {})


def _buyer(receipt: Receipt, *, old: bool) -> Body:
    buyer = receipt.buyer
    if old:
        return given(customerContact=buyer.contact, customer=buyer.name, customerINN=buyer.inn)
    return given(customerContact=buyer.contact, customerInfo=given(name=buyer.name, inn=buyer.inn))


def _attributes(attempt: Attempt) -> Body:
    """1192 and 1084: the shop's own, and the order mark in the first one that is free."""
    receipt = attempt.receipt
    own = msgspec.to_builtins(receipt.user_property) if receipt.user_property else None
    if receipt.note is None:
        return {"additionalAttribute": attempt.mark} | given(additionalUserAttribute=own)
    mark = {"name": MARK_NAME, "value": attempt.mark}
    return {"additionalAttribute": receipt.note, "additionalUserAttribute": own or mark}


def _payments(receipt: Receipt) -> list[Body]:
    used = {payment.form for payment in receipt.payments}
    return [
        {"type": FORMS[form], "amount": money(receipt.paid(form))} for form in PaymentForm if form in used
    ]


def _correction(correction: Correction) -> Body:
    return {
        "correctionType": CORRECTIONS[correction.by], "causeDocumentDate": f"{correction.date}T00:00:00",
        "causeDocumentNumber": correction.number or "0",
    }  # fmt: skip


def _totals(receipt: Receipt) -> Body:
    """A correction of FFD 1.05: sums without items."""
    taxes: Counter[int] = Counter()
    for item in receipt.items:
        computed = item.vat_sum is None or not item.vat.percent
        taxes[TOTALS[item.vat]] += total_value(item.vat, item.sum) if computed else item.vat_sum or 0
    whole: Body = {
        "ffdVersion": 2, "type": receipt.kind.code, "totalSum": money(receipt.amount),
        "taxationSystem": TAXATIONS[receipt.taxation], "isInternetStore": receipt.internet,
    }  # fmt: skip
    whole |= {f"tax{number}Sum": money(total) for number, total in taxes.items()}
    whole |= {FORM_SUMS[payment.form]: money(receipt.paid(payment.form)) for payment in receipt.payments}
    whole |= given(
        customerContact=receipt.buyer.contact, senderEmail=receipt.seller_email, automatNumber=receipt.machine_number,
        settlementPlace=receipt.place, settlementAddress=receipt.address,
    )  # fmt: skip
    return whole | (_correction(receipt.correction) if receipt.correction is not None else {})


def _position(item: Item, kind: Kind, *, old: bool) -> Body:
    return {
        "text": substitute(item.name), "price": money(item.price), "quantity": Decimal(quantity_text(item.quantity)),
        "tax": RATES[item.vat], "paymentMethodType": item.method.code, "paymentSubjectType": item.object.code,
    } | given(
        taxSum=_sum(item.vat_sum), excise=_sum(item.excise), manufacturerCountryCode=item.country,
        customsDeclarationNumber=item.declaration, additionalAttribute=item.note,
        agentType=item.agent.sign.bit if item.agent else None, agentInfo=_agent(item.agent) if item.agent else None,
        **_supplier(item.supplier), **(_of_old(item) if old else _of_new(item, kind)),
    )  # fmt: skip


def _of_old(item: Item) -> Body:
    code = base64.b64encode(bytes.fromhex(item.nomenclature)).decode() if item.nomenclature else None
    return {"unitOfMeasurement": item.unit_name, "nomenclatureCode": code}


def _of_new(item: Item, kind: Kind) -> Body:
    measured = item.unit != 0 or item.fraction is not None
    planned = (2 if measured else 1) + (2 if kind in _RETURNED else 0)  # 2003
    return {
        "quantityMeasurementUnit": item.unit, "itemCode": item.mark_code,
        "plannedStatus": planned if item.mark_code else None,
        "fractionalQuantity": msgspec.to_builtins(item.fraction) if item.fraction else None,
        "barcodes": {CODES[code.kind]: code.value for code in item.product_codes},
        "industryAttribute": _industry(item.industry),
    }  # fmt: skip


def _agent(agent: Agent) -> Body:
    return given(
        paymentTransferOperatorPhoneNumbers=list(agent.transfer_phones), paymentAgentOperation=agent.operation,
        paymentAgentPhoneNumbers=list(agent.agent_phones), paymentOperatorPhoneNumbers=list(agent.operator_phones),
        paymentOperatorName=agent.transfer_name, paymentOperatorAddress=agent.transfer_address,
        paymentOperatorINN=agent.transfer_inn,
    )  # fmt: skip


def _supplier(supplier: Supplier | None) -> Body:
    if supplier is None:
        return {}
    named = given(phoneNumbers=list(supplier.phones), name=supplier.name)
    return {"supplierINN": supplier.inn, "supplierInfo": named}


def _industry(details: tuple[IndustryDetail, ...]) -> Body | None:
    return next(
        ({
            "foivId": detail.authority, "causeDocumentDate": detail.date, "causeDocumentNumber": detail.number,
            "value": detail.value,
        } for detail in details), None,
    )  # fmt: skip
