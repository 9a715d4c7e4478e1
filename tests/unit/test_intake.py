"""Intake: what a shop that repeats itself is told."""

from datetime import timedelta
from pathlib import Path

import pytest

from chekpoint.hub import content
from chekpoint.hub.intake import Different, Intake, Refused
from tests.doubles.hubs import SHOP, running, sale

pytestmark = pytest.mark.anyio


async def test_a_repeat_after_the_shop_moved_to_another_address_gets_its_first_answer(tmp_path: Path) -> None:
    async with running(f"sqlite:///{tmp_path / 'a.db'}", {}) as hub:
        intake = hub.intake
        assert intake is not None
        first = await intake.accept(SHOP, sale(1))
        again = await intake.accept(SHOP._replace(site="https://other.example"), sale(1))
    assert (again.receipt_id, again.fresh) == (first.receipt_id, False)


async def test_a_repeat_after_the_law_changed_gets_its_first_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(f"sqlite:///{tmp_path / 'a.db'}", {}) as hub:
        intake = hub.intake
        assert intake is not None
        first = await intake.accept(SHOP, sale(1))
        today = intake.today()
        monkeypatch.setattr(Intake, "today", lambda _: today - timedelta(days=400))  # 22 % was no rate yet
        again = await intake.accept(SHOP, sale(1))
        assert again.receipt_id == first.receipt_id
        with pytest.raises(Refused):
            await intake.accept(SHOP, sale(2))
        with pytest.raises(Refused):
            await intake.accept(SHOP, sale(1, total=200))


async def test_other_content_under_a_known_id_is_a_conflict(tmp_path: Path) -> None:
    async with running(f"sqlite:///{tmp_path / 'a.db'}", {}) as hub:
        assert hub.intake is not None
        await hub.intake.accept(SHOP, sale(1))
        with pytest.raises(Different):
            await hub.intake.accept(SHOP, sale(1, total=200))


def test_a_buyers_page_cannot_be_found_without_the_secret() -> None:
    key = "01a20c4a34f678f29dc5e602ebc05725"
    assert content.page_token(key, b"one") == content.page_token(key, b"one")
    assert content.page_token(key, b"one") != content.page_token(key, b"two")
    assert content.page_token(key, b"one")[12:] not in key
