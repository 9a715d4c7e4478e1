"""The rules of a shop as a form that works without scripts: fields out of rules, rules out of fields."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, TypeVar

from chekpoint.fiscal.inn import is_inn
from chekpoint.fiscal.printed_words import AGENTS, FORMS, METHODS, OBJECTS
from chekpoint.fiscal.receipt import AgentSign, PaymentForm, SettlementMethod, SettlementObject, Taxation
from chekpoint.fiscal.rules_parties import is_email
from chekpoint.fiscal.vat import VatRate
from chekpoint.hub.kinds import TAXATIONS, Unfilled, Words
from chekpoint.hub.shop_rules import ShopRules, VatRule

REFUSE: Final = "refuse"
SPARE: Final = 3  # empty rows for new VAT rules
ROWS_MOST: Final = 60
ROUNDING_MOST: Final = 10_000
WORD_MOST: Final = 64
E = TypeVar("E", bound=StrEnum)
Choices = tuple[tuple[str, Words], ...]


def _spoken(table: Mapping[Any, str]) -> Choices:
    return tuple(
        (one.value, (words.capitalize(), one.value.replace("_", " "))) for one, words in table.items()
    )


NOTHING: Final[Choices] = (("", ("как скажет сайт", "as the site says")),)
CHOICES: Final[dict[str, Choices]] = {
    "taxation": (*NOTHING, *TAXATIONS),
    "method": _spoken(METHODS),
    "object": _spoken(OBJECTS),
    "item_object": (("", ("любой", "any")), *_spoken(OBJECTS)),
    "agent": (("", ("нет", "none")), *_spoken(AGENTS)),
    "rate": (
        ("", ("—", "—")),
        *((rate.value, (rate.label, rate.value)) for rate in VatRate),
        (REFUSE, ("отказать в чеке", "refuse the receipt")),
    ),
}
FORM_WORDS: Final[Choices] = _spoken(FORMS)


def rows_of(fields: Mapping[str, str]) -> list[dict[str, str]]:
    """The VAT rows of a form, as many as were sent or are, with spare ones."""
    said = fields.get("vat_rows", "")
    count = min(int(said), ROWS_MOST) if said.isascii() and said.isdigit() else SPARE
    return [{key: fields.get(f"vat-{n}-{key}", "") for key in ("received", "rate", "name_has", "object")}
            for n in range(count)]  # fmt: skip


def fields_of(rules: ShopRules) -> dict[str, str]:
    """What the form shows."""
    fields = {
        "taxation": rules.taxation or "", "taxation_always": "on" if rules.taxation_always else "",
        "method": rules.method, "object": rules.object, "agent": rules.agent or "",
        "pay_systems": "\n".join(rules.pay_systems or ()), "skip_types": "\n".join(rules.skip_types),
        "own_contact": rules.own_contact or "", "section": rules.section or "", "seller_inn": rules.seller_inn or "",
        "fit_rounding": "on" if rules.fit_rounding else "", "most_rounding": str(rules.most_rounding),
        "vat_rows": str(min(len(rules.vat) + SPARE, ROWS_MOST)),
    }  # fmt: skip
    fields |= {f"skip_form-{form.value}": "on" for form in rules.skip_forms}
    for n, rule in enumerate(rules.vat):
        fields |= {
            f"vat-{n}-received": rule.received, f"vat-{n}-rate": rule.rate.value if rule.rate else REFUSE,
            f"vat-{n}-name_has": rule.name_has or "", f"vat-{n}-object": rule.object or "",
        }  # fmt: skip
    return fields


def rules_from(fields: Mapping[str, str]) -> ShopRules:
    """The rules that a person has filled in; raises Unfilled with every fault at its field."""
    faults: dict[str, Words] = {}
    made = ShopRules(
        taxation=_one(Taxation, fields, "taxation", faults), taxation_always=bool(fields.get("taxation_always")),
        vat=_vat(fields, faults),
        method=_one(SettlementMethod, fields, "method", faults) or SettlementMethod.FULL_PAYMENT,
        object=_one(SettlementObject, fields, "object", faults) or SettlementObject.COMMODITY,
        pay_systems=_lines(fields, "pay_systems", faults) or None, skip_types=_lines(fields, "skip_types", faults),
        skip_forms=tuple(form for form in PaymentForm if fields.get(f"skip_form-{form.value}")),
        own_contact=_contact(fields, faults), agent=_one(AgentSign, fields, "agent", faults),
        section=_word(fields, "section", faults), seller_inn=_inn(fields, faults),
        fit_rounding=bool(fields.get("fit_rounding")), most_rounding=_kopecks(fields, faults),
    )  # fmt: skip
    if made.taxation_always and made.taxation is None:
        faults["taxation"] = (
            "Выберите систему, раз она всегда одна.",
            "Choose one, as it is always the same.",
        )
    if faults:
        raise Unfilled(faults)
    return made


def _one(kind: type[E], fields: Mapping[str, str], name: str, faults: dict[str, Words]) -> E | None:
    text = fields.get(name, "")
    try:
        return kind(text) if text else None
    except ValueError:
        faults[name] = ("Выберите из списка.", "Choose one of the list.")
        return None


def _vat(fields: Mapping[str, str], faults: dict[str, Words]) -> tuple[VatRule, ...]:
    """A row without a word of the site is an empty one."""
    found = []
    for n, row in enumerate(rows_of(fields)):
        if not row["received"]:
            if row["name_has"]:
                faults[f"vat-{n}-received"] = ("Как эту ставку называет сайт?", "What does the site call it?")
            continue
        rate = None if row["rate"] == REFUSE else _one(VatRate, fields, f"vat-{n}-rate", faults)
        if rate is None and row["rate"] != REFUSE:
            faults.setdefault(f"vat-{n}-rate", ("Выберите ставку.", "Choose a rate."))
        made = VatRule(
            received=_word(fields, f"vat-{n}-received", faults) or "", rate=rate,
            name_has=_word(fields, f"vat-{n}-name_has", faults),
            object=_one(SettlementObject, fields, f"vat-{n}-object", faults),
        )  # fmt: skip
        found.append(made)
    return tuple(found)


def _word(fields: Mapping[str, str], name: str, faults: dict[str, Words]) -> str | None:
    text = fields.get(name, "")
    if len(text) > WORD_MOST or not text.isprintable():
        faults[name] = (
            f"Не длиннее {WORD_MOST} печатных знаков.",
            f"At most {WORD_MOST} printable characters.",
        )
    return text or None


def _lines(fields: Mapping[str, str], name: str, faults: dict[str, Words]) -> tuple[str, ...]:
    """One word a line, each once."""
    found = tuple(dict.fromkeys(_stripped(fields.get(name, "").splitlines())))
    if any(len(one) > WORD_MOST or not one.isprintable() for one in found) or len(found) > ROWS_MOST:
        faults[name] = (
            f"До {ROWS_MOST} строк, каждая не длиннее {WORD_MOST} печатных знаков.",
            f"Up to {ROWS_MOST} lines of at most {WORD_MOST} printable characters.",
        )
    return found


def _stripped(lines: Iterable[str]) -> list[str]:
    return [line.strip() for line in lines if line.strip()]


def _contact(fields: Mapping[str, str], faults: dict[str, Words]) -> str | None:
    text = fields.get("own_contact", "")
    if text and not is_email(text):
        faults["own_contact"] = ("Это не адрес почты.", "This is not an e-mail address.")
    return text or None


def _inn(fields: Mapping[str, str], faults: dict[str, Words]) -> str | None:
    text = fields.get("seller_inn", "")
    if text and not is_inn(text):
        faults["seller_inn"] = ("Это не ИНН: проверьте цифры.", "This is not an INN: check the digits.")
    return text or None


def _kopecks(fields: Mapping[str, str], faults: dict[str, Words]) -> int:
    text = fields.get("most_rounding", "") or "0"
    if not (text.isascii() and text.isdigit() and int(text) <= ROUNDING_MOST):
        faults["most_rounding"] = (f"Копейки: от 0 до {ROUNDING_MOST}.", f"Kopecks: 0 to {ROUNDING_MOST}.")
        return 0
    return int(text)
