"""A journey from the hub's side: a browser is started, given its time, and asked how it went."""

import asyncio
import contextlib
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from chekpoint.hub.answers import Fault, JourneyAnswer
from chekpoint.hub.journeys import Journey
from chekpoint.watch.probes import browser, processes
from chekpoint.watch.probes.browser import Plan, Report
from chekpoint.watch.probes.settings import ProbeSettings

MODULE: Final = "chekpoint.watch.probes.browser"
_ABSENT: Final = Fault(
    code="absent",
    ru="путь покупателя не проверяется: нет браузера. Установите chekpoint[browser] и Chromium (или задайте CHROMIUM_PATH)",
    en="the journey is not made: there is no browser. Install chekpoint[browser] and Chromium (or set CHROMIUM_PATH)",
    bad=False,
)
_CARD: Final = Fault(
    code="card",
    ru="шаг заполняет поле банковской карты: проверка не платит, закончите её на странице оплаты",
    en="a step fills in a card's field: the journey never pays, end it at the payment page",
    bad=False,
)


async def make(
    url: str, journey: Journey, settings: ProbeSettings, *, shot: Path | None = None, anyone: bool = False
) -> JourneyAnswer:
    """One journey; ``shot``: where a screenshot of a failure goes. Never raises for what a browser may do."""
    plan = Plan(
        url=url, journey=journey, timeout=settings.stage_timeout, shot=str(shot) if shot else "",
        chromium=settings.chromium, trusts_anyone=anyone,
    )  # fmt: skip
    if not browser.installed():
        return JourneyAnswer(ms=0, stages=len(journey), fault=_ABSENT)
    with TemporaryDirectory(prefix="chekpoint-browser-", ignore_cleanup_errors=True) as folder:
        try:
            code, out, err = await processes.run(
                MODULE, msgspec.json.encode(plan), limit=settings.journey_limit, folder=Path(folder)
            )  # fmt: skip
        except processes.TimeIsUp:
            return JourneyAnswer(
                ms=round(settings.journey_limit * 1000), stages=len(journey), fault=_hung(settings.journey_limit)
            )  # fmt: skip
        except OSError as error:
            return JourneyAnswer(ms=0, stages=len(journey), fault=_broken(str(error)))
    return _answer(journey, code, out, err, shot)


def _hung(limit: float) -> Fault:
    return Fault(
        code="hung",
        ru=f"браузер не прошёл путь за {limit:g} с и был остановлен",
        en=f"the browser did not end within {limit:g} s and was stopped",
    )


def _broken(said: str) -> Fault:
    return Fault(
        code="browser", bad=False, ru=f"браузер не работает: {said[:300]}", en=f"the browser does not work: {said[:300]}"
    )  # fmt: skip


def _answer(journey: Journey, code: int, out: bytes, err: bytes, shot: Path | None) -> JourneyAnswer:
    try:
        report = msgspec.json.decode(out, type=Report)
    except msgspec.DecodeError:
        said = err.decode("utf-8", "replace").strip().splitlines()[-1:] or [f"exit {code}"]
        return JourneyAnswer(ms=0, stages=len(journey), fault=_broken(said[0]))
    return JourneyAnswer(
        ms=report.ms, stages=len(journey), stage=report.stage, url=report.url, said=report.said,
        fault=_fault(journey, report), shot=shot.name if shot is not None and report.shot else None,
    )  # fmt: skip


def _fault(journey: Journey, report: Report) -> Fault | None:
    match report.code:
        case "":
            return None
        case "absent":
            return _ABSENT
        case "card":
            return _CARD
        case "browser":
            return _broken(report.said)
    if report.stage == 0:
        return Fault(code="opening", ru="браузер не открыл сайт", en="the browser could not open the site")
    ru, en = journey[report.stage - 1].words
    return Fault(
        code=report.code,
        ru=f"покупатель не проходит дальше шага {report.stage} из {len(journey)}: {ru}",
        en=f"a buyer gets no further than step {report.stage} of {len(journey)}: {en}",
    )


class Shots:
    """Screenshots of failures in a folder: ``<site>-<milliseconds>.png``, the newest few of each site."""

    def __init__(self, folder: Path, kept: int) -> None:
        self._folder, self._kept = folder, kept

    def place(self, site_id: str, now: int) -> Path | None:
        """Where the next one goes; None where none are to be kept. Raises OSError when there is no such folder."""
        if not self._kept:
            return None
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._folder / f"{site_id}-{now}.png"

    async def tidy(self, sites: frozenset[str]) -> None:
        """Remove all but the newest of each site, and all of sites that are there no more."""
        await asyncio.to_thread(self._tidy, sites)

    def _tidy(self, sites: frozenset[str]) -> None:
        kept: Counter[str] = Counter()
        # an id has 32 digits and milliseconds have 13: names sort by time
        for one in sorted(self._folder.glob("*-*.png"), reverse=True):
            site = one.name.partition("-")[0]
            kept[site] += 1
            if kept[site] > self._kept or site not in sites:
                with contextlib.suppress(OSError):
                    one.unlink()
