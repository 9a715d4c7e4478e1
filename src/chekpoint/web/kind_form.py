"""The form of a kind of shop or register: found by the address, filled with what it suggests or with what was given."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from chekpoint.hub.kinds import RegisterKind, ShopKind
from chekpoint.store import people
from chekpoint.web.desk import desk_of, key_of

Kind = TypeVar("Kind", ShopKind, RegisterKind)


def of(request: Request, kinds: Iterable[Kind]) -> Kind:
    """The kind that the address names; HTTPException(404) where there is none."""
    way = key_of(request, "way")
    found = next((one for one in kinds if one.way == way), None)
    if found is None:
        raise HTTPException(404)
    return found


async def blank(request: Request, template: str, kind: ShopKind | RegisterKind) -> Response:
    """The form as it is first seen."""
    return await page(request, template, kind, {one.name: one.default for one in kind.asks})


async def page(
    request: Request,
    template: str,
    kind: ShopKind | RegisterKind,
    fields: Mapping[str, str],
    faults: Mapping[str, object] | None = None,
) -> Response:
    """``fields``: what was typed; ``faults``: field -> what is wrong with it, answered with 422."""
    desk = desk_of(request)
    sellers = await desk.store.read(people.sellers)
    return await desk.page(
        request, template, status=422 if faults else 200, kind=kind, fields=fields, faults=faults or {},
        sellers=sellers,
    )  # fmt: skip
