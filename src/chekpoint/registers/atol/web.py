"""Requests of both generations of the web server, and the thin transport that carries them.

Building is pure; ``send`` is the only function here that touches the network.
"""

import ssl
from typing import Any, Final, Literal

import anyio
import httpx2
import msgspec

from chekpoint.registers.atol.errors import Generation
from chekpoint.registers.atol.tasks import Task, encode

_NOTHING_LEFT: Final = (
    httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError,
    httpx2.UnsupportedProtocol, httpx2.InvalidURL,
)  # fmt: skip
_LARGEST: Final = 16 * 1024 * 1024  # an answer of the server is kilobytes; more is somebody else


class AtolConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where a web server of the driver is and how long to wait for it; times are seconds."""

    base_url: str = "http://127.0.0.1:16732"
    generation: Literal["auto", "v1", "v2"] = "auto"
    device_id: str | None = None  # v2: several registers behind one server; None is its default device
    user: str | None = None
    password: str = ""
    ca_file: str | None = None  # a certificate of one's own, for https behind a proxy
    connect_timeout: float = 5.0
    read_timeout: float = 10.0  # of one HTTP request
    poll_timeout: float = 40.0  # how long submit follows a task; FFD 1.2 opens a shift in 20-30 s
    poll_first: float = 0.05  # the first pause between two looks; each next is 1.6 times as long
    poll_longest: float = 2.0
    query_timeout: float = 15.0  # how long a harmless read may wait in the queue
    operator_name: str | None = None  # 1021 of shift documents
    operator_inn: str | None = None  # 1203


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request, ready to be sent."""

    method: str
    path: str
    params: dict[str, str] = {}
    body: bytes | None = None


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP answer. ``took`` when the server accepted (2xx)."""

    status: int
    body: bytes

    @property
    def took(self) -> bool:
        """Any 2xx: v1 answers 201 with an empty body, v2 with JSON."""
        return 200 <= self.status < 300


class Unreachable(Exception):
    """No connection: not a byte of the request left."""


class AnswerLost(Exception):
    """The request may have arrived; there is no answer to it."""


class Routes:
    """Paths and bodies of one generation."""

    def __init__(self, generation: Generation, device_id: str | None = None) -> None:
        self.generation = generation
        self._root = "/requests" if generation is Generation.V1 else "/api/v2/requests"
        self._params = {"deviceID": device_id} if device_id and generation is Generation.V2 else {}

    def post(self, uuid: str, task: Task) -> Call:
        """Put one task into the queue under our id."""
        body = encode({"uuid": uuid, "request": [task]})
        return Call(method="POST", path=self._root, params=self._params, body=body)

    def result(self, uuid: str) -> Call:
        """What became of it."""
        return Call(method="GET", path=f"{self._root}/{uuid}", params=self._params)

    def withdraw(self, uuid: str) -> Call:
        """Take a task back; the server refuses once it has begun."""
        return Call(method="DELETE", path=f"{self._root}/{uuid}", params=self._params)

    def queue(self) -> Call:
        """State of the queue: does it stand still because an outcome is unknown?"""
        path = "/stat/requests" if self.generation is Generation.V1 else "/api/v2/getRequestsQueueStatus"
        return Call(method="GET", path=path, params=self._params)

    def query(self, name: str) -> Call:
        """A synchronous query past the queue; the second generation only."""
        return Call(method="POST", path=f"/api/v2/operations/{name}", params=self._params)


SERVER_INFO: Final = Call(method="GET", path="/api/v2/serverInfo")
V1_STATE: Final = Call(method="GET", path="/stat/requests")


def open_client(config: AtolConfig) -> httpx2.AsyncClient:
    """A client for this server. Raises ``OSError`` or ``ssl.SSLError`` when the CA file is no use."""
    verify: Any = ssl.create_default_context(cafile=config.ca_file) if config.ca_file else True
    timeout = httpx2.Timeout(config.read_timeout, connect=config.connect_timeout)
    return httpx2.AsyncClient(timeout=timeout, verify=verify, trust_env=False)


async def send(http: httpx2.AsyncClient, config: AtolConfig, call: Call) -> Reply:
    """Carry one request. Raises ``Unreachable`` before the first byte and ``AnswerLost`` after it."""
    try:
        # the read timeout is for each piece: a server that drips bytes must not outlive the lane's lease
        with anyio.fail_after(config.connect_timeout + 2 * config.read_timeout):
            return await _exchange(http, config, call)
    except _NOTHING_LEFT as fault:
        raise Unreachable(_said(fault)) from fault
    except (httpx2.HTTPError, TimeoutError) as fault:
        raise AnswerLost(_said(fault)) from fault


async def _exchange(http: httpx2.AsyncClient, config: AtolConfig, call: Call) -> Reply:
    request = http.build_request(
        call.method,
        config.base_url.rstrip("/") + call.path,
        params=call.params,
        content=call.body,
        headers={"Content-Type": "application/json; charset=utf-8"} if call.body else None,
        timeout=httpx2.Timeout(config.read_timeout, connect=config.connect_timeout),
    )
    auth = (config.user, config.password) if config.user is not None else None
    answer = await http.send(request, auth=auth, follow_redirects=False, stream=True)
    return Reply(status=answer.status_code, body=await _body(answer))


async def _body(answer: httpx2.Response) -> bytes:
    """Read the whole answer, unless it is absurdly long."""
    read = bytearray()
    try:
        async for piece in answer.aiter_bytes():
            read += piece
            if len(read) > _LARGEST:
                raise AnswerLost("ответ длиннее 16 МБ")
    finally:
        await answer.aclose()
    return bytes(read)


def _said(fault: Exception) -> str:
    return str(fault) or type(fault).__name__
