"""The screens of incidents and channels against those who send what no browser sends."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from chekpoint.app.compose import build_hub
from chekpoint.app.serving import application
from chekpoint.app.settings import Settings
from chekpoint.hub.hub import Hub
from chekpoint.store import alerts, channels, incidents, people, silences, views_incidents
from chekpoint.store.incidents import Words
from chekpoint.web.access import hashed

pytestmark = pytest.mark.anyio
WORDS = Words("critical", "Плохо <b>.", "Bad.")
SECRET = "whsec-0123456789abcdef"
WEBHOOK = {"name": "Пейджер", "url": "http://127.0.0.1:9/", "secret": SECRET, "severity": "warning", "lang": "ru", "enabled": "on"}  # fmt: skip


class Visitor:
    """A browser without a screen, at a whole node."""

    def __init__(self, hub: Hub, client: httpx2.AsyncClient) -> None:
        self.hub, self.client = hub, client

    async def token(self, path: str = "/channels/new/webhook") -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', (await self.client.get(path)).text)
        assert found is not None
        return found[1]

    async def post(self, path: str, **fields: str) -> httpx2.Response:
        return await self.client.post(path, data={"csrf": await self.token(), **fields})

    async def open(self) -> str:
        key = self.hub.post.keys.new()
        await self.hub.store.write(lambda tx: incidents.open_incident(tx, "clash", "r1", WORDS, key=key))
        return key


@pytest.fixture
async def visitor(tmp_path: Path) -> AsyncIterator[Visitor]:
    settings = Settings(data=tmp_path, node="t")
    http = httpx2.AsyncClient(timeout=5, trust_env=False)
    hub = build_hub(settings, http)
    app = application(settings, hub, http, session_key="k")
    async with app.router.lifespan_context(app):
        await hub.store.write(lambda tx: people.set_password(tx, "0" * 32, "admin", hashed("word-12345")))
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://hub.example") as client:
            found = Visitor(hub, client)
            form = {"csrf": await found.token("/sign-in"), "login": "admin", "password": "word-12345"}
            assert (await client.post("/sign-in", data=form)).status_code == 303
            yield found


@pytest.mark.parametrize(
    "path", ["/channels/x", "/channels/" + "0" * 32, "/channels/%00", "/channels/new/pigeon", "/channels/" + "z" * 200]
)  # fmt: skip
async def test_what_is_not_there_is_not_found(visitor: Visitor, path: str) -> None:
    assert (await visitor.client.get(path)).status_code == 404
    assert (await visitor.post(path)).status_code == 404


async def test_nothing_is_done_without_our_own_form(visitor: Visitor) -> None:
    key = await visitor.open()
    for path in (
        f"/incidents/{key}/seen",
        f"/incidents/{key}/silence",
        "/silences/x/end",
        "/channels/new/webhook",
    ):
        assert (await visitor.client.post(path, data={"csrf": "x"})).status_code == 403
        assert (await visitor.client.post(path, content=b"{}")).status_code == 415
    assert await visitor.hub.store.read(channels.channels) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "ftp://x"}, {"secret": "short"}, {"name": ""}, {"name": "x" * 65}, {"name": "a\u202eb"}, {"after": "1e9"},
        {"after": "²"}, {"quiet_from": "22:00"}, {"quiet_from": "24:00", "quiet_until": "07:00"}, {"severity": "x"},
        {"quiet_from": "07:00", "quiet_until": "07:00"}, {"lang": "de"}, {"url": "http://" + "x" * 600},
    ],
)  # fmt: skip
async def test_a_channel_that_does_not_fit_is_not_stored(visitor: Visitor, wrong: dict[str, str]) -> None:
    answer = await visitor.post("/channels/new/webhook", **{**WEBHOOK, **wrong})
    assert answer.status_code == 422
    assert 'class="fault"' in answer.text
    assert await visitor.hub.store.read(channels.channels) == []


async def test_a_secret_is_never_sent_back_and_stays_when_it_is_left_empty(visitor: Visitor) -> None:
    answer = await visitor.post("/channels/new/webhook", **WEBHOOK)
    where = answer.headers["location"]
    assert SECRET not in (await visitor.client.get(where)).text
    await visitor.post(where, **{**WEBHOOK, "name": "Другой", "secret": ""})
    (one,) = await visitor.hub.store.read(channels.channels)
    assert (one.name, SECRET.encode() in one.config) == ("Другой", True)
    wrong = await visitor.post(where, **{**WEBHOOK, "secret": "короткий"})
    assert wrong.status_code == 422
    (told,) = await visitor.hub.store.read(lambda tx: alerts.of_channel(tx, one.id, most=9))
    assert (told.phase, told.state) == ("test", "given_up")  # nobody listens there, and the page has said so
    await visitor.post(f"{where}/remove")
    assert len(await visitor.hub.store.read(channels.channels)) == 1  # not without the tick
    await visitor.post(f"{where}/remove", sure="on")
    assert await visitor.hub.store.read(channels.channels) == []
    assert (await visitor.client.get(where)).status_code == 404
    deeds, _ = await visitor.hub.store.read(views_incidents.deeds)
    assert {deed.verb for deed in deeds} >= {"channel_add", "channel_change", "channel_remove"}


@pytest.mark.parametrize(
    "fields",
    [
        {"span": "1h", "reason": ""}, {"span": "1h", "reason": "   "}, {"span": "100d", "reason": "x"}, {"span": "", "reason": "x"},
        {"span": "-1h", "reason": "x"}, {"span": "1h", "reason": "x" * 501}, {"reason": "x"},
    ],
)  # fmt: skip
async def test_a_silence_that_makes_no_sense_is_told_so(visitor: Visitor, fields: dict[str, str]) -> None:
    key = await visitor.open()
    assert (await visitor.post(f"/incidents/{key}/silence", **fields)).status_code == 303
    assert "Не получилось" in (await visitor.client.get("/incidents")).text
    assert await visitor.hub.store.read(silences.lasting) == []


async def test_what_is_over_or_was_never_there_is_told_so(visitor: Visitor) -> None:
    for path in (f"/incidents/{'0' * 32}/silence", f"/silences/{'0' * 32}/end"):
        assert (await visitor.post(path, span="1h", reason="x")).status_code == 303
        assert "Не получилось" in (await visitor.client.get("/incidents")).text
    await visitor.post(f"/incidents/{'0' * 32}/seen")
    assert "уже отмечено" in (await visitor.client.get("/incidents")).text


async def test_words_of_others_are_text_on_the_page(visitor: Visitor) -> None:
    key = await visitor.open()
    await visitor.post(f"/incidents/{key}/silence", span="1h", reason="<script>alert(1)</script>")
    page = (await visitor.client.get("/incidents")).text
    assert "Плохо &lt;b&gt;." in page
    assert "<script>alert" not in page
