"""The watch beside the lanes of a node."""

from collections.abc import Callable, Coroutine
from typing import Final

import msgspec

from chekpoint.hub.post import Post
from chekpoint.watch.checks import CHECKS
from chekpoint.watch.engine import Watchman
from chekpoint.watch.thresholds import Thresholds

SETTLE: Final = (
    5.0  # seconds: after a start what is stored is of yesterday, until each lane has asked its register
)


def watch(
    limits: Thresholds, zone: str, settle: float = SETTLE
) -> Callable[[Post], Coroutine[None, None, None]]:
    """What looks until cancelled; ``zone`` is the sellers', where ``[watch]`` names none."""

    async def run(post: Post) -> None:
        await post.clock.sleep(settle)
        await Watchman(post, CHECKS, in_zone(limits, zone)).run()

    return run


def in_zone(limits: Thresholds, zone: str) -> Thresholds:
    """The thresholds with the zone that they count in."""
    return msgspec.structs.replace(limits, zone=limits.zone or zone)
