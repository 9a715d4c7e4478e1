"""An attempt -> the JSON task of the driver. Pure: the same attempt always makes the same task.

Sums leave as JSON numbers with exactly two decimals and quantities with at most six (the driver refuses
strings with code 501), so they are ``Decimal`` here and the encoder writes them as they are.

Guessed, not proven by a document of the maker: the words ``vat22``/``vat122`` (they follow the naming of
the other rates and of the driver's constants) and the root field ``internet`` (tag 1125). Unknown fields
are ignored by the driver, so a wrong ``internet`` costs nothing.
"""

from base64 import b64encode
from collections import Counter
from decimal import Decimal
from typing import Any, Final

import msgspec

from chekpoint.core.errors import Rejected
from chekpoint.core.ports import Attempt
from chekpoint.fiscal.ffd import Ffd
from chekpoint.fiscal.money import quantity_text
from chekpoint.fiscal.receipt import (
    Agent,
    Correction,
    Fraction,
    IndustryDetail,
    Item,
    Kind,
    PaymentForm,
    Receipt,
    Supplier,
)
from chekpoint.fiscal.text866 import substitute
from chekpoint.fiscal.vat import total_value
from chekpoint.registers.atol import words

Task = dict[str, Any]

MARK_NAME: Final = "Идентификатор"  # 1085 when the order mark has to go into 1084
_RETURNS: Final = frozenset({Kind.SALE_RETURN, Kind.PURCHASE_RETURN})
_encoder: Final = msgspec.json.Encoder(decimal_format="number")


def encode(body: object) -> bytes:
    """JSON with ``Decimal`` as a plain number."""
    return _encoder.encode(body)


def money(kopecks: int) -> Decimal:
    """Kopecks -> roubles, exactly."""
    return Decimal(kopecks).scaleb(-2)


def mark_place(receipt: Receipt) -> int | None:
    """Which tag is free for the order mark: 1192, else 1084, else none."""
    if receipt.note is None:
        return 1192
    return 1084 if receipt.user_property is None else None


def receipt_task(attempt: Attempt, ffd: Ffd) -> Task:
    """The task that registers this attempt's receipt on a register of this format version.

    Raises ``Rejected`` for content that this format version has no place for; nothing was sent then.
    """
    _refuse_misfit(attempt.receipt, ffd)
    try:
        return _built(attempt, ffd)
    except ValueError as fault:  # a date or a hex code that is none
        raise Rejected(f"Реквизит чека записан неверно: {fault}") from fault


def _built(attempt: Attempt, ffd: Ffd) -> Task:
    receipt = attempt.receipt
    task: Task = {"type": words.RECEIPT[receipt.kind], **_head(receipt)}
    if receipt.correction is not None:
        task["type"] += "Correction"
        task |= _correction(receipt.correction)
    without_items = receipt.correction is not None and ffd < Ffd.V1_1
    positions = [] if without_items else [_position(item, receipt, ffd) for item in receipt.items]
    task["items"] = positions + _attributes(attempt)
    task["payments"] = _payments(receipt)
    task["total"] = money(receipt.amount)
    if without_items:
        task["taxes"] = _taxes(receipt)
    if receipt.industry and ffd >= Ffd.V1_2:
        task["industryInfo"] = [_industry(detail) for detail in receipt.industry]
    if any(item.mark_code and item.mark_check is None for item in receipt.items):
        task["validateMarkingCodes"] = True  # an unchecked marking code must never be closed into a receipt
    return task


def _refuse_misfit(receipt: Receipt, ffd: Ffd) -> None:
    if receipt.marked and ffd < Ffd.V1_2:
        raise Rejected(f"Маркированный товар можно пробить только на ККТ с ФФД 1.2, здесь {ffd}")
    if receipt.correction is not None and receipt.kind in _RETURNS and ffd < Ffd.V1_1:
        raise Rejected(f"Чек коррекции возврата невозможен на ККТ с ФФД {ffd}")


def _given(**fields: Any) -> Task:
    """The fields that have a value: the driver takes null for missing, but an old one may not."""
    return {name: value for name, value in fields.items() if value not in (None, (), [], {})}


def _head(receipt: Receipt) -> Task:
    buyer, cashier = receipt.buyer, receipt.cashier
    return _given(
        taxationType=words.TAXATION[receipt.taxation],
        electronically=not receipt.paper,
        internet=receipt.internet,
        paymentsPlace=receipt.place,
        paymentsAddress=receipt.address,
        machineNumber=receipt.machine_number,
        operator=_given(name=cashier.name, vatin=cashier.inn) if cashier else None,
        clientInfo=_given(emailOrPhone=buyer.contact, name=buyer.name, vatin=buyer.inn),
        companyInfo=_given(email=receipt.seller_email),
        agentInfo=_agent(receipt.agent) if receipt.agent else None,
    )


def _correction(correction: Correction) -> Task:
    return _given(
        correctionType=correction.by.value,
        correctionBaseDate=correction.date.replace("-", "."),
        correctionBaseNumber=correction.number,
        correctionBaseName=correction.name,
    )


def _payments(receipt: Receipt) -> list[Task]:
    used = {payment.form for payment in receipt.payments}
    return [
        {"type": words.PAYMENT[form], "sum": money(receipt.paid(form))}
        for form in PaymentForm
        if form in used
    ]


def _taxes(receipt: Receipt) -> list[Task]:
    """VAT totals of a correction receipt of FFD 1.05, which has no items."""
    totals: Counter[str] = Counter()
    for item in receipt.items:
        computed = (
            item.vat_sum is None or not item.vat.percent
        )  # 1104 and 1105 hold the turnover, not the VAT
        totals[item.vat.value] += total_value(item.vat, item.sum) if computed else item.vat_sum or 0
    return [{"type": rate, "sum": money(total)} for rate, total in totals.items()]


def _attributes(attempt: Attempt) -> list[Task]:
    """1192 and 1084: the shop's own, and the order mark in the first one that is free."""
    receipt, place = attempt.receipt, mark_place(attempt.receipt)
    note = attempt.mark if place == 1192 else receipt.note
    found = [{"type": "additionalAttribute", "value": note, "print": place != 1192}]
    if place == 1084:
        found.append({"type": "userAttribute", "name": MARK_NAME, "value": attempt.mark, "print": False})
    elif receipt.user_property is not None:
        found.append({"type": "userAttribute", **msgspec.to_builtins(receipt.user_property), "print": True})
    return found


def _position(item: Item, receipt: Receipt, ffd: Ffd) -> Task:
    return {
        "type": "position",
        "name": substitute(item.name),
        "price": money(item.price),
        "quantity": Decimal(quantity_text(item.quantity)),
        "amount": money(item.sum),
        "tax": _given(type=item.vat.value, sum=None if item.vat_sum is None else money(item.vat_sum)),
        "paymentMethod": words.METHOD[item.method],
        "paymentObject": words.OBJECT[item.object],
    } | _given(
        agentInfo=_agent(item.agent) if item.agent else None,
        supplierInfo=_supplier(item.supplier) if item.supplier else None,
        exciseSum=None if item.excise is None else money(item.excise),
        countryCode=item.country,
        customsDeclaration=item.declaration,
        additionalAttribute=item.note,
        **(_of_12(item, receipt) if ffd >= Ffd.V1_2 else _before_12(item)),
    )


def _before_12(item: Item) -> Task:
    code = b64encode(bytes.fromhex(item.nomenclature)).decode() if item.nomenclature else None
    return {"measurementUnit": item.unit_name, "nomenclatureCode": code}


def _of_12(item: Item, receipt: Receipt) -> Task:
    return {
        "measurementUnit": words.UNIT.get(item.unit, item.unit),
        "productCodes": _product_codes(item),
        "industryInfo": [_industry(detail) for detail in item.industry],
        "imcParams": _marking(item, receipt) if item.mark_code else None,
    }


def _product_codes(item: Item) -> Task:
    codes = {words.CODE[code.kind]: code.value for code in item.product_codes}
    if len(codes) < len(item.product_codes):
        raise Rejected(f"Два кода товара одного вида у позиции «{item.name}»: ККТ примет только один")
    return codes


def _marking(item: Item, receipt: Receipt) -> Task:
    """2000 with its check result (2106, bits 0..4). The code itself travels as base64."""
    return _given(
        imc=b64encode((item.mark_code or "").encode()).decode(),
        imcType="auto",
        itemEstimatedStatus=_estimated(receipt.kind, item.fraction),
        imcModeProcessing=0,
        itemFractionalAmount=(
            f"{item.fraction.numerator}/{item.fraction.denominator}" if item.fraction else None
        ),
        itemInfoCheckResult=None if item.mark_check is None else _check_result(item.mark_check),
    )


def _estimated(kind: Kind, fraction: Fraction | None) -> str:
    """2003: what becomes of the goods. A purchase back from the buyer returns them."""
    returned = kind in {Kind.SALE_RETURN, Kind.PURCHASE}
    return ("itemDry" if fraction else "itemPiece") + (
        "Return" if returned else "ForSale" if fraction else "Sold"
    )


def _check_result(bits: int) -> Task:
    names = (
        "imcCheckFlag", "imcCheckResult", "imcStatusInfo", "imcEstimatedStatusCorrect", "ecrStandAloneFlag",
    )  # fmt: skip
    return {name: bool(bits >> place & 1) for place, name in enumerate(names)}


def _agent(agent: Agent) -> Task:
    return _given(
        agents=[words.AGENT[agent.sign]],
        payingAgent=_given(operation=agent.operation, phones=list(agent.agent_phones)),
        receivePaymentsOperator=_given(phones=list(agent.operator_phones)),
        moneyTransferOperator=_given(
            phones=list(agent.transfer_phones),
            name=agent.transfer_name,
            address=agent.transfer_address,
            vatin=agent.transfer_inn,
        ),
    )


def _supplier(supplier: Supplier) -> Task:
    return _given(phones=list(supplier.phones), name=supplier.name, vatin=supplier.inn)


def _industry(detail: IndustryDetail) -> Task:
    """1262-1265; the driver wants the year first."""
    day, month, year = detail.date.split(".")
    return {
        "fois": detail.authority,
        "date": f"{year}.{month}.{day}",
        "number": detail.number,
        "industryAttribute": detail.value,
    }
