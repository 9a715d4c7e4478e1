"""Wakes lanes that wait for work. A ring that nobody waits for is kept for the next one who asks."""

import asyncio
from collections import defaultdict

from chekpoint.core.clock import Clock


class Bell:
    """One per hub; a pool and a register are the words that lanes listen for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # in the order of asking, so that a simulation wakes them in the same order each time
        self._waiting: dict[str, dict[asyncio.Future[None], None]] = defaultdict(dict)
        self._kept: set[str] = set()  # rung while nobody waited: a lane may just be looking after its proofs

    def ring(self, word: str) -> None:
        """Wake everyone who waits for the word; else keep the ring for the next who asks."""
        awake = [future for future in self._waiting.pop(word, ()) if not future.done()]
        for future in awake:
            future.set_result(None)
        if not awake:
            self._kept.add(word)

    async def wait(self, words: tuple[str, ...], seconds: float) -> bool:
        """Wait for a ring of any of the words; False when the time ran out."""
        kept = self._kept.intersection(words)
        if kept:
            self._kept -= kept
            await self._clock.sleep(0.0)
            return True
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        for word in words:
            self._waiting[word][future] = None
        timer = asyncio.ensure_future(self._clock.sleep(max(seconds, 0.0)))
        try:
            await asyncio.wait({future, timer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            for word in words:
                self._waiting[word].pop(future, None)
        return future.done()
