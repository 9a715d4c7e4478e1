"""The watch beside the lanes of a node."""

from collections.abc import Callable, Coroutine

import msgspec

from chekpoint.hub.post import Post
from chekpoint.watch.checks import CHECKS
from chekpoint.watch.engine import Watchman
from chekpoint.watch.thresholds import Thresholds


def watch(limits: Thresholds, zone: str) -> Callable[[Post], Coroutine[None, None, None]]:
    """What looks until cancelled; ``zone`` is the sellers', where ``[watch]`` names none."""

    async def run(post: Post) -> None:
        await Watchman(post, CHECKS, in_zone(limits, zone)).run()

    return run


def in_zone(limits: Thresholds, zone: str) -> Thresholds:
    """The thresholds with the zone that they count in."""
    return msgspec.structs.replace(limits, zone=limits.zone or zone)
