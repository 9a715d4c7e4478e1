"""A message reaches a person, once as far as can be told, whatever happens to the channel, the node or the incident."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chekpoint.core.errors import Unfit
from chekpoint.emulators.faults import Fault, FaultKind, Point
from chekpoint.emulators.telegram import Trouble
from chekpoint.hub.alarms import Alarms
from chekpoint.hub.reach import Reach
from chekpoint.store import alerts, incidents, silences
from chekpoint.watch.sending import try_channel
from tests.notices_rig import CHAT, CRITICAL, WARNING, Chat, Teller, chatting, telling
from tests.waiting import until

pytestmark = pytest.mark.anyio


@pytest.fixture
async def chat() -> AsyncIterator[Chat]:
    async with chatting(-500) as found:
        yield found


@pytest.fixture
async def teller(tmp_path: Path) -> AsyncIterator[Teller]:
    async with telling(tmp_path) as found:
        yield found


async def test_a_person_reads_what_broke_since_when_and_what_to_do(teller: Teller, chat: Chat) -> None:
    await teller.add_chat(chat)
    key = await teller.open()
    await teller.after(5)
    (said,) = chat.service.heard(CHAT)
    assert said.text.splitlines()[0] == "🔴 Критично: Касса «К1» <не> отвечает."
    assert "Проверьте кабель." in said.text
    assert "Началось 24.11.2026 12:00:00, длится 5 с." in said.text
    assert f"https://hub.example/incidents#i{key}" in said.text
    assert f"/ack_{key[-6:]}" in said.text
    (row,) = await teller.rows(key)
    assert (row.state, row.said) == ("sent", f"message_id {said.message_id}")


async def test_the_end_is_told_with_its_length(teller: Teller, chat: Chat) -> None:
    await teller.add_chat(chat, lang="en")
    await teller.open()
    await teller.after(5)
    await teller.close()
    await teller.after(1)
    assert chat.titles() == [
        "🔴 Critical: Register K1 is <silent>.",
        "🟢 Recovered: Register K1 is <silent>.",
    ]
    assert "Lasted 5 s: from 24.11.2026 12:00:00 to 24.11.2026 12:00:05." in chat.texts()[1]
    await teller.after(3600)
    assert len(chat.texts()) == 2


async def test_a_blip_leaves_no_trace_on_anybodys_phone(teller: Teller, chat: Chat) -> None:
    await teller.add_chat(chat)
    await teller.open()
    await teller.after(4)
    await teller.close()
    await teller.after(60)
    assert chat.service.calls == {}


async def test_a_channel_that_was_down_hears_later_and_says_that_it_is_late(
    teller: Teller, chat: Chat
) -> None:
    await teller.add_chat(chat)
    key = await teller.open()
    chat.service.trouble(Trouble.BROKEN)
    await teller.after(5)
    assert "channel_failing" in await teller.open_kinds()
    await teller.close()
    for _ in range(5):
        await teller.after(600)
    assert chat.texts() == []
    chat.service.heal()
    await teller.after(900)
    assert [title[:2] for title in chat.titles()] == ["🔴 "]
    assert "Сообщение дошло поздно" in chat.texts()[0]
    assert await teller.open_kinds() == []
    assert [(row.phase, row.state) for row in await teller.rows(key)] == [("opened", "sent")]


async def test_a_channel_that_fails_is_told_of_through_another_and_so_is_its_end(
    teller: Teller, chat: Chat
) -> None:
    await teller.add_chat(chat, "Дежурный")
    await teller.add_chat(chat, "Запас", to=-500, severity="critical", after="600")
    await teller.open()
    chat.service.trouble(Trouble.BLOCKED, times=1)
    await teller.after(5)
    await teller.after(1)
    assert chat.titles(-500) == []
    chat.service.trouble(Trouble.BLOCKED, times=1)
    await teller.after(29)
    chat.service.heal()
    await teller.after(1)
    (title,) = chat.titles(-500)
    assert title.startswith(
        "🔴 Критично: Канал «Дежурный» не принимает сообщения: бот не может писать в этот чат"
    )
    await teller.after(60)
    await teller.after(1)
    assert len(chat.titles()) == 1
    assert [one.split(":")[0] for one in chat.titles(-500)] == ["🔴 Критично", "🟢 Исправлено"]


async def test_one_hiccup_of_a_provider_troubles_nobody(teller: Teller, chat: Chat) -> None:
    await teller.add_chat(chat)
    await teller.add_chat(chat, "Запас", to=-500)
    chat.service.trouble(Trouble.BROKEN, times=1)
    await teller.open()
    for _ in range(50):
        await teller.after(1)
    assert len(chat.titles()) == len(chat.titles(-500)) == 1


async def test_a_pause_that_the_provider_asks_for_is_kept_and_is_no_incident(
    teller: Teller, chat: Chat
) -> None:
    await teller.add_chat(chat)
    await teller.open()
    chat.service.trouble(Trouble.TOO_MANY, times=1, seconds=40)
    await teller.after(5)
    for wait in (10, 20, 9):
        await teller.after(wait)
        assert chat.texts() == []
    assert await teller.open_kinds() == ["late"]
    await teller.after(1)
    assert len(chat.texts()) == 1


async def test_all_that_waited_goes_out_when_the_channel_works_again(teller: Teller, chat: Chat) -> None:
    await teller.add_chat(chat)
    chat.service.trouble(Trouble.UNAUTHORIZED)
    for number in range(4):
        await teller.open(subject=f"s{number}")
    for _ in range(6):
        await teller.after(120)
    tried = chat.service.calls["sendMessage"]
    assert tried <= 6  # not each message at each round
    chat.service.heal()
    await teller.after(900)
    await teller.after(1)
    assert len(chat.texts()) == 4


async def test_two_nodes_tell_once(tmp_path: Path, chat: Chat) -> None:
    async with telling(tmp_path) as one, telling(tmp_path, clock=one.clock, node="b") as other:
        await one.add_chat(chat)
        for number in range(4):
            await one.open(subject=f"s{number}")
        one.clock.wind(5)
        await asyncio.gather(one.notices.once(), other.notices.once())
        await asyncio.gather(one.notices.once(), other.notices.once())
        assert len(chat.texts()) == 4


async def test_a_node_that_dies_between_the_note_and_the_sending_loses_nothing(
    tmp_path: Path, chat: Chat
) -> None:
    async with telling(tmp_path) as dead:
        await dead.add_chat(chat)
        await dead.open()
        dead.clock.wind(5)
        await dead.notices._note()
        (letter,) = await dead.store.read(lambda tx: alerts.due(tx, most=9))
        until = letter.next_check_at + 60_000
        await dead.store.write(lambda tx: alerts.hold(tx, letter, until))
    async with telling(tmp_path, clock=dead.clock, node="b") as other:
        await other.after(59)
        assert chat.texts() == []
        await other.after(1)
        assert len(chat.texts()) == 1


async def test_an_answer_that_was_lost_means_that_it_is_said_again_not_that_it_is_forgotten(
    teller: Teller, chat: Chat
) -> None:
    await teller.add_chat(chat)
    await teller.open()
    chat.faults.order(Point.ANSWER, Fault(kind=FaultKind.DROP))
    await teller.after(5)
    await teller.after(10)
    assert len(chat.texts()) == 2
    assert "channel_failing" not in await teller.open_kinds()


async def test_a_channel_that_hangs_holds_up_no_other(tmp_path: Path, chat: Chat) -> None:
    async with chatting() as hung, telling(tmp_path) as teller:
        hung.service.trouble(Trouble.HANG)
        await teller.add_chat(hung, "Висит")
        await teller.add_chat(chat, "Живой")
        await teller.open()
        teller.clock.wind(5)
        round_ = asyncio.create_task(teller.notices.once())
        await until(chat.texts)
        assert not round_.done()
        hung.service.heal()
        await round_


async def test_a_message_is_given_up_after_a_day_and_the_next_word_is_a_reminder(
    teller: Teller, chat: Chat
) -> None:
    await teller.add_chat(chat)
    key = await teller.open()
    chat.service.trouble(Trouble.BROKEN)
    await teller.after(5)
    for _ in range(25 * 4):
        await teller.after(900)
    assert (await teller.rows(key))[0].state == "given_up"
    chat.service.heal()
    await teller.after(3600)
    assert chat.titles()[0].startswith("🔴 Напоминание")


async def test_many_of_one_kind_at_once_are_one_message_and_each_is_noted_as_told(
    teller: Teller, chat: Chat
) -> None:
    await teller.add_chat(chat)
    keys = [await teller.open("receipt_rejected", f"r{n}") for n in range(50)]
    await teller.open("webhook_failing")
    await teller.after(1)
    assert len(chat.texts()) == 2
    many = next(text for text in chat.texts() if "50" in text)
    assert "(и ещё 49 таких)" in many.splitlines()[0]
    assert "и ещё 40: все на странице" in many
    rows = await teller.store.read(lambda tx: alerts.told(tx, keys))
    assert {row.state for row in rows} == {"sent"}
    assert len(rows) == 50
    for number in range(50):
        await teller.close("receipt_rejected", f"r{number}")
    await teller.after(1)
    assert len(chat.texts()) == 3


async def test_many_that_are_refused_together_go_out_together_later(teller: Teller, chat: Chat) -> None:
    await teller.add_chat(chat)
    for number in range(20):
        await teller.open("receipt_rejected", f"r{number}")
    chat.service.trouble(Trouble.BROKEN, times=1)
    await teller.after(1)
    await teller.after(10)
    assert len(chat.texts()) == 1
    assert await teller.open_kinds() == ["receipt_rejected"] * 20


async def test_what_was_silenced_while_it_waited_is_not_sent(teller: Teller, chat: Chat) -> None:
    await teller.add_chat(chat)
    key = await teller.open()
    chat.service.trouble(Trouble.BROKEN, times=1)
    await teller.after(5)
    verbs = Alarms(teller.post.keys, who="admin", reason="ремонт")
    one = await teller.store.read(lambda tx: alerts.incident_of(tx, key))
    assert one is not None
    made = await teller.store.write(lambda tx: verbs.silence(tx, one, 3600))
    await teller.after(60)
    assert chat.texts() == []
    await teller.store.write(lambda tx: verbs.unsilence(tx, made.id))
    await teller.after(60)
    await teller.after(1)
    assert len(chat.texts()) == 1
    assert await teller.store.read(silences.lasting) == []


async def test_reminders_stop_when_somebody_has_seen_it(teller: Teller, chat: Chat) -> None:
    await teller.add_chat(chat)
    key = await teller.open()
    await teller.after(5)
    await teller.after(3600)
    assert chat.titles()[1].startswith("🔴 Напоминание 1, критично")
    verbs = Alarms(teller.post.keys, who="admin")
    assert await teller.store.write(lambda tx: verbs.acknowledge(tx, key))
    await teller.after(100 * 3600)
    assert len(chat.titles()) == 2


async def test_a_worsened_incident_is_told_again_and_must_be_seen_again(teller: Teller, chat: Chat) -> None:
    await teller.add_chat(chat)
    key = await teller.open("webhook_failing", words=WARNING)
    await teller.after(0)
    verbs = Alarms(teller.post.keys, who="admin")
    await teller.store.write(lambda tx: verbs.acknowledge(tx, key))
    await teller.store.write(lambda tx: incidents.reword(tx, "webhook_failing", "s1", CRITICAL))
    await teller.after(1)
    assert [title.split(":")[0] for title in chat.titles()] == ["🟡 Предупреждение", "🔴 Стало критично"]
    one = await teller.store.read(lambda tx: alerts.incident_of(tx, key))
    assert one is not None
    assert one.seen_at is None


async def test_a_warning_that_became_due_before_the_night_waits_for_the_morning_when_it_was_refused(
    teller: Teller, chat: Chat
) -> None:
    await teller.add_chat(chat, quiet_from="12:01", quiet_until="13:00")
    await teller.open("webhook_failing", words=WARNING)
    chat.service.trouble(Trouble.BROKEN, times=1)
    await teller.after(0)
    for _ in range(59):
        await teller.after(60)
        assert chat.texts() == []
    await teller.after(60)
    assert len(chat.texts()) == 1


async def test_the_test_button_says_what_the_provider_said(teller: Teller, chat: Chat) -> None:
    key = await teller.add_chat(chat, "Дежурный")
    told = await try_channel(teller.notices, teller.post, key)
    assert (told.state, told.said) == ("sent", f"message_id {chat.service.heard(CHAT)[0].message_id}")
    assert chat.titles() == ["Проверка канала «Дежурный»"]
    chat.service.trouble(Trouble.UNAUTHORIZED, times=1)
    told = await try_channel(teller.notices, teller.post, key)
    assert told.state == "given_up"
    assert told.error == "токен бота не подходит / the bot's token is wrong: 401 Unauthorized"
    with pytest.raises(Unfit):
        await try_channel(teller.notices, teller.post, "0" * 32)


async def test_a_removed_channel_is_told_nothing_and_keeps_no_secret(teller: Teller, chat: Chat) -> None:
    key = await teller.add_chat(chat)
    await teller.open()
    chat.service.trouble(Trouble.BROKEN, times=1)
    await teller.after(5)
    verbs = Reach(teller.post.keys, who="admin")
    await teller.store.write(lambda tx: verbs.remove(tx, key))
    await teller.after(600)
    assert chat.texts() == []
    assert await teller.open_kinds() == ["late"]
    await teller.add_chat(chat)  # its name is free again
    assert chat.service.token.encode() not in b"".join(await teller.store.read(_configs_removed))


def _configs_removed(tx: object) -> list[bytes]:
    from sqlalchemy import select

    from chekpoint.store.sql import Query
    from chekpoint.store.tables_watch import channel

    query = Query(select(channel.c.config).where(channel.c.removed_at.is_not(None)))
    return [bytes(row[0]) for row in tx.all(query)]  # type: ignore[attr-defined]
