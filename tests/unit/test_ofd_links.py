"""Public links: each formula as the code in the field writes it, and nothing where nothing is known."""

import pytest

from chekpoint.hub.public_link import PublicLink
from chekpoint.ofd.links import OPERATORS, gateway, link_of, operator
from chekpoint.store.public import Public

FACTS = Public(
    inn="7707083893", registration_number="0001234567012345", fn="7380440902582955", fd_number=5321,
    fiscal_sign="0824629212", made_at="2026-08-17T15:28:09", total=23_220, kind=1,
)  # fmt: skip


@pytest.mark.parametrize(
    ("inn", "url"),
    [
        ("7709364346", "https://consumer.1-ofd.ru/v1?t=20260817T152809&s=232.20&fn=7380440902582955&i=5321&fp=824629212&n=1"),
        ("7704211201", "https://receipt.taxcom.ru/v01/show?fp=824629212&s=232.20"),
        ("7605016030", "https://ofd.sbis.ru/rec/0001234567012345/170826/824629212"),
        ("9715260691", "https://lk.platformaofd.ru/web/noauth/cheque?fn=7380440902582955&fp=824629212&i=5321"),
        ("6663003127", "https://cash.kontur.ru/CashReceipt/View/FN/7380440902582955/FD/5321/FP/0824629212"),
        ("7841465198", "https://ofd.ru/rec/7707083893/0001234567012345/7380440902582955/5321/0824629212"),
        ("7704358518", "https://ofd.yandex.ru/vaucher/0001234567012345/5321/0824629212"),
        ("7728699517", None),
        ("7802870820", None),
    ],
)  # fmt: skip
def test_the_address_of_each_operator(inn: str, url: str | None) -> None:
    link = link_of([f"{inn}  "], FACTS)  # 1017 comes padded
    assert link is not None
    assert link.url == url
    assert link.page.startswith("https://")


def test_the_first_word_that_is_known_decides() -> None:
    by_inn, by_account = link_of(["7704211201", "kontur"], FACTS), link_of(["nobody", "kontur"], FACTS)
    assert (by_inn and by_inn.operator, by_account and by_account.operator) == ("Такском", "Контур.ОФД")
    assert link_of(["Такском"], FACTS) == by_inn


def test_nothing_is_made_up() -> None:
    assert link_of([], FACTS) is None
    assert link_of(["7800000010", ""], FACTS) is None
    assert link_of(["7709364346"], FACTS._replace(fn="9999078900000001")) is None
    without = link_of(["7841465198"], FACTS._replace(registration_number=None))
    assert without == PublicLink("OFD.ru", None, "https://check.ofd.ru")
    unread = link_of(["7709364346"], FACTS._replace(made_at="вчера"))
    assert unread is not None
    assert unread.url is None


def test_the_table_is_one_row_for_one_operator() -> None:
    words = [word for one in OPERATORS for word in (one.name, one.inn, one.title) if word]
    assert len(words) == len(set(words))
    assert all(operator(word) is not None for word in words)


def test_gateways() -> None:
    assert gateway("7841465198") == ("gate.ofd.ru", 4000)
    assert gateway("kontur") == ("ofd.kontur.ru", 7777)
    assert gateway("7801392271") is None
    assert gateway("1") is None
