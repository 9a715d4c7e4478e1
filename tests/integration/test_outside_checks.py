"""Certificates, addresses, keys that end, gateways: asked for real, judged, and the incident closes when it is mended."""

import asyncio
import base64
import json
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from chekpoint.core.clock import SystemClock, epoch_ms
from chekpoint.emulators.orange_data.papers import Papers, papers_in
from chekpoint.hub.sites import Wanted
from chekpoint.store import incidents, people
from chekpoint.watch.checks.addresses import CHECKS
from chekpoint.watch.probes.addresses import Addresses
from chekpoint.watch.probes.credentials import Credentials, dated
from chekpoint.watch.probes.rounds import Rounds
from chekpoint.watch.probes.settings import ProbeSettings, Term
from tests.doubles.hubs import SELLER, SHOP
from tests.doubles.listening_shop import answer
from tests.shop_front_rig import Lookout, lookout, serving

pytestmark = pytest.mark.anyio


def _papers(folder: Path, days: float, watch: Lookout) -> Papers:
    """A test CA whose certificates are good for so many days more, by the watch's clock."""
    return papers_in(folder, watch.clock.now() - timedelta(days=3650 - days))


def _trusting(papers: Papers) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(papers.ca))


@asynccontextmanager
async def furnished(folder: Path) -> AsyncIterator[Lookout]:
    async with lookout(folder, CHECKS) as watch:
        await watch.store.write(lambda tx: people.add_seller(tx, SELLER, "7707083893", "ООО «Ромашка»"))
        yield watch


def _addresses(watch: Lookout, context: ssl.SSLContext, *gateways: str, url: str = "") -> Rounds:
    settings = ProbeSettings(page_timeout=3.0, gateways=gateways)
    return Addresses(watch.post, settings, context, url).rounds()


@pytest.mark.check(26)
async def test_a_certificate_warns_for_a_month_alarms_for_three_days_and_is_right_when_renewed(
    tmp_path: Path,
) -> None:
    async with furnished(tmp_path) as watch:
        days = (epoch_ms(SystemClock().now()) - epoch_ms(watch.clock.now())) / 86_400_000
        papers = papers_in(tmp_path / "ca", SystemClock().now() - timedelta(days=3650 - 20))
        async with serving(papers) as shop:
            await watch.add(Wanted("Витрина", shop.url))
            rounds = _addresses(watch, _trusting(papers))
            await rounds.once()
            opened = await watch.judge()
            assert opened["certificate_ends"].severity == "warning"
            assert "«Витрина»" in opened["certificate_ends"].text_ru
            watch.wind((17 + days) * 86_400)
            await rounds.once()
            assert (await watch.judge())["certificate_ends"].severity == "critical"
            watch.wind(4 * 86_400)
            await rounds.once()
            assert "истёк" in (await watch.judge(after=30))["certificate_ends"].text_ru


async def test_a_certificate_of_nobodys_trust_and_of_another_name_are_told_apart(tmp_path: Path) -> None:
    async with furnished(tmp_path) as watch:
        papers = papers_in(tmp_path / "ca", SystemClock().now())
        async with serving(papers) as shop:
            await watch.add(Wanted("Витрина", shop.url))
            await _addresses(watch, ssl.create_default_context()).once()
            assert "не доверяют" in (await watch.judge())["certificate_ends"].text_ru
            other = shop.url.replace("127.0.0.1", "127.0.0.2")  # the certificate is for .1
            await watch.add(Wanted("Другое имя", other))
            watch.wind(300)
            await _addresses(watch, _trusting(papers)).once()
            opened = (await watch.judge(after=30)).get("certificate_ends")
            assert opened is None or "другому имени" in opened.text_ru


@pytest.mark.check(26)
async def test_a_webhooks_address_that_is_gone_is_an_incident_until_it_answers(tmp_path: Path) -> None:
    async with furnished(tmp_path) as watch, _answering() as (place, heard):
        gone = _free_port()
        shop = SHOP._replace(webhook_url=f"http://127.0.0.1:{gone}/notices")
        await watch.store.write(lambda tx: people.add_shop(tx, shop))
        rounds = _addresses(watch, ssl.create_default_context())
        await rounds.once()
        assert await watch.judge() == {}  # not for a blip
        assert "«shop»" in (await watch.judge(after=120))["webhook_unreachable"].text_ru
        mended = shop._replace(webhook_url=f"http://{place}/notices")
        await watch.store.write(lambda tx: people.set_card(tx, mended))
        watch.wind(15)
        await rounds.once()
        assert await watch.judge(after=5) == {}
        assert heard == []  # nothing was asked of the shop


@pytest.mark.check(26)
async def test_our_own_address_must_be_answered_by_us(tmp_path: Path) -> None:
    healthy = b'{"alive":true,"dead_workers":[]}'
    async with (
        furnished(tmp_path) as watch,
        _answering(b"parked") as (other, _),
        _answering(healthy) as (us, _),
    ):
        await _addresses(watch, ssl.create_default_context(), url=f"http://{other}").once()
        opened = await watch.judge(after=120)
        assert "не Chekpoint" in opened["our_address_unreachable"].text_ru
        watch.wind(15)
        await _addresses(watch, ssl.create_default_context(), url=f"http://{us}").once()
        assert await watch.judge(after=5) == {}


@asynccontextmanager
async def _answering(body: bytes = b"") -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that gives everybody the same answer: its ``host:port``, and what it was asked."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            heard.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer(200, body))
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", heard
    server.close()
    await server.wait_closed()


@pytest.mark.check(3)
async def test_a_gateway_is_asked_only_where_it_is_named(tmp_path: Path) -> None:
    async with furnished(tmp_path) as watch, _answering() as (alive, _):
        dead = f"127.0.0.1:{_free_port()}"
        assert await _addresses(watch, ssl.create_default_context()).once() == 0
        await _addresses(watch, ssl.create_default_context(), dead, alive).once()
        opened = await watch.judge(after=120)
        assert dead in opened["gateway_unreachable"].text_ru
        assert len(opened) == 1
        await _addresses(watch, ssl.create_default_context(), alive).once()  # it is named no more
        assert await watch.judge(after=5) == {}


async def test_a_client_certificate_a_token_and_a_noted_term_tell_when_they_end(tmp_path: Path) -> None:
    async with furnished(tmp_path) as watch:
        papers = _papers(tmp_path / "ca", 20, watch)
        config = {
            "inn": "7707083893", "client_cert": str(papers.client_cert), "client_key": str(papers.client_key),
            "ca": papers.ca.read_text(), "token": _jwt(epoch_ms(watch.clock.now()) // 1000 + 5 * 86_400),
        }  # fmt: skip
        raw = json.dumps(config).encode()
        await watch.store.write(
            lambda tx: people.add_register(tx, "k1", SELLER, "Облако", maker="bare", config=raw)
        )
        terms = (Term(name="Подписка", until="2026-11-25"), Term(name="Договор", until="2027-11-25"))
        rounds = Credentials(watch.post, ProbeSettings(terms=terms), "Europe/Moscow").rounds()
        assert await rounds.once() == 5
        await watch.judge()
        opened = await watch.store.read(incidents.open_now)
        assert {one.subject: one.severity for one in opened} == {
            "register:k1:client_cert": "warning", "register:k1:ca": "warning", "register:k1:token": "critical",
            "term:Подписка": "critical",
        }  # fmt: skip


@pytest.mark.check(27)
async def test_a_renewed_certificate_closes_its_incident(tmp_path: Path) -> None:
    async with furnished(tmp_path) as watch:
        old, new = _papers(tmp_path / "old", -1, watch), _papers(tmp_path / "new", 300, watch)
        place = tmp_path / "client.crt"
        place.write_bytes(old.client_cert.read_bytes())
        raw = json.dumps({"client_cert": str(place)}).encode()
        await watch.store.write(
            lambda tx: people.add_register(tx, "k1", SELLER, "Облако", maker="bare", config=raw)
        )
        rounds = Credentials(watch.post, ProbeSettings(), "Europe/Moscow").rounds()
        await rounds.once()
        opened = (await watch.judge())["credential_ends"]
        assert "срок истёк" in opened.text_ru
        assert opened.severity == "critical"
        place.write_bytes(new.client_cert.read_bytes())
        watch.wind(3600)
        await rounds.once()
        assert await watch.judge(after=60) == {}


def test_a_setting_that_is_no_date_says_nothing_and_one_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    broken = tmp_path / "broken.crt"
    broken.write_text("-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n")
    config = {
        "token": "opaque", "login": "eyJhbGciOiJub25lIn0.e30.", "client_cert": str(tmp_path / "none.crt"),
        "ca_file": str(broken), "cert_name": "x", "certain": "yes",
    }  # fmt: skip
    found = {one.name: one.fault.code if one.fault else "" for one in dated(json.dumps(config).encode())}
    assert found == {"client_cert": "file", "ca_file": "form", "cert_name": "file"}
    assert dated(b"not json") == []


def _jwt(expires: int) -> str:
    head, body = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
        for part in ({"alg": "none"}, {"exp": expires})
    )
    return f"{head}.{body}.c2ln"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
