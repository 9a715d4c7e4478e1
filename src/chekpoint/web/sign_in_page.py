"""Signing in and out, and the choice of language."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chekpoint.web import forms
from chekpoint.web.desk import LANG_COOKIE, back, desk_of, local_path
from chekpoint.web.lingo import language

_YEAR = 365 * 86_400
_LOGIN_MOST = 100
_PASSWORD_MOST = 1_000


async def show(request: Request) -> Response:
    """The form."""
    return desk_of(request).bare(request, "sign_in.html", wrong=None, login="", next=_next(request))


async def sign_in(request: Request) -> Response:
    """Check the password; 401 when it is wrong, 429 after too many wrong ones."""
    desk, fields = desk_of(request), await forms.read(request)
    login, password = fields.get("login", "")[:_LOGIN_MOST], fields.get("password", "")[:_PASSWORD_MOST]
    address = request.client.host if request.client else ""
    following = local_path(fields.get("next", "/"))
    if desk.door.tries.exhausted(login, address):
        return desk.bare(
            request, "sign_in.html", status=429, wrong="sign_in.wait", login=login, next=following
        )
    person = await desk.door.check(login, password)
    if person is None:
        desk.door.tries.wrong(login, address)
        return desk.bare(
            request, "sign_in.html", status=401, wrong="sign_in.wrong", login=login, next=following
        )
    desk.door.tries.right(login, address)
    request.session.clear()  # a session from before the sign-in must not become a signed-in one
    request.session.update(user=person.login, mark=person.mark)
    return back(following)


async def sign_out(request: Request) -> Response:
    """Forget the session."""
    await forms.read(request)
    request.session.clear()
    return back("/sign-in")


async def choose_language(request: Request) -> Response:
    """Remember the language in a cookie and go back to the page."""
    fields = await forms.read(request)
    answer = back(local_path(fields.get("next", "/")))
    answer.set_cookie(LANG_COOKIE, language(fields.get("lang")), max_age=_YEAR, httponly=True, samesite="lax")
    return answer


def _next(request: Request) -> str:
    return local_path(request.query_params.get("next", "/"))


ROUTES = [
    Route("/sign-in", show, methods=["GET"]),
    Route("/sign-in", sign_in, methods=["POST"]),
    Route("/sign-out", sign_out, methods=["POST"]),
    Route("/language", choose_language, methods=["POST"]),
]
