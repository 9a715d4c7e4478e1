"""The screens against those who send what no browser sends, on both databases."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import bindparam, update

from chekpoint.core.errors import StoreError
from chekpoint.hub.hub import Hub
from chekpoint.store import views, views_receipts
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import user
from chekpoint.web.access import PAUSE, Tries, first_password, hashed
from chekpoint.web.screens import screens
from tests.acceptance.showcase import only, send
from tests.doubles.bare_register import BareRegister
from tests.doubles.hubs import running

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Each test runs on both databases."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'hub.db'}"
    return str(request.getfixturevalue("pg_database"))


class Visitor:
    """A browser without a screen."""

    def __init__(self, hub: Hub, client: httpx2.AsyncClient, password: str) -> None:
        self.hub, self.client, self.password = hub, client, password

    async def token(self, path: str = "/sign-in") -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', (await self.client.get(path)).text)
        assert found is not None
        return found[1]

    async def sign_in(self, password: str | None = None, **more: str) -> httpx2.Response:
        form = {"csrf": await self.token(), "login": "admin", "password": password or self.password, **more}
        return await self.client.post("/sign-in", data=form)


@asynccontextmanager
async def visiting(url: str) -> AsyncIterator[Visitor]:
    async with running(
        url, {"k1": BareRegister("9999078900001111"), "k2": BareRegister("9999078900002222")}
    ) as hub:
        password = await first_password(hub.store, hub.post.keys)
        assert password is not None
        transport = httpx2.ASGITransport(app=screens(hub, secret_key="test"), raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://hub.example") as client:
            yield Visitor(hub, client, password)


ODD_QUERIES = (
    "?q=%00", "?q=" + "9" * 120, "?q=%F0%9F%98%80", "?q='%20OR%201=1--", "?q=%25", "?state=nonsense", "?proof=-1",
    "?proof=ticketed&state=queued&register=k1", "?register=%00", "?since=9999-12-31&until=0001-01-01", "?since=x",
    "?before=zz", "?before=" + "0" * 32, "?before=" + "z" * 32, "?q=9999078900001111/99999999999", "?q=+7+916+1234567",
    "?q=1&state=fiscalised&proof=none", "?q=%EF%BF%BF&since=2026-01-01", "?since=2026-11-24&until=2026-11-24",
)  # fmt: skip


async def test_no_question_breaks_the_list(url: str) -> None:
    async with visiting(url) as visitor:
        assert (await visitor.sign_in()).status_code == 303
        await send(visitor.hub, 1)
        answers = {
            query: (await visitor.client.get(f"/receipts{query}")).status_code for query in ODD_QUERIES
        }
        assert {query: status for query, status in answers.items() if status != 200} == {}


async def test_every_page_is_answered_on_both_databases(url: str) -> None:
    async with visiting(url) as visitor:
        await visitor.sign_in()
        key = await send(visitor.hub, 1)
        for path in (
            "/",
            "/receipts",
            f"/receipts/{key}",
            "/registers",
            "/registers/k1",
            "/incidents",
            "/audit",
        ):
            assert (path, (await visitor.client.get(path)).status_code) == (path, 200)


@pytest.mark.parametrize(
    "path", ["/receipts/x", "/receipts/%00", "/registers/none", "/registers/%00", "/c/%00", "/nope"]
)
async def test_what_is_not_there_is_said_in_words(url: str, path: str) -> None:
    async with visiting(url) as visitor:
        await visitor.sign_in()
        answer = await visitor.client.get(path)
        assert answer.status_code == 404
        assert "Не найдено" in answer.text


async def test_a_form_from_another_site_changes_nothing(url: str) -> None:
    async with visiting(url) as visitor:
        await visitor.sign_in()
        await only(visitor.hub, None)
        key = await send(visitor.hub, 1)
        for form in ({}, {"csrf": "x"}, {"csrf": "я"}):
            answer = await visitor.client.post(
                f"/receipts/{key}/cancel", data={"reason": "x", "sure": "yes", **form}
            )
            assert answer.status_code == 403
            assert "ничего не изменено" in answer.text
        page = await visitor.hub.store.read(lambda tx: views_receipts.lines(tx, views_receipts.Filter()))
        assert [line.state for line in page.lines] == ["queued"]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"x=" + b"y" * 70_000, "application/x-www-form-urlencoded", 413),
        (b"\xff\xfe", "application/x-www-form-urlencoded", 400),
        (b"a&" * 100, "application/x-www-form-urlencoded", 400),
    ],
)
async def test_a_form_that_no_browser_sends_is_refused_in_words(
    tmp_path: Path, body: bytes, kind: str, status: int
) -> None:
    async with visiting(f"sqlite:///{tmp_path / 'hub.db'}") as visitor:
        answer = await visitor.client.post("/sign-in", content=body, headers={"content-type": kind})
        assert answer.status_code == status
        assert "<h1>" in answer.text


async def test_guessing_a_password_is_stopped_and_the_right_one_waits_too(url: str) -> None:
    async with visiting(url) as visitor:
        assert [(await visitor.sign_in("wrong")).status_code for _ in range(6)] == [401] * 5 + [429]
        assert (await visitor.sign_in()).status_code == 429


class Watch:
    """A clock that a test sets."""

    at = 0.0

    def monotonic(self) -> float:
        return self.at


async def test_wrong_tries_are_forgotten_after_a_while() -> None:
    watch: Any = Watch()
    tries = Tries(watch)
    for _ in range(5):
        tries.wrong("admin", "10.0.0.1")
    assert tries.exhausted("admin", "10.0.0.1")
    assert not tries.exhausted("admin", "10.0.0.2")
    watch.at = PAUSE + 1
    assert not tries.exhausted("admin", "10.0.0.1")


async def test_nobody_is_led_away_after_signing_in(tmp_path: Path) -> None:
    async with visiting(f"sqlite:///{tmp_path / 'hub.db'}") as visitor:
        for following in ("https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
            answer = await visitor.sign_in(next=following)
            assert answer.headers["location"] == "/"


async def test_a_session_ends_with_its_password(tmp_path: Path) -> None:
    async with visiting(f"sqlite:///{tmp_path / 'hub.db'}") as visitor:
        await visitor.sign_in()
        assert (await visitor.client.get("/")).status_code == 200
        secret = hashed("another")
        await visitor.hub.store.write(lambda tx: _change_password(tx, secret))
        assert (await visitor.client.get("/")).headers["location"] == "/sign-in?next=/"
        assert (await visitor.client.get("/live")).status_code == 401


def _change_password(tx: Tx, secret: str) -> None:
    tx.run(Query(update(user).values(password_hash=bindparam("secret"))), secret=secret)


async def test_the_first_password_is_given_once(url: str) -> None:
    async with visiting(url) as visitor:
        assert len(visitor.password) >= 20
        assert await first_password(visitor.hub.store, visitor.hub.post.keys) is None


async def test_a_page_carries_the_headers_that_protect_it(tmp_path: Path) -> None:
    async with visiting(f"sqlite:///{tmp_path / 'hub.db'}") as visitor:
        answer = await visitor.sign_in()
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        headers = (await visitor.client.get("/")).headers
        assert "unsafe-inline" not in headers["content-security-policy"]
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(("error", "status"), [(StoreError("gone"), 503), (RuntimeError("ours"), 500)])
async def test_a_failure_is_said_in_words_and_shows_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    async with visiting(f"sqlite:///{tmp_path / 'hub.db'}") as visitor:
        await visitor.sign_in()

        def fail(tx: Tx) -> None:
            raise error

        monkeypatch.setattr(views, "chain", fail)
        answer = await visitor.client.get("/")
        assert answer.status_code == status
        assert "<h1>" in answer.text
        assert "Traceback" not in answer.text
        assert "content-security-policy" in answer.headers


async def test_a_filter_that_finds_nothing_near_says_where_to_look_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with visiting(f"sqlite:///{tmp_path / 'hub.db'}") as visitor:
        await visitor.sign_in()
        await only(visitor.hub, None)
        for number in range(70):
            await send(visitor.hub, number, goods=1)
        first = await visitor.client.get("/receipts")
        assert first.text.count('scope="row"') == 50
        following = re.search(r'href="(/receipts\?[^"]+)" rel="next"', first.text)
        assert following is not None
        second = await visitor.client.get(following[1].replace("&amp;", "&"))
        assert second.text.count('scope="row"') == 20
