"""What each kind of incident is about: its link of the chain, its subject, and which other kinds explain it.

One cause, one message: while a register does not answer, nobody is also told that its documents do not leave.
A kind that is not in the table belongs to the hub and is explained by nothing.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final, NamedTuple


class Link(StrEnum):
    """The links of the chain, as the screens draw them."""

    SHOP = "shop"
    HUB = "hub"
    REGISTER = "register"
    DRIVE = "drive"
    OPERATOR = "operator"
    TAX = "tax"


class About(StrEnum):
    """What the subject of an incident is."""

    REGISTER = "register"  # its id
    RECEIPT = "receipt"  # its id
    DOCUMENT = "document"  # fn/fd
    SELLER = "seller"
    SHOP = "shop"
    NODE = "node"
    OTHER = "other"  # a site, a channel, a cabinet: a word of the check's own


class Trait(NamedTuple):
    """One kind. ``grace``: seconds that it may last before people are told."""

    link: Link
    about: About
    grace: float = 0.0
    causes: tuple[str, ...] = ()


CHANNEL_FAILING: Final = "channel_failing"  # subject: the channel's id
NO_TRAIT: Final = Trait(Link.HUB, About.OTHER)
_SILENT: Final = ("register_silent", "register_blocked", "agent_lost", "worker_hung", "node_silent")
TRAITS: Final[dict[str, Trait]] = {
    "register_blocked": Trait(Link.REGISTER, About.REGISTER, 5.0, ("agent_lost",)),
    "receipt_rejected": Trait(Link.REGISTER, About.RECEIPT),
    "in_doubt": Trait(Link.REGISTER, About.RECEIPT, 5.0, _SILENT),
    "doubled": Trait(Link.REGISTER, About.RECEIPT),
    "unexpected_document": Trait(Link.REGISTER, About.RECEIPT),
    "clash": Trait(Link.REGISTER, About.RECEIPT),
    "foreign_document": Trait(Link.REGISTER, About.DOCUMENT),
    "unreadable_document": Trait(Link.DRIVE, About.DOCUMENT),
    "unproven": Trait(Link.DRIVE, About.REGISTER, 0.0, (*_SILENT, "exchange_error", "operator_unreachable")),
    "refused_by_operator": Trait(Link.OPERATOR, About.RECEIPT),
    "tax_sign_wrong": Trait(Link.TAX, About.RECEIPT),
    "tax_absent": Trait(Link.TAX, About.RECEIPT),
    "reconciliation_gap": Trait(Link.OPERATOR, About.REGISTER),
    "tax_service_silent": Trait(Link.TAX, About.OTHER, 3600.0),
    "late": Trait(Link.HUB, About.SELLER, 5.0, _SILENT),
    "restored": Trait(Link.HUB, About.NODE),
    "webhook_failing": Trait(Link.SHOP, About.SHOP),
    "callback_failing": Trait(Link.SHOP, About.SHOP),
    "bitrix_site_silent": Trait(Link.SHOP, About.SHOP),
    "bitrix_link_denied": Trait(Link.SHOP, About.SHOP),
    "bitrix_order_deleted": Trait(Link.SHOP, About.OTHER),
    "bitrix_queue_stuck": Trait(Link.SHOP, About.SHOP, 0.0, ("bitrix_site_silent", "bitrix_link_denied")),
    "bitrix_check_refused": Trait(Link.SHOP, About.OTHER),
    "bitrix_check_changed": Trait(Link.SHOP, About.OTHER),
    "bitrix_no_register": Trait(Link.SHOP, About.SHOP, 5.0, _SILENT),
    "bitrix_buyer_unknown": Trait(Link.SHOP, About.OTHER),
    "bitrix_unreadable": Trait(Link.SHOP, About.OTHER),
    "bitrix_settings": Trait(Link.SHOP, About.SHOP),
    "bitrix_answer_lost": Trait(Link.SHOP, About.RECEIPT),
    CHANNEL_FAILING: Trait(
        Link.HUB, About.OTHER, 30.0
    ),  # a hiccup of one provider is not told through another
}
"""Incidents that the hub and the doors of shops open; the watch adds its checks (``know``)."""


def know(kind: str, trait: Trait) -> None:
    """Add the kind of a check. Raises ValueError when it is there and says something else."""
    if TRAITS.setdefault(kind, trait) != trait:
        raise ValueError(f"two kinds of incidents are called {kind}")


def trait_of(kind: str) -> Trait:
    """What is known of a kind."""
    return TRAITS.get(kind, NO_TRAIT)


class Seen(NamedTuple):
    """An open incident as far as causes are concerned."""

    id: str
    kind: str
    subject: str


class Places(NamedTuple):
    """Who belongs to whom, to see that two incidents speak of the same place."""

    registers: Mapping[str, str]  # register id -> seller id
    register_of: Mapping[str, str]  # receipt id or fn -> register id
    hosts: Mapping[str, tuple[str, ...]] = {}  # register id -> what it hangs on: its agent's id, its node

    def register(self, one: Seen) -> str | None:
        """The register that an incident is at; None when it is at none."""
        about, subject = trait_of(one.kind).about, one.subject
        if about is About.DOCUMENT:
            return self.register_of.get(subject.partition("/")[0])
        if about is About.RECEIPT:
            return self.register_of.get(subject)
        return subject if subject in self.registers else None

    def troubles(self, cause: Seen, register: str) -> bool:
        """Is the cause at that register, or at what it hangs on?"""
        return self.register(cause) == register or cause.subject in self.hosts.get(register, ())

    def explains(self, cause: Seen, one: Seen) -> bool:
        """Is the cause at the same register, at what that hangs on, at its seller, or at the very same subject?"""
        if cause.subject == one.subject:
            return True
        here = self.register(one)
        return here is not None and cause.subject in {
            here,
            self.registers.get(here),
            *self.hosts.get(here, ()),
        }


def explained(opened: Iterable[Seen], places: Places) -> dict[str, str]:
    """Incident id -> id of the open incident that explains it.

    What is wrong with a whole seller is explained by registers only when each of them is troubled.
    """
    known = list(opened)
    by_kind: dict[str, list[Seen]] = {}
    for one in known:
        by_kind.setdefault(one.kind, []).append(one)
    return {one.id: cause.id for one in known if (cause := _cause(one, by_kind, places)) is not None}


def _cause(one: Seen, by_kind: Mapping[str, list[Seen]], places: Places) -> Seen | None:
    candidates = [
        other for kind in trait_of(one.kind).causes for other in by_kind.get(kind, ()) if other.id != one.id
    ]
    if trait_of(one.kind).about is About.SELLER:
        return _of_all(one, candidates, places)
    return next((other for other in candidates if places.explains(other, one)), None)


def _of_all(one: Seen, candidates: list[Seen], places: Places) -> Seen | None:
    own = {register for register, seller in places.registers.items() if seller == one.subject}
    at = {register: other for register in own for other in candidates if places.troubles(other, register)}
    return at[min(own)] if own and own == at.keys() else None
