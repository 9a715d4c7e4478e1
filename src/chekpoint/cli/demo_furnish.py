"""What the demonstration's hub is set up with before it starts."""

import secrets
from pathlib import Path
from typing import NamedTuple

import msgspec

from chekpoint.cli.demo_chat import DemoChat
from chekpoint.cli.demo_hub import PlayError
from chekpoint.cli.demo_site import DemoSite
from chekpoint.cli.demo_stand import AGENT, INN, OTHER, OTHER_INN, SELLER, Stand
from chekpoint.core.clock import SystemClock
from chekpoint.core.errors import StoreError
from chekpoint.emulators.ofd.account import API_KEY
from chekpoint.store import agents, lanes, people, pools
from chekpoint.store.journal import Tx
from chekpoint.store.store import open_store

SELLER_ID, SHOP_ID, SITE_ID, OTHER_ID = f"{1:032x}", f"{2:032x}", f"{3:032x}", f"{4:032x}"
FIRST_REGISTER, FIRST_ACCOUNT = 10, 20


class Keys(NamedTuple):
    """What the demonstration's programs sign in with."""

    api: str
    agent: str


async def furnish(data: Path, stand: Stand, site: DemoSite | None, chat: DemoChat | None) -> Keys:
    """Two sellers, a shop for both, the registers at their addresses, access to the operator, the owner's chat.

    Raises PlayError.
    """
    store = open_store(f"sqlite:///{data / 'chekpoint.db'}", node="demo", clock=SystemClock())
    keys = Keys(f"ck_{secrets.token_urlsafe(32)}", f"ak_{secrets.token_urlsafe(32)}")
    await store.start()
    try:
        await store.write(lambda tx: _setup(tx, stand, site, keys))
        if chat is not None:
            await store.write(chat.furnish)
    except StoreError as error:
        raise PlayError(f"{data}: {error}") from error
    finally:
        await store.stop()
    return keys


def _setup(tx: Tx, stand: Stand, site: DemoSite | None, keys: Keys) -> None:
    if not people.sellers(tx):
        _people(tx, stand)
    for number, one in enumerate(stand.placed):
        lanes.configure(tx, f"{FIRST_REGISTER + number:032x}", msgspec.json.encode(one.config))
    if site is not None:
        people.configure_shop(tx, SITE_ID, site.settings())
    for number, inn in enumerate((INN, OTHER_INN)):
        account = {"base_url": stand.account_url, "inn": inn, "token": API_KEY, "min_interval": 0.2}
        people.configure_account(tx, f"{FIRST_ACCOUNT + number:032x}", msgspec.json.encode(account))
    people.add_key(tx, f"{secrets.randbits(128):032x}", SHOP_ID, keys.api)
    agents.add_agent(tx, f"{secrets.randbits(128):032x}", AGENT, keys.agent)


def _people(tx: Tx, stand: Stand) -> None:
    """What stays the same from one run to the next."""
    sellers = {INN: SELLER_ID, OTHER_INN: OTHER_ID}
    people.add_seller(tx, SELLER_ID, INN, SELLER)
    people.add_seller(tx, OTHER_ID, OTHER_INN, OTHER)
    for key, name, kind, place in (
        (SHOP_ID, "демо-магазин", "api", "shop.example"),
        (SITE_ID, "сайт shop.test", "bitrix", "shop.test"),
    ):
        people.add_shop(
            tx, people.Shop(key, SELLER_ID, name, kind, f"https://{place}", 300, None, None, None)
        )
    for number, one in enumerate(stand.placed):
        key, seller = f"{FIRST_REGISTER + number:032x}", sellers[one.inn]
        people.add_register(tx, key, seller, one.name, maker=one.maker, config=b"{}")
        if one.reserve is not None:
            pools.join(tx, seller, key, lead_ms=one.reserve * 1000)
    for number, seller in enumerate((SELLER_ID, OTHER_ID)):
        people.add_account(tx, f"{FIRST_ACCOUNT + number:032x}", seller, "ofd_ru", b"{}")
