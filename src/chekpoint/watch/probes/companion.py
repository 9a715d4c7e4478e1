"""The probes beside the lanes of a node, each under a name of its own."""

import ssl
from pathlib import Path

import httpx2

from chekpoint.hub.hub import Companion, Hub
from chekpoint.watch.probes.addresses import Addresses
from chekpoint.watch.probes.credentials import Credentials
from chekpoint.watch.probes.page import trust
from chekpoint.watch.probes.ping import Ping
from chekpoint.watch.probes.settings import ProbeSettings
from chekpoint.watch.probes.sites import SiteProbes

SHOTS = "sites"
"""The folder of screenshots inside the data folder."""


def outside(settings: ProbeSettings, data: Path, public_url: str, zone: str) -> dict[str, Companion]:
    """What asks outside. Raises OSError when the file of authorities cannot be read."""
    context = trust(settings.ca_file)

    async def sites(hub: Hub) -> None:
        await SiteProbes(hub.post, settings, context, data / SHOTS).run()

    async def addresses(hub: Hub) -> None:
        await Addresses(hub.post, settings, context, public_url).rounds().run()

    async def credentials(hub: Hub) -> None:
        await Credentials(hub.post, settings, zone).rounds().run()

    found: dict[str, Companion] = {"sites": sites, "addresses": addresses, "credentials": credentials}
    return found | ({"ping": _ping(settings, context)} if settings.ping_url else {})


def _ping(settings: ProbeSettings, context: ssl.SSLContext) -> Companion:
    async def ping(hub: Hub) -> None:
        async with httpx2.AsyncClient(verify=context, trust_env=False, follow_redirects=False) as http:
            await Ping(hub.post, hub.dead_workers, settings, http).run()

    return ping
