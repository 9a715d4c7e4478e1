"""Checks of sites as buyers see them (25): the page, and the way to the payment page."""

from collections.abc import Iterator
from typing import Final

from chekpoint.hub.answers import Fault
from chekpoint.hub.causes import About, Link, Trait
from chekpoint.hub.sites import BROKEN, DOWN, JOURNEY, PAGE
from chekpoint.store import probes, sites
from chekpoint.store.incidents import Words
from chekpoint.store.journal import Tx
from chekpoint.store.sites import Site
from chekpoint.watch.check import Check, Finding
from chekpoint.watch.probes import words
from chekpoint.watch.probes.sites import known
from chekpoint.watch.thresholds import Thresholds


def down(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """Pages that do not open, or open too slowly."""
    last = {one.subject: one for one in probes.every(tx, PAGE)}
    for site in sites.every(tx):
        probe = last.get(site.id)
        if probe is None or not site.enabled:
            continue
        seen = known(PAGE, probe)
        if seen.fault is not None:
            yield Finding(site.id, _down(site, seen.fault), probe.since)
        elif seen.ms > limits.outside.site_slow * 1000:
            yield Finding(site.id, _slow(site, seen.ms))


def _down(site: Site, fault: Fault) -> Words:
    return Words(
        "critical",
        f"Сайт «{site.name}» не открывается у покупателя: {fault.ru}. Проверьте {site.url}.",
        f"Site “{site.name}” does not open for buyers: {fault.en}. Check {site.url}.",
    )


def _slow(site: Site, ms: int) -> Words:
    seconds = f"{ms / 1000:.1f}"
    return Words(
        "warning",
        f"Сайт «{site.name}»: {words.SLOW.ru} ({seconds} с). Покупатели уходят; проверьте хостинг.",
        f"Site “{site.name}”: {words.SLOW.en} ({seconds} s). Buyers leave; check the hosting.",
    )


def broken(tx: Tx, _limits: Thresholds) -> Iterator[Finding]:
    """Journeys that do not reach the payment page, or cannot be made."""
    last = {one.subject: one for one in probes.every(tx, JOURNEY)}
    for site in sites.every(tx):
        probe = last.get(site.id)
        if probe is None or not site.enabled or site.journey is None:
            continue
        fault = known(JOURNEY, probe).fault
        if fault is not None:
            yield Finding(site.id, _broken(site, fault), probe.since)


def _broken(site: Site, fault: Fault) -> Words:
    if not fault.bad:
        return Words("warning", f"Сайт «{site.name}»: {fault.ru}.", f"Site “{site.name}”: {fault.en}.")
    return Words(
        "critical",
        f"Сайт «{site.name}»: {fault.ru}. Заказ до оплаты не доходит; снимок экрана — на странице сайта.",
        f"Site “{site.name}”: {fault.en}. Orders do not reach payment; the screenshot is on the site's page.",
    )


CHECKS: Final = (
    Check(
        25, DOWN, ("Сайт открывается", "The site opens"), Trait(Link.SHOP, About.OTHER), down, grace=6.0, every=1.0
    ),
    Check(
        25, BROKEN, ("Покупатель доходит до оплаты", "A buyer reaches the payment page"),
        Trait(Link.SHOP, About.OTHER, causes=(DOWN,)), broken, every=2.0,
    ),
)  # fmt: skip
