"""Telling people: what is due is noted first, then sent; nothing is lost while a channel does not work.

1. Decide what is due (``notices``) and note each message as a row, in one unit. Two nodes note it once.
2. Hold a row by a compare-and-set, so that two nodes do not both send it. A node that dies lets the hold run out.
3. Hand the message over; ``sent`` only when the provider took it. A message may so be handed over twice after a
   crash between the two, under the same id; never not at all.
4. A channel that refuses is left alone for a growing pause and is an incident of its own; when it takes a message
   again, all that waits for it goes out at once, and the incident closes. After a day a message is given up.

One channel that hangs holds up no other: each has its own task.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from chekpoint.core.clock import epoch_ms, from_epoch_ms
from chekpoint.core.errors import NotSent, StoreError, Unfit
from chekpoint.core.ports import Alert, Channel
from chekpoint.hub.causes import CHANNEL_FAILING
from chekpoint.hub.places import AFTER_CAUSE, places
from chekpoint.hub.post import Post
from chekpoint.store import alerts, channels, incidents, silences
from chekpoint.store.alerts import Letter
from chekpoint.store.journal import Tx
from chekpoint.watch import notices
from chekpoint.watch.composing import Bundle, bundles, compose
from chekpoint.watch.notices import Due, Picture
from chekpoint.watch.refusals import Later
from chekpoint.watch.wording import channel_failing

log = structlog.get_logger()
ROUND: Final = 1.0  # seconds
BATCH: Final = 2000
PATIENCE: Final = 15.0  # seconds for a provider to answer
HOLD: Final = 60_000  # ms: longer than any provider is waited for
PAUSE_FIRST: Final = 10.0  # seconds before the second try
PAUSE_MOST: Final = 900.0
GIVE_UP: Final = 24 * 3_600_000  # ms
MakeChannel = Callable[[bytes], Channel]
"""Makes a channel of its settings; raises NotSent where they cannot be used."""


class Notices:
    """Tells people of incidents. ``makers``: kind of a channel -> how to make it; ``address`` is the hub's own."""

    def __init__(self, post: Post, makers: Mapping[str, MakeChannel], *, zone: str, address: str) -> None:
        self._post, self._makers = post, makers
        self._zone, self._address = ZoneInfo(zone), address.rstrip("/")
        self._busy: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Tell until cancelled; a failed round is logged and done again."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                try:
                    await self._round(tasks.create_task)
                except StoreError:
                    log.exception("notices_failed")
                await self._post.clock.sleep(ROUND)

    async def once(self) -> None:
        """One round, with everything that it sends."""
        async with asyncio.TaskGroup() as tasks:
            await self._round(tasks.create_task)

    async def _round(self, spawn: "Callable[[Coroutine[None, None, None]], asyncio.Task[None]]") -> None:
        await self._note()
        for channel, letters in (await self._waiting()).items():
            if channel not in self._busy:
                self._busy[channel] = spawn(self._serve(channel, letters))

    async def _note(self) -> None:
        due = await self._post.store.read(self._decide)
        if due:
            keys = [self._post.keys.new() for _ in due]
            await self._post.store.write(lambda tx: _note(tx, list(zip(keys, due, strict=True))))

    def _decide(self, tx: Tx) -> list[Due]:
        known = channels.channels(tx)
        opened = alerts.open_now(tx)
        closed = _closed(tx)
        if not known or not (opened or closed):
            return []
        told = alerts.told(tx, [one.id for one in (*opened, *closed)])
        quiet = silences.since(tx, tx.now - notices.END_TOLD_WITHIN)
        picture = Picture(opened, closed, known, told, quiet, places(tx, (*opened, *closed)))
        return notices.due(picture, tx.now, self._local(tx.now))

    def _local(self, now: int) -> datetime:
        return from_epoch_ms(now).astimezone(self._zone)

    async def _waiting(self) -> dict[str, list[Letter]]:
        def look(tx: Tx) -> dict[str, list[Letter]]:
            resting = {one.id for one in channels.channels(tx) if notices.rests(one, self._local(tx.now))}
            found: dict[str, list[Letter]] = {}
            for letter in alerts.due(tx, most=BATCH):
                if (
                    letter.channel_id not in resting
                    or letter.severity == "critical"
                    or letter.phase == "test"
                ):
                    found.setdefault(letter.channel_id, []).append(letter)
            return found

        return await self._post.store.read(look)

    async def _serve(self, channel: str, letters: list[Letter]) -> None:
        """Send what is due over one channel, in order; the first refusal ends it."""
        try:
            for bundle in await self._post.store.read(lambda tx: bundles(tx, letters)):
                if not await self.deliver(bundle):
                    break
        except Exception:  # its hold runs out, and it is sent again; other channels go on
            log.exception("notice_not_settled", channel=channel)
        finally:
            self._busy.pop(channel, None)

    async def deliver(self, letters: Sequence[Letter]) -> bool:
        """Hold, send as one message and settle; False when the channel did not take it."""
        until = epoch_ms(self._post.clock.now()) + HOLD
        held = await self._post.store.write(
            lambda tx: [letter for letter in letters if alerts.hold(tx, letter, until)]
        )
        if not held:
            return True  # another node sends it
        made = await self._post.store.read(lambda tx: compose(tx, held, self._zone, self._address))
        if made.channel is None or made.alert is None:
            await self._post.store.write(lambda tx: _drop(tx, made, until))
            return True
        channel = made.channel
        answer = await self._hand_over(channel, made.alert)
        await self._post.store.write(lambda tx: self._settle(tx, made, channel, until, answer))
        return isinstance(answer, str)

    async def _hand_over(self, channel: channels.Channel, alert: Alert) -> str | NotSent:
        """What the provider said when it took the message, or why it is not there."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._through(channel, alert)
        except NotSent as refusal:
            return refusal
        except TimeoutError:
            return NotSent(f"нет ответа за {PATIENCE:g} с / no answer within {PATIENCE:g} s")
        except Exception as error:  # a fault of ours must not lose the message, nor stop the others
            log.exception("channel_broken", kind=channel.kind)
            return NotSent(f"{type(error).__name__}: {error}")

    async def _through(self, channel: channels.Channel, alert: Alert) -> str:
        maker = self._makers.get(channel.kind)
        if maker is None:
            raise NotSent(
                f"вида канала {channel.kind} здесь нет / channel kind {channel.kind} is not known here"
            )
        port = maker(channel.config)
        try:
            return await port.send(alert)
        finally:
            await port.aclose()

    def _settle(
        self, tx: Tx, made: Bundle, channel: channels.Channel, seen: int, answer: str | NotSent
    ) -> None:
        _drop(tx, made, seen)
        if isinstance(answer, NotSent):
            self._refused(tx, made.told, channel, seen, answer)
            return
        for letter in made.told:
            alerts.settle(tx, letter.id, seen, state="sent", said=answer)
        alerts.hurry(tx, channel.id)
        incidents.close(tx, CHANNEL_FAILING, channel.id)

    def _refused(
        self, tx: Tx, told: Sequence[Letter], channel: channels.Channel, seen: int, refusal: NotSent
    ) -> None:
        wait = refusal.seconds if isinstance(refusal, Later) else _pause(min(one.tries for one in told))
        check = tx.now + int(wait * 1000)
        for letter in told:
            over = letter.phase == "test" or check - letter.created_at > GIVE_UP
            alerts.settle(
                tx, letter.id, seen, state="given_up" if over else "waiting", check=None if over else check,
                error=refusal.message,
            )  # fmt: skip
        alerts.postpone(tx, channel.id, check)
        if not isinstance(refusal, Later):
            words = channel_failing(channel.name, refusal, alerts.unsent(tx, channel.id))
            incidents.open_incident(tx, CHANNEL_FAILING, channel.id, words, key=self._post.keys.new())


def _closed(tx: Tx) -> list[alerts.Troubled]:
    """Those whose end is to be told, and those that ended a moment ago: they still explain others."""
    lately = alerts.closed_since(tx, tx.now - AFTER_CAUSE)
    return list(
        {one.id: one for one in (*alerts.ending(tx, tx.now - notices.END_TOLD_WITHIN), *lately)}.values()
    )


def _drop(tx: Tx, made: Bundle, seen: int) -> None:
    for letter in made.dropped:
        alerts.settle(tx, letter.id, seen, state="dropped")


def _note(tx: Tx, due: "list[tuple[str, Due]]") -> None:
    for key, one in due:
        alerts.add(
            tx, key, one.incident_id, one.channel_id, one.phase, number=one.number, severity=one.severity
        )


def _pause(tries: int) -> float:
    return min(PAUSE_FIRST * 2.0 ** min(tries, 10), PAUSE_MOST)


async def try_channel(teller: Notices, post: Post, channel_id: str) -> alerts.Told:
    """The test button: a message now, noted and settled like any other; what became of it. Raises Unfit."""
    key = post.keys.new()

    def note(tx: Tx) -> Letter:
        if all(one.id != channel_id for one in channels.channels(tx)):
            raise Unfit("такого канала нет / there is no such channel")
        alerts.add(
            tx, key, None, channel_id, "test", number=0, severity="warning", check=tx.now + HOLD
        )  # nobody else takes it up meanwhile
        return Letter(key, None, channel_id, "test", 0, "warning", "waiting", 0, tx.now, tx.now + HOLD)

    await teller.deliver([await post.store.write(note)])
    found = await post.store.read(lambda tx: alerts.of_channel(tx, channel_id, most=20))
    return next(one for one in found if one.id == key)
