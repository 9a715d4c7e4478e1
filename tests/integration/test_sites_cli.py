"""``chekpoint sites`` as a person types it: every mistake is one line of words, and nothing is half-written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shop_front_rig import serving

pytestmark = pytest.mark.anyio


def _run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    given = {**os.environ, "CHEKPOINT_DATA": str(folder / "var"), "CHEKPOINT_NODE": "a"}
    return subprocess.run(
        [sys.executable, "-m", "chekpoint", "sites", *words], cwd=folder, env=given, text=True, capture_output=True,
        timeout=60, check=False,
    )  # fmt: skip


async def _told(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    import anyio.to_thread

    return await anyio.to_thread.run_sync(lambda: _run(folder, *words))


async def test_a_site_is_added_looked_at_and_removed(tmp_path: Path) -> None:
    async with serving() as shop:
        assert (await _told(tmp_path, "add", "Витрина", shop.url, "--expected", "В корзину")).returncode == 0
        assert "ещё не смотрели" in (await _told(tmp_path, "list")).stdout
        assert "в порядке" in (await _told(tmp_path, "look", "Витрина")).stdout
        shop.front.conduct.blank = True
        failed = await _told(tmp_path, "look", "Витрина")
        assert (failed.returncode, "нет текста «В корзину»" in failed.stdout) == (1, True)
        assert "нет текста" in (await _told(tmp_path, "list")).stdout
    assert (await _told(tmp_path, "remove", "Витрина")).returncode == 0
    assert (await _told(tmp_path, "list")).stdout == ""


@pytest.mark.parametrize(("words", "said"), [
    (("add", "X", "ftp://shop.example/"), "Полный адрес"),
    (("add", "X", "https://shop.example/", "--every", "3"), "от 10 до 86400"),
    (("add", "X", "https://shop.example/", "--shop", "Нет"), "нет магазина «Нет»"),
    (("add", "X", "https://shop.example/", "--journey", "none.json"), "не читается"),
    (("add", "X", "https://shop.example/", "--journey", "bad.json"), "Шаги не читаются"),
    (("look", "Нет"), "нет сайта «Нет»"),
    (("remove", "Нет"), "нет сайта «Нет»"),
])  # fmt: skip
async def test_a_mistake_is_one_line_of_words(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text('[{"do": "pay"}]')
    told = await _told(tmp_path, *words)
    assert told.returncode == 2
    assert said in told.stderr
    assert "Traceback" not in told.stderr
    assert (await _told(tmp_path, "list")).stdout == ""
