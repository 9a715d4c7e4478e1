"""Retention: raw exchanges and buyers are kept for a set time only."""

import structlog

from chekpoint.core.clock import epoch_ms
from chekpoint.core.errors import StoreError
from chekpoint.hub import marks
from chekpoint.hub.post import Post
from chekpoint.store import probes, retention

log = structlog.get_logger()
EVERY = 3600.0  # seconds
BATCH = 1000


async def keep_to_rule(post: Post) -> None:
    """Purge until cancelled."""
    while True:
        try:
            await purge(post)
        except StoreError:
            log.exception("retention_failed")
        await post.clock.sleep(EVERY)


async def purge(post: Post) -> None:
    """One round."""
    now = epoch_ms(post.clock.now())
    old = now - int(post.limits.keep_exchanges * 1000)
    await post.store.write(lambda tx: retention.purge(tx, old))
    await post.store.write(lambda tx: probes.purge(tx, marks.PROBE, old))
    if post.limits.keep_buyers is not None:
        before = now - int(post.limits.keep_buyers * 1000)
        while await post.store.write(lambda tx: retention.forget_buyers(tx, before, most=BATCH)) == BATCH:
            pass
