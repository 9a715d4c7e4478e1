"""The Bot API over HTTP: one call, and what each refusal means to a person.

The token is a part of every address. It is kept out of logs and out of the texts of errors.
"""

import logging
from typing import Any, Final

import httpx2
import msgspec

from chekpoint.core.errors import NotSent
from chekpoint.watch.refusals import Later, Refused

MASK: Final = "•••"
ANSWER_MOST: Final = 4 << 20  # bytes: a hundred updates of the longest texts
KEPT: Final = 300  # characters of a refusal
_WORDS: Final = {
    401: ("токен бота не подходит", "the bot's token is wrong"),
    403: (
        "бот не может писать в этот чат: его заблокировали или убрали",
        "the bot cannot write to this chat: it was blocked or removed",
    ),
    404: ("токен бота не подходит", "the bot's token is wrong"),
    409: (
        "этого бота читает ещё кто-то, или у него задан webhook",
        "somebody else reads this bot, or it has a webhook",
    ),
}


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """What an error adds."""

    retry_after: float | None = None
    migrate_to_chat_id: int | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Every answer of the API."""

    ok: bool
    result: Any = None
    error_code: int = 0
    description: str = ""
    parameters: Parameters = Parameters()


class Bot:
    """One bot. The ``client`` is shared and closed by whoever made it."""

    def __init__(self, token: str, base_url: str, client: httpx2.AsyncClient) -> None:
        _hush()
        self._token, self._base, self._client = token, base_url.rstrip("/"), client

    async def call(self, method: str, *, patience: float = 10.0, **params: Any) -> Any:
        """The result of a method. Raises NotSent with what is wrong and the API's own words; Later for a pause.

        ``patience``: seconds that the answer may take.
        """
        try:
            answer = await self._exchange(method, patience, params)
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, UnicodeError, OSError) as error:
            raise NotSent(self._masked(f"{type(error).__name__}: {error}")) from error
        if not answer.ok:
            raise self._refusal(answer)
        return answer.result

    async def _exchange(self, method: str, patience: float, params: dict[str, Any]) -> Answer:
        url = f"{self._base}/bot{self._token}/{method}"
        headers = {"Content-Type": "application/json", "User-Agent": "Chekpoint/1"}
        request = self._client.stream(
            "POST", url, content=msgspec.json.encode(params), headers=headers, timeout=patience,
            follow_redirects=False,
        )  # fmt: skip
        async with request as answer:
            raw = bytearray()
            async for piece in answer.aiter_bytes():
                raw += piece
                if len(raw) > ANSWER_MOST:
                    raise httpx2.ReadError("ответ слишком велик / the answer is too big")
            return _decoded(answer.status_code, bytes(raw))

    def _refusal(self, answer: Answer) -> NotSent:
        said = f"{answer.error_code} {answer.description}"
        if answer.parameters.retry_after is not None:
            return Later(self._masked(said), max(answer.parameters.retry_after, 1.0), code="429")
        if answer.parameters.migrate_to_chat_id is not None:
            said = (
                f"у чата новый номер / the chat has a new id: {answer.parameters.migrate_to_chat_id}; {said}"
            )
        words, code = _WORDS.get(answer.error_code), str(answer.error_code)
        if words is not None:
            return Refused(*words, self._masked(said), code=code)
        return NotSent(self._masked(said), code=code)

    def _masked(self, text: str) -> str:
        return text.replace(self._token, MASK)[:KEPT]


def _decoded(status: int, raw: bytes) -> Answer:
    try:
        answer = msgspec.json.decode(raw, type=Answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        text = "".join(c if c.isprintable() else " " for c in raw[:800].decode("utf-8", "replace"))
        return Answer(ok=False, error_code=status, description=f"не ответ Bot API / not of the Bot API: {text[:120]}")  # fmt: skip
    if answer.ok and not 200 <= status < 300:
        return Answer(ok=False, error_code=status, description="ok с кодом ошибки / ok with an error's status")  # fmt: skip
    return msgspec.structs.replace(answer, error_code=answer.error_code or status)


def _hush() -> None:
    """The client's log shows addresses at level INFO."""
    for name in ("httpx2", "httpcore2"):
        log = logging.getLogger(name)
        if log.level == logging.NOTSET:
            log.setLevel(logging.WARNING)
