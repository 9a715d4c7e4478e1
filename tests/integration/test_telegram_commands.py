"""People command from a chat: each command once, from our chats alone, whatever happens in between."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chekpoint.core.clock import SystemClock, epoch_ms
from chekpoint.core.errors import NotSent
from chekpoint.emulators.faults import Fault, FaultKind, Point
from chekpoint.emulators.telegram import Trouble
from chekpoint.emulators.telegram.service import Refused, plain
from chekpoint.hub.alarms import span
from chekpoint.store import alerts, channels, silences, views_incidents
from chekpoint.watch.refusals import Later
from chekpoint.watch.telegram import TelegramCommands
from chekpoint.watch.telegram.commands import parse
from chekpoint.watch.telegram.listening import Line, lines_of
from tests.notices_rig import CHAT, WARNING, Chat, Teller, chatting, telling

pytestmark = pytest.mark.anyio
STRANGER = 666


class Ear:
    """One node listening to the emulated chats."""

    def __init__(self, teller: Teller) -> None:
        self.teller = teller
        self.commands = TelegramCommands(teller.post, teller.http, zone="Europe/Moscow", poll=0)

    async def line(self) -> Line:
        (line,) = lines_of(await self.teller.store.read(channels.channels))
        return line

    async def hear(self) -> int | None:
        return await self.commands.once(await self.line())


@pytest.fixture
async def chat() -> AsyncIterator[Chat]:
    async with chatting(-500) as found:
        yield found


@pytest.fixture
async def ear(tmp_path: Path, chat: Chat) -> AsyncIterator[Ear]:
    async with telling(tmp_path) as teller:
        teller.clock.wind(-86_400 * 365 * 20)  # what people write is later than the channel
        await teller.add_chat(chat, "Дежурный")
        yield Ear(teller)


async def ask(ear: Ear, chat: Chat, text: str, *, at: int = CHAT) -> str:
    """What the bot answers to a line."""
    before = len(chat.texts(at))
    chat.service.say(at, text)
    await ear.hear()
    said = chat.texts(at)[before:]
    assert len(said) <= 1
    return said[0] if said else ""


async def test_status_says_how_the_chain_stands_and_what_is_open(ear: Ear, chat: Chat) -> None:
    assert (await ask(ear, chat, "/status")).endswith("Открытых происшествий нет.")
    key = await ear.teller.open()
    await ear.teller.open("webhook_failing", words=WARNING)
    said = await ask(ear, chat, "/status@chekpoint_test_double_bot")
    assert "Очередь: чеки не ждут." in said
    assert "Открыто происшествий: 2." in said
    assert f"🔴 {key[-6:]} Касса «К1» <не> отвечает." in said
    assert said.index("🔴") < said.index("🟡")


async def test_ack_stops_the_reminders_and_is_audited_with_its_reason(ear: Ear, chat: Chat) -> None:
    key = await ear.teller.open()
    assert "вижу" in await ask(ear, chat, f"/ack {key[-6:]} еду на склад")
    one = (await ear.teller.store.read(views_incidents.opened))[0]
    assert (one.seen_by, one.seen_at is not None) == ("Дежурный: @director", True)
    deeds, _ = await ear.teller.store.read(views_incidents.deeds)
    assert [(deed.who, deed.verb, deed.reason) for deed in deeds if deed.verb == "incident_seen"] == [
        ("Дежурный: @director", "incident_seen", "еду на склад")
    ]
    assert "уже отмечено" in await ask(ear, chat, f"/ack_{key[-6:]}")


async def test_silence_needs_a_span_and_a_reason(ear: Ear, chat: Chat) -> None:
    key = await ear.teller.open()
    name = key[-6:]
    assert "/silence НОМЕР 2h" in await ask(ear, chat, f"/silence {name}")
    assert "почему" in await ask(ear, chat, f"/silence {name} 2h")
    assert "30 дней" in await ask(ear, chat, f"/silence {name} 40d ремонт")
    assert "30 дней" in await ask(ear, chat, f"/silence {name} скоро ремонт")
    assert await ear.teller.store.read(silences.lasting) == []
    assert "Тишина до" in await ask(ear, chat, f"/silence {name} 2h меняем кассу")
    (made,) = await ear.teller.store.read(silences.lasting)
    assert (made.kind, made.subject, made.reason) == ("late", "s1", "меняем кассу")
    assert made.until - made.created_at == 7_200_000


@pytest.mark.parametrize(
    "text", ["/ack zzzzzz", "/ack 0", "/ack", "/silence", "/ack_000000", "/nothing", "/ack " + "я" * 4000, "/ack \u202e x"]
)  # fmt: skip
async def test_what_makes_no_sense_is_answered_with_what_does(ear: Ear, chat: Chat, text: str) -> None:
    await ear.teller.open()
    assert await ask(ear, chat, text)
    assert (await ear.teller.store.read(views_incidents.opened))[0].seen_at is None


async def test_what_was_written_before_the_channel_was_ours_is_not_obeyed(tmp_path: Path, chat: Chat) -> None:
    async with telling(tmp_path) as teller:
        now = epoch_ms(SystemClock().now())
        teller.clock.wind((now - epoch_ms(teller.clock.now())) / 1000)
        chat.service.say(CHAT, "/help")
        teller.clock.wind(2)
        await teller.add_chat(chat)
        ear = Ear(teller)
        assert await ear.hear() == 1
        assert chat.texts() == []


async def test_what_is_written_in_the_very_second_of_the_connection_is_heard(
    tmp_path: Path, chat: Chat
) -> None:
    async with telling(tmp_path) as teller:
        number = chat.service.say(CHAT, "/help")
        said = chat.service.said[-1]
        teller.clock.wind(said.at + 0.999 - epoch_ms(teller.clock.now()) / 1000)
        await teller.add_chat(chat)
        assert await Ear(teller).hear() == 1
        assert len(chat.texts()) == 1
        (one,) = await teller.store.read(channels.channels)
        assert await teller.store.read(lambda tx: channels.read_to(tx, one.id)) == number


async def test_talk_between_people_is_not_answered(ear: Ear, chat: Chat) -> None:
    assert await ask(ear, chat, "кто взял ключи?") == ""
    assert await ask(ear, chat, "пишите /status") == ""


async def test_a_stranger_gets_nothing_and_changes_nothing(ear: Ear, chat: Chat) -> None:
    key = await ear.teller.open()
    chat.service.chats[STRANGER] = "Чужой"
    assert await ask(ear, chat, f"/ack {key[-6:]}", at=STRANGER) == ""
    assert await ask(ear, chat, "/status", at=STRANGER) == ""
    assert (await ear.teller.store.read(views_incidents.opened))[0].seen_at is None


async def test_a_button_under_a_message_says_that_it_was_seen(ear: Ear, chat: Chat) -> None:
    await ear.teller.open()
    await ear.teller.after(5)
    (said,) = chat.service.heard(CHAT)
    assert [text for text, _ in said.buttons] == ["✓ Вижу / Seen"]
    chat.service.press(said.message_id)
    await ear.hear()
    assert "вижу" in chat.texts()[-1]
    assert chat.service.notes[-1].startswith("Записано: вижу.")
    await ear.teller.close()
    chat.service.press(said.message_id)
    await ear.hear()
    assert "уже закрыто" in chat.texts()[-1]


async def test_a_command_is_obeyed_once_over_a_restart(ear: Ear, chat: Chat) -> None:
    key = await ear.teller.open()
    chat.service.say(CHAT, f"/silence {key[-6:]} 2h ремонт")
    await ear.hear()
    again = Ear(ear.teller)  # a new process knows from the store how far it has read
    await again.hear()
    await again.hear()
    assert len(await ear.teller.store.read(silences.lasting)) == 1
    assert len(chat.texts()) == 1


async def test_a_question_whose_answer_was_lost_is_asked_again(ear: Ear, chat: Chat) -> None:
    chat.service.say(CHAT, "/help")
    chat.faults.order(Point.ANSWER, Fault(kind=FaultKind.DROP))
    with pytest.raises(NotSent):
        await ear.hear()
    await ear.hear()
    assert len(chat.texts()) == 1


async def test_one_node_reads_a_bot_and_the_other_takes_over_when_it_is_gone(
    tmp_path: Path, ear: Ear, chat: Chat
) -> None:
    async with telling(tmp_path, clock=ear.teller.clock, node="b") as other:
        second = Ear(other)
        chat.service.say(CHAT, "/help")
        assert await ear.hear() == 1
        assert await second.hear() is None
        ear.teller.clock.wind(91)
        chat.service.say(CHAT, "/help")
        assert await second.hear() == 1
        assert len(chat.texts()) == 2


async def test_two_chats_of_one_bot_are_one_line_and_each_speaks_its_language(ear: Ear, chat: Chat) -> None:
    await ear.teller.add_chat(chat, "Night", to=-500, lang="en")
    assert len((await ear.line()).chats) == 2
    assert "how things stand" in await ask(ear, chat, "/help", at=-500)
    assert "подсказка" in await ask(ear, chat, "/help")


async def test_a_chat_that_may_not_command_is_not_heard(tmp_path: Path, chat: Chat) -> None:
    async with telling(tmp_path) as teller:
        await teller.add_chat(chat, commands="false")
        assert lines_of(await teller.store.read(channels.channels)) == []
        await teller.open()
        await teller.after(5)
        assert chat.service.heard(CHAT)[0].buttons == ()
        assert "/ack" not in chat.texts()[0]


@pytest.mark.parametrize(
    ("kind", "error"), [(Trouble.UNAUTHORIZED, NotSent), (Trouble.BROKEN, NotSent), (Trouble.TOO_MANY, Later)]
)
async def test_each_refusal_is_told_in_words(
    ear: Ear, chat: Chat, kind: Trouble, error: type[NotSent]
) -> None:
    chat.service.trouble(kind, times=1)
    with pytest.raises(error) as caught:
        await ear.hear()
    assert chat.service.token not in caught.value.message


def test_what_is_typed_is_read_as_it_is_meant() -> None:
    assert parse("/ack_a1b2c3") == ("ack", "a1b2c3", "")
    assert parse("/ACK@bot a1b2c3 еду") == ("ack", "", "a1b2c3 еду")
    assert parse("/silence_a1b2c3@bot 2h ремонт") == ("silence", "a1b2c3", "2h ремонт")
    assert parse("ack a1") is None
    assert parse("/") is None


@pytest.mark.parametrize(
    ("text", "seconds"), [("30m", 1800), ("2h", 7200), ("1d", 86_400), ("2", 7200), ("2 ч", 7200), ("45 МИН", 2700)]
)  # fmt: skip
def test_spans_are_read_in_both_languages(text: str, seconds: int) -> None:
    assert span(text) == seconds


def test_the_double_refuses_what_the_real_one_refuses() -> None:
    assert plain("<b>a &lt; b</b>") == "a < b"
    for wrong in ("<b>", "</b>", "<div>x</div>", "<b><i></b></i>"):
        with pytest.raises(Refused):
            plain(wrong)


async def test_an_alert_longer_than_a_message_is_cut_and_says_so(ear: Ear, chat: Chat) -> None:
    long = WARNING._replace(ru="Ж" * 150 + ". " + "&<🔴" * 3000)
    await ear.teller.open("webhook_failing", words=long)
    await ear.teller.after(0)
    (said,) = chat.service.heard(CHAT)
    assert "…" in said.text
    assert "https://hub.example/incidents#" in said.text
    rows = await ear.teller.store.read(lambda tx: alerts.of_channel(tx, "", most=1))
    assert rows == []
