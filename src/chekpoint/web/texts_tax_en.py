"""Texts about looking a receipt up at its operator and at the tax service, in English; texts_tax_ru.py has the same keys."""

from typing import Final

TAX_EN: Final[dict[str, str]] = {
    "link.at_operator": "At the operator",
    "link.receipt": "The receipt at the operator “{operator}”",
    "link.search": "Look for it at the operator “{operator}”",
    "tax.asked": "The tax service was asked",
    "tax.sign.true": "the fiscal sign is right",
    "tax.sign.false": "the fiscal sign is not confirmed",
    "tax.sign.none": "no word of the sign",
    "tax.store.true": "it is in the store",
    "tax.store.false": "it is not in the store yet",
    "tax.store.none": "no word of the store",
    "tax.again": "It will be asked again.",
    "tax.doubted": "The operator told of a remark of the tax service, which will be asked first of all, where it is connected.",
    "tax.chosen": "The tax service is being asked.",
    "event.incident_opened.tax_sign_wrong": "Incident: the tax service did not confirm the fiscal sign",
    "event.incident_closed.tax_sign_wrong": "Incident closed: the fiscal sign is confirmed",
    "event.incident_opened.tax_absent": "Incident: the tax service has not had the document for long",
    "event.incident_closed.tax_absent": "Incident closed: the tax service has the document",
}
