"""What a kind of shop tells the screens and the command line about itself, so that they know none by name."""

from collections.abc import AsyncIterator, Mapping
from typing import Final, NamedTuple, Protocol

import httpx2

from chekpoint.fiscal.vat import VatRate
from chekpoint.store import people

Words = tuple[str, str]
"""The same in Russian and in English."""


TAXATIONS: Final[tuple[tuple[str, Words], ...]] = (
    ("osn", ("ОСН", "General (OSN)")),
    ("usn_income", ("УСН доход", "Simplified, income")),
    ("usn_income_outcome", ("УСН доход − расход", "Simplified, income less expenses")),
    ("esn", ("ЕСХН", "Agricultural")),
    ("patent", ("Патент", "Patent")),
)
"""What a shop may be set up with today (ЕНВД was abolished in 2021)."""


class Ask(NamedTuple):
    """One thing to ask a person for. ``choices``: (value, words) pairs; ``secret`` is never shown again."""

    name: str
    label: Words
    hint: Words = ("", "")
    required: bool = False
    secret: bool = False
    choices: tuple[tuple[str, Words], ...] = ()
    default: str = ""


class RegisterKind(NamedTuple):
    """One kind of register that can be added. ``maker`` is the driver's name."""

    way: str
    maker: str
    title: Words
    means: Words
    asks: tuple[Ask, ...]


class Step(NamedTuple):
    """One step and how it went; ``ok`` is None while it is only told. ``detail`` is evidence, verbatim."""

    ok: bool | None
    words: Words
    detail: str = ""
    rates: Mapping[str, VatRate] | None = None  # what the shop's system calls its VAT rates


class Paste(NamedTuple):
    """What a person puts where in the shop's module. ``once``: it cannot be shown again."""

    where: Words
    value: str
    once: bool = False


class Unfilled(Exception):
    """Answers that do not fit: name of what was asked -> what to do. Nothing was stored."""

    def __init__(self, faults: Mapping[str, Words]) -> None:
        super().__init__("; ".join(f"{name}: {ru} / {en}" for name, (ru, en) in faults.items()))
        self.faults = dict(faults)


class Made(NamedTuple):
    """The settings of a new shop (JSON of its door), and what its owner gets to see once."""

    settings: bytes
    secrets: Mapping[str, str]


class ShopKind(Protocol):
    """One kind of shop."""

    @property
    def kind(self) -> str:
        """people.Shop.kind."""
        ...

    @property
    def way(self) -> str:
        """A word of its own: one kind may be connected in two ways."""
        ...

    @property
    def title(self) -> Words:
        """What it is called."""
        ...

    @property
    def means(self) -> Words:
        """For whom it is."""
        ...

    @property
    def asks(self) -> tuple[Ask, ...]:
        """What a person must answer."""
        ...

    @property
    def ruled(self) -> bool:
        """Do the rules of hub/shop_rules.py apply to it?"""
        ...

    def make(self, given: Mapping[str, str], others: list[people.Shop]) -> Made:
        """Settings out of the answers; raises Unfilled. ``others`` are the shops that are there."""
        ...

    @property
    def renews(self) -> Words:
        """What connecting again is called ("a new password"); ("", "") where there is nothing to renew."""
        ...

    @property
    def again(self) -> tuple[Ask, ...]:
        """What a person must answer to connect again."""
        ...

    def renew(self, shop: people.Shop, given: Mapping[str, str], others: list[people.Shop]) -> Made:
        """The shop's settings with another link or password, its rules as they are; raises Unfilled."""
        ...

    def shown(self, shop: people.Shop) -> list[tuple[Words, str]]:
        """How the shop is connected, without secrets. Empty where the shop came another way."""
        ...

    def pastes(self, shop: people.Shop, address: str, secrets: Mapping[str, str]) -> list[Paste]:
        """What to put into the shop's module; ``address`` is the hub's as the shop reaches it."""
        ...

    def check(
        self, http: httpx2.AsyncClient, shop: people.Shop, address: str, secrets: Mapping[str, str]
    ) -> AsyncIterator[Step]:
        """Look at each thing that must be right; changes nothing but what connecting is (a handler on the site)."""
        ...


def cut(text: str, most: int = 300) -> str:
    """Evidence that fits a page."""
    return text if len(text) <= most else text[:most] + "…"


async def reached(http: httpx2.AsyncClient, method: str, url: str, **more: object) -> httpx2.Response | Step:
    """The answer of an address; a Step that says why not, where there was none."""
    try:
        return await http.request(method, url, timeout=10.0, **more)  # type: ignore[arg-type]
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, OSError) as error:
        why = f"{url}: {type(error).__name__} {error}"
        return Step(
            ok=False, detail=cut(why),
            words=(
                "Адрес хаба не отвечает: проверьте public_url в настройках и доступ из интернета.",
                "The hub's address does not answer: check public_url in the settings and access from outside.",
            ),
        )  # fmt: skip
