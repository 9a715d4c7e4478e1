"""Files that a form brings: measured while they come, kept in memory until a person has said what they are."""

import hmac
import secrets
from collections.abc import AsyncGenerator
from typing import Final, NamedTuple

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from chekpoint.core.clock import Clock
from chekpoint.hub.importing.columns import Chosen
from chekpoint.hub.importing.files import FILE_MOST
from chekpoint.web.forms import FIELD

FORM_MOST: Final = FILE_MOST + (64 << 10)
DRAINED: Final = 8 * FILE_MOST  # a browser shows an answer only after it has sent its form
KEPT_MOST: Final = 4  # files that wait for a person, on this node
KEPT_SECONDS: Final = 1800.0
NAME_MOST: Final = 120


class Upload(NamedTuple):
    """A file with the fields beside it. ``name`` is the browser's word: shown, never opened."""

    fields: dict[str, str]
    name: str
    content: bytes


async def read(request: Request) -> Upload:
    """The form; raises HTTPException 403, 413 or 415, 400 for one that is none or brings no file."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data;"):
        raise HTTPException(415)
    parser = MultiPartParser(
        request.headers, _measured(request), max_files=1, max_fields=20, max_part_size=4096
    )
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise HTTPException(400) from error
    try:
        fields = {n: v.replace("\0", "").strip() for n, v in form.multi_items() if isinstance(v, str)}
        mine = request.session.get(FIELD)
        if not mine or not hmac.compare_digest(fields.get(FIELD, "").encode(), str(mine).encode()):
            raise HTTPException(403, "form")
        return await _upload(form.get("file"), fields)
    finally:
        await form.close()


async def _upload(file: object, fields: dict[str, str]) -> Upload:
    if not isinstance(file, UploadFile):
        raise HTTPException(400)
    content = await file.read()
    name = "".join(char for char in (file.filename or "") if char.isprintable())[-NAME_MOST:]
    return Upload(fields, name, content)


async def _measured(request: Request) -> AsyncGenerator[bytes, None]:
    """The body up to FORM_MOST; what is more is let pass unread, or the answer would never be seen."""
    size = 0
    async for part in request.stream():
        size += len(part)
        if size <= FORM_MOST:
            yield part
        elif size > DRAINED:
            break
    if size > FORM_MOST:
        raise HTTPException(413)


class Waiting(NamedTuple):
    """A file that waits for a person's word. ``chosen``: what has been said of its columns; None: nothing."""

    upload: Upload
    who: str
    until: float
    chosen: Chosen | None = None
    words: dict[str, str] = {}  # what the page's last form said beside the columns  # noqa: RUF012


class Waitings:
    """Files that wait, the newest KEPT_MOST of this node, each for its own person and half an hour."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, Waiting] = {}

    def keep(self, upload: Upload, who: str) -> str:
        """A name for its page."""
        key = secrets.token_hex(16)
        self._kept = {k: one for k, one in self._kept.items() if self._clock.monotonic() < one.until}
        while len(self._kept) >= KEPT_MOST:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = Waiting(upload, who, self._clock.monotonic() + KEPT_SECONDS)
        return key

    def get(self, key: str, who: str) -> Waiting | None:
        """The file, if it still waits, and for this person."""
        found = self._kept.get(key)
        return found if found and found.who == who and self._clock.monotonic() < found.until else None

    def say(self, key: str, chosen: Chosen, words: dict[str, str]) -> None:
        """A person has said what its columns are."""
        self._kept[key] = self._kept[key]._replace(chosen=chosen, words=words)

    def drop(self, key: str) -> None:
        """It was taken."""
        self._kept.pop(key, None)
