"""A site as buyers meet it: real servers, a real browser; each trouble opens its incident, and mending closes it."""

import asyncio
import ssl
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from chekpoint.core.clock import SystemClock
from chekpoint.emulators.orange_data.papers import papers_in
from chekpoint.hub.answers import JourneyAnswer, PageAnswer, read
from chekpoint.hub.journeys import Do, Stage
from chekpoint.hub.sites import JOURNEY, PAGE, Wanted
from chekpoint.store import incidents, probes
from chekpoint.watch.checks.sites import CHECKS
from chekpoint.watch.probes import page
from chekpoint.watch.probes.settings import ProbeSettings
from chekpoint.watch.probes.sites import keep
from chekpoint.watch.thresholds import Thresholds
from chekpoint.watch.thresholds_outside import Outside
from tests.shop_front_rig import QUICK, TO_PAYMENT, Lookout, lookout, serving
from tests.waiting import until

pytestmark = pytest.mark.anyio


async def _page(watch: Lookout, site: str) -> PageAnswer:
    probe = await watch.store.read(lambda tx: probes.one(tx, PAGE, site))
    assert probe is not None
    return read(PageAnswer, probe)


async def _journey(watch: Lookout, site: str) -> JourneyAnswer:
    probe = await watch.store.read(lambda tx: probes.one(tx, JOURNEY, site))
    assert probe is not None
    return read(JourneyAnswer, probe)


TROUBLES = {
    "down": ("оборвалось", "line"),
    "status": ("HTTP 500", "status"),
    "blank": ("нет текста «В корзину»", "text"),
    "parked": ("чужой адрес", "foreign"),
    "slow": ("нет ответа за 0.5 с", "timeout"),
}


@pytest.mark.check(25)
@pytest.mark.parametrize("trouble", TROUBLES)
async def test_a_page_that_fails_opens_an_incident_after_its_grace_and_mending_closes_it(
    trouble: str, tmp_path: Path
) -> None:
    words, code = TROUBLES[trouble]
    async with serving() as other, serving() as shop, lookout(tmp_path, CHECKS) as watch:
        probe = watch.sites(tmp_path, ProbeSettings(page_timeout=0.5))
        site = await watch.add(Wanted("Витрина", shop.url, expected="В корзину"))
        await watch.look(probe)
        assert await watch.judge() == {}
        ill = {"down": True, "status": 500, "blank": True, "slow": 1.0}
        foreign = other.url.replace("127.0.0.1", "localhost")
        setattr(shop.front.conduct, trouble, foreign if trouble == "parked" else ill[trouble])
        await watch.look(probe, after=60)
        assert await watch.judge() == {}  # it may be a blip
        await watch.look(probe, after=3)
        opened = await watch.judge(after=3)
        assert words in opened["site_down"].text_ru
        assert (await _page(watch, site)).fault is not None
        assert getattr((await _page(watch, site)).fault, "code", None) == code
        setattr(shop.front.conduct, trouble, {"status": 200, "slow": 0.0, "parked": ""}.get(trouble, False))
        await watch.look(probe, after=15)
        assert await watch.judge() == {}
        assert [one.ok for one in (await _page(watch, site)).glances] == [True, False, False, True]


async def test_a_site_that_goes_down_is_an_incident_within_ten_seconds_of_the_evidence(
    tmp_path: Path,
) -> None:
    async with serving() as shop, lookout(tmp_path, CHECKS, SystemClock()) as watch:
        site = await watch.add(Wanted("Витрина", shop.url, every_seconds=10))
        probe = watch.sites(tmp_path)
        work = [asyncio.create_task(one) for one in (probe.run(), watch.man.run())]
        await until(lambda: shop.front.seen)
        shop.front.conduct.down = True
        (opened,) = await until(lambda: watch.store.read(incidents.open_now))
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        seen = await watch.store.read(lambda tx: probes.one(tx, PAGE, site))
        assert seen is not None
        assert 6_000 <= opened.opened_at - seen.since <= 10_000


async def test_two_nodes_do_not_both_make_a_journey(tmp_path: Path) -> None:
    async with serving() as shop, lookout(tmp_path, CHECKS) as watch:
        await watch.add(Wanted("Витрина", shop.url))
        one, other = watch.sites(tmp_path), watch.sites(tmp_path)
        await asyncio.gather(*await one.once(), *await other.once())
        assert shop.front.seen == 1


async def test_one_failed_look_is_no_incident(tmp_path: Path) -> None:
    async with serving() as shop, lookout(tmp_path, CHECKS) as watch:
        probe = watch.sites(tmp_path)
        await watch.add(Wanted("Витрина", shop.url))
        shop.front.conduct.status = 502
        await watch.look(probe)
        shop.front.conduct.status = 200
        assert await watch.judge() == {}
        await watch.look(probe, after=3)
        assert await watch.judge(after=60) == {}


@pytest.mark.parametrize(("days", "host", "words"), [
    (-3, "127.0.0.1", "срок сертификата истёк"),
    (365, "127.0.0.1", None),
])  # fmt: skip
async def test_a_certificate_that_buyers_do_not_trust_is_said_in_words(
    days: int, host: str, words: str | None, tmp_path: Path
) -> None:
    papers = papers_in(tmp_path / "ca", SystemClock().now() - timedelta(days=3650 - days), host)
    async with serving(papers) as shop, lookout(tmp_path, CHECKS) as watch:
        site = await watch.add(Wanted("Витрина", shop.url))
        await watch.look(watch.sites(tmp_path, ca=papers.ca))
        fault = (await _page(watch, site)).fault
        assert (fault.ru if fault else None) == words
        await watch.look(watch.sites(tmp_path), after=60)  # without our test CA nobody trusts it
        fault = (await _page(watch, site)).fault
        assert fault is not None
        assert "сертификат" in fault.ru


async def test_a_site_that_is_not_there_at_all_is_told_apart(tmp_path: Path) -> None:
    async with serving() as shop:
        gone = shop.url
    async with lookout(tmp_path, CHECKS) as watch:
        site = await watch.add(Wanted("Витрина", gone))
        nameless = await watch.add(Wanted("Без имени", "http://no-such-shop.invalid/"))
        await watch.look(watch.sites(tmp_path))
        faults = [(await _page(watch, one)).fault for one in (site, nameless)]
        assert [one.code for one in faults if one] == ["refused", "dns"]


async def test_a_slow_page_is_a_warning(tmp_path: Path) -> None:
    async with serving() as shop, lookout(tmp_path, CHECKS) as watch:
        watch.man.thresholds = Thresholds(outside=Outside(site_slow=0.2))
        shop.front.conduct.slow = 0.3
        wish = Wanted("Витрина", shop.url)
        site = wish.site(await watch.add(wish))
        clock, context = SystemClock(), ssl.create_default_context()  # the watch's own clock stands still
        seen = await page.look(shop.url, None, context=context, clock=clock, patience=5)
        await watch.store.write(lambda tx: keep(tx, PAGE, site, seen))
        await watch.judge()
        opened = await watch.judge(after=6)
        assert opened["site_down"].severity == "warning"


async def test_a_buyer_reaches_the_payment_page_and_pays_nothing(tmp_path: Path, chromium_path: Path) -> None:
    async with serving() as shop, lookout(tmp_path, CHECKS) as watch:
        site = await watch.add(Wanted("Витрина", shop.url, journey=TO_PAYMENT))
        await watch.look(watch.sites(tmp_path, _with(chromium_path)))
        seen = await _journey(watch, site)
        assert seen.fault is None, seen
        assert (seen.stage, seen.stages) == (0, len(TO_PAYMENT))
        assert [one.total for one in shop.front.orders] == [45_000]
        assert await watch.judge() == {}


@pytest.mark.check(25)
async def test_a_dead_button_is_named_with_its_step_and_a_screenshot_is_kept(
    tmp_path: Path, chromium_path: Path
) -> None:
    async with serving() as shop, lookout(tmp_path, CHECKS) as watch:
        probe = watch.sites(tmp_path, _with(chromium_path))
        site = await watch.add(Wanted("Витрина", shop.url, journey=TO_PAYMENT[:2] + TO_PAYMENT[3:]))
        shop.front.conduct.dead_button = True
        await watch.look(probe)
        seen = await _journey(watch, site)
        assert (seen.stage, seen.fault and seen.fault.code) == (3, "step")
        shot = tmp_path / "sites" / (seen.shot or "")
        assert shot.read_bytes().startswith(b"\x89PNG")
        opened = await watch.judge()
        assert "шага 3 из 8: нажать «Оформить заказ»" in opened["site_journey"].text_ru
        shop.front.conduct.dead_button = False
        await watch.look(probe, after=120)
        assert await watch.judge() == {}
        assert (await _journey(watch, site)).shot is None


async def test_only_the_newest_screenshots_are_kept(tmp_path: Path, chromium_path: Path) -> None:
    async with serving() as shop, lookout(tmp_path, CHECKS) as watch:
        settings = _with(chromium_path, shots_kept=1, stage_timeout=0.5)
        probe = watch.sites(tmp_path, settings)
        site = await watch.add(Wanted("Витрина", shop.url, journey=(Stage(do=Do.SEE, what="нет такого"),)))
        await watch.look(probe)
        first = (await _journey(watch, site)).shot
        await watch.look(probe, after=120)
        last = (await _journey(watch, site)).shot
        assert first != last
        assert [one.name for one in (tmp_path / "sites").iterdir()] == [last]


async def test_a_browser_that_hangs_is_ended_with_all_that_it_started(
    tmp_path: Path, chromium_path: Path
) -> None:
    async with serving() as shop, lookout(tmp_path, CHECKS) as watch:
        shop.front.conduct.slow = 100
        settings = _with(chromium_path, stage_timeout=60, journey_limit=3.0)
        site = await watch.add(Wanted("Витрина", shop.url, journey=TO_PAYMENT))
        await watch.look(watch.sites(tmp_path, settings))
        fault = (await _journey(watch, site)).fault
        assert fault is not None
        assert fault.code == "hung"
        assert _browsers() == []


async def test_without_a_browser_that_is_said_and_the_page_is_still_looked_at(tmp_path: Path) -> None:
    async with serving() as shop, lookout(tmp_path, CHECKS) as watch:
        site = await watch.add(Wanted("Витрина", shop.url, journey=TO_PAYMENT))
        await watch.look(watch.sites(tmp_path, ProbeSettings(chromium=str(tmp_path / "none"))))
        opened = await watch.judge()
        assert opened["site_journey"].severity == "warning"
        assert "CHROMIUM_PATH" in opened["site_journey"].text_ru
        assert (await _page(watch, site)).fault is None


async def test_the_number_of_a_card_is_never_typed(tmp_path: Path, chromium_path: Path) -> None:
    paying = (*TO_PAYMENT[:-1], Stage(do=Do.FILL, what="Номер карты", value="4111"), TO_PAYMENT[-1])
    async with serving() as shop, lookout(tmp_path, CHECKS) as watch:
        site = await watch.add(Wanted("Витрина", shop.url, journey=paying))
        await watch.look(watch.sites(tmp_path, _with(chromium_path)))
        seen = await _journey(watch, site)
        assert (seen.stage, seen.fault and seen.fault.code) == (9, "card")


def _with(chromium: Path, **more: float) -> ProbeSettings:
    return msgspec.structs.replace(QUICK, chromium=str(chromium), **more)


def _browsers() -> list[str]:
    """Command lines of browsers that a journey of this process has started, and that are still there."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if "chekpoint-browser-" in line and "chrom" in line:
            found.append(line)
    return found
