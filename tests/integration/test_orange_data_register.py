"""OrangeData as a register of a hub, and what happens when its queue, its keys or its line fail."""

import asyncio
import base64
import json
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio.to_thread
import httpx2
import msgspec
import pytest
import uvicorn
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chekpoint.core.clock import SystemClock
from chekpoint.core.errors import BlockReason, NotSent, OutcomeUnknown, RegisterBlocked, Rejected
from chekpoint.core.ports import Absent, Registered
from chekpoint.emulators.atol_web.serve import server as plain_server
from chekpoint.emulators.drive_archive import Registration
from chekpoint.emulators.faults import Fault, FaultKind, Point
from chekpoint.emulators.fiscal_drive import FiscalDrive
from chekpoint.emulators.orange_data.papers import papers_in
from chekpoint.emulators.orange_data.service import ClientSetup, OrangeData
from chekpoint.emulators.register import EmulatedRegister
from chekpoint.registers.cloud_body import encode
from chekpoint.registers.orange_data import OrangeDataConfig, OrangeDataRegister, recognised
from chekpoint.registers.orange_data.body import body_of
from chekpoint.registers.orange_data.keys import signer, tls_context
from tests.contract.http_bench import listening
from tests.contract.orange_data_bench import OrangeDataBench, orange_data_bench, papers
from tests.contract.register_bench import attempt_of, truth
from tests.doubles.hubs import running, sale
from tests.emulated_world import item, receipt
from tests.unit.hub_bench import offer, settled, sqlite
from tests.waiting import until

pytestmark = pytest.mark.anyio


@pytest.fixture
async def cloud() -> AsyncIterator[OrangeDataBench]:
    async with orange_data_bench() as made:
        yield made


@asynccontextmanager
async def registering(config: OrangeDataConfig, **changes: Any) -> AsyncIterator[OrangeDataRegister]:
    """With its own connection, made of its own keys."""
    register = OrangeDataRegister(msgspec.structs.replace(config, **changes), SystemClock())
    try:
        yield register
    finally:
        await register.aclose()


async def refused(asked: Any) -> Any:
    with pytest.raises(Exception) as caught:
        await asked
    return caught.value


async def test_a_hub_registers_through_the_cloud_and_says_no_more_than_signed(tmp_path: Path) -> None:
    setup = ClientSetup(inn="7707083893", key_name="7707083893")
    async with orange_data_bench(setup=setup) as cloud:
        async with running(sqlite(tmp_path), {"c1": cloud.register}) as hub:
            cloud.lose_answer()
            await offer(hub, sale(1), sale(2))
            receipts = await settled(hub, 2)
        assert {row["proof"] for row in receipts} == {10}
        assert sorted(row["fd_number"] for row in receipts) == [d.fd_number for d in truth(cloud)]
        notes = {d.receipt.note for d in truth(cloud) if d.receipt is not None}
        assert notes == {row["mark"] for row in receipts}  # each document names its order


async def test_the_backlog_to_the_operator_is_told_without_naming_a_drive(cloud: OrangeDataBench) -> None:
    made = await cloud.register.submit(attempt_of(cloud, receipt()))
    assert made.document.mark == attempt_of(cloud, receipt()).mark
    status, unsent = await cloud.register.status(), cloud.emulated.drive.unsent()
    assert status.unsent_count == unsent.count > 0
    assert unsent.first_made_at is not None
    assert status.unsent_since == unsent.first_made_at.isoformat()
    assert status.fn is None
    assert (status.seller_inn, status.ffd) == ("7700000016", "1.2")


# ------------------------------------------------------------------ the queue


async def test_a_receipt_that_waits_too_long_is_in_doubt_and_found_when_it_is_done(
    cloud: OrangeDataBench,
) -> None:
    cloud.service.queue.held = True
    attempt = attempt_of(cloud, receipt())
    async with registering(cloud.config, patience=0.05) as register:
        assert isinstance(await refused(register.submit(attempt)), OutcomeUnknown)
        assert isinstance(await refused(register.locate(attempt)), OutcomeUnknown)
        cloud.service.queue.held = False
        await until(lambda: len(truth(cloud)) == 1)
        assert isinstance(await register.locate(attempt), Registered)
    assert len(cloud.service.queue.all()) == 1


async def test_a_receipt_whose_time_in_the_queue_is_over_goes_again_under_a_new_id() -> None:
    async with orange_data_bench(setup=ClientSetup(queue_seconds=0.1)) as cloud:
        cloud.emulated.link_off()
        first, second = attempt_of(cloud, receipt(), 1), attempt_of(cloud, receipt(), 2)
        expired = await refused(cloud.register.submit(first))
        assert (type(expired), expired.code) == (NotSent, "524")
        cloud.emulated.link_on()
        assert isinstance(await cloud.register.locate(first), Absent)
        assert truth(cloud) == []
        await cloud.register.submit(second)
        assert isinstance(await cloud.register.locate(first), Absent)  # and it stays so
        assert len(truth(cloud)) == 1


async def test_a_full_queue_blocks_the_lane_and_takes_nothing() -> None:
    async with orange_data_bench(setup=ClientSetup(queue_most=1)) as cloud:
        cloud.service.queue.held = True
        async with registering(cloud.config, patience=0.05) as register:
            await refused(register.submit(attempt_of(cloud, receipt(), 1)))
            full = await refused(register.submit(attempt_of(cloud, receipt(), 2)))
        assert (type(full), full.reason) == (RegisterBlocked, BlockReason.BUSY)
        assert len(cloud.service.queue.all()) == 1


async def test_a_link_that_breaks_after_the_receipt_was_taken_is_no_proof_of_nothing(
    cloud: OrangeDataBench,
) -> None:
    """The receipt must not go back to the queue: another attempt would register it again."""
    cloud.service.queue.held = True
    attempt = attempt_of(cloud, receipt())
    async with asyncio.TaskGroup() as group:
        sent = group.create_task(refused(cloud.register.submit(attempt)))
        await until(lambda: len(cloud.service.queue.all()) == 1)
        await cloud.stop()
    assert isinstance(sent.result(), OutcomeUnknown)
    cloud.service.queue.held = False
    await cloud.mend_link()
    await until(lambda: len(truth(cloud)) == 1)
    assert isinstance(await cloud.register.locate(attempt), Registered)


async def test_a_refused_mark_is_told_to_a_person_in_the_services_words(cloud: OrangeDataBench) -> None:
    cloud.service.marks_refused = True
    attempt = attempt_of(cloud, receipt(item(mark_code="0104607428680016215'W9Um\x1d93dGVz")))
    for ask in (cloud.register.submit, cloud.register.locate):
        told = await refused(ask(attempt))
        assert (type(told), told.code) == (Rejected, "422")
        assert "маркировки" in told.message
    assert truth(cloud) == []


async def test_a_page_of_something_between_us_decides_nothing(cloud: OrangeDataBench) -> None:
    """A proxy's 400 must not refuse a receipt for good, and its 524 must not send it again."""
    for status in ("400", "409", "524", "503"):
        cloud.faults.order(Point.REQUEST, Fault(kind=FaultKind.REFUSE, detail=status))
        told = await refused(cloud.register.submit(attempt_of(cloud, receipt())))
        assert type(told) is OutcomeUnknown, status
    assert truth(cloud) == []


async def test_a_power_loss_between_the_sign_and_the_answer_makes_one_document(
    cloud: OrangeDataBench,
) -> None:
    cloud.faults.order(Point.AFTER_SIGN, Fault(kind=FaultKind.POWER_LOSS, seconds=0.2))
    attempt = attempt_of(cloud, receipt())
    made = await cloud.register.submit(attempt)
    assert [d.fd_number for d in truth(cloud)] == [made.document.fd_number]


async def test_a_group_of_two_registers_shares_the_work() -> None:
    clock = SystemClock()
    second = EmulatedRegister(FiscalDrive("9999078900000002"), clock=clock)
    second.ensure_registered(Registration(ffd="1.2"))
    async with orange_data_bench() as cloud:
        cloud.service.queue.registers = (cloud.emulated, second)
        made = [
            (await cloud.register.submit(attempt_of(cloud, receipt(), n))).document.fn for n in range(1, 5)
        ]
        assert set(made) == {cloud.emulated.drive.number, "9999078900000002"}
    second.close()


# ------------------------------------------------------------------ keys, certificates, settings


async def test_another_signing_key_blocks_the_lane_and_no_receipt(cloud: OrangeDataBench) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = other.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    async with registering(cloud.config, sign_key=text) as register:
        blocked = await refused(register.submit(attempt_of(cloud, receipt())))
    assert (type(blocked), blocked.reason) == (RegisterBlocked, BlockReason.ACCESS)
    assert cloud.service.queue.all() == []


async def test_a_certificate_of_another_authority_blocks_the_lane(
    cloud: OrangeDataBench, tmp_path: Path
) -> None:
    stranger = papers_in(tmp_path, SystemClock().now())
    changes = {"client_cert": str(stranger.client_cert), "client_key": str(stranger.client_key)}
    async with registering(cloud.config, **changes) as register:
        blocked = await refused(register.status())
        unsent = await refused(register.submit(attempt_of(cloud, receipt())))
    assert type(blocked) is RegisterBlocked
    assert isinstance(unsent, RegisterBlocked | OutcomeUnknown)  # TLS 1.3 may tell too late to be heard
    assert cloud.service.queue.all() == []


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_an_alert_about_our_certificate_is_a_matter_of_access(
    cloud: OrangeDataBench, tmp_path: Path, newest: ssl.TLSVersion
) -> None:
    """A server that says so, as OpenSSL does; under TLS 1.3 it comes when the receipt is on its way already."""
    stranger = papers_in(tmp_path, SystemClock().now())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = newest
    context.load_cert_chain(cloud.papers.server_cert, cloud.papers.server_key)
    context.load_verify_locations(stranger.ca)
    context.verify_mode = ssl.CERT_REQUIRED
    listener = listening(0)
    listener.listen()
    url = f"https://127.0.0.1:{listener.getsockname()[1]}"
    async with registering(cloud.config, base_url=url) as register, asyncio.TaskGroup() as group:
        group.create_task(anyio.to_thread.run_sync(_turn_away, listener, context))
        told = await refused(register.submit(attempt_of(cloud, receipt())))
    listener.close()
    assert (type(told), told.reason) == (RegisterBlocked, BlockReason.ACCESS)
    assert "сертификат клиента" in told.message


def _turn_away(listener: socket.socket, context: ssl.SSLContext) -> None:
    listener.settimeout(10)
    taken, _ = listener.accept()
    with context.wrap_socket(taken, server_side=True, do_handshake_on_connect=False) as line:
        line.settimeout(10)
        with pytest.raises(ssl.SSLError):
            line.do_handshake()
        socket.socket.shutdown(line, socket.SHUT_WR)
        while socket.socket.recv(line, 4096):  # unread bytes would reset the line, and overtake the alert
            pass


async def test_a_stranger_that_answers_in_the_services_place_hears_no_receipt(
    cloud: OrangeDataBench, tmp_path: Path
) -> None:
    stranger = papers_in(tmp_path, SystemClock().now())
    async with registering(cloud.config, ca=str(stranger.ca)) as register:
        for asked in (register.status(), register.submit(attempt_of(cloud, receipt()))):
            blocked = await refused(asked)
            assert (type(blocked), blocked.reason) == (RegisterBlocked, BlockReason.CONFIGURATION)


async def test_nobody_comes_in_without_a_certificate(cloud: OrangeDataBench) -> None:

    context = ssl.create_default_context(cafile=cloud.papers.ca)
    async with httpx2.AsyncClient(verify=context, trust_env=False) as client:
        with pytest.raises((httpx2.HTTPError, ssl.SSLError)):
            await client.get(f"{cloud.config.base_url}/api/v2/devices/status/7700000016/Main")


@pytest.mark.parametrize("changes", [{"group": "Other"}, {"inn": "7707083893"}])
async def test_settings_of_somebody_else_are_named_by_the_status(
    cloud: OrangeDataBench, changes: dict[str, str]
) -> None:
    async with registering(cloud.config, **changes) as register:
        blocked = await refused(register.status())
    assert (type(blocked), blocked.reason) == (RegisterBlocked, BlockReason.CONFIGURATION)
    assert "не найден" in blocked.message


async def test_notes_hold_both_sides_of_the_talk_and_no_key(cloud: OrangeDataBench) -> None:
    heard: list[tuple[str, str]] = []
    register = OrangeDataRegister(
        cloud.config, SystemClock(), lambda ask, answer: heard.append((ask, answer))
    )
    await register.submit(attempt_of(cloud, receipt()))
    await register.aclose()
    whole = "".join(ask + answer for ask, answer in heard)
    assert "HTTP 201" in whole
    assert '"fsNumber"' in whole
    assert "PRIVATE KEY" not in whole


# ------------------------------------------------------------------ the double by itself


async def posted(cloud: OrangeDataBench, body: bytes, signature: str, section: str = "documents") -> Any:
    async with httpx2.AsyncClient(verify=tls_context(cloud.config), trust_env=False) as client:
        return await client.post(
            f"{cloud.config.base_url}/api/v2/{section}/", content=body, headers={"X-Signature": signature}
        )


async def test_the_double_answers_a_second_id_with_an_empty_409(cloud: OrangeDataBench) -> None:
    body = encode(body_of(attempt_of(cloud, receipt()), cloud.config))
    own = signer(cloud.config).sign(body)
    first, second = await posted(cloud, body, own), await posted(cloud, body, own)
    assert (first.status_code, second.status_code, second.content) == (201, 409, b"")
    assert "never a KKT" in first.headers["x-test-double"]


async def test_the_double_takes_only_the_very_bytes_that_were_signed(cloud: OrangeDataBench) -> None:
    body = encode(body_of(attempt_of(cloud, receipt()), cloud.config))
    own = signer(cloud.config).sign(body)
    for signature, text in (("", body), ("nonsense", body), (own, body + b" ")):
        answer = await posted(cloud, text, signature)
        assert answer.status_code == 401
        assert answer.json()["errors"]
    assert cloud.service.queue.all() == []


async def test_the_double_knows_what_it_cannot_take(cloud: OrangeDataBench) -> None:
    good = json.loads(encode(body_of(attempt_of(cloud, receipt()), cloud.config)))
    cases: list[tuple[int, bytes, str]] = [
        (400, b"nonsense", "documents"),
        (400, json.dumps(good).encode(), "corrections"),
        (400, json.dumps(good | {"group": "Other"}).encode(), "documents"),
        (401, json.dumps(good | {"key": "other"}).encode(), "documents"),
        (413, b"x" * (2 << 20), "documents"),
    ]
    for status, body, section in cases:
        answer = await posted(cloud, body, signer(cloud.config).sign(body), section)
        assert (answer.status_code, bool(answer.json()["errors"])) == (status, True)


async def test_the_double_says_what_it_is_and_takes_orders(cloud: OrangeDataBench) -> None:
    async with httpx2.AsyncClient(verify=tls_context(cloud.config), trust_env=False) as client:
        page = await client.get(f"{cloud.config.base_url}/")
        told = await client.post(
            f"{cloud.config.base_url}/control/queue", json={"active": False, "marks_refused": True}
        )
        wrong = await client.post(f"{cloud.config.base_url}/control/queue", json={"active": 7})
    assert "TEST DOUBLE" in page.text.upper()
    assert told.json()["orange_data"]["held"] is True
    assert wrong.status_code == 400
    assert (cloud.service.queue.held, cloud.service.marks_refused) == (True, True)


async def test_the_double_forgets_nothing_over_a_restart(tmp_path: Path) -> None:
    clock = SystemClock()
    register = EmulatedRegister(FiscalDrive(), clock=clock)
    register.ensure_registered(Registration(ffd="1.2"))
    path, setup = tmp_path / "orange.sqlite", ClientSetup()
    service = OrangeData(setup, [register], key=papers().public_key(), clock=clock, path=path)
    config = OrangeDataConfig(inn=setup.inn, sign_key="s", client_cert="c", client_key="k")
    async with orange_data_bench() as cloud:
        attempt = attempt_of(cloud, receipt())
    service.take("documents", encode(body_of(attempt, config)))
    service.close()
    again = OrangeData(setup, [register], key=papers().public_key(), clock=clock, path=path)
    task = asyncio.create_task(again.queue.run())
    await until(lambda: set(again.queue.counts()) == {"done"})
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert again.result("documents", setup.inn, attempt.id)["fsNumber"] == register.drive.number
    again.close()
    register.close()


async def test_papers_are_made_once_for_a_folder(tmp_path: Path) -> None:
    now = SystemClock().now()
    first = papers_in(tmp_path / "a", now).client_cert.read_bytes()
    assert papers_in(tmp_path / "a", now).client_cert.read_bytes() == first
    assert (tmp_path / "a" / "client.key").stat().st_mode & 0o077 == 0


async def test_a_callback_brings_the_result_and_rings_for_the_attempt(cloud: OrangeDataBench) -> None:
    heard: list[str | None] = []

    async def called(request: Request) -> Response:
        heard.append(recognised(await request.body()))
        return JSONResponse({}, 500 if len(heard) == 1 else 200)  # it is asked again

    ear, listener = plain_server(Starlette(routes=[Route("/called", called, methods=["POST"])])), listening(0)
    await _up(ear, listener)
    cloud.service.setup = msgspec.structs.replace(cloud.service.setup, callback_pause=0.01)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/called"
    attempt = attempt_of(cloud, receipt())
    async with registering(cloud.config, callback_url=url) as register:
        await register.submit(attempt)
        await until(lambda: len(heard) == 2)
    assert heard == [attempt.id, attempt.id]
    ear.force_exit = True
    await ear.lifespan.shutdown()
    await ear.shutdown(sockets=[listener])


async def _up(served: uvicorn.Server, listener: Any) -> None:
    served.config.load()
    served.lifespan = served.config.lifespan_class(served.config)
    await served.startup(sockets=[listener])


def test_the_signature_is_that_of_the_vendors_rule() -> None:
    """RSA-SHA256, PKCS#1 v1.5, base64, over the body as it is sent."""
    own = papers()
    config = OrangeDataConfig(inn="7700000016", sign_key=str(own.sign_key), client_cert="c", client_key="k")
    given = base64.b64decode(signer(config).sign(b"body"))
    own.public_key().verify(given, b"body", padding.PKCS1v15(), hashes.SHA256())
    assert len(given) == 256
