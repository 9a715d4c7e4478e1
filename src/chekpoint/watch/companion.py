"""The watch beside the lanes of a node."""

import msgspec

from chekpoint.hub.hub import Companion, Hub
from chekpoint.watch.checks import CHECKS
from chekpoint.watch.engine import Watchman
from chekpoint.watch.thresholds import Thresholds


def watch(limits: Thresholds, zone: str) -> Companion:
    """What the hub runs; ``zone`` is the sellers', where ``[watch]`` names none."""

    async def run(hub: Hub) -> None:
        await Watchman(hub.post, CHECKS, in_zone(limits, zone)).run()

    return run


def in_zone(limits: Thresholds, zone: str) -> Thresholds:
    """The thresholds with the zone that they count in."""
    return msgspec.structs.replace(limits, zone=limits.zone or zone)
