"""Forms: read within limits, and only from our own pages.

The token against cross-site requests lies in the signed session cookie and in each form; both must be there
and equal. The cookie is SameSite=Lax as well, so this is the second lock on the door.
"""

import hmac
import secrets
from typing import Final
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

FIELD: Final = "csrf"
BODY_MOST: Final = 64 * 1024
FIELDS_MOST: Final = 50
_TYPE: Final = "application/x-www-form-urlencoded"


def token(request: Request) -> str:
    """This session's token; made when a form is first drawn."""
    if FIELD not in request.session:
        request.session[FIELD] = secrets.token_urlsafe(24)
    return str(request.session[FIELD])


async def read(request: Request, most: int = FIELDS_MOST) -> dict[str, str]:
    """The fields of a posted form, at most ``most``; raises HTTPException 403, 413 or 415."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _TYPE:
        raise HTTPException(415)
    try:
        pairs = parse_qsl((await _body(request)).decode(), keep_blank_values=True, max_num_fields=most)
    except ValueError as error:
        raise HTTPException(400) from error
    fields = {name: value.replace("\0", "").strip() for name, value in pairs}
    mine = request.session.get(FIELD)
    if not mine or not hmac.compare_digest(fields.get(FIELD, "").encode(), str(mine).encode()):
        raise HTTPException(403, "form")
    return fields


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_MOST:
            raise HTTPException(413)
    return bytes(body)
