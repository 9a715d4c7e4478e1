"""What the demonstration's hub is set up with before it starts."""

import secrets
from pathlib import Path
from typing import Any

import msgspec

from chekpoint.cli.demo_hub import PlayError
from chekpoint.cli.demo_site import DemoSite
from chekpoint.cli.demo_stand import INN, SELLER, Stand
from chekpoint.core.clock import SystemClock
from chekpoint.core.errors import StoreError
from chekpoint.emulators.ofd.account import API_KEY
from chekpoint.store import lanes, people
from chekpoint.store.journal import Tx
from chekpoint.store.store import open_store

SELLER_ID, SHOP_ID, SITE_ID = f"{1:032x}", f"{2:032x}", f"{3:032x}"


async def furnish(data: Path, stand: Stand, site: DemoSite | None) -> str:
    """One seller, one shop, the registers at their addresses, access to the operator; returns an API key.

    Raises PlayError.
    """
    store = open_store(f"sqlite:///{data / 'chekpoint.db'}", node="demo", clock=SystemClock())
    secret = f"ck_{secrets.token_urlsafe(32)}"
    await store.start()
    try:
        await store.write(lambda tx: _setup(tx, stand, site, secret))
    except StoreError as error:
        raise PlayError(f"{data}: {error}") from error
    finally:
        await store.stop()
    return secret


def _setup(tx: Tx, stand: Stand, site: DemoSite | None, secret: str) -> None:
    if not people.sellers(tx):
        people.add_seller(tx, SELLER_ID, INN, SELLER)
        people.add_shop(
            tx,
            people.Shop(
                SHOP_ID, SELLER_ID, "демо-магазин", "api", "https://shop.example", 300, None, None, None
            ),
        )
        for number in range(len(stand.urls)):
            name = f"Касса {number + 1}"
            people.add_register(tx, f"{number + 10:032x}", SELLER_ID, name, maker="atol", config=b"{}")
        people.add_shop(
            tx,
            people.Shop(
                SITE_ID, SELLER_ID, "сайт shop.test", "bitrix", "https://shop.test", 300, None, None, None
            ),
        )
        people.add_account(tx, f"{20:032x}", SELLER_ID, "ofd_ru", b"{}")
    for number, url in enumerate(stand.urls):
        config = {"base_url": url, "read_timeout": 1.0, "connect_timeout": 1.0, "poll_timeout": 10.0}
        lanes.configure(tx, f"{number + 10:032x}", msgspec.json.encode(config))
    if site is not None:
        people.configure_shop(tx, SITE_ID, site.settings())
    people.configure_account(tx, f"{20:032x}", msgspec.json.encode(_account(stand)))
    people.add_key(tx, f"{secrets.randbits(128):032x}", SHOP_ID, secret)


def _account(stand: Stand) -> dict[str, Any]:
    return {"base_url": stand.account_url, "inn": INN, "token": API_KEY, "min_interval": 0.2}
