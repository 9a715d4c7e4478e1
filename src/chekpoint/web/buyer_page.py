"""The buyer's page: the electronic receipt, for whoever has its address. Nothing else is on it."""

import re
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chekpoint.core.lifecycle import State
from chekpoint.fiscal.printed_rows import TEST_FN
from chekpoint.store import views_receipt
from chekpoint.web.desk import desk_of
from chekpoint.web.printing import FNS_CHECK, printed

_TOKEN: Final = re.compile(r"[0-9a-f]{32}")
_HEADERS: Final = {"x-robots-tag": "noindex, nofollow", "referrer-policy": "no-referrer"}
_NEVER: Final = frozenset({State.CANCELLED, State.EXPIRED})


async def show(request: Request) -> Response:
    """The receipt, or that it is not ready; 404 for an unknown address."""
    desk, token = desk_of(request), request.path_params["token"]
    found = (
        await desk.store.read(lambda tx: views_receipt.by_token(tx, token))
        if _TOKEN.fullmatch(token)
        else None
    )
    if found is None or found[0].state in _NEVER:
        raise HTTPException(404, "buyer", headers=_HEADERS)
    head, document = found
    answer = desk.bare(
        request, "buyer.html", head=head, document=document, printed=printed(head, document), fns=FNS_CHECK,
        is_test=bool(head.fn and head.fn.startswith(TEST_FN)), link=await desk.public_link(head.id),
    )  # fmt: skip
    answer.headers.update(_HEADERS)
    return answer


ROUTES = [Route("/c/{token:str}", show, methods=["GET"])]
