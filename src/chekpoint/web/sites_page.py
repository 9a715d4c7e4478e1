"""Sites that are looked at as buyers do: how they are, what they are to be, and what the browser saw when it failed."""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from chekpoint.core.errors import StoreError
from chekpoint.hub.answers import Answer, CertificateAnswer, JourneyAnswer, PageAnswer, read
from chekpoint.hub.journeys import DOINGS, Journey, JourneyFault, read_journey
from chekpoint.hub.kinds import Unfilled
from chekpoint.hub.sites import EVERY, JOURNEY, PAGE, ROWS_MOST, SiteVerbs, fields_of, wanted
from chekpoint.store import people, probes, sites
from chekpoint.store.journal import Tx
from chekpoint.store.probes import Probe
from chekpoint.store.sites import Site
from chekpoint.web import forms, spark
from chekpoint.web.desk import Desk, back, desk_of, key_of, member, tell

SPARE: Final = 3  # empty rows for new steps
FIRST_ROWS: Final = 8  # from the catalogue to a payment page it takes about that many
FIELDS_MOST: Final = ROWS_MOST * 3 + 20
_SHOT: Final = re.compile(r"[0-9a-f]{32}-\d{1,16}\.png")
T = TypeVar("T", bound=Answer)


class Seen(NamedTuple):
    """A site with what was seen of it last. Nothing of a kind: it was not looked at yet."""

    site: Site
    page: PageAnswer | None
    page_at: Probe | None
    journey: JourneyAnswer | None
    journey_at: Probe | None

    @property
    def tone(self) -> str:
        """The shape of its state."""
        if not self.site.enabled:
            return "off"
        if self.page is None:
            return "unknown"
        if self.page.fault is not None or (
            self.walks and self.journey and self.journey.fault and self.journey.fault.bad
        ):
            return "broken"
        return "waits" if self.walks and self.journey and self.journey.fault else "well"

    @property
    def walks(self) -> bool:
        """Is a journey made through it?"""
        return self.site.journey is not None

    @property
    def bars(self) -> list[spark.Bar]:
        """The last looks at its page."""
        return spark.bars(self.page.glances if self.page else ())

    @property
    def failures(self) -> int:
        """How many of the looks that are kept have failed."""
        return sum(not one.ok for one in self.page.glances) if self.page else 0


def _read(kind: type[T], probe: Probe | None) -> T | None:
    with suppress(msgspec.DecodeError):  # of another version: as good as not seen
        return None if probe is None else read(kind, probe)
    return None


def _seen(site: Site, pages: Mapping[str, Probe], journeys: Mapping[str, Probe]) -> Seen:
    page, journey = pages.get(site.id), journeys.get(site.id)
    return Seen(site, _read(PageAnswer, page), page, _read(JourneyAnswer, journey), journey)


def _look(tx: Tx) -> list[Seen]:
    pages, journeys = ({one.subject: one for one in probes.every(tx, kind)} for kind in (PAGE, JOURNEY))
    return [_seen(site, pages, journeys) for site in sites.every(tx)]


@member
async def show(request: Request) -> Response:
    """All sites."""
    desk = desk_of(request)
    return await desk.page(request, "sites.html", rows=await desk.store.read(_look), spark=spark)


@member
async def fresh(request: Request) -> Response:
    """The form of a new site."""
    return await _form(request, {"every": str(EVERY), "enabled": "on"}, {})


async def _form(request: Request, fields: Mapping[str, str], faults: Mapping[str, object]) -> Response:
    desk = desk_of(request)
    shops = await desk.store.read(people.shops)
    return await desk.page(
        request, "site_form.html", status=422 if faults else 200, fields=fields, faults=faults, shops=shops,
        rows=_rows(fields), doings=DOINGS,
    )  # fmt: skip


def _rows(fields: Mapping[str, str]) -> range:
    """Numbers of the form's rows: those that are filled, and a few empty ones."""
    used = [
        n
        for n in range(1, ROWS_MOST + 1)
        if any(fields.get(f"stage-{n}-{p}") for p in ("do", "what", "value"))
    ]
    return range(1, min(max(used[-1] + SPARE, FIRST_ROWS) if used else FIRST_ROWS, ROWS_MOST) + 1)


@member
async def add(request: Request) -> Response:
    """A new site out of the form."""
    desk = desk_of(request)
    fields = await forms.read(request, FIELDS_MOST)
    verbs = SiteVerbs(desk.keys, who=request.state.person.login)

    def unit(tx: Tx) -> str:
        return verbs.add(tx, wanted(fields, frozenset(one.id for one in people.shops(tx))))

    try:
        site_id = await _written(desk, unit)
    except Unfilled as wrong:
        return await _form(request, fields, wrong.faults)
    tell(request, "sites.added")
    return back(f"/sites/{site_id}")


async def _written(desk: Desk, unit: Any) -> Any:
    """Write; what the store refuses (a name that is taken) is a fault of the form."""
    try:
        return await desk.store.write(_both(unit))
    except _Refused as refused:
        raise refused.faults from refused
    except StoreError as error:
        ru, _, en = str(error).partition(" / ")
        raise Unfilled({"name": (ru, en or ru)}) from error


class _Refused(StoreError):
    """Carries the faults of a form through the journal, which passes on errors of its own kind alone."""

    def __init__(self, faults: Unfilled) -> None:
        super().__init__(str(faults))
        self.faults = faults


def _both(unit: Any) -> Any:
    def inner(tx: Tx) -> Any:
        try:
            return unit(tx)
        except Unfilled as wrong:
            raise _Refused(wrong) from wrong

    return inner


async def _one(request: Request) -> tuple[Seen, Journey, dict[str, CertificateAnswer | None]]:
    """The site of the address; HTTPException 404."""
    site_id = key_of(request, "site")

    def look(tx: Tx) -> tuple[Seen | None, dict[str, CertificateAnswer | None]]:
        found = next((one for one in _look(tx) if one.site.id == site_id), None)
        papers = {one.subject: _read(CertificateAnswer, one) for one in probes.every(tx, "certificate")}
        return found, papers

    seen, papers = await desk_of(request).store.read(look)
    if seen is None:
        raise HTTPException(404)
    with suppress(JourneyFault):
        return seen, read_journey(seen.site.journey) if seen.site.journey else (), papers
    return seen, (), papers


@member
async def one(request: Request) -> Response:
    """A site's page."""
    return await _page(request, None, {})


async def _page(request: Request, fields: Mapping[str, str] | None, faults: Mapping[str, object]) -> Response:
    desk = desk_of(request)
    seen, journey, papers = await _one(request)
    shown = fields if fields is not None else fields_of(seen.site, journey)
    paper = next((found for found in papers.values() if found and seen.site.name in found.whose), None)
    return await desk.page(
        request, "site.html", status=422 if faults else 200, seen=seen, journey=journey, fields=shown, faults=faults,
        rows=_rows(shown), doings=DOINGS, shops=await desk.store.read(people.shops), spark=spark, paper=paper,
        shot=_shot_of(desk, seen),
    )  # fmt: skip


def _shot_of(desk: Desk, seen: Seen) -> str | None:
    """The name of the last failure's screenshot, where this node has the file."""
    name = seen.journey.shot if seen.journey else None
    if name is None or desk.shots is None or _SHOT.fullmatch(name) is None:
        return None
    return name if (desk.shots / name).is_file() else None


@member
async def save(request: Request) -> Response:
    """What the site is to be from now on."""
    desk, site_id = desk_of(request), key_of(request, "site")
    fields = await forms.read(request, FIELDS_MOST)
    await _one(request)
    verbs = SiteVerbs(desk.keys, who=request.state.person.login)

    def unit(tx: Tx) -> None:
        verbs.change(tx, site_id, wanted(fields, frozenset(one.id for one in people.shops(tx))))

    try:
        await _written(desk, unit)
    except Unfilled as wrong:
        return await _page(request, fields, wrong.faults)
    tell(request, "sites.saved")
    return back(f"/sites/{site_id}")


@member
async def look_now(request: Request) -> Response:
    """A person does not want to wait for the next turn."""
    desk, site_id = desk_of(request), key_of(request, "site")
    await forms.read(request)
    await _one(request)
    verbs = SiteVerbs(desk.keys, who=request.state.person.login)
    await desk.store.write(lambda tx: verbs.look(tx, site_id))
    tell(request, "sites.looking")
    return back(f"/sites/{site_id}")


@member
async def remove(request: Request) -> Response:
    """It is not looked at any more."""
    desk, site_id = desk_of(request), key_of(request, "site")
    await forms.read(request)
    await _one(request)
    verbs = SiteVerbs(desk.keys, who=request.state.person.login)
    await desk.store.write(lambda tx: verbs.remove(tx, site_id))
    tell(request, "sites.removed")
    return back("/sites")


@member
async def shot(request: Request) -> Response:
    """What the browser saw; only for those who are signed in, and only the last failure of this very site."""
    seen, _journey, _papers = await _one(request)
    name, folder = _shot_of(desk_of(request), seen), desk_of(request).shots
    if name is None or folder is None or name != request.path_params["name"]:
        raise HTTPException(404)
    return FileResponse(folder / name, media_type="image/png", headers={"cache-control": "private, no-store"})


ROUTES = [
    Route("/sites", show, methods=["GET"]),
    Route("/sites", add, methods=["POST"]),
    Route("/sites/new", fresh, methods=["GET"]),
    Route("/sites/{site:str}", one, methods=["GET"]),
    Route("/sites/{site:str}", save, methods=["POST"]),
    Route("/sites/{site:str}/look", look_now, methods=["POST"]),
    Route("/sites/{site:str}/remove", remove, methods=["POST"]),
    Route("/sites/{site:str}/shots/{name:str}", shot, methods=["GET"]),
]
