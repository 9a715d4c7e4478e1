"""``TaxService`` over the open API.

Every trouble is ``RegisterBlocked``: ``ACCESS`` is a refused IP or token, ``BUSY`` the quota or an answer that did
not come within its minute, ``NO_LINK`` a service that does not answer as it should.
"""

import ssl
from base64 import b64encode
from datetime import datetime, timedelta
from typing import Any, Final

import httpx2
import msgspec

from chekpoint.core.clock import Clock
from chekpoint.core.errors import BlockReason, RegisterBlocked
from chekpoint.core.ports import TaxAnswer, TaxQuestion
from chekpoint.ofd.account import UNTRUSTED, untrusted
from chekpoint.ofd.fns import meanings, soap
from chekpoint.ofd.fns.config import FnsConfig
from chekpoint.ofd.fns.soap import Answer, Event, Fault, Query, Sent, Token, Working
from chekpoint.ofd.fns.ticket import without_buyer
from chekpoint.ofd.fns.xml_answer import NotXml

_ASKINGS: Final = 2  # an answer that was not ready within its minute is asked for once more
_EARLY: Final = timedelta(minutes=1)
_ACTIONS: Final = {
    "auth": "urn:GetMessageRequest",
    "send": "urn:SendMessageRequest",
    "poll": "urn:GetMessageRequest",
}


class _Denied(Exception):
    """The token is not taken."""


class _Gone(Exception):
    """The answer can be read no more, or did not come in time."""


def open_client(config: FnsConfig) -> httpx2.AsyncClient:
    """A client for the service. Raises ``OSError`` or ``ssl.SSLError`` when the CA file is no use."""
    verify: Any = ssl.create_default_context(cafile=config.ca_file) if config.ca_file else True
    return httpx2.AsyncClient(timeout=config.timeout, verify=verify)


class Fns:
    """One permission at the tax service. ``http`` is closed here only if it was opened here."""

    def __init__(self, config: FnsConfig, clock: Clock, http: httpx2.AsyncClient | None = None) -> None:
        self._config = config
        self._clock = clock
        self._own = http is None
        self._http = open_client(config) if http is None else http
        self._token = ""
        self._good_until: datetime | None = None

    async def admitted(self) -> None:
        """Get a token: does the service let us in? Raises RegisterBlocked."""
        await self._valid_token()

    async def ask(self, question: TaxQuestion) -> TaxAnswer:
        """First the sign, then (unless it is wrong, or ``ask_store`` is off) the store. Raises RegisterBlocked."""
        check = await self._about(Query.CHECK, question)
        sign = meanings.SIGN_RIGHT.get(check.code)
        if sign is not True or not self._config.ask_store:
            return _answer(sign, None, {Query.CHECK: check})
        got = await self._about(Query.GET, question)
        return _answer(sign, meanings.IN_STORE.get(got.code), {Query.CHECK: check, Query.GET: got})

    async def aclose(self) -> None:
        """Close the connection that was opened here."""
        if self._own:
            await self._http.aclose()

    async def _about(self, query: Query, question: TaxQuestion) -> Answer:
        for _ in range(_ASKINGS):
            try:
                answer = await self._with_token(query, question)
            except _Gone:
                continue
            if answer.code == meanings.UNAVAILABLE:
                raise RegisterBlocked(
                    BlockReason.BUSY, "налоговая временно недоступна (503) / the tax service is unavailable"
                )
            return answer
        raise RegisterBlocked(
            BlockReason.BUSY, "налоговая не ответила за отведённую минуту / no answer within the minute"
        )

    async def _with_token(self, query: Query, question: TaxQuestion) -> Answer:
        """One asking; a token that ran out in the middle is got once more."""
        try:
            return await self._asked(query, question)
        except _Denied:
            self._token = ""
        try:
            return await self._asked(query, question)
        except _Denied as fault:
            raise RegisterBlocked(*meanings.refusal(str(fault))) from fault

    async def _asked(self, query: Query, question: TaxQuestion) -> Answer:
        sent = await self._exchange("send", self._config.service_path, soap.send(query, question))
        if not isinstance(sent, Sent):
            raise _strange(sent)
        until = self._clock.monotonic() + self._config.window
        while self._clock.monotonic() < until:
            await self._clock.sleep(self._config.poll_every)
            found = await self._exchange("poll", self._config.service_path, soap.poll(sent.message_id))
            if isinstance(found, Answer):
                return found
            if not isinstance(found, Working):
                raise _strange(found)
        raise _Gone

    async def _valid_token(self) -> str:
        expired = self._good_until is not None and self._clock.now() >= self._good_until - _EARLY
        if self._token and not expired:
            return self._token
        got = await self._post("auth", self._config.token_path, soap.auth(self._config.master_token), {})
        if isinstance(got, Fault):
            reason, words = meanings.refusal(got.text)
            known = reason is not BlockReason.UNKNOWN
            raise RegisterBlocked(reason if known else BlockReason.ACCESS, words if known else _no_token(got))
        if not isinstance(got, Token):
            raise _strange(got)
        self._token, self._good_until = got
        return self._token

    async def _exchange(self, action: str, path: str, body: bytes) -> Event:
        """One exchange under a token. Raises _Denied, _Gone or RegisterBlocked."""
        headers = {"FNS-OpenApi-Token": await self._valid_token()}
        if self._config.user_id:
            headers["FNS-OpenApi-UserToken"] = b64encode(self._config.user_id.encode()).decode()
        found = await self._post(action, path, body, headers)
        if not isinstance(found, Fault):
            return found
        if meanings.token_denied(found.text):
            raise _Denied(found.text)
        if meanings.message_gone(found.text):
            raise _Gone
        raise RegisterBlocked(*meanings.refusal(found.text))

    async def _post(self, action: str, path: str, body: bytes, headers: dict[str, str]) -> Event:
        url = self._config.base_url.rstrip("/") + path
        head = {"Content-Type": "text/xml;charset=UTF-8", "SOAPAction": _ACTIONS[action], **headers}
        try:
            reply = await self._http.post(url, content=body, headers=head, timeout=self._config.timeout)
        except httpx2.HTTPError as fault:
            if untrusted(fault):
                raise RegisterBlocked(BlockReason.CONFIGURATION, UNTRUSTED) from None
            raise _no_link(type(fault).__name__) from fault
        return _judged(reply)


def _judged(reply: httpx2.Response) -> Event:
    """Faults come with HTTP 500, as SOAP or as bare text; anything else that is not 200 is no answer."""
    if reply.status_code == 429:
        raise RegisterBlocked(
            BlockReason.BUSY, "налоговая: исчерпан предел запросов (429) / the limit of requests is used up"
        )
    if reply.status_code not in {200, 500}:
        raise _no_link(f"HTTP {reply.status_code}")
    try:
        found = soap.read(reply.content)
    except NotXml as fault:
        words = reply.content[:400].decode("utf-8", "replace").strip()
        if reply.status_code != 500 or not words or words.startswith("<"):
            raise _no_link(f"вместо XML пришло что-то другое / not XML: {fault}") from fault
        return Fault(words)
    if found is None:
        raise _no_link(f"HTTP {reply.status_code}: нет ожидаемых полей / fields are missing")
    return found


def _answer(sign: bool | None, in_store: bool | None, said: dict[Query, Answer]) -> TaxAnswer:
    last = list(said.values())[-1]
    evidence = {
        str(query): {"code": one.code, "message": one.message}
        | ({"ticket": without_buyer(one.ticket)} if one.ticket else {})
        for query, one in said.items()
    }
    words = last.message or meanings.WORDS.get(last.code, f"код {last.code}")
    return TaxAnswer(
        sign_right=sign, in_store=in_store, code=last.code, message=words,
        evidence=msgspec.json.encode(evidence).decode(),
    )  # fmt: skip


def _no_link(why: str) -> RegisterBlocked:
    return RegisterBlocked(
        BlockReason.NO_LINK, f"налоговая не отвечает / the tax service does not answer: {why}"
    )


def _strange(event: Event) -> RegisterBlocked:
    return _no_link(f"не тот ответ / another answer ({type(event).__name__})")


def _no_token(fault: Fault) -> str:
    return f"налоговая не выдала токен / no token was given: {fault.text[:200]}"
