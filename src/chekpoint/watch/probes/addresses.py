"""The addresses that matter and that nobody types in twice: certificates of sites and of ours, webhooks, gateways."""

import ssl
from collections.abc import Iterable, Iterator
from typing import Final

from chekpoint.hub.answers import Answer
from chekpoint.hub.post import Post
from chekpoint.store import people, sites
from chekpoint.store.journal import Tx
from chekpoint.watch.probes import reach
from chekpoint.watch.probes.reach import Place
from chekpoint.watch.probes.rounds import Ask, Rounds, Target
from chekpoint.watch.probes.settings import ProbeSettings

CERTIFICATE, WEBHOOK, OURS, GATEWAY = "certificate", "webhook", "our_address", "gateway"
OUR_SUBJECT: Final = "public_url"
CERTIFICATE_FAILING: Final = 300.0
OUR_NAME: Final = "Chekpoint"


class Addresses:
    """What is asked and how. ``public_url``: ours; empty where there is none to be reached from outside."""

    def __init__(self, post: Post, settings: ProbeSettings, context: ssl.SSLContext, public_url: str) -> None:
        self._post, self._settings, self._url = post, settings, public_url
        self._means = reach.Means(context, post.clock, settings.page_timeout)

    def rounds(self) -> Rounds:
        """Ready to be run."""
        asks: dict[str, Ask] = {
            CERTIFICATE: self._certificate, WEBHOOK: self._reach, GATEWAY: self._reach, OURS: self._ours,
        }  # fmt: skip
        return Rounds(self._post, self.targets, asks)

    def targets(self, tx: Tx) -> Iterator[Target]:
        """Everything worth asking by what is set up now."""
        every, failing = self._settings.reach_every, min(self._settings.reach_every, 15.0)
        for shop in people.shops(tx):
            if shop.webhook_url and reach.place_of(shop.webhook_url) is not None:
                yield Target(WEBHOOK, shop.id, shop.webhook_url, (shop.name,), every, failing)
        if self._url:
            yield Target(OURS, OUR_SUBJECT, self._url, (OUR_NAME,), every, failing)
        for gateway in self._settings.gateways:
            yield Target(GATEWAY, gateway, gateway, (), every, failing)
        for place, whose in sorted(self._shown(tx).items()):
            yield Target(
                CERTIFICATE, place.word, f"https://{place.word}", tuple(whose), self._settings.certificate_every,
                CERTIFICATE_FAILING,
            )  # fmt: skip

    def _shown(self, tx: Tx) -> dict[Place, list[str]]:
        """Places that show a certificate -> what lives there."""
        named: list[tuple[str, str]] = [(one.url, one.name) for one in sites.every(tx) if one.enabled]
        named += [(one.webhook_url, one.name) for one in people.shops(tx) if one.webhook_url]
        return _by_place([*named, (self._url, OUR_NAME)])

    async def _certificate(self, target: Target) -> tuple[bool, Answer]:
        place = reach.place_of(target.address)
        assert place is not None  # noqa: S101 - it was made of a place
        found = await reach.certificate(place, target.whose, self._means)
        return found.fault is None, found

    async def _reach(self, target: Target) -> tuple[bool, Answer]:
        place = reach.gateway_of(target.address) if target.kind == GATEWAY else reach.place_of(target.address)
        assert place is not None  # noqa: S101 - its form was checked
        found = await reach.reach(place, target.whose, self._means)
        return found.fault is None, found

    async def _ours(self, target: Target) -> tuple[bool, Answer]:
        found = await reach.ours(target.address, self._means)
        return found.fault is None, found


def _by_place(named: Iterable[tuple[str, str]]) -> dict[Place, list[str]]:
    found: dict[Place, list[str]] = {}
    for url, name in named:
        place = reach.place_of(url) if url else None
        if place is not None and place.tls and name not in found.setdefault(place, []):
            found[place].append(name)
    return found
