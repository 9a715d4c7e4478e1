"""Files for reconciliation: a form, what was understood of the file, and the report of what it brought.

The first time that a set of headers comes, a person confirms what its columns are; after that the same export
is taken at once.
"""

from collections.abc import Mapping
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chekpoint.core.errors import StoreError
from chekpoint.hub.importing import keeping
from chekpoint.hub.importing.columns import FIELDS, UNITS, Chosen
from chekpoint.hub.importing.files import COLUMNS_MOST, FILE_MOST, ROWS_MOST, NotRead
from chekpoint.hub.importing.plan import KINDS, Plan, Surroundings
from chekpoint.store import imports, people
from chekpoint.store.journal import Tx
from chekpoint.web import forms, uploads
from chekpoint.web.desk import Desk, back, desk_of, key_of, member
from chekpoint.web.uploads import Waiting

_FIELDS_MOST: Final = COLUMNS_MOST + 20
HERE: Final = "/reconciliation/import"


@member
async def show(request: Request) -> Response:
    """The form, and the last files."""
    kind = request.query_params.get("kind", "")
    return await _form(request, {"kind": kind if kind in KINDS else KINDS[0]}, "")


async def _form(request: Request, fields: Mapping[str, str], wrong: str, status: int = 200) -> Response:
    desk = desk_of(request)

    def look(tx: Tx) -> dict[str, Any]:
        return {"last": imports.last(tx), "shops": people.shops(tx)}

    return await desk.page(
        request, "import.html", status=status, fields=fields, wrong=wrong, kinds=KINDS, file_most=FILE_MOST >> 20,
        rows_most=ROWS_MOST, **await desk.store.read(look),
    )  # fmt: skip


@member
async def upload(request: Request) -> Response:
    """A file: taken at once when its headers are known, else its own page asks."""
    desk, waiting = desk_of(request), _waitings(request)
    sent = await uploads.read(request)
    lingo, who = desk.lingo(request), request.state.person.login
    kind = sent.fields.get("kind", "")
    if kind not in KINDS:
        raise HTTPException(400)
    if not sent.name:
        return await _form(request, sent.fields, lingo.t("import.no_file"), 422)
    try:
        made = await keeping.look_into(desk.store, kind, sent.content, await _around(desk))
        known = made.head.signature in await keeping.remembered(desk.store, kind)
        if known and made.readable and not made.bad_count:
            return await _take(request, sent, made)
    except NotRead as wrong:
        return await _form(request, sent.fields, lingo.pick(wrong.ru, wrong.en), 422)
    except StoreError as wrong:
        return await _form(request, sent.fields, str(wrong), 422)
    return back(f"{HERE}/{waiting.keep(sent, who)}")


@member
async def look(request: Request) -> Response:
    """What was understood of a file that waits."""
    return await _look(request, _waiting(request), "")


async def _look(request: Request, one: Waiting, wrong: str, status: int = 200) -> Response:
    desk, kind = desk_of(request), one.upload.fields["kind"]
    made = await keeping.look_into(desk.store, kind, one.upload.content, await _around(desk), one.chosen)
    by_column = {at: name for name, at in made.head.columns.items()}
    by_column |= {at: name for at, name in made.chosen.columns.items() if name == "unused"}
    words = dict(one.upload.fields) | one.words
    return await desk.page(
        request, "import_look.html", status=status, made=made, wrong=wrong, key=request.path_params["file"], words=words,
        name=one.upload.name, by_column=by_column, known_fields=FIELDS[kind],
    )  # fmt: skip


@member
async def say(request: Request) -> Response:
    """A person's word on the columns; with ``take`` the file is written."""
    desk, key = desk_of(request), request.path_params["file"]
    fields = await forms.read(request, _FIELDS_MOST)
    one = _waiting(request)
    _waitings(request).say(key, _chosen(one.upload.fields["kind"], fields), _words(fields))
    one = _waiting(request)
    if fields.get("verb") != "take":
        return back(f"{HERE}/{key}")
    made = await keeping.look_into(
        desk.store, one.upload.fields["kind"], one.upload.content, await _around(desk), one.chosen
    )
    sent = one.upload._replace(fields=one.upload.fields | one.words)
    try:
        answer = await _take(request, sent, made)
    except StoreError as wrong:
        return await _look(request, one, str(wrong), 422)
    _waitings(request).drop(key)
    return answer


def _chosen(kind: str, fields: Mapping[str, str]) -> Chosen:
    """What the form says of the columns; a word that is no field is passed over."""
    names = {field.name for field in FIELDS[kind]}
    columns = {
        int(name[1:]): value
        for name, value in fields.items()
        if name[:1] == "c" and name.isascii() and name[1:].isdigit() and len(name) < 5 and value in names
    }
    unit, fn, sign = (fields.get(name, "") for name in ("unit", "fn", "sign"))
    return Chosen(
        columns=columns, unit=unit if unit in UNITS else "", kind=sign if sign in {"1", "2", "3", "4"} else "",
        fn=fn if len(fn) == 16 and fn.isascii() and fn.isdigit() else "",
    )  # fmt: skip


def _words(fields: Mapping[str, str]) -> dict[str, str]:
    """An unticked box is not sent: it must still take its tick away."""
    return {name: fields.get(name, "") for name in ("label", "shop", "without_bad", "partial", "again")}


async def _take(request: Request, sent: uploads.Upload, made: Plan) -> Response:
    """Write it and report; raises StoreError."""
    desk, said = desk_of(request), sent.fields
    wish = keeping.Wish(
        made.kind, sent.name, request.state.person.login, said.get("label", ""), said.get("shop") or None,
        without_bad=bool(said.get("without_bad")), complete=not said.get("partial"), again=bool(said.get("again")),
    )  # fmt: skip
    done = await keeping.take(desk.store, desk.keys, wish, sent.content, made)
    held = await keeping.compare(desk.hub.post, wish, made)
    return await desk.page(request, "import_done.html", done=done, made=made, source=wish.source, held=held)


async def _around(desk: Desk) -> Surroundings:
    return Surroundings(desk.zone, await keeping.drives(desk.store))


def _waitings(request: Request) -> uploads.Waitings:
    found: uploads.Waitings = request.app.state.uploads
    return found


def _waiting(request: Request) -> Waiting:
    found = _waitings(request).get(key_of(request, "file"), request.state.person.login)
    if found is None:
        raise HTTPException(404)
    return found


ROUTES = [
    Route(HERE, show, methods=["GET"]),
    Route(HERE, upload, methods=["POST"]),
    Route(HERE + "/{file:str}", look, methods=["GET"]),
    Route(HERE + "/{file:str}", say, methods=["POST"]),
]
