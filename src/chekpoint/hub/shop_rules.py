"""Rules of one shop: what its receipts get that its own system does not say, or says wrongly.

A door turns what the shop sent into a ``Draft``: the receipt in our words, except for what only the shop's
owner knows. ``apply`` completes it into a ``Receipt``, or says why that cannot be. Nothing is guessed: a
VAT name without a rule is refused, because a receipt with a wrong rate costs more than a late one.

The rules live in the shop's settings (JSON) under ``rules``, beside the settings of its door.
"""

from decimal import Decimal
from typing import Annotated, Any, Final

import msgspec

from chekpoint.fiscal.receipt import (
    Agent,
    AgentSign,
    Buyer,
    Item,
    Kind,
    Payment,
    PaymentForm,
    Receipt,
    SettlementMethod,
    SettlementObject,
    Supplier,
    Taxation,
)
from chekpoint.fiscal.rules import Fault
from chekpoint.fiscal.vat import VatRate
from chekpoint.hub.intake import WORD_MOST, Order, Refused
from chekpoint.hub.rounding import fit_items
from chekpoint.store import people
from chekpoint.store.journal import Tx

PART: Final = "rules"
_CALCULATED: Final = {
    VatRate.VAT5: VatRate.VAT105, VatRate.VAT7: VatRate.VAT107, VatRate.VAT10: VatRate.VAT110,
    VatRate.VAT20: VatRate.VAT120, VatRate.VAT22: VatRate.VAT122,
}  # fmt: skip
_PREPAID: Final = frozenset(
    {SettlementMethod.FULL_PREPAYMENT, SettlementMethod.PREPAYMENT, SettlementMethod.ADVANCE}
)
_SPOKEN: Final = {rate.value: rate for rate in VatRate if rate is not VatRate.NONE}


class VatRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the register gets where the shop's system says ``received``. The first rule that fits wins.

    ``name_has`` (any case) and ``object`` narrow the rule to some items; ``rate`` null refuses them.
    """

    received: str  # as the door hands it over: "none", "", "vat20", "id:3", "code:3"
    rate: VatRate | None
    name_has: str | None = None
    object: SettlementObject | None = None


class ShopRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every rule has a default under which a receipt is as the shop said it, or is refused."""

    taxation: Taxation | None = None  # 1055 where the shop's system does not say it
    taxation_always: bool = False  # use ``taxation`` even where the shop's system says another
    vat: tuple[VatRule, ...] = ()
    method: SettlementMethod = SettlementMethod.FULL_PAYMENT  # 1214 where not said
    object: SettlementObject = SettlementObject.COMMODITY  # 1212 where not said
    pay_systems: tuple[str, ...] | None = None  # whose payments make receipts; null: all
    skip_types: tuple[str, ...] = ()  # the shop's own names of check types that get no receipt here
    skip_forms: tuple[PaymentForm, ...] = ()  # checks paid in these forms alone get no receipt here
    own_contact: str | None = None  # the shop's e-mail, used (and recognised) where the buyer left none
    agent: AgentSign | None = None  # 1222 for items that name a supplier
    section: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = (
        None  # its pool's rules ask for it
    )
    seller_inn: str | None = None  # 1018 when the shop sells for several
    fit_rounding: bool = True  # split or adjust items by kopecks so that price x quantity is the sum
    most_rounding: int = 100  # kopecks by which items may be adjusted to the total


class DraftItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item as the shop said it. Sums are kopecks; ``vat`` is the shop's own word."""

    name: str
    price: int
    quantity: Decimal
    sum: int
    vat: str
    method: SettlementMethod | None = None
    object: SettlementObject | None = None
    unit: int = 0  # 2108
    supplier: Supplier | None = None
    nomenclature: str | None = None  # 1162, hex
    mark_code: str | None = None  # 2000


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A check of a shop in our words, before the rules."""

    kind: Kind
    items: tuple[DraftItem, ...]
    payments: tuple[Payment, ...]
    check_type: str = ""  # the shop's own name of it
    taxation: Taxation | None = None
    total: int | None = None
    contact: str | None = None
    pay_systems: tuple[str, ...] = ()


class Skipped(Exception):
    """The shop's rules want no receipt of this check; the words say which rule."""

    def __init__(self, ru: str, en: str) -> None:
        super().__init__(en)
        self.ru, self.en = ru, en


def apply(rules: ShopRules, draft: Draft) -> Receipt:
    """The receipt of a draft. Raises Skipped, or Refused with every fault that the rules see."""
    _skip(rules, draft)
    found: list[Fault] = []
    taxation = _taxation(rules, draft, found)
    items = tuple([_item(rules, item, n, found) for n, item in enumerate(draft.items)])
    if found or taxation is None:
        raise Refused(found)
    total = draft.total if draft.total is not None else sum(p.sum for p in draft.payments)
    if rules.fit_rounding:
        items = fit_items(items, total, rules.most_rounding)
    return Receipt(
        kind=draft.kind, taxation=taxation, items=items, payments=draft.payments, total=total,
        buyer=Buyer(contact=draft.contact or rules.own_contact), seller_inn=rules.seller_inn,
    )  # fmt: skip


def order_of(rules: ShopRules, external_id: str, draft: Draft) -> Order:
    """The order of a draft, with what routes to a pool. Raises Skipped or Refused as ``apply``."""
    paid = next(iter(draft.pay_systems), "").strip()[:WORD_MOST]
    return Order(
        external_id=external_id, receipt=apply(rules, draft), section=rules.section,
        pay_system=paid if paid.isprintable() and paid else None,
    )  # fmt: skip


def without_buyer(rules: ShopRules, draft: Draft) -> bool:
    """Did the buyer leave no contact? The shop's own e-mail in its place is none either."""
    own = (rules.own_contact or "").casefold()
    return draft.contact is None or draft.contact.casefold() == own


def _skip(rules: ShopRules, draft: Draft) -> None:
    if draft.check_type in rules.skip_types:
        raise Skipped(
            f"По правилам магазина чеки вида «{draft.check_type}» здесь не регистрируются.",
            f"By the shop's rules, checks of type {draft.check_type} get no receipt here.",
        )
    forms = {payment.form for payment in draft.payments}
    if forms and forms <= set(rules.skip_forms):
        names = ", ".join(sorted(forms))
        raise Skipped(
            f"По правилам магазина чеки с оплатой {names} здесь не регистрируются.",
            f"By the shop's rules, checks paid by {names} get no receipt here.",
        )
    if rules.pay_systems is not None and draft.pay_systems:
        strange = [name for name in draft.pay_systems if name not in rules.pay_systems]
        if len(strange) == len(draft.pay_systems):
            raise Skipped(
                f"По правилам магазина оплата через {', '.join(strange)} чека здесь не создаёт.",
                f"By the shop's rules, payments through {', '.join(strange)} make no receipt here.",
            )


def _taxation(rules: ShopRules, draft: Draft, found: list[Fault]) -> Taxation | None:
    said = rules.taxation if rules.taxation_always else draft.taxation or rules.taxation
    if said is None:
        found.append(
            Fault(
                pointer="/taxation", code="taxation_unknown",
                ru="Система налогообложения не передана: задайте её в правилах магазина.",
                en="The taxation system was not sent: set it in the shop's rules.",
            )
        )  # fmt: skip
    return said


def _item(rules: ShopRules, item: DraftItem, n: int, found: list[Fault]) -> Item:
    method = item.method or rules.method
    supplier = item.supplier
    return Item(
        name=item.name, price=item.price, quantity=item.quantity, sum=item.sum,
        vat=_vat(rules, item, method, n, found), method=method, object=item.object or rules.object,
        unit=item.unit, supplier=supplier, nomenclature=item.nomenclature, mark_code=item.mark_code,
        agent=Agent(sign=rules.agent) if rules.agent is not None and supplier is not None else None,
    )  # fmt: skip


def _vat(rules: ShopRules, item: DraftItem, method: SettlementMethod, n: int, found: list[Fault]) -> VatRate:
    rate = _ruled(rules, item)
    if rate is None:
        found.append(
            Fault(
                pointer=f"/items/{n}/vat", code="vat_not_ruled",
                ru=f"Ставка НДС «{item.vat}» товара «{item.name}» не определена: задайте её в правилах магазина (НДС).",
                en=f"VAT “{item.vat}” of “{item.name}” has no rate: set it in the shop's rules (VAT).",
            )
        )  # fmt: skip
        return VatRate.NONE
    # The rate of a prepayment is the calculated one (tax code, art. 164 p. 4).
    return _CALCULATED.get(rate, rate) if method in _PREPAID else rate


def _ruled(rules: ShopRules, item: DraftItem) -> VatRate | None:
    for rule in rules.vat:
        if (
            rule.received == item.vat
            and (rule.name_has is None or rule.name_has.casefold() in item.name.casefold())
            and rule.object in {None, item.object}
        ):
            return rule.rate
    return _SPOKEN.get(item.vat)


def rules_of(settings: bytes) -> ShopRules:
    """The rules inside a shop's settings; raises msgspec.ValidationError where they are not of the form."""
    return msgspec.convert(_parts(settings).get(PART, {}), ShopRules)


def _parts(settings: bytes) -> dict[str, Any]:
    return msgspec.json.decode(settings or b"{}", type=dict[str, Any])


def set_rules(tx: Tx, shop: people.Shop, rules: ShopRules, *, who: str, reason: str, key: str) -> bytes:
    """Store new rules beside the door's settings, with the change in the audit; returns the new settings."""
    parts = _parts(shop.settings)
    change = {"old": parts.get(PART, {}), "new": msgspec.to_builtins(rules)}
    parts[PART] = change["new"]
    settings = msgspec.json.encode(parts)
    people.configure_shop(tx, shop.id, settings)
    people.note_deed(
        tx, key, who=who, verb="shop_rules", subject=shop.id, reason=reason, body=msgspec.json.encode(change)
    )
    return settings
