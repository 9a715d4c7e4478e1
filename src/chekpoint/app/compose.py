"""One registration line for each maker, operator and shop's door; and the hub that is given them."""

import random
import secrets
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import httpx2
import msgspec
from starlette.routing import BaseRoute

from chekpoint.app.callbacks import callback_routes, callback_url
from chekpoint.app.settings import Settings, SettingsError
from chekpoint.app.watching import Watcher, watchers
from chekpoint.core.clock import Clock, SystemClock
from chekpoint.core.ports import Operator, Register, TaxService
from chekpoint.core.witness import Note
from chekpoint.hub.hub import Companion, Connector, Hub, MakeOperator
from chekpoint.hub.kinds import ShopKind
from chekpoint.hub.lane import MakeRegister
from chekpoint.hub.payment_gaps import PaymentGaps
from chekpoint.hub.tax import TaxPlan
from chekpoint.hub.tax_watch import MakeTax, TaxWatch
from chekpoint.ofd.first_ofd import FirstOfd, FirstOfdConfig
from chekpoint.ofd.fns import Fns, FnsConfig
from chekpoint.ofd.kontur import Kontur, KonturConfig
from chekpoint.ofd.links import link_of
from chekpoint.ofd.ofd_ru import OfdRu, OfdRuConfig
from chekpoint.ofd.taxcom import Taxcom, TaxcomConfig
from chekpoint.registers.agent import AgentConfig, AgentRegister, Switchboard, Traits, agent_routes
from chekpoint.registers.atol import AtolConfig, AtolRegister
from chekpoint.registers.atol_online import AtolOnlineConfig, AtolOnlineRegister
from chekpoint.registers.komtet import KomtetConfig, KomtetRegister
from chekpoint.registers.modulkassa import ModulKassaConfig, ModulKassaRegister
from chekpoint.registers.orange_data import OrangeDataConfig, OrangeDataRegister
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
from chekpoint.watch.own_node import own_node
from chekpoint.watch.probes.companion import outside

T = TypeVar("T", bound=msgspec.Struct)
CONFIGS: Mapping[str, type[msgspec.Struct]] = {
    "agent": AgentConfig,
    "atol": AtolConfig,
    "shtrih": ShtrihConfig,
    "atol_online": AtolOnlineConfig,
    "komtet": KomtetConfig,
    "orange_data": OrangeDataConfig,
    "modulkassa": ModulKassaConfig,
}
"""Maker -> the form of a register's settings."""


BESIDE: Mapping[str, Traits] = {
    maker: Traits(driver.gives_tickets, driver.keeps_archive)
    for maker, driver in (("atol", AtolRegister), ("shtrih", ShtrihRegister))
}
"""Makers whose registers may stand beside an agent."""


OPERATOR_CONFIGS: Mapping[str, type[msgspec.Struct]] = {
    "ofd_ru": OfdRuConfig,
    "first_ofd": FirstOfdConfig,
    "kontur": KonturConfig,
    "taxcom": TaxcomConfig,
}
"""Operator -> the form of an account's settings."""


TAX_CONFIGS: Mapping[str, type[msgspec.Struct]] = {"fns": FnsConfig}
"""Tax service -> the form of the settings of a permission; kept as an account is."""


def register_makers(
    clock: Clock, public_url: str = "", board: Switchboard | None = None
) -> dict[str, MakeRegister]:
    """Maker -> how to make its driver. Cloud services are told to call back at ``public_url``, if there is one.

    ``board``: where agents are connected; None outside a running hub.
    """

    def cloud(kind: type[T], driver: Callable[[T, Clock, Note], Register]) -> MakeRegister:
        def make(row: RegisterRow, note: Note) -> Register:
            config: Any = msgspec.json.decode(row.config, type=kind)
            if public_url and config.callback_url is None:
                config = msgspec.structs.replace(config, callback_url=callback_url(public_url, row.id))
            return driver(config, clock, note)

        return make

    def atol(row: RegisterRow, note: Note) -> Register:
        return AtolRegister(msgspec.json.decode(row.config, type=AtolConfig), clock, note=note)

    def shtrih(row: RegisterRow, note: Note) -> Register:
        return ShtrihRegister(msgspec.json.decode(row.config, type=ShtrihConfig), clock, note)

    def agent(row: RegisterRow, note: Note) -> Register:
        config = msgspec.json.decode(row.config, type=AgentConfig)
        return AgentRegister(config, board, BESIDE.get(config.maker), note)

    return {
        "atol": atol,
        "shtrih": shtrih,
        "atol_online": cloud(AtolOnlineConfig, AtolOnlineRegister),
        "komtet": cloud(KomtetConfig, KomtetRegister),
        "orange_data": cloud(OrangeDataConfig, OrangeDataRegister),
        "modulkassa": cloud(ModulKassaConfig, ModulKassaRegister),
        "agent": agent,
    }


def operator_makers(clock: Clock) -> dict[str, MakeOperator]:
    """Operator -> how to make its account client."""

    def account(kind: type[T], client: Callable[[T, Clock], Operator]) -> MakeOperator:
        return lambda config: client(msgspec.json.decode(config, type=kind), clock)

    return {
        "ofd_ru": account(OfdRuConfig, OfdRu),
        "first_ofd": account(FirstOfdConfig, FirstOfd),
        "kontur": account(KonturConfig, Kontur),
        "taxcom": account(TaxcomConfig, Taxcom),
    }


def tax_makers(clock: Clock) -> dict[str, MakeTax]:
    """Name of the account -> how to make the client of the tax service, and how much it is asked."""

    def fns(config: bytes) -> tuple[TaxService, TaxPlan]:
        made = msgspec.json.decode(config, type=FnsConfig)
        return Fns(made, clock), made.plan

    return {"fns": fns}


def companions(settings: Settings, http: httpx2.AsyncClient) -> dict[str, Companion]:
    """What works beside the lanes of this node."""
    beside: dict[str, Companion] = {
        "tax": lambda hub: TaxWatch(hub.post, tax_makers(hub.post.clock)).run(),
        "own_node": own_node(settings.data, settings.backups),
        "payments": lambda hub: PaymentGaps(hub.post, ZoneInfo(settings.zone)).run(),
        **_outside(settings),
    }
    return beside | {name: _of_hub(work) for name, work in watchers(settings, http).items()}


def _of_hub(work: Watcher) -> Companion:
    return lambda hub: work(hub.post)


def connectors() -> dict[str, Connector]:
    """Kind of a shop -> what works for it in the background."""
    return {
        bitrix.KIND: bitrix.BitrixSites().connect,
        atol_online.KIND: atol_online.connect,
        modulkassa.KIND: modulkassa.connect,
    }


def _outside(settings: Settings) -> dict[str, Companion]:
    try:
        return outside(settings.probes, settings.data, settings.public_url.rstrip("/"), settings.zone)
    except OSError as error:
        raise SettingsError(
            f"[probes] ca_file: не читается / cannot be read: {settings.probes.ca_file}: {error}"
        ) from error


def shop_kinds() -> tuple[ShopKind, ...]:
    """The kinds of shops that can be connected, in the order of a newcomer's likely wish."""
    return (ExchangeKind(), RestKind(), AtolOnlineKind(), ModulKassaKind(), ApiKind())


def doors(hub: Hub, zone: str, board: Switchboard | None = None) -> list[BaseRoute]:
    """The addresses that shops call, and agents where there is a ``board``."""
    return [
        *(agent_routes(hub, board) if board is not None else ()),
        *api_routes(hub, public_links=link_of),
        *callback_routes(hub),
        *bitrix.bitrix_routes(hub),
        *atol_online.routes(hub),
        *modulkassa.routes(hub, zone=zone),
    ]


def build_hub(
    settings: Settings, http: httpx2.AsyncClient, clock: Clock | None = None, board: Switchboard | None = None
) -> Hub:
    """The hub of this node, not started yet. Raises StoreError when the database cannot be opened."""
    now = clock or SystemClock()
    settings.data.mkdir(parents=True, exist_ok=True)
    store = open_store(settings.url, node=settings.node, clock=now)
    chance = random.Random(secrets.randbits(128))  # noqa: S311 - names rows and buyers' pages: 128 bits of seed
    return Hub(
        store, now, chance, node=settings.node, limits=settings.limits,
        zone=settings.zone, registers=register_makers(now, settings.public_url.rstrip("/"), board),
        operators=operator_makers(now),
        door=lambda url, secret: WebhookShop(url, secret, http), head=settings.head,
        connectors=connectors(), companions=companions(settings, http),
    )  # fmt: skip
