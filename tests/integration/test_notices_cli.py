"""Channels and incidents from the command line, against a real emulated chat."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chekpoint.cli import app
from chekpoint.core.clock import SystemClock
from chekpoint.store import incidents
from chekpoint.store.incidents import Words
from chekpoint.store.store import open_store
from tests.notices_rig import Chat, chatting


@pytest.fixture
def chat() -> Iterator[Chat]:
    """The emulated chat on a loop of its own: a command runs one, too."""
    loop, found, over = asyncio.new_event_loop(), list[Chat](), asyncio.Event()
    started = threading.Event()

    async def serve() -> None:
        async with chatting() as chat:
            found.append(chat)
            started.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert started.wait(30)
    yield found[0]
    loop.call_soon_threadsafe(over.set)
    thread.join(30)
    loop.close()


class Shell:
    """``chekpoint`` with its data in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *words: str, code: int = 0) -> str:
        env = {"CHEKPOINT_DATA": str(self.folder), "CHEKPOINT_NODE": "test"}
        found = CliRunner().invoke(app, list(words), env=env)
        assert found.exit_code == code, found.output
        assert "Traceback" not in found.output
        return found.output

    def open(self) -> None:
        async def work() -> None:
            store = open_store(f"sqlite:///{self.folder / 'chekpoint.db'}", node="t", clock=SystemClock())
            await store.start()
            words = Words("critical", "Сайт молчит.", "The site is silent.")
            key = "0" * 20 + "00c0ffee0001"
            await store.write(lambda tx: incidents.open_incident(tx, "bitrix_site_silent", "s1", words, key=key))  # fmt: skip
            await store.stop()

        asyncio.run(work())


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def telegram(chat: Chat, *more: str) -> list[str]:
    service = chat.service
    return ["channels", "add", "telegram", "Дежурный", "--set", f"token={service.token}", "--set", "chat_id=100200300",
            "--set", f"base_url={chat.url}", *more]  # fmt: skip


def test_a_channel_is_added_tested_shown_without_its_secret_and_removed(shell: Shell, chat: Chat) -> None:
    assert "token *" in shell.run("channels", "kinds")
    assert "принято / accepted: message_id" in shell.run(*telegram(chat, "--quiet", "22:00-07:00"))
    assert chat.titles() == ["Проверка канала «Дежурный»"]
    said = shell.run("channels", "list")
    assert "22:00-07:00" in said
    assert chat.service.token not in said
    assert "message_id" in shell.run("channels", "test", "Дежурный")
    assert "Такое название уже есть" in shell.run(*telegram(chat), code=2)
    assert "удалён" in shell.run("channels", "remove", "Дежурный", "--reason", "уволился")
    assert shell.run("channels", "list").strip() == ""
    assert "канала «Дежурный» нет" in shell.run("channels", "remove", "Дежурный", code=2)


def test_a_channel_that_does_not_work_ends_the_command_with_the_reason(shell: Shell, chat: Chat) -> None:
    said = shell.run(*telegram(chat, "--set", "chat_id=42"), code=1)
    assert "не принято / not accepted: 400 Bad Request: chat not found" in said


@pytest.mark.parametrize(
    ("more", "word"),
    [
        (["--severity", "never"], "severity"), (["--after", "soon"], "after"), (["--quiet", "22:00"], "quiet_until"),
        (["--set", "token=x"], "token"), (["--set", "tokenx"], "имя=значение"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_before_anything_is_stored(
    shell: Shell, chat: Chat, more: list[str], word: str
) -> None:
    assert word in shell.run(*telegram(chat), *more, code=2)
    assert shell.run("channels", "list").strip() == ""


def test_incidents_are_listed_seen_and_silenced(shell: Shell) -> None:
    assert "нет" in shell.run("incidents", "list")
    shell.open()
    line = shell.run("incidents", "list")
    name = line.split()[0]
    assert "Сайт молчит" in line
    assert "записано" in shell.run("incidents", "ack", name, "звоню провайдеру")
    assert "уже отмечено" in shell.run("incidents", "ack", name)
    assert "30m, 2h, 1d" in shell.run("incidents", "silence", name, "долго", "ремонт", code=2)
    assert "почему" in shell.run("incidents", "silence", name, "2h", " ", code=2)
    key = shell.run("incidents", "silence", name, "2h", "ремонт").split()[-1]
    assert "ремонт" in shell.run("incidents", "silences")
    assert "seen" in shell.run("incidents", "list")
    assert "silent" in shell.run("incidents", "list")
    shell.run("incidents", "unsilence", key)
    assert "кончилась" in shell.run("incidents", "unsilence", key, code=2)
    assert "тишины нет" in shell.run("incidents", "silences")
    assert "нет: посмотрите" in shell.run("incidents", "ack", "ffffff0", code=2)
