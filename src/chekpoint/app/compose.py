"""One registration line for each maker, operator and shop's door; and the hub that is given them."""

import random
import secrets
from collections.abc import Mapping

import httpx2
import msgspec
from starlette.routing import BaseRoute

from chekpoint.app.settings import Settings
from chekpoint.core.clock import Clock, SystemClock
from chekpoint.core.ports import Operator, Register
from chekpoint.core.witness import Note
from chekpoint.hub.hub import Connector, Hub, MakeOperator
from chekpoint.hub.kinds import ShopKind
from chekpoint.hub.lane import MakeRegister
from chekpoint.ofd.ofd_ru import OfdRu, OfdRuConfig
from chekpoint.registers.atol import AtolConfig, AtolRegister
from chekpoint.registers.shtrih import ShtrihConfig, ShtrihRegister
from chekpoint.shops import atol_online, bitrix, modulkassa
from chekpoint.shops.api_v1 import api_routes
from chekpoint.shops.api_v1.kind import ApiKind
from chekpoint.shops.atol_online.kind import AtolOnlineKind
from chekpoint.shops.bitrix.kind import ExchangeKind, RestKind
from chekpoint.shops.modulkassa.kind import ModulKassaKind
from chekpoint.shops.webhook import WebhookShop
from chekpoint.store.lanes import RegisterRow
from chekpoint.store.store import open_store

CONFIGS: Mapping[str, type[msgspec.Struct]] = {"atol": AtolConfig, "shtrih": ShtrihConfig}
"""Maker -> the form of a register's settings."""


OPERATOR_CONFIGS: Mapping[str, type[msgspec.Struct]] = {"ofd_ru": OfdRuConfig}
"""Operator -> the form of an account's settings."""


def register_makers(clock: Clock) -> dict[str, MakeRegister]:
    """Maker -> how to make its driver."""

    def atol(row: RegisterRow, note: Note) -> Register:
        return AtolRegister(msgspec.json.decode(row.config, type=AtolConfig), clock, note=note)

    def shtrih(row: RegisterRow, note: Note) -> Register:
        return ShtrihRegister(msgspec.json.decode(row.config, type=ShtrihConfig), clock, note)

    return {"atol": atol, "shtrih": shtrih}


def operator_makers(clock: Clock) -> dict[str, MakeOperator]:
    """Operator -> how to make its account client."""

    def ofd_ru(config: bytes) -> Operator:
        return OfdRu(msgspec.json.decode(config, type=OfdRuConfig), clock)

    return {"ofd_ru": ofd_ru}


def connectors() -> dict[str, Connector]:
    """Kind of a shop -> what works for it in the background."""
    return {
        bitrix.KIND: bitrix.BitrixSites().connect,
        atol_online.KIND: atol_online.connect,
        modulkassa.KIND: modulkassa.connect,
    }


def shop_kinds() -> tuple[ShopKind, ...]:
    """The kinds of shops that can be connected, in the order of a newcomer's likely wish."""
    return (ExchangeKind(), RestKind(), AtolOnlineKind(), ModulKassaKind(), ApiKind())


def doors(hub: Hub, zone: str) -> list[BaseRoute]:
    """The addresses that shops call."""
    return [
        *api_routes(hub),
        *bitrix.bitrix_routes(hub),
        *atol_online.routes(hub),
        *modulkassa.routes(hub, zone=zone),
    ]


def build_hub(settings: Settings, http: httpx2.AsyncClient, clock: Clock | None = None) -> Hub:
    """The hub of this node, not started yet. Raises StoreError when the database cannot be opened."""
    now = clock or SystemClock()
    settings.data.mkdir(parents=True, exist_ok=True)
    store = open_store(settings.url, node=settings.node, clock=now)
    chance = random.Random(secrets.randbits(128))  # noqa: S311 - names rows and buyers' pages: 128 bits of seed
    return Hub(
        store, now, chance, node=settings.node, limits=settings.limits,
        zone=settings.zone, registers=register_makers(now), operators=operator_makers(now),
        door=lambda url, secret: WebhookShop(url, secret, http), head=settings.head,
        connectors=connectors(),
    )  # fmt: skip
