"""What all account clients share: pace, repeats, tokens, and answers that must not be taken for what they are not."""

import asyncio
import ssl
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from chekpoint.core.errors import BlockReason, RegisterBlocked
from chekpoint.ofd.account import Account, AccountConfig, Denied, Session, open_client
from tests.unit.test_atol_driver_doubt import PatientClock

pytestmark = pytest.mark.anyio
INN = "7700000016"


class Plain(Account):
    """A service with nothing of its own: a token in a header, no envelope."""

    empty = frozenset({204})

    def __init__(self, answer: Callable[[httpx2.Request], httpx2.Response], **settings: Any) -> None:
        self.clock_ = PatientClock()
        http = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
        config = AccountConfig(inn=INN, base_url="https://ofd.example", **settings)
        super().__init__(config, self.clock_, http)
        self.logins = 0
        self.seconds = 3600.0
        self.refuses = False

    async def log_in(self) -> Session:
        self.logins += 1
        if self.refuses:
            raise Denied("пароль")
        return Session(f"token-{self.logins}", self.clock.now() + timedelta(seconds=self.seconds))

    def signed(self, token: str) -> tuple[dict[str, str], dict[str, str]]:
        return {}, {"Authorization": token}


def script(*answers: httpx2.Response | Exception) -> Callable[[httpx2.Request], httpx2.Response]:
    """These answers in turn; the last one for ever."""
    left = list(answers)

    def answer(_: httpx2.Request) -> httpx2.Response:
        now = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(now, Exception):
            raise now
        return httpx2.Response(now.status_code, headers=now.headers, content=now.content)

    return answer


GOOD = httpx2.Response(200, json={"rows": [1]})


async def test_answer_is_read_with_the_token() -> None:
    asked: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return GOOD

    account = Plain(answer)
    assert await account.read("/rows", {"type": ["a", "b"]}) == {"rows": [1]}
    assert str(asked[0].url) == "https://ofd.example/rows?type=a&type=b"
    assert asked[0].headers["Authorization"] == "token-1"


async def test_nothing_is_nothing_only_where_the_service_says_so() -> None:
    assert await Plain(script(httpx2.Response(204))).read("/rows") is None
    for odd in (httpx2.Response(200), httpx2.Response(201), httpx2.Response(202, text="null")):
        with pytest.raises(RegisterBlocked) as caught:
            await Plain(script(odd)).read("/rows")
        assert caught.value.reason is BlockReason.NO_LINK


@pytest.mark.parametrize(
    ("said", "pause"),
    [
        ("7", 7),
        ("Tue, 24 Nov 2026 00:00:09 GMT", 9),
        ("Mon, 23 Nov 2026 00:00:00 GMT", 0.5),
        ("99999", 60),
        ("soon", 0.5),
        ("-5", 0.5),
        ("", 0.5),
    ],
)
async def test_service_says_how_long_to_wait(said: str, pause: float) -> None:
    account = Plain(script(httpx2.Response(429, headers={"Retry-After": said}), GOOD), min_interval=0.0)
    await account.read("/rows")
    assert account.clock_.seconds == pytest.approx(pause)


async def test_pauses_grow_and_end() -> None:
    account = Plain(script(httpx2.Response(503)), min_interval=0.0)
    with pytest.raises(RegisterBlocked) as caught:
        await account.read("/rows")
    assert caught.value.reason is BlockReason.NO_LINK
    assert account.clock_.seconds == pytest.approx(0.5 + 1 + 2)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (httpx2.Response(302, headers={"Location": "https://elsewhere.example"}), BlockReason.NO_LINK),
        (httpx2.Response(400, json={"message": "нет такого периода"}), BlockReason.CONFIGURATION),
        (httpx2.Response(404), BlockReason.CONFIGURATION),
        (httpx2.Response(409, text="<html>"), BlockReason.CONFIGURATION),
        (httpx2.Response(200, content=b"[" * 100_000), BlockReason.NO_LINK),
        (httpx2.Response(200, content=b'"\xff"'), BlockReason.NO_LINK),
        (httpx2.ReadTimeout("slow"), BlockReason.NO_LINK),
        (httpx2.RemoteProtocolError("cut"), BlockReason.NO_LINK),
    ],
)
async def test_each_trouble_has_its_reason(bad: Any, reason: BlockReason) -> None:
    with pytest.raises(RegisterBlocked) as caught:
        await Plain(script(bad)).read("/rows")
    assert caught.value.reason is reason


async def test_refusal_is_told_in_the_services_own_words() -> None:
    with pytest.raises(RegisterBlocked, match="нет такого периода"):
        await Plain(script(httpx2.Response(400, json={"message": "нет такого периода"}))).read("/rows")


async def test_page_instead_of_json_is_called_by_its_name() -> None:
    with pytest.raises(RegisterBlocked, match="вместо JSON"):
        await Plain(script(httpx2.Response(200, text="<html>Технические работы"))).read("/rows")


async def test_answer_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chekpoint.ofd.account._LARGEST", 1000)
    read = 0

    async def endless() -> Any:
        nonlocal read
        for _ in range(1_000_000):
            read += 400
            yield b" " * 400

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=endless())

    with pytest.raises(RegisterBlocked, match="64"):
        await Plain(answer).read("/rows")
    assert read < 2000


async def test_token_is_renewed_before_it_ends_and_once_when_it_is_refused() -> None:
    account = Plain(script(GOOD, httpx2.Response(401), GOOD))
    await account.read("/rows")
    assert await account.read("/rows") == {"rows": [1]}
    assert account.logins == 2
    account.seconds = 0
    await account._renewed()
    await account.read("/rows")
    assert account.logins == 4


async def test_fresh_token_that_is_refused_is_not_asked_for_again() -> None:
    account = Plain(script(httpx2.Response(403)))
    with pytest.raises(RegisterBlocked) as caught:
        await account.read("/rows")
    assert (caught.value.reason, account.logins) == (BlockReason.ACCESS, 1)


async def test_wrong_password_is_tried_once_lest_the_account_be_locked() -> None:
    account = Plain(script(GOOD))
    account.refuses = True
    with pytest.raises(RegisterBlocked, match="пароль") as caught:
        await account.read("/rows")
    assert (caught.value.reason, account.logins) == (BlockReason.ACCESS, 1)


class StoppedClock(PatientClock):
    """Notes how long everybody would wait from now."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


async def test_many_at_once_keep_one_pace() -> None:
    account = Plain(script(GOOD), min_interval=1.0)
    account.clock = clock = StoppedClock()
    await account.read("/rows")
    await asyncio.gather(*(account.read("/rows") for _ in range(4)))
    assert clock.waits == [1, 2, 3, 4]


def test_file_of_authorities_that_is_none_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("nothing")
    with pytest.raises(ssl.SSLError):
        open_client(AccountConfig(inn=INN, base_url="https://ofd.example", ca_file=str(path)))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"inn": "7700000017"}, "ИНН"),
        ({"base_url": "ofd.example"}, "https"),
        ({"base_url": "https://"}, "https"),
        ({"base_url": "ftp://ofd.example"}, "https"),
        ({"base_url": "http://[::1"}, "https"),
        ({"zone": "Moscow"}, "пояса"),
        ({"zone": "../etc/passwd"}, "пояса"),
        ({"timeout": 0}, "timeout"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        AccountConfig(**{"inn": INN, "base_url": "https://ofd.example", **settings})
