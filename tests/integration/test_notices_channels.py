"""Letters against a real SMTP server, signed JSON against a real listener: ``sent`` means that they took it."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import msgspec
import pytest

from chekpoint.app.watching import channel_kinds, channel_makers
from chekpoint.core.errors import NotSent
from chekpoint.core.ports import Alert
from chekpoint.emulators.faults import Fault, FaultKind, Point
from chekpoint.emulators.telegram import Trouble
from chekpoint.hub.kinds import Unfilled
from chekpoint.hub.reach import MASK, plan_of
from chekpoint.hub.signature import verify
from chekpoint.store.channels import Channel
from chekpoint.watch.email import EmailChannel, EmailConfig
from chekpoint.watch.refusals import Later
from tests.doubles.hand_clock import HandClock
from tests.doubles.listening_shop import ListeningShop, answer
from tests.mail_server import PASSWORD, USER, mailing
from tests.notices_rig import chatting, telling

pytestmark = pytest.mark.anyio
ALERT = Alert(
    id="0198" + "a" * 28, phase="opened", severity="critical", title="🔴 Критично: касса молчит",
    text="Началось 12:00.\nЖдут 3 чека.", url="https://hub.example/incidents#i1", incident_id="0198" + "b" * 28,
)  # fmt: skip
SECRET = "whsec-0123456789abcdef"
KINDS = {one.kind: one for one in channel_kinds()}


def channel(port: int, **more: object) -> EmailChannel:
    plain = {"host": "127.0.0.1", "port": port, "security": "none", "sender": "kassa@example.ru", "to": "dir@example.ru"}  # fmt: skip
    return EmailChannel(msgspec.convert(plain | more, EmailConfig), HandClock(), timeout=5.0)


async def test_a_letter_says_what_it_is_and_can_be_known_when_it_is_repeated(tmp_path: Path) -> None:
    async with mailing(tmp_path) as (mail, _):
        email = channel(mail.port, to="dir@example.ru, admin@example.ru")
        assert await email.send(ALERT) == "2.0.0 Ok: queued as 0001"
        await email.send(ALERT)
        (to, letter), (_, again) = mail.letters
        assert to == ["dir@example.ru", "admin@example.ru"]
        assert letter["Subject"] == ALERT.title
        assert letter["Message-ID"] == again["Message-ID"] == f"<{ALERT.id}@example.ru>"
        assert letter["Auto-Submitted"] == "auto-generated"
        assert letter["References"] == f"<{ALERT.incident_id}@example.ru>"
        text = letter.get_content()
        assert "Ждут 3 чека." in text
        assert ALERT.url in text


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_password_goes_over_tls_to_a_server_whose_certificate_is_checked(
    tmp_path: Path, security: str
) -> None:
    async with mailing(tmp_path, security, auth=True) as (mail, authority):
        more = {"security": security, "user": USER, "password": PASSWORD}
        await channel(mail.port, **more, ca_file=authority).send(ALERT)
        assert len(mail.letters) == 1
        with pytest.raises(NotSent, match="CERTIFICATE_VERIFY_FAILED"):
            await channel(mail.port, **more).send(ALERT)
        with pytest.raises(NotSent) as caught:
            await channel(mail.port, **(more | {"password": "wrong"}), ca_file=authority).send(ALERT)
        assert caught.value.code == "535"
        assert len(mail.letters) == 1


@pytest.mark.parametrize(
    ("said", "error"),
    [("554 5.7.1 spam", NotSent), ("452 4.2.2 mailbox full", NotSent), ("451 4.7.1 greylisted", Later)],
)
async def test_a_letter_that_the_server_did_not_take_is_not_sent(
    tmp_path: Path, said: str, error: type[NotSent]
) -> None:
    async with mailing(tmp_path) as (mail, _):
        mail.after_data = said
        with pytest.raises(error) as caught:
            await channel(mail.port).send(ALERT)
        assert caught.value.code == said[:3]
        assert isinstance(caught.value, Later) == (error is Later)


async def test_an_addressee_that_is_unknown_is_named(tmp_path: Path) -> None:
    async with mailing(tmp_path) as (mail, _):
        mail.refused = {"gone@example.ru"}
        with pytest.raises(NotSent, match=r"gone@example\.ru: 550"):
            await channel(mail.port, to="gone@example.ru").send(ALERT)
        said = await channel(mail.port, to="dir@example.ru,gone@example.ru").send(ALERT)
        assert said.startswith("2.0.0 Ok")
        assert "gone@example.ru: 550" in said  # those who have it do not get it again because of the other
        assert len(mail.letters) == 1


async def test_a_server_that_is_not_there_is_told_in_words() -> None:
    with pytest.raises(NotSent, match="Connect"):
        await channel(9).send(ALERT)
    with pytest.raises(NotSent, match="FileNotFoundError"):
        await channel(9, security="tls", ca_file="/no/such/file").send(ALERT)


async def test_a_title_cannot_break_the_head_of_a_letter(tmp_path: Path) -> None:
    async with mailing(tmp_path) as (mail, _):
        evil = msgspec.structs.replace(ALERT, title="касса\r\nBcc: all@example.ru\r\n\r\nтекст " + "ж" * 2000)
        await channel(mail.port).send(evil)
        to, letter = mail.letters[0]
        assert to == ["dir@example.ru"]
        assert letter["Bcc"] is None
        assert len(letter["Subject"]) <= 200


@pytest.fixture
async def listener() -> AsyncIterator[ListeningShop]:
    async with ListeningShop().open() as found:
        yield found


async def test_a_webhook_proves_who_sent_it(tmp_path: Path, listener: ListeningShop) -> None:
    async with telling(tmp_path) as teller:
        await teller.add("webhook", "Пейджер", url=listener.url, secret=SECRET)
        key = await teller.open()
        await teller.after(5)
        (heard,) = listener.heard
        now = int(teller.clock.now().timestamp())
        assert verify(SECRET, heard.body, heard.headers["x-chekpoint-signature"], now)
        told = json.loads(heard.body)
        assert (told["incident_id"], told["phase"], told["severity"]) == (key, "opened", "critical")
        assert heard.headers["x-chekpoint-notice"] == told["id"]
        listener.script.append(answer(500))
        await teller.close()
        await teller.after(1)
        await teller.after(10)
        assert [json.loads(one.body)["phase"] for one in listener.heard] == [
            "opened",
            "recovered",
            "recovered",
        ]
        assert len({json.loads(one.body)["id"] for one in listener.heard}) == 2


async def test_three_kinds_of_channels_hear_of_one_incident(tmp_path: Path, listener: ListeningShop) -> None:
    async with mailing(tmp_path / "mail") as (mail, _), chatting() as chat, telling(tmp_path) as teller:
        await teller.add_chat(chat)
        await teller.add("email", "Почта", host="127.0.0.1", port=str(mail.port), security="none", sender="a@b.ru", to="c@d.ru")  # fmt: skip
        await teller.add("webhook", "Пейджер", url=listener.url, secret=SECRET)
        await teller.open()
        await teller.after(5)
        assert len(mail.letters) == len(chat.texts()) == len(listener.heard) == 1


@pytest.mark.parametrize(
    ("kind", "given", "field"),
    [
        ("telegram", {"chat_id": "1"}, "token"),
        ("telegram", {"token": "не токен", "chat_id": "1"}, "token"),
        ("telegram", {"token": "1:" + "a" * 35, "chat_id": "директор"}, "chat_id"),
        ("telegram", {"token": "1:" + "a" * 35, "chat_id": "1", "base_url": "ftp://x"}, "base_url"),
        ("email", {"host": "smtp.x", "sender": "a@b", "to": "не адрес"}, "to"),
        ("email", {"host": "smtp.x", "sender": "a@b", "to": "a@b", "port": "много"}, "port"),
        ("email", {"host": "smtp.x", "sender": "a@b", "to": "a@b", "port": "0"}, "port"),
        ("email", {"host": "smtp.x", "sender": "a@b", "to": "a@b", "security": "ssl"}, "security"),
        ("email", {"host": "smtp.x", "sender": "a@b\r\nBcc: x", "to": "a@b"}, "sender"),
        ("webhook", {"url": "hub.example", "secret": SECRET}, "url"),
        ("webhook", {"url": "https://hub.example", "secret": "short"}, "secret"),
    ],
)
def test_settings_that_cannot_work_are_refused_before_they_are_stored(
    kind: str, given: dict[str, str], field: str
) -> None:
    with pytest.raises(Unfilled) as caught:
        plan_of(KINDS[kind], {"name": "Канал", **given}, [])
    assert field in caught.value.faults


def test_a_password_is_not_sent_in_the_clear() -> None:
    given = {
        "name": "П",
        "host": "h",
        "sender": "a@b",
        "to": "a@b",
        "security": "none",
        "user": "u",
        "password": "p",
    }
    with pytest.raises(Unfilled, match="без шифрования"):
        plan_of(KINDS["email"], given, [])


def test_everything_that_is_wrong_is_said_at_once() -> None:
    given = {"name": "", "severity": "never", "after": "-1", "quiet_from": "25:00", "lang": "de"}
    with pytest.raises(Unfilled) as caught:
        plan_of(KINDS["webhook"], given, [])
    assert caught.value.faults.keys() == {
        "name", "severity", "after", "quiet_from", "quiet_until", "lang", "url", "secret",
    }  # fmt: skip


def test_a_secret_is_never_shown_and_stays_when_its_field_is_left_empty() -> None:
    kind = KINDS["webhook"]
    first = plan_of(kind, {"name": "П", "url": "https://a.example", "secret": SECRET}, [])
    assert SECRET not in str(kind.shown(first.config)) + str(kind.filled(first.config))
    assert MASK in str(kind.shown(first.config))
    old = Channel("c1", "webhook", **first._asdict())
    second = plan_of(kind, {"name": "П", "url": "https://b.example", "secret": ""}, ["П"], old)
    assert json.loads(second.config) == {"url": "https://b.example", "secret": SECRET}


def test_a_form_shows_what_is_set_so_that_saving_it_changes_nothing() -> None:
    given = {"name": "Ч", "token": "1:" + "a" * 35, "chat_id": "-5", "commands": "false"}
    kind, plan = KINDS["telegram"], plan_of(KINDS["telegram"], given, [])
    old = Channel("c1", "telegram", **plan._asdict())
    again = plan_of(kind, {"name": "Ч", **kind.filled(plan.config)}, ["Ч"], old)
    assert again == plan
    assert json.loads(again.config)["commands"] is False


def test_settings_do_not_show_their_secrets_in_a_traceback() -> None:
    config = msgspec.convert({"url": "https://a.example", "secret": SECRET}, KINDS["webhook"].form)
    assert SECRET not in repr(config)
    assert SECRET not in f"{[config]!r}"


async def test_settings_of_a_newer_version_are_a_refusal_not_a_crash() -> None:
    async with httpx2.AsyncClient() as http:
        for kind in KINDS:
            with pytest.raises(NotSent, match="не читаются"):
                channel_makers(http, HandClock())[kind](b'{"later": 1}')


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind=FaultKind.DROP), Fault(kind=FaultKind.GARBAGE), Fault(kind=FaultKind.CUT, after_bytes=5),
    ],
)  # fmt: skip
async def test_whatever_happens_to_an_answer_of_the_bot_service_the_token_stays_secret(
    tmp_path: Path, fault: Fault
) -> None:
    async with chatting() as chat, telling(tmp_path) as teller:
        await teller.add_chat(chat)
        key = await teller.open()
        chat.faults.order(Point.ANSWER, fault)
        await teller.after(5)
        (row,) = await teller.rows(key)
        assert row.state == "waiting"
        assert row.error
        assert chat.service.token not in row.error
        await teller.after(10)
        (row,) = await teller.rows(key)
        assert row.state == "sent"


async def test_a_mail_server_that_hangs_is_given_up_in_time(tmp_path: Path) -> None:
    async with mailing(tmp_path) as (mail, _):
        mail.hang.clear()
        slow = EmailChannel(
            msgspec.convert({"host": "127.0.0.1", "port": mail.port, "security": "none", "sender": "a@b.ru", "to": "c@d.ru"}, EmailConfig),
            HandClock(), timeout=0.2,
        )  # fmt: skip
        with pytest.raises(NotSent, match="Timeout"):
            async with asyncio.timeout(10):
                await slow.send(ALERT)
        mail.hang.set()


async def test_a_blocked_bot_says_what_to_do(tmp_path: Path) -> None:
    async with chatting() as chat, telling(tmp_path) as teller:
        await teller.add_chat(chat)
        key = await teller.open()
        chat.service.trouble(Trouble.BLOCKED, times=1)
        await teller.after(5)
        (row,) = await teller.rows(key)
        assert row.error == (
            "бот не может писать в этот чат: его заблокировали или убрали / "
            "the bot cannot write to this chat: it was blocked or removed: 403 Forbidden: bot was blocked by the user"
        )


async def test_a_chat_that_does_not_exist_is_told_so(tmp_path: Path) -> None:
    async with chatting() as chat, telling(tmp_path) as teller:
        await teller.add_chat(chat, to=42)
        key = await teller.open()
        await teller.after(5)
        assert (await teller.rows(key))[0].error == "400 Bad Request: chat not found"
