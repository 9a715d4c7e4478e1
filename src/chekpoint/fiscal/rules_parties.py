"""Who is named on a receipt and how to reach them: INNs, contacts, phones, and every plain text field."""

from typing import Final

from chekpoint.fiscal.inn import FOREIGN, is_inn
from chekpoint.fiscal.receipt import Agent, Receipt, Supplier
from chekpoint.fiscal.rules_fault import Fault, fault
from chekpoint.fiscal.text866 import blank, fits, lost

CONTACT_BYTES: Final = 64  # tags 1008 and 1117
_PHONE_DIGITS: Final = range(10, 16)


def is_phone(text: str) -> bool:
    """``+`` and 10..15 digits, the form that tag 1008 prescribes."""
    digits = text[1:]
    return text[:1] == "+" and len(digits) in _PHONE_DIGITS and digits.isascii() and digits.isdigit()


def is_email(text: str) -> bool:
    """One ``@`` between a local part and a dotted domain, no blanks, nothing that CP866 would spoil."""
    local, _, domain = text.partition("@")
    if not local or "@" in domain or len(text) > CONTACT_BYTES or not text.isprintable() or " " in text:
        return False
    labels = domain.split(".")
    return len(labels) > 1 and all(labels) and (text.isascii() or not lost(text))


def check_text(found: list[Fault], text: str | None, limit: int, tag: int, at: str) -> None:
    """A field that may be absent, but not blank and not longer than the drive's field."""
    if text is None:
        return
    if blank(text):
        found.append(fault("text_empty", at))
    elif not fits(text, limit):
        found.append(fault("text_too_long", at, limit=limit, tag=tag))


def check_inn(found: list[Fault], inn: str | None, at: str, *, foreign: bool = False) -> None:
    """``foreign`` lets the twelve zeros of a foreign supplier pass."""
    if inn is not None and not is_inn(inn) and not (foreign and inn == FOREIGN):
        found.append(fault("inn_checksum", at, value=inn[:20]))


def check_phones(found: list[Fault], phones: tuple[str, ...], at: str) -> None:
    """Tags 1073, 1074, 1075 and 1171: each phone of its own form."""
    for place, phone in enumerate(phones):
        if not is_phone(phone):
            found.append(fault("phone_form", f"{at}/{place}"))


def check_agent(found: list[Fault], agent: Agent, at: str) -> None:
    """Tag 1223: limits of the drive's fields; what each kind of agent owes is left to the register."""
    check_text(found, agent.operation, 24, 1044, f"{at}/operation")
    check_text(found, agent.transfer_name, 64, 1026, f"{at}/transfer_name")
    check_text(found, agent.transfer_address, 256, 1005, f"{at}/transfer_address")
    check_inn(found, agent.transfer_inn, f"{at}/transfer_inn")
    check_phones(found, agent.agent_phones, f"{at}/agent_phones")
    check_phones(found, agent.operator_phones, f"{at}/operator_phones")
    check_phones(found, agent.transfer_phones, f"{at}/transfer_phones")


def check_supplier(found: list[Fault], supplier: Supplier, at: str) -> None:
    """Tags 1226 and 1224{1225, 1171}."""
    check_inn(found, supplier.inn, f"{at}/inn", foreign=True)
    check_text(found, supplier.name, 256, 1225, f"{at}/name")
    check_phones(found, supplier.phones, f"{at}/phones")


def check_buyer(found: list[Fault], receipt: Receipt, *, intake: bool) -> None:
    """An internet settlement needs a contact (54-FZ art. 1.2 p. 5); a correction may come without the buyer."""
    buyer = receipt.buyer
    contact = buyer.contact
    if contact is None:
        if intake and receipt.internet and receipt.correction is None:
            found.append(fault("contact_missing", "/buyer/contact"))
    elif not (is_phone(contact) or is_email(contact)):
        found.append(fault("contact_form", "/buyer/contact"))
    check_text(found, buyer.name, 256, 1227, "/buyer/name")
    check_inn(found, buyer.inn, "/buyer/inn")


def check_seller(found: list[Fault], receipt: Receipt) -> None:
    """The seller's INN, the sender's e-mail, the cashier."""
    check_inn(found, receipt.seller_inn, "/seller_inn")
    if receipt.seller_email is not None and not is_email(receipt.seller_email):
        found.append(fault("email_form", "/seller_email"))
    if receipt.cashier is not None:
        check_text(found, receipt.cashier.name, 64, 1021, "/cashier/name")
        check_inn(found, receipt.cashier.inn, "/cashier/inn")


def check_texts(found: list[Fault], receipt: Receipt) -> None:
    """Plain texts of the receipt and the fields of the drive that they go to."""
    check_text(found, receipt.place, 256, 1187, "/place")
    check_text(found, receipt.address, 256, 1009, "/address")
    check_text(found, receipt.note, 16, 1192, "/note")
    check_text(found, receipt.machine_number, 20, 1036, "/machine_number")
    if receipt.user_property is not None:
        check_text(found, receipt.user_property.name, 64, 1085, "/user_property/name")
        check_text(found, receipt.user_property.value, 256, 1086, "/user_property/value")
