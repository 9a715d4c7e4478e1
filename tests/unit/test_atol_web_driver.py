"""Whatever a client sends as a task, the driver answers with a result or a code, and the drive stays consistent."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chekpoint.emulators.atol_web.codes import DriverError
from chekpoint.emulators.atol_web.driver import RegisterDriver
from tests.atol_web_rig import ManualClock, make_register, position, sell

LEAVES = (
    st.none() | st.booleans() | st.integers(-5, 400) | st.floats(-1e11, 1e11) | st.text(max_size=40)
    | st.sampled_from(["vat20", "cash", "commodityWithMarking", "2026.01.02", "MDEwNDYwNTA=", "self", "1/3", "another"])
)  # fmt: skip
NAMES = [
    "name", "price", "quantity", "amount", "tax", "type", "sum", "paymentMethod", "paymentObject", "measurementUnit",
    "agentInfo", "agents", "supplierInfo", "vatin", "phones", "imcParams", "imc", "itemFractionalAmount", "productCodes",
    "codes", "gs1m", "industryInfo", "fois", "date", "number", "industryAttribute", "nomenclatureCode", "gtin", "serial",
    "markingCode", "mark", "exciseSum", "countryCode", "customsDeclaration", "additionalAttribute",
]  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
)
EXTRAS = [
    "taxationType", "operator", "clientInfo", "companyInfo", "total", "paymentsPlace", "paymentsAddress", "payments",
    "machineNumber", "internet", "electronically", "agentInfo", "supplierInfo", "industryInfo", "correctionType",
    "correctionBaseDate", "correctionBaseNumber", "validateMarkingCodes", "type", "items",
]  # fmt: skip


def run(driver: RegisterDriver, task: dict[str, Any]) -> int:
    """The driver's code, 0 when it went well; an error without a text is none of its codes."""
    try:
        asyncio.run(driver.run(task))
    except DriverError as error:
        return error.code if error.text else -1
    return 0


@pytest.mark.parametrize("ffd", ["1.05", "1.2"])
@settings(max_examples=150, deadline=None)
@given(
    item=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4),
    extra=st.dictionaries(st.sampled_from(EXTRAS), VALUES, max_size=3),
    kind=st.sampled_from(["sell", "sellReturn", "buy", "sellCorrection", "buyReturnCorrection"]),
)
def test_no_receipt_task_gets_past_the_driver_without_a_document_or_a_code(
    ffd: str, item: dict[str, Any], extra: dict[str, Any], kind: str
) -> None:
    register = make_register(ManualClock(), ffd=ffd)
    driver = RegisterDriver(register)
    correction = {"correctionType": "self", "correctionBaseDate": "2026.01.02"}
    code = run(driver, sell(type=kind) | {"items": [position() | item]} | correction | extra)
    receipts = [d for d in register.drive.documents() if d.kind]
    assert len(receipts) == (code == 0)
    for document in receipts:
        assert run(driver, {"type": "getFnDocument", "fiscalDocumentNumber": document.fd_number}) == 0


@given(
    st.dictionaries(
        st.sampled_from(["type", "cashSum", "operator", "params", "items", "fiscalDocumentNumber"]), VALUES
    )
)
def test_no_other_task_gets_past_the_driver_without_a_result_or_a_code(task: dict[str, Any]) -> None:
    driver = RegisterDriver(make_register(ManualClock()))
    for kind in ("cashIn", "openShift", "beginMarkingCodeValidation", "getFnDocument", "nonFiscal", None):
        run(driver, task if kind is None else task | {"type": kind})
