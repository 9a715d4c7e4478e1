"""Connecting a shop, whatever its kind: answers are checked, the shop is stored whole, each deed is audited."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from chekpoint.core.errors import Unfit
from chekpoint.fiscal.vat import VatRate
from chekpoint.hub.kinds import Ask, Made, ShopKind, Unfilled, Words
from chekpoint.hub.names import Keys
from chekpoint.hub.shop_rules import VatRule, rules_of, set_rules
from chekpoint.store import people
from chekpoint.store.journal import Tx

TEXT_MOST: Final = 500
NAME_MOST: Final = 64
DEADLINE_MOST: Final = 86_400  # seconds
_EMPTY: Final[Words] = ("Заполните это поле.", "Fill this in.")
_NOT_SITE: Final[Words] = (
    "Адрес сайта начинается с https://.",
    "The site's address begins with https://.",
)
_UNKNOWN: Final[Words] = ("Выберите из списка.", "Choose one of the list.")


class Wanted(NamedTuple):
    """A shop that is to be connected."""

    name: str
    seller_id: str
    site: str  # 1187; empty: none
    answers: Mapping[str, str]


def wanted(
    kind: ShopKind, given: Mapping[str, str], sellers: list[people.Seller], shops: list[people.Shop]
) -> Wanted:
    """The checked answers for a shop; raises Unfilled with everything that is wrong at once."""
    return chosen(kind.asks, given, sellers, [one.name for one in shops])


def answered(asks: Sequence[Ask], given: Mapping[str, str]) -> dict[str, str]:
    """The checked answers; raises Unfilled with everything that is wrong at once."""
    faults: dict[str, Words] = {}
    answers = _answers(asks, given, faults)
    if faults:
        raise Unfilled(faults)
    return answers


class Card(NamedTuple):
    """What every shop has, whatever its kind."""

    site: str | None  # 1187
    deadline_seconds: int
    webhook_url: str | None


def card_of(given: Mapping[str, str]) -> Card:
    """Site, deadline and webhook as a person wrote them; raises Unfilled with everything that is wrong."""
    faults: dict[str, Words] = {}
    site, url, seconds = (given.get(name, "").strip() for name in ("site", "webhook", "deadline"))
    if site and not _is_site(site):
        faults["site"] = _NOT_SITE
    if url and not _is_site(url, TEXT_MOST):
        faults["webhook"] = ("Адрес начинается с https://.", "The address begins with https://.")
    good = seconds.isascii() and seconds.isdigit() and len(seconds) < 6 and 1 <= int(seconds) <= DEADLINE_MOST
    if not good:
        faults["deadline"] = (f"Секунды, от 1 до {DEADLINE_MOST}.", f"Seconds, 1 to {DEADLINE_MOST}.")
    if faults:
        raise Unfilled(faults)
    return Card(site or None, int(seconds), url or None)


def chosen(
    asks: Sequence[Ask], given: Mapping[str, str], sellers: list[people.Seller], taken: Iterable[str]
) -> Wanted:
    """Name, seller and answers; raises Unfilled with everything that is wrong at once."""
    faults: dict[str, Words] = {}
    answers = _answers(asks, given, faults)
    name, site = given.get("name", "").strip(), given.get("site", "").strip()
    if not (0 < len(name) <= NAME_MOST and name.isprintable()):
        faults["name"] = (
            f"Название: от 1 до {NAME_MOST} знаков.",
            f"A name has 1 to {NAME_MOST} characters.",
        )
    elif name in set(taken):
        faults["name"] = ("Такое название уже есть.", "This name is taken.")
    if site and not _is_site(site):
        faults["site"] = _NOT_SITE
    seller = given.get("seller", "") or (sellers[0].id if len(sellers) == 1 else "")
    if seller not in {one.id for one in sellers}:
        faults["seller"] = _UNKNOWN
    if faults:
        raise Unfilled(faults)
    return Wanted(name, seller, site, answers)


def _answers(asks: Sequence[Ask], given: Mapping[str, str], faults: dict[str, Words]) -> dict[str, str]:
    return {ask.name: _answer(ask, given.get(ask.name, ""), faults) for ask in asks}


def _answer(ask: Ask, text: str, faults: dict[str, Words]) -> str:
    text = text.strip() or ask.default
    if ask.required and not text:
        faults[ask.name] = _EMPTY
    elif text and ask.choices and text not in {value for value, _ in ask.choices}:
        faults[ask.name] = _UNKNOWN
    elif len(text) > TEXT_MOST or not text.isprintable():
        faults[ask.name] = (
            f"Не длиннее {TEXT_MOST} печатных знаков.",
            f"At most {TEXT_MOST} printable characters.",
        )
    return text


def _is_site(text: str, most: int = 256) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return (
        parts.scheme in {"http", "https"}
        and bool(parts.hostname)
        and len(text) <= most
        and text.isprintable()
    )


class NewKey(NamedTuple):
    """An API key; ``secret`` is told once and kept as a hash."""

    id: str
    secret: str


class Joining:
    """The verbs over shops. ``who`` and ``reason`` go into the audit."""

    def __init__(self, keys: Keys, *, who: str, reason: str = "") -> None:
        self._keys, self._who, self._reason = keys, who, reason

    def join(self, tx: Tx, kind: ShopKind, plan: Wanted, made: Made) -> tuple[people.Shop, Mapping[str, str]]:
        """Store the shop; what its owner sees once. Raises StoreError when the name was taken meanwhile."""
        shop = people.Shop(
            self._keys.new(), plan.seller_id, plan.name, kind.kind, plan.site or None, 300, None, None, None, made.settings
        )  # fmt: skip
        people.add_shop(tx, shop)
        self._note(tx, "shop_connected", shop.id, {"way": kind.way, "name": plan.name})
        said = dict(made.secrets)
        if kind.kind == "api":
            said["key"] = self.new_key(tx, shop).secret
        return shop, said

    def renew(self, tx: Tx, kind: ShopKind, shop: people.Shop, made: Made) -> people.Shop:
        """Another link or password; raises Unfit when somebody changed the shop since it was read."""
        now = next(one for one in people.shops(tx) if one.id == shop.id)
        if now.settings != shop.settings:
            raise Unfit("магазин тем временем изменён, повторите / the shop was changed meanwhile, try again")
        people.configure_shop(tx, shop.id, made.settings)
        self._note(tx, "shop_renewed", shop.id, {"way": kind.way})
        return now._replace(settings=made.settings)

    def set_card(self, tx: Tx, shop: people.Shop, card: Card, *, new_secret: bool = False) -> str | None:
        """Site, deadline and webhook; the webhook's secret, where a new one was made."""
        now = next(one for one in people.shops(tx) if one.id == shop.id)
        fresh = card.webhook_url is not None and (new_secret or now.webhook_secret is None)
        secret = secrets.token_urlsafe(32) if fresh else now.webhook_secret if card.webhook_url else None
        changed = now._replace(**card._asdict(), webhook_secret=secret)
        people.set_card(tx, changed)
        old = Card(now.site, now.deadline_seconds, now.webhook_url)
        body = {"old": old._asdict(), "new": card._asdict(), "new_secret": fresh}
        self._note(tx, "shop_card", shop.id, body)
        return secret if fresh else None

    def new_key(self, tx: Tx, shop: people.Shop) -> NewKey:
        """Another API key of a shop."""
        made = NewKey(self._keys.new(), f"ck_{secrets.token_urlsafe(32)}")
        people.add_key(tx, made.id, shop.id, made.secret)
        self._note(tx, "key_add", shop.id, {"key": made.id, "hint": made.secret[:8]})
        return made

    def add_register(self, tx: Tx, seller_id: str, name: str, *, maker: str, config: bytes) -> str:
        """A new register in its seller's default pool; its id. Raises StoreError when the name is taken."""
        key = self._keys.new()
        people.add_register(tx, key, seller_id, name, maker=maker, config=config)
        self._note(tx, "register_add", key, {"maker": maker, "name": name})
        return key

    def revoke(self, tx: Tx, shop: people.Shop, key: str) -> None:
        """The key opens nothing any more; raises Unfit when it is not a living key of this shop."""
        if key not in {one.id for one in people.keys(tx, shop.id)} or not people.revoke_key(tx, key):
            raise Unfit("ключа нет или он уже отозван / there is no such key, or it is revoked")
        self._note(tx, "key_revoke", shop.id, {"key": key})

    def rate(self, shop_id: str, rates: Mapping[str, VatRate], tx: Tx) -> None:
        """What a shop's system calls its VAT rates becomes rules, beside those that a person has made."""
        shop = next(one for one in people.shops(tx) if one.id == shop_id)
        rules = rules_of(shop.settings)
        known = {rule.received for rule in rules.vat}
        fresh = [VatRule(received=name, rate=rate) for name, rate in rates.items() if name not in known]
        if fresh:
            rules = msgspec.structs.replace(rules, vat=(*rules.vat, *fresh))
            reason = self._reason or "ставки из каталога сайта"
            set_rules(tx, shop, rules, who=self._who, reason=reason, key=self._keys.new())

    def _note(self, tx: Tx, verb: str, subject: str, body: object) -> None:
        people.note_deed(
            tx, self._keys.new(), who=self._who, verb=verb, subject=subject, reason=self._reason,
            body=msgspec.json.encode(body),
        )  # fmt: skip
