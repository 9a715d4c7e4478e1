"""A shop must hear of every change, once as far as it can tell, in order, and from nobody else."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from chekpoint.core.errors import NotSent
from chekpoint.core.lifecycle import Cause, Proof, State
from chekpoint.core.ports import ShopNotice
from chekpoint.hub.intake import Intake
from chekpoint.hub.limits import Limits
from chekpoint.hub.outbox import Outbox
from chekpoint.hub.post import Post
from chekpoint.shops.webhook import WebhookShop, verify
from chekpoint.store import people, views_receipt
from chekpoint.store.journal import Tx
from chekpoint.store.store import Store, open_store
from chekpoint.store.transitions import climb, move
from tests.doubles.hand_clock import HandClock
from tests.doubles.hubs import SELLER, SHOP, sale
from tests.doubles.listening_shop import ListeningShop, answer

SECRET = "whsec-1"
NOTICE = ShopNotice(id="n1", receipt_id="r1", body=b'{"id":"n1"}')
pytestmark = pytest.mark.anyio


@pytest.fixture
async def shop() -> AsyncIterator[ListeningShop]:
    async with ListeningShop().open() as listening:
        yield listening


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(timeout=5) as made:
        yield made


async def test_a_notice_proves_who_sent_it(shop: ListeningShop, client: httpx2.AsyncClient) -> None:
    clock = HandClock()
    await WebhookShop(shop.url, SECRET, client, clock).tell(NOTICE)
    heard = shop.heard[0]
    now = int(clock.now().timestamp())
    signature = heard.headers["x-chekpoint-signature"]
    assert heard.body == NOTICE.body
    assert heard.headers["x-chekpoint-notice"] == "n1"
    assert heard.headers["content-type"] == "application/json"
    assert verify(SECRET, heard.body, signature, now)
    assert not verify("another", heard.body, signature, now)
    assert not verify(SECRET, heard.body + b" ", signature, now)
    assert not verify(SECRET, heard.body, signature, now + 301)


@pytest.mark.parametrize("signature", ["", "t=1", "v1=00", "t=x,v1=00", "t=²,v1=00", "t=9" * 50, "t=1,v1=é"])
def test_a_mangled_signature_is_no_signature(signature: str) -> None:
    assert not verify(SECRET, b"{}", signature, 1)


async def test_a_refusal_is_not_taken_for_delivery(shop: ListeningShop, client: httpx2.AsyncClient) -> None:
    shop.script.append(answer(500, "Ошибка ".encode() * 100_000))
    with pytest.raises(NotSent) as caught:
        await WebhookShop(shop.url, SECRET, client).tell(NOTICE)
    assert caught.value.message.startswith("HTTP 500: Ошибка Ошибка")
    assert len(caught.value.message) <= len("HTTP 500: ") + 200


async def test_a_redirect_does_not_carry_the_notice_elsewhere(
    shop: ListeningShop, client: httpx2.AsyncClient
) -> None:
    shop.script.append(answer(307, b"", f"Location: {shop.url}/elsewhere"))
    with pytest.raises(NotSent, match="HTTP 307"):
        await WebhookShop(shop.url, SECRET, client).tell(NOTICE)
    assert len(shop.heard) == 1


@pytest.mark.parametrize("spoiled", [b"", b"HTTP/1.1 \r\n\r\n", b"SSH-2.0-x\r\n", b"HTTP/1.1 200"])
async def test_a_line_that_breaks_is_tried_again_and_not_an_unknown_error(
    shop: ListeningShop, client: httpx2.AsyncClient, spoiled: bytes
) -> None:
    shop.script.append(spoiled)
    with pytest.raises(NotSent):
        await WebhookShop(shop.url, SECRET, client).tell(NOTICE)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://x/", "", "http://", "http://[x", "http://x:99999/", "http://\ud800/"]
)
async def test_an_impossible_address_is_said_to_be_one(url: str, client: httpx2.AsyncClient) -> None:
    with pytest.raises(NotSent):
        await WebhookShop(url, SECRET, client).tell(NOTICE)


class Rig:
    """An outbox over a real database, a real HTTP client and a shop, on a clock wound by hand."""

    def __init__(self, store: Store, clock: HandClock, outbox: Outbox, intake: Intake) -> None:
        self.store, self.clock, self.outbox, self.intake = store, clock, outbox, intake

    async def accepted(self, number: int) -> str:
        return (await self.intake.accept(SHOP, sale(number))).receipt_id

    async def claimed(self, receipt_id: str) -> None:
        await self.store.write(lambda tx: move(tx, receipt_id, State.QUEUED, Cause.CLAIMED))

    async def put_back(self, receipt_id: str) -> None:
        await self.store.write(lambda tx: move(tx, receipt_id, State.REGISTERING, Cause.NOT_SENT))

    async def climbed(self, receipt_id: str) -> None:
        def unit(tx: Tx) -> bool:
            return climb(tx, receipt_id, Proof.SIGNED, source="test", body="", check=None, key="e" * 32)

        await self.store.write(unit)


@pytest.fixture
async def rig(shop: ListeningShop, client: httpx2.AsyncClient, tmp_path: Path) -> AsyncIterator[Rig]:
    clock, chance = HandClock(), random.Random(1)
    store = open_store(f"sqlite:///{tmp_path}/a.db", node="a", clock=clock)
    await store.start()
    post = Post(store, clock, chance, node="a", limits=Limits(webhook_give_up=3 * 86400.0))
    listening = SHOP._replace(webhook_url=shop.url, webhook_secret=SECRET)

    def furnish(tx: Tx) -> None:
        people.add_seller(tx, SELLER, "7707083893", "ООО «Ромашка»")
        people.add_shop(tx, listening)

    await store.write(furnish)
    outbox = Outbox(post, lambda url, secret: WebhookShop(url, secret, client, clock))
    intake = Intake(store, clock, chance, post.bell, zone="Europe/Moscow", secret=b"s")
    yield Rig(store, clock, outbox, intake)
    await store.stop()


async def test_a_shop_that_was_down_hears_the_same_notice_later(rig: Rig, shop: ListeningShop) -> None:
    await rig.claimed(await rig.accepted(1))
    shop.script.extend([answer(503), b"", answer(200)])
    for wait in (0, 9, 2, 19, 2):
        rig.clock.wind(wait)
        await rig.outbox.once()
    ids = [heard.headers["x-chekpoint-notice"] for heard in shop.heard]
    assert len(ids) == 3
    assert len(set(ids)) == 1
    assert len({heard.body for heard in shop.heard}) == 1
    assert len({heard.headers["x-chekpoint-signature"] for heard in shop.heard}) == 3
    rig.clock.wind(86400)
    assert await rig.outbox.once() == 0


async def test_a_later_change_waits_for_the_earlier_one(rig: Rig, shop: ListeningShop) -> None:
    receipt_id = await rig.accepted(1)
    await rig.claimed(receipt_id)
    shop.script.append(answer(503))
    await rig.outbox.once()
    rig.clock.wind(1)
    await rig.put_back(receipt_id)
    await rig.outbox.once()
    assert len(shop.heard) == 1
    for _ in range(3):
        rig.clock.wind(30)
        await rig.outbox.once()
    assert [json.loads(heard.body)["change"] for heard in shop.heard] == ["claimed", "claimed", "not_sent"]


async def test_one_receipt_in_trouble_does_not_hold_up_another(rig: Rig, shop: ListeningShop) -> None:
    first, second = await rig.accepted(1), await rig.accepted(2)
    await rig.claimed(first)
    shop.script.append(answer(503))
    await rig.outbox.once()
    await rig.claimed(second)
    await rig.outbox.once()
    assert [json.loads(heard.body)["receipt_id"] for heard in shop.heard] == [first, second]


async def test_a_notice_says_what_the_shop_needs(rig: Rig, shop: ListeningShop) -> None:
    receipt_id = await rig.accepted(7)
    await rig.climbed(receipt_id)
    await rig.outbox.once()
    told = json.loads(shop.heard[0].body)
    assert told["external_id"] == "order-7"
    assert told["receipt_id"] == receipt_id
    assert told["proof"] == told["change"] == "signed"
    assert told["id"] == shop.heard[0].headers["x-chekpoint-notice"]


async def test_a_notice_given_up_after_days_stays_to_be_seen(rig: Rig, shop: ListeningShop) -> None:
    receipt_id = await rig.accepted(1)
    await rig.claimed(receipt_id)
    shop.script.extend([answer(404, b"no such page")] * 200)
    for _ in range(40):
        await rig.outbox.once()
        rig.clock.wind(3 * 3600)
    seen = await rig.store.read(lambda tx: views_receipt.whole(tx, receipt_id))
    assert seen is not None
    assert [(n.state, n.error) for n in seen.notices] == [("given_up", "HTTP 404: no such page")]
    assert len(shop.heard) > 20


async def test_two_nodes_do_not_both_deliver(rig: Rig, shop: ListeningShop) -> None:
    for number in range(5):
        await rig.claimed(await rig.accepted(number))
    await asyncio.gather(rig.outbox.once(), rig.outbox.once())
    assert len(shop.heard) == 5
